// Control calls: JSON over connections that are kept.

import { Agent, request } from "node:http";

import { CallRefused, SimulatorError } from "./errors.js";

const TIMEOUT_MILLISECONDS = 30_000;

/** The control API of one server. */
export class Control {
  // Idle connections do not keep the process alive.
  #agent = new Agent({ keepAlive: true });

  constructor(port) {
    this.port = port;
  }

  /**
   * The status and the answer. A status from 300 up is an error, but for those in `also`. Text as a body is sent as YAML;
   * `raw` leaves the answer as text.
   */
  async call(method, path, body, { also = [], raw = false } = {}) {
    const { status, text } = await this.#send(method, path, body);
    if (status >= 300 && !also.includes(status)) {
      throw new CallRefused(`${method} ${path}: ${message(text)}`, status);
    }
    return { status, answer: raw ? text : text ? JSON.parse(text) : undefined };
  }

  #send(method, path, body) {
    const isText = typeof body === "string";
    const headers = body === undefined ? {} : { "Content-Type": isText ? "application/yaml" : "application/json" };
    return new Promise((resolve, reject) => {
      const fail = (error) =>
        reject(new SimulatorError(`the simulator at 127.0.0.1:${this.port} does not answer (${error.message})`));
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
      sent.on("timeout", () => sent.destroy(new Error(`nothing for ${TIMEOUT_MILLISECONDS} ms`)));
      sent.on("error", fail);
      sent.end(body === undefined || isText ? body : JSON.stringify(body));
    });
  }

  close() {
    this.#agent.destroy();
  }
}

/** The server's words. */
function message(text) {
  try {
    return JSON.parse(text).error ?? text;
  } catch {
    return text.trim() || "no answer";
  }
}
