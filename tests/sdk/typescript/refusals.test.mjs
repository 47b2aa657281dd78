// What the service refuses, as the SDK's AxiosError carries it: 400, 401, 403, 404 and a bad secret.

import assert from "node:assert/strict";
import { describe, test } from "node:test";

import { connect, isRefusal, sample, STYLES, withGroup } from "./clients.mjs";
import { simulator } from "./simulator.mjs";

const UNKNOWN_ID = "00000000-0000-4000-8000-000000000000";
const UNKNOWN_SOURCES = ["ffffffffffffffffffffffffffffff01", "ffffffffffffffffffffffffffffff02"];

const server = simulator("--fixture", "demo");
const code = (expected) => (body) => assert.ok(body.detailCode.startsWith(expected), `detailCode ${body.detailCode}`);

for (const style of Object.keys(STYLES)) {
  describe(style, () => {
    const as = (caller, settings) => connect(server.baseUrl, style, caller, settings);

    test("a create without a name is a bad request that names the field", async () => {
      await assert.rejects(
        as("ADMIN").create(sample({ name: undefined })),
        isRefusal(400, (body) => {
          code("400.1.0")(body);
          assert.match(body.trackingId, /^[0-9a-f]{32}$/);
          assert.match(body.messages[0].text, /name/);
        }),
      );
    });

    test("an unknown source is a bad reference", async () => {
      await assert.rejects(as("ADMIN").create(sample({ sourceIds: UNKNOWN_SOURCES })), isRefusal(400, code("400.1.404")));
    });

    test("an unknown policy is a bad reference", async () => {
      await assert.rejects(
        as("ADMIN").create(sample({ passwordPolicyId: "f".repeat(32) })),
        isRefusal(400, code("400.1.404")),
      );
    });

    test("a source already in a group is a bad request", async () => {
      const client = as("ADMIN");
      await withGroup(client, () =>
        assert.rejects(client.create(sample({ name: "Second" })), isRefusal(400, code("400.1"))));
    });

    test("a limit above 250, which this SDK sends, is a bad request", async () => {
      await assert.rejects(as("ADMIN").list({ limit: 251 }), isRefusal(400, code("400.1.3")));
    });

    test("an unknown group is not found by get, update and delete", async () => {
      const client = as("ADMIN");
      const notFound = isRefusal(404, code("404 Not found"));
      await assert.rejects(client.get(UNKNOWN_ID), notFound);
      await assert.rejects(client.update(UNKNOWN_ID, sample()), notFound);
      await assert.rejects(client.delete(UNKNOWN_ID), notFound);
    });

    test("a reader and a service without a user list but may not create", async () => {
      for (const caller of ["READER", "SERVICE"]) {
        const client = as(caller);
        assert.equal((await client.list()).status, 200);
        await assert.rejects(client.create(sample()), isRefusal(403, code("403 Forbidden")));
      }
    });

    test("a user who is not an administrator may not even list", async () => {
      await assert.rejects(as("HELPDESK").list(), isRefusal(403, code("403 Forbidden")));
    });

    test("a bogus token is unauthorized", async () => {
      for (const accessToken of ["bogus", "bogus.three.parts"]) {
        await assert.rejects(
          as("ADMIN", { accessToken }).list(),
          isRefusal(401, (body) => assert.match(body.error, /JWT/)),
        );
      }
    });

    test("a wrong secret rejects the first call with the token endpoint's 401", async () => {
      // The SDK rewraps the token's AxiosError as a plain Error, so only its text is left.
      await assert.rejects(as("ADMIN", { clientSecret: "f".repeat(64) }).list(), {
        name: "Error",
        message: "AxiosError: Request failed with status code 401",
      });
    });
  });
}
