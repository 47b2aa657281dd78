// Finds the program: SYNC_GROUP_SIM_BIN, else the one in this platform's package, else on the PATH; and asks for its version.

const { spawnSync } = require("node:child_process");
const { accessSync, closeSync, constants, existsSync, openSync, readSync, statSync } = require("node:fs");
const { delimiter, dirname, join, resolve } = require("node:path");

const { SimulatorError } = require("./errors.js");
const { PLATFORMS, packageOf, programOn } = require("./platforms.js");

const VARIABLE = "SYNC_GROUP_SIM_BIN";
const ASK_MILLISECONDS = 20_000;
// What package managers write is shorter.
const LAUNCHER_BYTES = 4096;

/** This package's version. */
const VERSION = require("../package.json").version;

/** The program's path. */
function find() {
  const platform = `${process.platform}-${process.arch}`;
  const named = process.env[VARIABLE];
  if (named) {
    const found = program(named) ?? onThePath(named) ?? mayNotBeRun(named);
    if (found) return found;
    throw new SimulatorError(
      `${VARIABLE} is "${named}", and no program is there; expected the path of sync-group-sim, ` +
        `or ${VARIABLE} unset for the one that came with the package`,
    );
  }
  const found = inPackage(platform) ?? onThePath(programOn(platform));
  if (found) return found;
  const why = PLATFORMS[platform]
    ? `the package ${packageOf(platform)} is not installed (npm leaves it out with --omit=optional, ` +
      "and when a lock file or node_modules comes from another platform); " +
      `try: npm install --include=optional sync-group-sim@${VERSION}`
    : `there is no package for this platform (${platform}), only for ${Object.keys(PLATFORMS).join(", ")}`;
  throw new SimulatorError(
    `the program sync-group-sim is missing: ${why}; or set ${VARIABLE} to its path, or put it on the PATH`,
  );
}

function inPackage(platform) {
  try {
    const path = join(dirname(require.resolve(`${packageOf(platform)}/package.json`)), programOn(platform));
    return program(path) ?? mayNotBeRun(path);
  } catch {
    return undefined;
  }
}

/** A file that is there and may not be run: starting it says so. */
function mayNotBeRun(path) {
  return statSync(path, { throwIfNoEntry: false })?.isFile() ? resolve(path) : undefined;
}

function onThePath(name) {
  if (name.includes("/") || name.includes("\\")) return undefined;
  const endings = process.platform === "win32" ? ["", ".exe"] : [""];
  for (const folder of (process.env.PATH ?? "").split(delimiter)) {
    if (!folder) continue;
    for (const ending of endings) {
      const found = program(join(folder, name + ending));
      if (found && !isLauncher(found)) return found;
    }
  }
  return undefined;
}

/**
 * Whether it is what a package manager made of this package's command, for `npx` or for the whole machine: that would look
 * for the program, too, and find itself.
 */
function isLauncher(path) {
  return isScript(path) && /\bnpx sync-group-sim\b|\bsync-group-sim\.js\b/.test(beginningOf(path));
}

const isScript = (path) => beginningOf(path).startsWith("#!");

function beginningOf(path) {
  const file = openSync(path, "r");
  try {
    const begins = Buffer.alloc(LAUNCHER_BYTES);
    return begins.toString("latin1", 0, readSync(file, begins, 0, begins.length, 0));
  } finally {
    closeSync(file);
  }
}

/** The absolute path, if a program is there. */
function program(path) {
  try {
    accessSync(path, constants.X_OK);
    return statSync(path).isFile() ? resolve(path) : undefined;
  } catch {
    return undefined;
  }
}

/** What the program says to `--version`. */
function versionOf(path) {
  const asked = spawnSync(path, ["--version"], { encoding: "utf8", timeout: ASK_MILLISECONDS });
  if (asked.error) throw cannotRun(path, asked.error);
  const found = /^sync-group-sim (\d+\.\d+\.\S+)$/.exec(asked.stdout.trim());
  if (found) return found[1];
  const said = (asked.stdout + asked.stderr).trim().slice(0, 200);
  // What the system cannot run is given to a shell, which cannot read it either, and says so.
  if (asked.status !== 0) throw cannotRun(path, { code: said.startsWith(`${path}: `) && !isScript(path) ? "ENOEXEC" : said });
  throw new SimulatorError(`${path} is not sync-group-sim: \`--version\` printed "${said}"; see ${VARIABLE}`);
}

/** Why a program that is there does not run. */
function cannotRun(path, error) {
  const missing = existsSync(path)
    ? "what runs it is missing: the loader of another C library, or a script's interpreter"
    : "it is not there";
  const why = { ENOENT: missing, EACCES: "it may not be run", ENOEXEC: "it is for another platform" };
  const isDenied = error.code === "EACCES" && process.platform !== "win32";
  const advice = isDenied ? `; try: chmod +x ${path}` : `; let ${VARIABLE} name one`;
  return new SimulatorError(
    `${path} cannot be run on this machine (${why[error.code] ?? error.code}); ` +
      `expected sync-group-sim for ${process.platform}-${process.arch}${advice}`,
  );
}

/** What stays the same while versions are compatible: `0.1` of `0.1.7`. */
const release = (version) => version.split(".").slice(0, 2).join(".");

/** What to say about a program that this package does not go with. */
function mismatch(version, path) {
  if (release(version) === release(VERSION)) return undefined;
  return (
    `${path} is sync-group-sim ${version}, and this npm package is ${VERSION}; expected a program ` +
    `${release(VERSION)}.x: npm install -D sync-group-sim@${release(version)} for that program, or ` +
    (process.env[VARIABLE]
      ? `unset ${VARIABLE} for the one that came with the package`
      : `let ${VARIABLE} name a program ${release(VERSION)}.x`)
  );
}

module.exports = { VARIABLE, VERSION, find, versionOf, cannotRun, mismatch };
