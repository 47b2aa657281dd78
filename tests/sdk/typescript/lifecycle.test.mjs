// One group's life as the SDK returns it: create, get, list with a count, update, delete, in every path style.

import assert from "node:assert/strict";
import { describe, test } from "node:test";

import { connect, isRefusal, sample, STYLES, withGroup } from "./clients.mjs";
import { shared, simulator } from "./simulator.mjs";

const server = simulator("--fixture", "demo");

for (const style of Object.keys(STYLES)) {
  describe(style, () => {
    const admin = () => connect(server.baseUrl, style);

    test("a created group comes back with an id and times, status 200", async () => {
      const created = await admin().create(sample());
      await admin().delete(created.data.id);
      assert.equal(created.status, 200);
      assert.match(created.data.id, /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/);
      assert.equal(created.data.name, "Password Sync Group 1");
      assert.equal(created.data.passwordPolicyId, shared.POLICY_ID);
      assert.deepEqual(created.data.sourceIds.toSorted(), [shared.SOURCE_ID_1, shared.SOURCE_ID_2].toSorted());
      assert.match(created.data.created, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z$/);
    });

    test("a got group equals the created one", async () => {
      const client = admin();
      await withGroup(client, async (group) => assert.deepEqual((await client.get(group.id)).data, group));
    });

    test("a count is told only when asked for, and the list holds the created group", async () => {
      const client = admin();
      await withGroup(client, async (group) => {
        const counted = await client.list({ count: true });
        assert.equal(Number(counted.headers["x-total-count"]), counted.data.length);
        assert.deepEqual(counted.data.filter(({ id }) => id === group.id), [group]);
        assert.equal((await client.list()).headers["x-total-count"], undefined);
      });
    });

    test("an update changes the name and keeps id and created", async () => {
      const client = admin();
      await withGroup(client, async (group) => {
        const { data: updated } = await client.update(group.id, sample({ name: "Renamed" }));
        assert.deepEqual([updated.id, updated.created, updated.name], [group.id, group.created, "Renamed"]);
        assert.ok(Date.parse(updated.modified) >= Date.parse(group.created));
        assert.deepEqual((await client.get(group.id)).data, updated);
      });
    });

    test("a got group can be put back as it is", async () => {
      const client = admin();
      await withGroup(client, async (group) => {
        const { data: putBack } = await client.update(group.id, (await client.get(group.id)).data);
        assert.deepEqual({ ...putBack, modified: null }, { ...group, modified: null });
      });
    });

    test("a deleted group is not found, and its sources are free again", async () => {
      const client = admin();
      await withGroup(client, async (group) => {
        const deleted = await client.delete(group.id);
        assert.deepEqual([deleted.status, deleted.data], [204, ""]);
        await assert.rejects(
          client.get(group.id),
          isRefusal(404, (body) => assert.equal(body.detailCode, "404 Not found")),
        );
        await withGroup(client, async (again) => assert.notEqual(again.id, group.id));
      });
    });
  });
}
