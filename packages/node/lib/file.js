// A scenario or fixture file of the user's. The server reads it as it stands, so that it takes what the program takes (byte
// order marks, UTF-16) and says in its own words what is wrong, and where.

const { readFileSync } = require("node:fs");

const { SimulatorError } = require("./errors.js");

const BYTE_ORDER_MARK = Buffer.from([0xef, 0xbb, 0xbf]);

/** A file rather than the name of something built in: names have no endings. */
const isPath = (value) => value instanceof URL || (typeof value === "string" && /\.(ya?ml|json)$/.test(value));
const isJsonName = (path) => String(path).endsWith(".json");

/** A file that was read. */
class File {
  constructor(path) {
    this.path = String(path);
    this.mediaType = isJsonName(path) ? "application/json" : "application/yaml";
    try {
      this.content = readFileSync(path);
    } catch (error) {
      throw new SimulatorError(`${this.path}: ${error.code === "ENOENT" ? "no such file" : error.code}`);
    }
  }

  /** What is in it, to be put into a body of JSON. */
  utf8() {
    const [first, second] = this.content;
    const utf16 = { "255 254": "utf-16le", "254 255": "utf-16be" }[`${first} ${second}`];
    if (utf16) return Buffer.from(new TextDecoder(utf16).decode(this.content));
    return this.content.subarray(this.content.subarray(0, 3).equals(BYTE_ORDER_MARK) ? 3 : 0);
  }

  /** The JSON in it. */
  value() {
    if (this.mediaType === "application/yaml") {
      throw new SimulatorError("a scenario in a YAML file stands alone; expected one file, or names and JSON files");
    }
    try {
      return JSON.parse(this.utf8().toString());
    } catch {
      throw new SimulatorError(`${this.path}: not JSON; \`sync-group-sim check ${this.path}\` says what is wrong with it`);
    }
  }

  /** The server's words about it, with its own name. So many characters stand before it in the body's first line. */
  named(message, before) {
    const place = (_, column) => (column ? `${this.path}:1:${column - before}` : `${this.path}:`);
    return message.replace(/^body:(?:1:(\d+)(?=:))?/gm, place);
  }
}

module.exports = { isPath, isJsonName, File };
