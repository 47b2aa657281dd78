// Lays out the npm packages of one version: `node stage.js FOLDER VERSION [PLATFORM PROGRAM]`. Without a platform FOLDER
// gets this package, which names a package for each platform as an optional dependency; with one it gets the package that
// holds PROGRAM for that platform. npm installs the one whose `os` and `cpu` fit, and runs no script.
//
// Without a publisher (packages/OWNER) it names none: npm would fetch whatever lies under those names, and where nothing
// does, `npm ci` refuses the lock file. The program's package is installed beside this one, then.

const { chmodSync, copyFileSync, cpSync, mkdirSync, readFileSync, writeFileSync } = require("node:fs");
const { join } = require("node:path");

const { PLATFORMS, packageOf, programOn } = require("./lib/platforms.js");

const here = __dirname;
const [folder, version, platform, program] = process.argv.slice(2);
const manifest = JSON.parse(readFileSync(join(here, "package.json"), "utf8"));

/** Where the repository is, as the publisher says it in packages/OWNER; npm asks for that with a package's provenance. */
function repository() {
  const owner = /^repository=(.+)$/m.exec(readFileSync(join(here, "../OWNER"), "utf8"))?.[1];
  return owner && { repository: { type: "git", url: `git+https://github.com/${owner}.git`, directory: "packages/node" } };
}

function write(content) {
  writeFileSync(join(folder, "package.json"), `${JSON.stringify({ ...content, ...repository() }, undefined, 2)}\n`);
}

function copyLicences() {
  for (const licence of ["LICENSE-APACHE", "LICENSE-MIT"]) {
    copyFileSync(join(here, "../..", licence), join(folder, licence));
  }
}

mkdirSync(folder, { recursive: true });
copyLicences();
if (platform === undefined) {
  const made = "index.d.mts";
  const files = [...manifest.files.filter((file) => file !== made), "README.md"];
  for (const file of files) cpSync(join(here, file), join(folder, file), { recursive: true });
  // The same types, for programs that import.
  copyFileSync(join(here, "index.d.ts"), join(folder, made));
  const programs = Object.fromEntries(Object.keys(PLATFORMS).map((each) => [packageOf(each), version]));
  write({ ...manifest, version, ...(repository() && { optionalDependencies: programs }) });
} else {
  const [os, cpu] = platform.split("-");
  const name = programOn(platform);
  copyFileSync(program, join(folder, name));
  chmodSync(join(folder, name), 0o755);
  const { license, description } = manifest;
  write({
    name: packageOf(platform),
    version,
    description: `${description}: the program for ${platform}`,
    license,
    os: [os],
    cpu: [cpu],
    files: [name],
    preferUnplugged: true,
  });
}
