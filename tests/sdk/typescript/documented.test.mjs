// The program in docs/clients/node.md that uses the SDK, run as it stands.

import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";

import { shared, simulator } from "./simulator.mjs";

const server = simulator("--fixture", "demo");

test("the documented program lists the groups", () => {
  const page = readFileSync(new URL("../../../docs/clients/node.md", import.meta.url), "utf8");
  const blocks = [...page.matchAll(/^```js\n(.*?)^```/gms)].map(([, text]) => text);
  const [block] = blocks.filter((text) => text.includes('from "sailpoint-api-client"'));
  // Beside the node_modules in which it finds the SDK.
  const program = join(process.env.SDK_INSTALL, "documented.mjs");
  writeFileSync(program, block);
  const { status, stdout, stderr } = spawnSync(process.execPath, [program], {
    env: {
      ...process.env,
      SAIL_BASE_URL: server.baseUrl,
      SAIL_CLIENT_ID: shared.ADMIN_ID,
      SAIL_CLIENT_SECRET: shared.ADMIN_SECRET,
    },
    encoding: "utf8",
    timeout: 60_000,
  });
  assert.equal(status, 0, stderr);
  assert.equal(stdout, "[ 'Password Sync Group 1', 'Research accounts' ]\n");
});
