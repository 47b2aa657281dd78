#!/usr/bin/env node
// `npx sync-group-sim`: runs the program in this process's place: its arguments, its streams, its exit code.

const { spawn } = require("node:child_process");
const { constants } = require("node:os");

const { cannotRun, find } = require("../lib/binary.js");

function fail(error) {
  console.error(error.message);
  process.exit(1);
}

try {
  const program = find();
  const child = spawn(program, process.argv.slice(2), { stdio: "inherit" });
  // A terminal sends Ctrl-C to both; what is sent to this process alone is passed on.
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) {
    process.on(signal, () => {
      if (signal !== "SIGINT" || !process.stdin.isTTY) child.kill(signal);
    });
  }
  child.on("error", (error) => fail(cannotRun(program, error)));
  child.on("exit", (code, signal) => process.exit(code ?? 128 + constants.signals[signal]));
} catch (error) {
  fail(error);
}
