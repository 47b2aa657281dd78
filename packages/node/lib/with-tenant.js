// Test functions with a tenant of their own, for node:test, vitest and Jest: one server for the process, started by the first
// test; what the client did in a test that fails is kept in a folder.

const { spawnSync } = require("node:child_process");
const { createHash } = require("node:crypto");
const { mkdirSync, writeFileSync } = require("node:fs");
const { join } = require("node:path");

const { startSimulator } = require("./simulator.js");

const SHOW_MILLISECONDS = 20_000;
// In characters.
const LONGEST_DRAW_KEY = 200;
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
    try {
      return await body(tenant, context);
    } catch (error) {
      await keep(simulator, tenant, name ?? tenant.name, context);
      throw error;
    } finally {
      await tenant.delete();
    }
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

/** Writes the journal and the HTTP archive down, and says where they are and what they say. */
async function keep(simulator, tenant, name, context) {
  try {
    const folder = process.env.SYNC_GROUP_SIM_JOURNALS || "sync-group-sim-journals";
    mkdirSync(folder, { recursive: true });
    const file = join(folder, `${name.replace(/[^\w.-]+/g, "-").slice(-100)}-${tenant.name}`);
    writeFileSync(`${file}.json`, JSON.stringify(await tenant.control("GET", "journal")));
    writeFileSync(`${file}.har`, await tenant.har());
    const shown = spawnSync(simulator.program, ["journal", "--url", tenant.baseUrl], {
      encoding: "utf8",
      timeout: SHOW_MILLISECONDS,
    });
    const lines = [
      "what the client did (sync-group-sim):",
      shown.stdout?.trimEnd() || "no request came",
      `journal: ${file}.json, and .har; SYNC_GROUP_SIM_SEED=${tenant.seed} repeats ids and faults`,
    ];
    if (typeof context?.diagnostic === "function") lines.join("\n").split("\n").forEach((line) => context.diagnostic(line));
    else console.error(lines.join("\n"));
  } catch (error) {
    // The test's own failure counts.
    console.error(`what the client did could not be kept: ${error.message}`);
  }
}

module.exports = { stopShared, withTenant };
