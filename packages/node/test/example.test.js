// The tests that docs/node.md shows, as they stand there; the client is that of examples/node.

import assert from "node:assert/strict";
import { test } from "node:test";

import { withTenant } from "sync-group-sim";

import { GroupsClient } from "./groups-client.mjs";

// The client's waits pass in the tenant's time: thirty seconds take none.
const clientOf = (tenant) => new GroupsClient({ ...tenant, sleep: (seconds) => tenant.advance(`${seconds}s`) });

test("a 429 is waited out", withTenant({ scenario: "rate-limited", clock: "manual" }, async (tenant) => {
  const client = clientOf(tenant);

  for (let call = 1; call <= 4; call++) await client.list(); // the fourth is one too many, and gets a 429

  await tenant.verify({ match: { operation: "getPasswordSyncGroups" }, status: 429, count: { exactly: 1 } });
  assert.deepEqual(await tenant.findings(), []);
}));

const lostAnswer = {
  when: { operation: "createPasswordSyncGroup" },
  fires: { nth: 1 },
  stage: "after",
  fault: { respond: { status: 500 } },
};

test("a create whose answer was lost is not repeated", withTenant({ rules: [lostAnswer] }, async (tenant) => {
  await clientOf(tenant).create({
    name: "Staff",
    passwordPolicyId: "2c91808d744ba0ce01746f93b6204501",
    sourceIds: ["2c918084660f45d6016617daa9210584", "2c918084660f45d6016617daa9210500"],
  });

  await tenant.verify({ match: { operation: "createPasswordSyncGroup" }, count: { exactly: 1 } });
}));
