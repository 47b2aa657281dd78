// The steps that every language's helper takes, by this one; packages/contract/compare.py compares the journals.

import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";

import { CallRefused, startSimulator, VerificationFailed } from "sync-group-sim";

const steps = JSON.parse(readFileSync(process.env.SYNC_GROUP_SIM_CONTRACT, "utf8"));

/** The client under test, and what the helper does between its requests. */
class Steps {
  token = "";

  constructor(tenant) {
    this.tenant = tenant;
  }

  async #send(path, options, status) {
    const reply = await fetch(this.tenant.baseUrl + path, options);
    const text = await reply.text();
    assert.equal(reply.status, status, text);
    return text;
  }

  async token_({ status }) {
    const { clientId, clientSecret } = this.tenant;
    const form = { grant_type: "client_credentials", client_id: clientId, client_secret: clientSecret };
    const text = await this.#send("/oauth/token", { method: "POST", body: new URLSearchParams(form) }, status);
    this.token = JSON.parse(text).access_token;
  }

  send({ method, path, body, status }) {
    const headers = { Authorization: `Bearer ${this.token}`, ...(body && { "Content-Type": "application/json" }) };
    return this.#send(path, { method, body, headers }, status);
  }

  rule({ rule, refused }) {
    if (!refused) return this.tenant.rule(rule);
    return assert.rejects(this.tenant.rule(rule), (error) => error instanceof CallRefused && error.status === refused);
  }

  use({ scenarios }) {
    return this.tenant.use(...scenarios);
  }

  advance({ by }) {
    return this.tenant.advance(by);
  }

  async verify({ expectation, holds, says }) {
    if (holds) return this.tenant.verify(expectation);
    const isTold = (error) => error instanceof VerificationFailed && error.message.includes(says);
    return assert.rejects(this.tenant.verify(expectation), isTold);
  }

  async findings({ verdicts }) {
    assert.deepEqual((await this.tenant.findings()).map(({ verdict }) => verdict), verdicts);
  }

  async journal({ filters, exchanges }) {
    assert.equal((await this.tenant.journal(filters)).length, exchanges);
  }
}

test("the contract", async () => {
  const sim = await startSimulator();
  try {
    const tenant = await sim.tenant(steps.tenant);
    const taken = new Steps(tenant);
    for (const step of steps.steps) await taken[step.do === "token" ? "token_" : step.do](step);
    const folder = process.env.SYNC_GROUP_SIM_CONTRACT_JOURNALS;
    if (folder) writeFileSync(join(folder, "node.json"), JSON.stringify(await tenant.control("GET", "journal")));
  } finally {
    await sim.stop();
  }
});
