// Gives each test a simulated tenant: one server for the test file, one tenant for each test. Copy this file into a
// test suite as it stands; it needs nothing but Node.js 20. The server is the program that SYNC_GROUP_SIM_BIN names,
// or `sync-group-sim` on the PATH. What the client did in a test that fails is kept in the folder
// sync-group-sim-journals.

import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { cpSync, mkdtempSync, readFileSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before } from "node:test";
import { setTimeout as pause } from "node:timers/promises";

const START_MILLISECONDS = 20_000;
const POLL_MILLISECONDS = 20;
const KEPT = "sync-group-sim-journals";

/** Starts the server before the first test and stops it after the last; `withTenant` is for the tests. */
export function simulator() {
  let folder, child, baseUrl;

  before(async () => {
    folder = mkdtempSync(join(tmpdir(), "sync-group-sim-"));
    const portFile = join(folder, "port");
    const binary = process.env.SYNC_GROUP_SIM_BIN || "sync-group-sim";
    child = spawn(
      binary,
      ["serve", "--listen", "127.0.0.1:0", "--port-file", portFile, "--log", "off", "--journal-dir", join(folder, KEPT)],
      { stdio: ["ignore", "ignore", "inherit"] },
    );
    child.once("error", () => {
      console.error(`cannot start "${binary}": put sync-group-sim on the PATH, or its path into SYNC_GROUP_SIM_BIN`);
      process.exit(1);
    });
    child.ended = new Promise((resolve) => child.once("exit", resolve));
    child.ended.then(() => (child.hasEnded = true));
    baseUrl = `http://127.0.0.1:${await port(child, portFile)}`;
  });

  after(async () => {
    child?.kill("SIGTERM");
    await child?.ended;
    if (folder) rmSync(folder, { recursive: true });
  });

  return {
    /** Runs a test in a tenant with the demo fixture and credentials of its own, which is gone afterwards. */
    async withTenant(test) {
      const { body: made } = await control(baseUrl, "POST", "tenants", { fixture: "demo" });
      let hasFailed = true;
      try {
        const tenant = new Tenant(made);
        await test(tenant);
        await tenant.judge();
        hasFailed = false;
      } finally {
        // Its journal is written before this is answered.
        await control(baseUrl, "DELETE", `tenants/${made.name}`);
        if (hasFailed) keep(join(folder, KEPT), made.name);
      }
    },
  };
}

/** What a test does to the tenant; what the client under test needs is baseUrl, clientId and clientSecret. */
class Tenant {
  constructor({ baseUrl, clients: [{ clientId, clientSecret }] }) {
    Object.assign(this, { baseUrl, clientId, clientSecret });
  }

  /** Something goes wrong: a rule in the words of a scenario file. */
  arm(rule) {
    return control(this.baseUrl, "POST", "scenario/rules", rule);
  }

  /** From now on built-in scenarios run, by their names. */
  use(...scenarios) {
    return control(this.baseUrl, "PUT", "scenario", { use: scenarios });
  }

  /** From now on the tenant's time moves only by `advance`. */
  stopClock() {
    return control(this.baseUrl, "PUT", "clock", { mode: "manual" });
  }

  /** Time passes in the tenant, and none in the test: `13m`, `2s`. */
  advance(duration) {
    return control(this.baseUrl, "POST", "clock/advance", { by: duration });
  }

  /** Whether this is the password of a person's account on a source. */
  async hasPassword(userName, source, password) {
    return (await control(this.baseUrl, "POST", "passwords/check", { userName, source, password })).body.matches;
  }

  /** The client did what was expected, or the test fails with what it did instead. */
  async verify(expectation) {
    const { status, body } = await control(this.baseUrl, "POST", "verify", expectation, [200, 409]);
    if (status === 200) return;
    const misses = body.nearest.map(({ seq, differs }) => `  exchange ${seq}: ${differs.join("; ")}`);
    assert.fail([`expected ${body.expected}; nearest:`, ...misses].join("\n"));
  }

  /** The client did nothing that a good client does not do, or the test fails with what it did. */
  async judge() {
    const { status, body } = await control(this.baseUrl, "POST", "verdicts", { failOn: "error" }, [200, 409]);
    if (status === 200) return;
    const broken = body.findings.filter(({ severity }) => severity === "error");
    assert.fail(broken.map(({ verdict, message, advice }) => `${verdict}: ${message} ${advice}`).join("\n"));
  }
}

/** Copies what is left of a tenant to where it stays. */
function keep(journals, name) {
  for (const file of readdirSync(journals).filter((file) => file.startsWith(`${name}-`))) {
    cpSync(join(journals, file), join(KEPT, file));
    console.error(`what the client did: ${join(KEPT, file)}`);
  }
}

/** A control call's status and answer. */
async function control(baseUrl, method, call, body, allowed = [200, 201, 204]) {
  const reply = await fetch(`${baseUrl}/_sim/${call}`, { method, body: body && JSON.stringify(body) });
  const text = await reply.text();
  if (!allowed.includes(reply.status)) throw new Error(`${method} /_sim/${call} answered ${reply.status}: ${text}`);
  return { status: reply.status, body: text ? JSON.parse(text) : undefined };
}

async function port(child, portFile) {
  const deadline = performance.now() + START_MILLISECONDS;
  while (performance.now() < deadline) {
    if (child.hasEnded) throw new Error(`the simulator ended (code ${child.exitCode}) before it listened`);
    try {
      const written = readFileSync(portFile, "utf8").trim();
      if (written) return written;
    } catch {
      // Not written yet.
    }
    await pause(POLL_MILLISECONDS);
  }
  throw new Error(`the simulator did not listen within ${START_MILLISECONDS} ms`);
}
