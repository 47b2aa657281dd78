// The platforms that have a package with the program, by Node's names for them. `packages/build` reads this list, too.

const PLATFORMS = {
  "linux-x64": "x86_64-unknown-linux-musl",
  "linux-arm64": "aarch64-unknown-linux-musl",
  "win32-x64": "x86_64-pc-windows-gnu",
  "darwin-x64": "x86_64-apple-darwin",
  "darwin-arm64": "aarch64-apple-darwin",
};

/** The package with the program for a platform. */
const packageOf = (platform) => `sync-group-sim-${platform}`;

/** What the program is called there. */
const programOn = (platform) => (platform.startsWith("win32") ? "sync-group-sim.exe" : "sync-group-sim");

module.exports = { PLATFORMS, packageOf, programOn };
