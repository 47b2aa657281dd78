// Starts and stops the simulator for a test file, and reads the shared credentials.
// Knows nothing of the SDK: what the SDK calls things is in clients.mjs.

import { spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before } from "node:test";
import { setTimeout as pause } from "node:timers/promises";

const START_MILLISECONDS = 20_000;
const POLL_MILLISECONDS = 20;

export const shared = Object.fromEntries(
  readFileSync(new URL("../credentials.env", import.meta.url), "utf8")
    .split("\n")
    .filter((line) => line && !line.startsWith("#"))
    .map((line) => line.split("=", 2)),
);

/** A simulator that runs as long as the calling test file (or suite); its `baseUrl` is known once tests begin. */
export function simulator(...options) {
  const running = { baseUrl: undefined };
  let folder, child;

  before(async () => {
    folder = mkdtempSync(join(tmpdir(), "sync-group-sim-"));
    const portFile = join(folder, "port");
    child = spawn(
      process.env.SYNC_GROUP_SIM_BIN,
      ["serve", "--listen", "127.0.0.1:0", "--port-file", portFile, "--log", "off", "--rate-limit", "off", ...options],
      { stdio: ["ignore", "ignore", "inherit"] },
    );
    child.ended = new Promise((resolve) => child.once("exit", resolve).once("error", resolve));
    child.ended.then(() => (child.hasEnded = true));
    running.baseUrl = await healthy(child, portFile);
  });

  after(async () => {
    child?.kill("SIGTERM");
    await child?.ended;
    if (folder) rmSync(folder, { recursive: true });
  });

  return running;
}

async function healthy(child, portFile) {
  const deadline = performance.now() + START_MILLISECONDS;
  while (performance.now() < deadline) {
    if (child.hasEnded) throw new Error(`the simulator ended (code ${child.exitCode}) before it listened`);
    const baseUrl = `http://127.0.0.1:${written(portFile)}`;
    const reply = await fetch(`${baseUrl}/_sim/health`).catch(() => undefined);
    if (reply?.ok) return baseUrl;
    await pause(POLL_MILLISECONDS);
  }
  throw new Error(`the simulator was not healthy within ${START_MILLISECONDS} ms`);
}

function written(portFile) {
  try {
    return readFileSync(portFile, "utf8").trim() || "0";
  } catch {
    return "0";
  }
}
