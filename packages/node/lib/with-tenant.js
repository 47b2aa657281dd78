// Test functions with a tenant of their own, for node:test, vitest and Jest: one server for the process, started by the first
// test; what the client did in a test that fails is kept in a folder.

const { spawnSync } = require("node:child_process");
const { createHash } = require("node:crypto");
const { mkdirSync, writeFileSync } = require("node:fs");
const { join, resolve } = require("node:path");

const { startSimulator } = require("./simulator.js");

const SHOW_MILLISECONDS = 20_000;
// In characters.
const LONGEST_DRAW_KEY = 200;
// In bytes, before the tenant's name and an ending: file systems take 255.
const LONGEST_FILE_NAME = 120;
let starting;
const shared = () => (starting ??= startSimulator());

/** Ends the server of this process, if a test has started it. */
async function stopShared() {
  const started = starting;
  starting = undefined;
  await (await started?.catch(() => undefined))?.stop();
}

/** A test function: `test("…", withTenant(options, async (tenant, context) => { … }))`; the options may be left out. */
function withTenant(...given) {
  const [options, body] = typeof given[0] === "function" ? [{}, given[0]] : given;
  if (typeof body !== "function") throw new TypeError("withTenant: expected a test function, or options and a test function");
  const run = async (context) => {
    const name = nameOf(context);
    const simulator = await shared();
    // With one seed a test meets the same faults, whichever tests ran before it.
    const tenant = await simulator.tenant(name ? { drawKey: drawKey(name), ...options } : options);
    let result;
    try {
      result = await body(tenant, context);
    } catch (error) {
      await tell(simulator, tenant, name, context);
      // The test's own failure counts.
      await tenant.delete().catch(() => undefined);
      throw error;
    }
    await tenant.delete();
    return result;
  };
  // vitest reads from the text of a function which fixtures it wants, and Jest calls a parameter's place `done`.
  const test = process.env.JEST_WORKER_ID === undefined ? (context) => run(context) : () => run(undefined);
  // `test("…", () => withTenant(…))` would pass without having run; awaited, it runs.
  test.then = (resolve, reject) => run(undefined).then(resolve, reject);
  return test;
}

/** What a test's draws are made with, which no other name's are; the control API takes no longer one. */
function drawKey(name) {
  if (name.length <= LONGEST_DRAW_KEY) return name;
  const digest = createHash("sha256").update(name).digest("hex").slice(0, 16);
  return `${digest}-${name.slice(digest.length + 1 - LONGEST_DRAW_KEY)}`.toWellFormed();
}

/** The test's whole name: by node:test, by vitest or by Jest. */
function nameOf(context) {
  return (
    context?.fullName ?? context?.task?.fullTestName ?? context?.task?.name ?? context?.name ??
    globalThis.expect?.getState?.().currentTestName
  );
}

/** Says what the client did, and keeps its journal and HTTP archive. */
async function tell(simulator, tenant, name, context) {
  const lines = ["what the client did (sync-group-sim):"];
  try {
    const shown = spawnSync(simulator.program, ["journal", "--url", tenant.baseUrl], {
      encoding: "utf8",
      timeout: SHOW_MILLISECONDS,
    });
    lines.push(shown.stdout?.trimEnd() || "no request came");
    const kept = await keep(tenant, name);
    lines.push(`journal: ${kept}, and .har; SYNC_GROUP_SIM_SEED=${tenant.seed} repeats ids and faults`);
  } catch (error) {
    // The test's own failure counts.
    lines.push(`it could not be kept: ${error.message}`);
  }
  if (typeof context?.diagnostic === "function") lines.join("\n").split("\n").forEach((line) => context.diagnostic(line));
  else console.error(lines.join("\n"));
}

/** Writes the journal and the HTTP archive down; returns the journal's path. */
async function keep(tenant, name) {
  const [journal, archive] = [JSON.stringify(await tenant.control("GET", "journal")), await tenant.har()];
  const folder = process.env.SYNC_GROUP_SIM_JOURNALS || "sync-group-sim-journals";
  const file = join(folder, fileName(name, tenant.name));
  try {
    mkdirSync(folder, { recursive: true });
    writeFileSync(`${file}.json`, journal);
    writeFileSync(`${file}.har`, archive);
  } catch ({ code }) {
    // Of a folder that may not be made Node says that it is not there.
    const why = code === "ENOENT" ? "" : ` (${code})`;
    throw new Error(`${resolve(folder)} cannot be written${why}; SYNC_GROUP_SIM_JOURNALS names another folder`);
  }
  return `${file}.json`;
}

/** A name for a test's files, which no other test's have; not a hidden one, which CI would leave out. */
function fileName(name, tenant) {
  const letters = [...(name ?? "").replace(/[^\p{L}\p{M}\p{N}_.-]+/gu, "-")].slice(-LONGEST_FILE_NAME);
  while (Buffer.byteLength(letters.join("")) > LONGEST_FILE_NAME) letters.shift();
  const tail = letters.join("").replace(/^[.-]+|-+$/g, "");
  return tail ? `${tail}-${tenant}` : tenant;
}

module.exports = { stopShared, withTenant };
