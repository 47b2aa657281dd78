#!/usr/bin/env node
// `npx sync-group-sim`: runs the program in this process's place: its arguments, its streams, its exit code.

const { spawn } = require("node:child_process");
const { constants } = require("node:os");

const { assertProgram, cannotRun, find, isForeign, VARIABLE } = require("../lib/binary.js");

// How a program ends that is not whole.
const CRASHES = ["SIGSEGV", "SIGBUS", "SIGILL"];

function fail(error) {
  console.error(error.message);
  process.exit(1);
}

try {
  const program = find();
  assertProgram(program);
  const child = spawn(program, process.argv.slice(2), { stdio: "inherit" });
  // A terminal sends Ctrl-C to both; what is sent to this process alone is passed on.
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) {
    process.on(signal, () => {
      if (signal !== "SIGINT" || !process.stdin.isTTY) child.kill(signal);
    });
  }
  child.on("error", (error) => fail(cannotRun(program, error)));
  child.on("exit", (code, signal) => {
    // What the system cannot run is given to a shell, which cannot read it either.
    if (code > 0 && isForeign(program)) fail(cannotRun(program, { code: "ENOEXEC" }));
    if (CRASHES.includes(signal)) {
      console.error(`${program} ended by ${signal}, as a part of it alone does; let ${VARIABLE} name the program`);
    }
    process.exit(code ?? 128 + constants.signals[signal]);
  });
} catch (error) {
  fail(error);
}
