// Starts and stops the program, and makes tenants in it.

const { spawn } = require("node:child_process");
const { mkdtempSync, openSync, closeSync, readFileSync, rmSync } = require("node:fs");
const { tmpdir } = require("node:os");
const { join } = require("node:path");
const { setTimeout: pause } = require("node:timers/promises");

const { assertProgram, cannotRun, find, mismatch, VARIABLE, versionOf } = require("./binary.js");
const { Control } = require("./control.js");
const { CallRefused, SimulatorError } = require("./errors.js");
const { creation } = require("./options.js");
const { Tenant } = require("./tenant.js");

const START_MILLISECONDS = 20_000;
const STOP_MILLISECONDS = 10_000;
const POLL_MILLISECONDS = 2;
// Variables of the server that would take it away from its own tests; the others take effect.
const NOT_OURS = [
  "LISTEN", "PORT_FILE", "TLS_CERT", "TLS_KEY", "TLS_SELF_SIGNED", "TLS_CA_FILE", "CONTROL", "CONTROL_TOKEN",
].map((name) => `SYNC_GROUP_SIM_${name}`);

/** A running server on a free port of this machine. */
class Simulator {
  #child;
  #folder;
  #control;
  #stopOnExit;

  constructor({ child, folder, port, program, version, control }) {
    this.#child = child;
    this.#folder = folder;
    this.#control = control;
    this.program = program;
    this.version = version;
    this.baseUrl = `http://127.0.0.1:${port}`;
    this.#stopOnExit = () => {
      child.kill();
      remove(folder);
    };
    process.once("exit", this.#stopOnExit);
  }

  /** A new tenant, set up by its options. */
  async tenant(options = {}) {
    const { body, afterwards } = creation(options);
    const { answer } = await this.#control.own("POST", "/_sim/tenants", body);
    for (const warning of answer.warnings ?? []) process.emitWarning(warning, "sync-group-sim");
    const tenant = new Tenant(this.#control, this.baseUrl, answer, afterwards);
    try {
      await tenant.setUp();
    } catch (error) {
      await tenant.delete();
      throw error;
    }
    return tenant;
  }

  /** Ends the server. */
  async stop() {
    process.removeListener("exit", this.#stopOnExit);
    this.#control.close();
    await end(this.#child);
    remove(this.#folder);
  }

  [Symbol.asyncDispose ?? Symbol("asyncDispose")]() {
    return this.stop();
  }
}

/** Starts a server on a free port; `args` are further arguments for `sync-group-sim serve`. */
async function startSimulator({ args = [] } = {}) {
  const program = find();
  assertProgram(program);
  const folder = temporary();
  let child;
  try {
    child = start(program, folder, args);
    const port = await listening(child, folder, program);
    const control = new Control(port, program, child);
    const version = await versionAt(control, program);
    const wrong = mismatch(version, program);
    if (wrong) throw new SimulatorError(wrong);
    // Now, as nobody would do it after a test run that is killed; Windows keeps what is open.
    remove(folder);
    return new Simulator({ child, folder, port, program, version, control });
  } catch (error) {
    if (child) await end(child);
    remove(folder);
    throw error;
  }
}

/** A folder in which the server says its port. */
function temporary() {
  try {
    return mkdtempSync(join(tmpdir(), "sync-group-sim-"));
  } catch (error) {
    throw new SimulatorError(
      `there is no folder for temporary files (${tmpdir()}: ${error.code}); expected one that may be written: set TMPDIR`,
    );
  }
}

function remove(folder) {
  try {
    rmSync(folder, { recursive: true, force: true });
  } catch {
    // What is still open on Windows is removed when the server has ended.
  }
}

async function versionAt(control, program) {
  try {
    const { answer } = await control.call("GET", "/_sim/health");
    if (typeof answer?.version === "string") return answer.version;
  } catch (error) {
    if (!(error instanceof CallRefused || error instanceof SyntaxError)) throw error;
  }
  throw new SimulatorError(`${program} does not answer as sync-group-sim does; see ${VARIABLE}`);
}

function start(program, folder, args) {
  const env = Object.fromEntries(Object.entries(process.env).filter(([name]) => !NOT_OURS.includes(name.toUpperCase())));
  const log = openSync(join(folder, "said"), "w");
  // In this process's group, so that whatever ends a test run from outside (Ctrl-C, a closed terminal, a CI job that is
  // cancelled) ends the server, too. It also ends when the pipe does, which this process holds: even killed, it is not
  // outlived.
  env.SYNC_GROUP_SIM_STOP_WITH_STDIN = "true";
  const child = spawn(
    program,
    ["serve", "--listen", "127.0.0.1:0", "--log", "off", ...args, "--port-file", join(folder, "port")],
    { stdio: ["pipe", "ignore", log], env, windowsHide: true },
  );
  closeSync(log);
  child.ended = new Promise((resolve) => {
    child.once("error", (error) => resolve({ error }));
    child.once("exit", (code, signal) => resolve({ code, signal }));
  });
  child.ended.then((how) => (child.how = how));
  // A test run that forgets to stop it ends all the same.
  child.unref();
  child.stdin?.unref();
  return child;
}

/** The port, once the server listens. */
async function listening(child, folder, program) {
  const deadline = performance.now() + START_MILLISECONDS;
  while (performance.now() < deadline) {
    if (child.how) throw ended(child.how, folder, program);
    const port = read(join(folder, "port"));
    if (port) return Number(port);
    await pause(POLL_MILLISECONDS);
  }
  throw new SimulatorError(`${program} did not listen within ${START_MILLISECONDS} ms`);
}

/** Why it ended before it listened: a program of another version may not know an option. */
function ended({ error, code }, folder, program) {
  if (error) return cannotRun(program, error);
  const said = read(join(folder, "said")) || "it said nothing";
  const wrong = mismatch(versionOf(program), program);
  return new SimulatorError(wrong ?? `${program} ended with code ${code} before it listened: ${said}`);
}

function read(path) {
  try {
    return readFileSync(path, "utf8").trim();
  } catch {
    return "";
  }
}

async function end(child) {
  if (child.how) return;
  child.ref();
  child.kill();
  const timer = setTimeout(() => child.kill("SIGKILL"), STOP_MILLISECONDS);
  await child.ended;
  clearTimeout(timer);
}

module.exports = { Simulator, startSimulator };
