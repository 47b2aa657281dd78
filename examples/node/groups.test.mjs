// What the client does when the service misbehaves: each test arms one fault, runs the client, and verifies. The tests
// share a server but no tenant, so they run at the same time.

import assert from "node:assert/strict";
import { describe, test } from "node:test";

import { GroupsClient } from "./groups-client.mjs";
import { simulator } from "./simulator.mjs";

// The demo fixture's policy, and two sources that are free to be grouped.
const STAFF = {
  name: "Staff",
  passwordPolicyId: "2c91808d744ba0ce01746f93b6204501",
  sourceIds: ["2c918084660f45d6016617daa9210584", "2c918084660f45d6016617daa9210500"],
};

// The client's waits pass in the tenant's time: thirty seconds take none.
const clientOf = (tenant) => new GroupsClient({ ...tenant, sleep: (seconds) => tenant.advance(`${seconds}s`) });

const { withTenant } = simulator();

describe("the client", { concurrency: true }, () => {
  test("does not repeat a create whose answer was lost", () =>
    withTenant(async (tenant) => {
      await tenant.arm({
        when: { operation: "createPasswordSyncGroup" },
        fires: { nth: 1 },
        stage: "after",
        fault: { respond: { status: 500 } },
      });
      const client = clientOf(tenant);

      const group = await client.create(STAFF);

      const found = (await client.list()).filter(({ name }) => name === STAFF.name);
      assert.deepEqual(found, [group]);
      await tenant.verify({ match: { operation: "createPasswordSyncGroup" }, count: { exactly: 1 } });
    }));

  test("waits as long as a 429 says", () =>
    withTenant(async (tenant) => {
      await tenant.stopClock();
      await tenant.arm({
        when: { operation: "getPasswordSyncGroups" },
        fires: { nth: 1 },
        fault: { rateLimited: { retryAfter: "30s", window: "30s" } },
      });

      await clientOf(tenant).list();

      await tenant.verify({
        match: { operation: "getPasswordSyncGroups" },
        count: { exactly: 2 },
        apart: { atLeast: "30s" },
        then: [{ match: { operation: "getPasswordSyncGroups" }, status: 200 }],
      });
    }));

  test("replaces a token that has expired", () =>
    withTenant(async (tenant) => {
      await tenant.stopClock();
      const client = clientOf(tenant);
      await client.list();
      await tenant.advance("750s"); // a token lives for 749 seconds

      await client.list();

      await tenant.verify({ match: { operation: "getPasswordSyncGroups" }, status: 401, count: { exactly: 1 } });
      await tenant.verify({ match: { operation: "token" }, status: 200, count: { exactly: 2 } });
    }));

  test("replaces a token that ends early", () =>
    withTenant(async (tenant) => {
      await tenant.use("token-expires-early"); // at the third call
      const client = clientOf(tenant);
      const first = await client.list();

      await client.list();
      assert.deepEqual(await client.list(), first);

      await tenant.verify({ match: { operation: "getPasswordSyncGroups" }, status: 401, count: { exactly: 1 } });
      await tenant.verify({ match: { operation: "token" }, status: 200, count: { exactly: 2 } });
    }));

  test("waits for a password change, which reaches every source", () =>
    withTenant(async (tenant) => {
      await tenant.stopClock();
      await tenant.use("password-change-slow"); // by a minute
      const client = clientOf(tenant);
      await client.create(STAFF);

      await client.changePassword("amelia.admin", "Active Directory", "Correct-Horse-7");

      assert.ok(await tenant.hasPassword("amelia.admin", "Active Directory", "Correct-Horse-7"));
      assert.ok(await tenant.hasPassword("amelia.admin", "Okta", "Correct-Horse-7"));
      await tenant.verify({ match: { operation: "setPassword" }, count: { exactly: 1 } });
    }));

  test("is told what came nearest when a verification fails", () =>
    withTenant(async (tenant) => {
      await clientOf(tenant).list();

      const expectation = { match: { operation: "getPasswordSyncGroups" }, status: 429 };
      await assert.rejects(tenant.verify(expectation), /status is 200, not 429/);
    }));
});
