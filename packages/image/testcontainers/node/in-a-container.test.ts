// The simulator in a container, for node:test: one for the whole file, a tenant of its own for each test.
//
//   npm install -D testcontainers@12 typescript @types/node

import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { after, before, test } from "node:test";
import { GenericContainer, type StartedTestContainer, Wait } from "testcontainers";

const image = process.env.SYNC_GROUP_SIM_IMAGE ?? "sync-group-sim:0.1.0";
const token = randomBytes(16).toString("hex");

interface Tenant {
  baseUrl: string;
  clients: { clientId: string; clientSecret: string }[];
}

let container: StartedTestContainer;

before(async () => {
  container = await new GenericContainer(image)
    .withExposedPorts(4580)
    .withEnvironment({ SYNC_GROUP_SIM_CONTROL_TOKEN: token })
    .withWaitStrategy(Wait.forHealthCheck())
    .start();
});

after(() => container.stop());

/** A call of the control API; in a container it asks for its token. */
async function control<T>(baseUrl: string, method: string, path: string, body?: object): Promise<T> {
  const response = await fetch(`${baseUrl}/_sim/${path}`, {
    method,
    headers: { authorization: `Bearer ${token}` },
    body: body === undefined ? null : JSON.stringify(body),
  });
  if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${await response.text()}`);
  return (await response.json()) as T;
}

test("a client is told to wait", async () => {
  const baseUrl = `http://${container.getHost()}:${container.getMappedPort(4580)}`;
  const tenant = await control<Tenant>(baseUrl, "POST", "tenants", { scenarios: ["rate-limited"] });
  // Your own client goes here, with tenant.baseUrl and these credentials.
  assert.ok(tenant.clients[0]?.clientSecret);
  assert.ok(await control<object>(tenant.baseUrl, "GET", "verdicts"));
});
