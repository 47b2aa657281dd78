// Reading past the first page of 250 with the SDK's own Paginator: 500 groups of the large fixture, and 251
// groups made through the SDK on a server that ignores prerequisites.

import assert from "node:assert/strict";
import { describe, test } from "node:test";

import { connect, STYLES } from "./clients.mjs";
import { simulator } from "./simulator.mjs";

const ids = (groups) => groups.map(({ id }) => id);

for (const style of Object.keys(STYLES)) {
  describe(`${style}, 500 groups`, () => {
    const server = simulator("--fixture", "large");

    test("a page holds 250 groups unless asked otherwise", async () => {
      const page = await connect(server.baseUrl, style).list({ count: true });
      assert.equal(page.data.length, 250);
      assert.equal(page.headers["x-total-count"], "500");
    });

    test("the paginator reads all 500 groups once each, at any page size", async () => {
      const client = connect(server.baseUrl, style);
      const whole = ids((await client.paginate({})).data);
      assert.equal(whole.length, 500);
      assert.equal(new Set(whole).size, 500);
      for (const increment of [7, 100, 249]) {
        assert.deepEqual(ids((await client.paginate({}, increment)).data), whole);
      }
    });

    test("a page past the end is empty", async () => {
      const page = await connect(server.baseUrl, style).list({ offset: 500 });
      assert.deepEqual([page.status, page.data], [200, []]);
    });
  });

  describe(`${style}, 251 groups`, () => {
    const server = simulator("--fixture", "empty", "--prerequisites", "ignore");

    test("the 251st group is read from the second page", async () => {
      const client = connect(server.baseUrl, style);
      const created = [];
      for (let n = 0; n < 251; n++) {
        const group = { name: `Group ${n}`, passwordPolicyId: "any", sourceIds: [`a${n}`, `b${n}`] };
        created.push((await client.create(group)).data);
      }
      assert.deepEqual((await client.paginate({})).data, created);
      assert.deepEqual((await client.list({ offset: 250 })).data, created.slice(250));
    });
  });
}
