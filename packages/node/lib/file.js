// A scenario or fixture file of the user's. The server reads it as it stands, so that it takes what the program takes (byte
// order marks, UTF-16) and says in its own words what is wrong, and where.

const { readFileSync } = require("node:fs");

const { SimulatorError } = require("./errors.js");

/** A file rather than the name of something built in: names have no endings. */
const isPath = (value) => value instanceof URL || (typeof value === "string" && /\.(ya?ml|json)$/i.test(value));

/** A file that was read. */
class File {
  constructor(path) {
    this.path = String(path);
    this.mediaType = /\.json$/i.test(this.path) ? "application/json" : "application/yaml";
    try {
      this.content = readFileSync(path);
    } catch (error) {
      throw new SimulatorError(`${this.path}: ${error.code === "ENOENT" ? "no such file" : error.code}`);
    }
  }

  /** What is in it, to be put into a body of JSON, where it stands in a name's place: names have no line breaks. */
  text() {
    const [first, second] = this.content;
    const utf16 = { "255 254": "utf-16le", "254 255": "utf-16be" }[`${first} ${second}`];
    try {
      return `${new TextDecoder(utf16 ?? "utf-8", { fatal: true }).decode(this.content)}\n`;
    } catch {
      throw this.#unreadable("neither UTF-8 nor UTF-16");
    }
  }

  /** The JSON in it. */
  value() {
    if (this.mediaType === "application/yaml") {
      throw new SimulatorError("a scenario in a YAML file stands alone; expected one file, or names and JSON files");
    }
    const text = this.text();
    try {
      return JSON.parse(text);
    } catch {
      throw this.#unreadable("not JSON");
    }
  }

  /** The server's words about it, with its own name instead of what the server calls it. */
  named(message, called) {
    return message.replace(new RegExp(`^${called}:`, "gm"), () => `${this.path}:`);
  }

  #unreadable(why) {
    return new SimulatorError(`${this.path}: ${why}; \`sync-group-sim check ${this.path}\` says what is wrong with it`);
  }
}

module.exports = { isPath, File };
