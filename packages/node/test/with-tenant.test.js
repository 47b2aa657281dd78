// `withTenant` in suites of its user's: under node:test here, under vitest where it is installed (packages/test --full).

import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";

const SUITE = `
import { withTenant } from "sync-group-sim";
RUNNER

const names = new Set();
const groups = async (tenant) => {
  const form = { grant_type: "client_credentials", client_id: tenant.clientId, client_secret: tenant.clientSecret };
  const got = await fetch(tenant.baseUrl + "/oauth/token", { method: "POST", body: new URLSearchParams(form) });
  const { access_token } = await got.json();
  const headers = { Authorization: "Bearer " + access_token };
  return (await fetch(tenant.baseUrl + "/v2024/password-sync-groups", { headers })).status;
};
const broken = { name: "broken", when: { operation: "getPasswordSyncGroups" }, fault: { respond: { status: 503 } } };
const ok = (value) => { if (!value) throw new Error("not so"); };

test("one", withTenant(async (tenant) => { ok((await groups(tenant)) === 200); names.add(tenant.name); }));
test("two", withTenant({ rules: [broken] }, async (tenant) => {
  ok((await groups(tenant)) === 503);
  ok(!names.has(tenant.name));
}));
test("env", withTenant({ clock: "manual" }, async (tenant) => {
  ok(tenant.env.SAIL_BASE_URL === tenant.baseUrl);
  await tenant.advance("13m");
}));
test("fails: with a journal", withTenant({ rules: [broken] }, async (tenant) => {
  await groups(tenant);
  await tenant.verify({ match: { operation: "getPasswordSyncGroups" }, status: 200 });
}));
test("..", withTenant(async (tenant) => { throw new Error("it is no hidden file"); }));
test("gr\u00f6\u00dfer \u5bc6".repeat(40), withTenant(async (tenant) => { throw new Error("it has its letters"); }));
test("a name of any length: " + "x".repeat(300), withTenant(async (tenant) => { ok((await tenant.journal()).length === 0); }));
test("inside a function it is not passed over", () => withTenant(async () => { throw new Error("it ran"); }));
`;

/** Runs the suite in a folder of its own; returns what it said, and the journals that were kept. */
function run(name, runner, command, variables = {}, change = (suite) => suite, file = "it.test.mjs") {
  const folder = join(process.cwd(), name);
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder);
  writeFileSync(join(folder, file), change(SUITE.replace("RUNNER", runner)));
  const { NODE_TEST_CONTEXT: _, ...env } = process.env;
  const ran = spawnSync(command[0], command.slice(1), {
    cwd: folder, encoding: "utf8", timeout: 60_000, env: { ...env, NO_COLOR: "1", ...variables },
  });
  return { said: ran.stdout + ran.stderr, status: ran.status, kept: readdirSync(variables.SYNC_GROUP_SIM_JOURNALS ? folder : join(folder, "sync-group-sim-journals")), folder };
}

function check({ said, status, kept, folder }) {
  assert.equal(status, 1, said);
  assert.match(said, /status is 503, not 200/);
  assert.match(said, /it ran/);
  assert.match(said, /it is no hidden file/);
  assert.match(said, /it has its letters/);
  assert.match(said, /what the client did \(sync-group-sim\)/);
  assert.match(said, /SYNC_GROUP_SIM_SEED=/);
  const journals = kept.filter((file) => file.endsWith(".json"));
  const told = journals.map((file) => JSON.parse(readFileSync(join(folder, "sync-group-sim-journals", file), "utf8")));
  const statuses = told.map(({ exchanges }) => exchanges.map((exchange) => exchange.status).join(" "));
  assert.deepEqual(statuses.sort(), ["", "", "", "200 503"]);
  assert.ok(kept.every((file) => /^[\p{L}\p{N}_]/u.test(file) && Buffer.byteLength(file) < 200), kept.join());
  assert.ok(kept.some((file) => file.includes("\u5bc6gr\u00f6\u00dfer-\u5bc6-t-")), kept.join());
  assert.ok(kept.some((file) => file.startsWith("fails-with-a-journal") && file.endsWith(".har")), kept.join());
}

test("under node:test each test has a tenant, and the journal of one that fails is kept", () => {
  const ran = run("under-node", 'import { test } from "node:test";', [process.execPath, "--test", "--test-reporter=tap"]);
  assert.match(ran.said, /# pass 4/);
  assert.match(ran.said, /# fail 4/);
  check(ran);
});

test("where no journal can be kept, what the client did is told all the same", () => {
  const ran = run("unkept", 'import { test } from "node:test";', [process.execPath, "--test", "--test-reporter=tap"], {
    SYNC_GROUP_SIM_JOURNALS: "it.test.mjs",
  });
  assert.match(ran.said, /GET +\/v2024\/password-sync-groups +503/);
  assert.match(ran.said, /it could not be kept: .*it\.test\.mjs cannot be written \(EEXIST\); SYNC_GROUP_SIM_JOURNALS names another folder/);
});

test("where the server has ended, the test's own failure is told", () => {
  const killed = () => `
import { test } from "node:test";
import { readFileSync } from "node:fs";
import { withTenant } from "sync-group-sim";
test("it", withTenant(async () => {
  const [server] = readFileSync("/proc/self/task/" + process.pid + "/children", "utf8").trim().split(" ");
  process.kill(Number(server), "SIGKILL");
  throw new Error("its own failure");
}));
`;
  const { said } = run("killed", "", [process.execPath, "--test", "--test-reporter=tap"], { SYNC_GROUP_SIM_JOURNALS: "kept" }, killed);
  assert.match(said, /its own failure/);
  assert.match(said, /it could not be kept: .* does not answer \(.*; the server has ended by SIGKILL\)/);
});

const vitest = join(process.cwd(), "node_modules/vitest/vitest.mjs");
const isThere = process.env.SYNC_GROUP_SIM_VITEST === "1";
for (const pool of ["forks", "threads"]) {
  test(`under vitest (${pool}) each test has a tenant, and the journal of one that fails is kept`, { skip: !isThere && "vitest: --full" }, () => {
    const ran = run(`under-vitest-${pool}`, 'import { test } from "vitest";', [process.execPath, vitest, "run", "--pool", pool]);
    assert.match(ran.said, /4 failed \| 4 passed/);
    check(ran);
  });
}

test("under Jest, which requires it, each test has a tenant, and the journal of one that fails is kept", { skip: !isThere && "Jest: --full" }, () => {
  const jest = join(process.cwd(), "node_modules/jest/bin/jest.js");
  const required = (suite) => suite.replace(/import \{ withTenant \} from ("sync-group-sim");/, "const { withTenant } = require($1);");
  const options = ["--testMatch", "**/it.test.cjs", "--moduleFileExtensions", "cjs", "js", "json"];
  const ran = run("under-jest", "", [process.execPath, jest, "--rootDir", ".", ...options], {}, required, "it.test.cjs");
  assert.match(ran.said, /4 passed/);
  check(ran);
});
