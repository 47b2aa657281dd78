// Control calls: JSON over connections that are kept.

const { Agent, request } = require("node:http");
const { setTimeout: pause } = require("node:timers/promises");

const { older } = require("./binary.js");
const { CallRefused, SimulatorError } = require("./errors.js");
const { File } = require("./file.js");

const TIMEOUT_MILLISECONDS = 30_000;
// A connection is gone a little before its process.
const ENDING_MILLISECONDS = 500;
// What the system says where not even this machine itself can be reached.
const NO_LOOPBACK = ["ENETUNREACH", "EHOSTUNREACH", "EADDRNOTAVAIL"];

/** The control API of one server. */
class Control {
  // Idle connections do not keep the process alive.
  #agent = new Agent({ keepAlive: true });

  constructor(port, program, child) {
    this.port = port;
    this.program = program;
    this.child = child;
  }

  /** A call that every program of this package's version knows; else as `call`. */
  async own(method, path, body, options) {
    try {
      return await this.call(method, path, body, options);
    } catch (error) {
      const lacks = error instanceof CallRefused && lackOf(error, method, path);
      throw lacks ? older(this.program, lacks) : error;
    }
  }

  /**
   * The status and the answer. A status from 300 up is an error, but for those in `also`. A body is JSON, which may have a
   * file as its fixture; text, which is YAML; or a file as it is. `raw` leaves the answer as text.
   */
  async call(method, path, body, { also = [], raw = false } = {}) {
    const { content, mediaType, file, called } = asSent(body);
    const { status, text } = await this.#send(method, path, content, mediaType);
    if (status >= 300 && !also.includes(status)) {
      const words = message(text);
      throw new CallRefused(words.startsWith(`${called}:`) ? file.named(words, called) : `${method} ${path}: ${words}`, status);
    }
    return { status, answer: raw ? text : text ? JSON.parse(text) : undefined };
  }

  #send(method, path, content, mediaType) {
    const headers = mediaType ? { "Content-Type": mediaType } : {};
    return new Promise((resolve, reject) => {
      const fail = async (error) => {
        const told = `${why(error)}${await this.#ending()}`;
        reject(new SimulatorError(`the simulator at 127.0.0.1:${this.port} does not answer (${told})`));
      };
      const sent = request(
        { host: "127.0.0.1", port: this.port, method, path, headers, agent: this.#agent, timeout: TIMEOUT_MILLISECONDS },
        (reply) => {
          let text = "";
          reply.setEncoding("utf8");
          reply.on("data", (piece) => (text += piece));
          reply.on("error", fail);
          reply.on("end", () => resolve({ status: reply.statusCode, text }));
        },
      );
      sent.on("timeout", () => sent.destroy(Object.assign(new Error(), { code: "ETIMEDOUT" })));
      sent.on("error", fail);
      sent.end(content);
    });
  }

  /** How the server ended, if it did: a system that runs out of memory kills. */
  async #ending() {
    const how = await Promise.race([this.child.ended, pause(ENDING_MILLISECONDS)]);
    if (!how) return "";
    return `; the server has ended ${how.signal ? `by ${how.signal}` : `with code ${how.code}`}`;
  }

  close() {
    this.#agent.destroy();
  }
}

/** What a program that refused one of this package's own calls does not know, if it is that. */
function lackOf({ message, status }, method, path) {
  if ([404, 405].includes(status) && message.includes("`/_sim/")) {
    return `it has no \`${method} ${path.slice(path.indexOf("/_sim/")).split("?")[0]}\``;
  }
  return message.includes("unknown key `drawKey`") ? "it does not know `drawKey`" : undefined;
}

/** Why there was no answer, without the words of a library. */
function why({ code }) {
  const known = {
    ECONNREFUSED: "nobody listens there", ECONNRESET: "it ended the connection",
    ETIMEDOUT: `nothing came for ${TIMEOUT_MILLISECONDS / 1000} s`, ENETUNREACH: "the network is unreachable",
  };
  const advice = "; expected a loopback interface that is up; in a sandbox without a network, try: ip link set lo up";
  return `${known[code] ?? (/^E[A-Z]+$/.test(code) ? code : "what it sent is no HTTP")}${NO_LOOPBACK.includes(code) ? advice : ""}`;
}

/** A body as it is sent, its media type, and the file in it, if there is one, with what the server calls that. */
function asSent(body) {
  if (body === undefined) return {};
  if (typeof body === "string") return { content: body, mediaType: "application/yaml" };
  if (body instanceof File) return { content: body.content, mediaType: body.mediaType, file: body, called: "body" };
  const mediaType = "application/json";
  const file = body?.fixture;
  if (!(file instanceof File)) return { content: JSON.stringify(body), mediaType };
  return { content: JSON.stringify({ ...body, fixture: file.text() }), mediaType, file, called: "fixture" };
}

/** The server's words. */
function message(text) {
  try {
    return JSON.parse(text).error ?? text;
  } catch {
    return text.trim() || "no answer";
  }
}

module.exports = { Control };
