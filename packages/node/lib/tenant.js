// One tenant: what the client under test needs, and what a test does to it.

const { VerificationFailed } = require("./errors.js");

/** An organisation of its own: groups, credentials, faults, clock and journal. */
class Tenant {
  #control;
  #afterwards;

  constructor(control, server, { name, clients, seed }, afterwards = []) {
    this.#control = control;
    this.#afterwards = afterwards;
    this.name = name;
    this.baseUrl = `${server}/tenants/${name}`;
    this.clients = clients;
    this.clientId = clients[0]?.clientId ?? "";
    this.clientSecret = clients[0]?.clientSecret ?? "";
    this.seed = seed;
  }

  get env() {
    return { SAIL_BASE_URL: this.baseUrl, SAIL_CLIENT_ID: this.clientId, SAIL_CLIENT_SECRET: this.clientSecret };
  }

  rule(rule) {
    return this.#own("POST", "scenario/rules", rule);
  }

  use(...scenarios) {
    return scenarios.length ? this.#own("PUT", "scenario", { use: scenarios }) : this.#own("DELETE", "scenario");
  }

  advance(time) {
    // No wait becomes shorter; a number's own inexactness is no wait.
    const by = typeof time === "number" ? `${Math.ceil(Number(time.toFixed(6)))}ms` : time;
    return this.#own("POST", "clock/advance", { by });
  }

  clock(settings) {
    if (settings === undefined) return this.#own("GET", "clock");
    return this.#own("PUT", "clock", typeof settings === "string" ? { mode: settings } : settings);
  }

  async verify(expectation) {
    const { status, answer } = await this.#control.own("POST", this.#path("verify"), expectation, { also: [409] });
    if (status === 409) throw new VerificationFailed(told(answer), answer.nearest, expectation);
    return answer;
  }

  async findings() {
    return (await this.#own("GET", "verdicts")).findings;
  }

  async journal(filters = {}) {
    const query = new URLSearchParams(filters).toString();
    return (await this.#own("GET", query ? `journal?${query}` : "journal")).exchanges;
  }

  async har() {
    return (await this.#control.own("GET", this.#path("journal.har"), undefined, { raw: true })).answer;
  }

  async control(method, call, body) {
    return (await this.#control.call(method, this.#path(call), body)).answer;
  }

  async reset() {
    await this.#own("POST", "reset");
    await this.setUp();
  }

  /** What creating it cannot say, and a reset of the control API's alone takes away. Not for users. */
  async setUp() {
    for (const call of this.#afterwards) await this.#own(...call);
  }

  async delete() {
    await this.#control.own("DELETE", `/_sim/tenants/${this.name}`, undefined, { also: [404] });
  }

  [Symbol.asyncDispose ?? Symbol("asyncDispose")]() {
    return this.delete();
  }

  /** A call that every program of this package's version knows. */
  async #own(method, call, body) {
    return (await this.#control.own(method, this.#path(call), body)).answer;
  }

  #path(call) {
    return `/tenants/${this.name}/_sim/${call}`;
  }
}

/** What was expected, and what came nearest. */
function told({ expected, nearest }) {
  const lines = nearest.map(
    ({ seq, method = "", path = "", status = "", differs }) =>
      `  exchange ${seq}: ${method} ${path} ${status}: ${differs.join("; ")}`,
  );
  return [`expected ${expected}; nearest:`, ...(lines.length ? lines : ["  no exchange at all"])].join("\n");
}

module.exports = { Tenant };
