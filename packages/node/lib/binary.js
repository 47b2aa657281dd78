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
// What programs begin with, in Latin-1; and an ELF file's processors.
const BEGINNINGS = { linux: ["\x7fELF"], darwin: ["\xcf\xfa\xed\xfe", "\xca\xfe\xba\xbe"], win32: ["MZ"] };
const ELF_MACHINES = { x64: 62, arm64: 183 };

/** This package's version. */
const VERSION = require("../package.json").version;

/** The program's path. */
function find() {
  const platform = `${process.platform}-${process.arch}`;
  const named = process.env[VARIABLE];
  if (named) {
    const found = program(named) ?? onThePath(named) ?? mayNotBeRun(named);
    if (found) return found;
    const what = statSync(named, { throwIfNoEntry: false })?.isDirectory() ? "that is a folder" : "no program is there";
    throw new SimulatorError(
      `${VARIABLE} is "${named}", and ${what}; expected the path of sync-group-sim, ` +
        `or ${VARIABLE} unset for the one that came with the package`,
    );
  }
  const found = inPackage(platform) ?? onThePath(programOn(platform));
  if (found) return found;
  const why = PLATFORMS[platform]
    ? `the package ${packageOf(platform)} is not installed (npm leaves it out with --omit=optional, ` +
      "and when a lock file or node_modules comes from another platform); install it beside this one (docs/install.md says " +
      `how; from a checkout: npm install -O --include=optional CHECKOUT/packages/dist/${packageOf(platform)}-${VERSION}.tgz)`
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

/** Throws where the file is no program on any system: Node would give it to a shell, which would take it for commands. */
function assertProgram(path) {
  if (process.platform === "win32" || isScript(path) || systemsOf(path).length > 0) return;
  throw cannotRun(path, { code: "ENOEXEC" });
}

/** The systems that programs are for which begin as this file does. */
function systemsOf(path) {
  const begins = beginningOf(path);
  return Object.keys(BEGINNINGS).filter((system) => BEGINNINGS[system].some((each) => begins.startsWith(each)));
}

/** Whether it is a program for another system or another processor. */
function isForeign(path) {
  const systems = systemsOf(path);
  const machine = ELF_MACHINES[process.arch];
  const isOfAnother = systems[0] === "linux" && machine !== undefined && beginningOf(path).charCodeAt(18) !== machine;
  return systems.length > 0 && (isOfAnother || !systems.includes(process.platform));
}

/** What the program says to `--version`. */
function versionOf(path) {
  const asked = spawnSync(path, ["--version"], { encoding: "utf8", timeout: ASK_MILLISECONDS });
  if (asked.error) throw cannotRun(path, asked.error);
  const found = /^sync-group-sim (\d+\.\d+\.\S+)$/.exec(asked.stdout.trim());
  if (found) return found[1];
  throw another(path, (asked.stdout + asked.stderr).trim().slice(0, 200), asked.status, asked.signal);
}

/** What to say about a program that does not tell its version. */
function another(path, said, code, signal) {
  // What the system cannot run is given to a shell, which cannot read it either.
  if (code !== 0 && isForeign(path)) return cannotRun(path, { code: "ENOEXEC" });
  const what = said ? "is not sync-group-sim" : "is not sync-group-sim, or a part of it alone";
  const how = signal ? `, and ended by ${signal}` : code ? `, and ended with code ${code}` : "";
  const printed = said ? `"${said}"` : "nothing";
  return new SimulatorError(`${path} ${what}: \`--version\` printed ${printed}${how}; let ${VARIABLE} name the program`);
}

/** Why a program that is there does not run. */
function cannotRun(path, error) {
  const missing = existsSync(path)
    ? "what runs it is missing: the loader of another C library, or a script's interpreter"
    : "it is not there";
  const why = {
    ENOENT: missing, EACCES: "it may not be run", ETIMEDOUT: "it does not answer",
    ENOEXEC: existsSync(path) && isForeign(path) ? "it is for another platform" : "it is no program",
  };
  const isDenied = error.code === "EACCES" && process.platform !== "win32";
  const advice = isDenied ? `; try: chmod +x ${quoted(path)}` : `; let ${VARIABLE} name one`;
  return new SimulatorError(
    `${path} cannot be run on this machine (${why[error.code] ?? error.code}); ` +
      `expected sync-group-sim for ${process.platform}-${process.arch}${advice}`,
  );
}

/** A path as a shell reads it. */
const quoted = (path) => (/^[\w@%+=:,./-]+$/.test(path) ? path : `'${path.replaceAll("'", "'\\''")}'`);

/** What stays the same while versions are compatible: `0.1` of `0.1.7`. */
const release = (version) => version.split(".").slice(0, 2).join(".");

/** What to say about a program that this package does not go with. */
function mismatch(version, path) {
  if (release(version) === release(VERSION)) return undefined;
  return (
    `${path} is sync-group-sim ${version}, and this npm package is ${VERSION}; expected a program ` +
    `${release(VERSION)}.x: take the package of version ${release(version)} for that program (docs/install.md), or ` +
    (process.env[VARIABLE]
      ? `unset ${VARIABLE} for the one that came with the package`
      : `let ${VARIABLE} name a program ${release(VERSION)}.x`)
  );
}

/** What to say about a program that does not know what every program of this version knows. */
function older(path, what) {
  return new SimulatorError(
    `${path} is an older sync-group-sim than this npm package (${VERSION}): ${what}; expected a program as new as the ` +
      "package; docs/install.md says how to get one",
  );
}

module.exports = { VARIABLE, VERSION, assertProgram, cannotRun, find, isForeign, mismatch, older, versionOf };
