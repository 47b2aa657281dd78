// Sources, their policies, password policies, the org config and the dictionary through the SDK, in every path style.

import assert from "node:assert/strict";
import { describe, test } from "node:test";

import { body, isRefusal, service, STYLES } from "./clients.mjs";
import { simulator } from "./simulator.mjs";

const OWNER = "2c9180835d2e5168015d32f890ca1581";
// This SDK's v2024 was made before the header was documented for policies; its caller can still add it.
const EXPERIMENTAL = { headers: { "X-SailPoint-Experimental": "true" } };

const server = simulator("--fixture", "demo");

for (const style of Object.keys(STYLES)) {
  describe(style, () => {
    const sources = () => service(server.baseUrl, style, "Sources");

    /** Creates a source, hands it to the test, and deletes it whatever the test did. */
    async function withSource(test) {
      const own = sources();
      const wanted = {
        name: `Of ${style}`,
        owner: { type: "IDENTITY", id: OWNER },
        connector: "active-directory",
        features: ["PASSWORD", "PROVISIONING"],
      };
      const created = await own.createSource(body(style, "source", wanted));
      assert.equal(created.status, 201);
      try {
        await test(own, created.data);
      } finally {
        const { id } = created.data;
        const deleted = await (style === "beta" ? own._delete({ id }) : own.deleteSource({ id }));
        assert.deepEqual([deleted.status, deleted.data.type], [202, "TASK_RESULT"]);
      }
    }

    test("a created source is read, put back and patched", () =>
      withSource(async (own, source) => {
        const { id } = source;
        assert.equal(source.owner.name, "Amelia Admin");
        assert.deepEqual((await own.getSource({ id })).data, source);
        const put = await own.putSource({ id, ...body(style, "source", { ...source, description: "Changed" }) });
        assert.equal(put.data.description, "Changed");
        const patch = [{ op: "add", path: "/features/-", value: "ENABLE" }];
        const patched = await own.updateSource({ id, ...body(style, "jsonPatchOperation", patch) });
        assert.deepEqual(patched.data.features, ["PASSWORD", "PROVISIONING", "ENABLE"]);
        await assert.rejects(
          own.updateSource({ id, ...body(style, "jsonPatchOperation", [{ op: "replace", path: "/type", value: "x" }]) }),
          isRefusal(400),
        );
      }));

    test("sources are filtered, sorted and counted", async () => {
      const filters = 'features ca ("PASSWORD") and name sw "Research"';
      const found = await sources().listSources({ filters, sorters: "-name", count: true, limit: 1 });
      assert.deepEqual([found.data.map(({ name }) => name), found.headers["x-total-count"]], [["Research Wiki"], "2"]);
      await assert.rejects(sources().listSources({ filters: 'features eq "PASSWORD"' }), isRefusal(400));
    });

    test("a policy is created, changed, assigned to a source and deleted", () =>
      withSource(async (own, source) => {
        const policies = service(server.baseUrl, style, "PasswordPolicies");
        const dto = (value) => body(style, "passwordPolicyV3Dto", value);
        const created = await policies.createPasswordPolicy(dto({ name: "Of the SDK", minLength: 8 }), EXPERIMENTAL);
        const { id } = created.data;
        const put = await policies.setPasswordPolicy({ id, ...dto({ ...created.data, minLength: 9 }) }, EXPERIMENTAL);
        assert.deepEqual([put.data.minLength, put.data.maxRepeatedChars, put.data.passwordExpiration], [9, -1, 90]);
        if (own.updatePasswordPolicyHolders) {
          const hold = async (...holders) => {
            const sent = body(style, "passwordPolicyHoldersDtoInner", holders);
            return (await own.updatePasswordPolicyHolders({ sourceId: source.id, ...sent })).data;
          };
          const held = { policyId: id, policyName: "Of the SDK", selectors: null };
          assert.deepEqual(await hold(held), [held]);
          const read = await policies.getPasswordPolicyById({ id }, EXPERIMENTAL);
          assert.deepEqual(read.data.sourceIds, [source.id]);
          await hold();
        }
        const listed = await policies.listPasswordPolicies({ limit: 250 }, EXPERIMENTAL);
        assert.ok(listed.data.some((policy) => policy.id === id));
        assert.equal((await policies.deletePasswordPolicy({ id }, EXPERIMENTAL)).status, 204);
        await assert.rejects(policies.getPasswordPolicyById({ id }, EXPERIMENTAL), isRefusal(404));
      }));

    test("the org config is created and changed", async () => {
      const config = service(server.baseUrl, style, "PasswordConfiguration");
      const dto = (value) => body(style, "passwordOrgConfig", value);
      const created = await config.createPasswordOrgConfig(dto({ digitTokenEnabled: true, digitTokenLength: 9 }));
      assert.deepEqual([created.data.digitTokenDurationMinutes, created.data.digitTokenLength], [5, 9]);
      const changed = await config.putPasswordOrgConfig(dto({ digitTokenDurationMinutes: 10 }));
      assert.deepEqual([changed.data.digitTokenDurationMinutes, changed.data.digitTokenLength], [10, 9]);
      assert.deepEqual((await config.getPasswordOrgConfig()).data, changed.data);
    });

    test("a dictionary is uploaded and given back", async () => {
      const dictionary = service(server.baseUrl, style, "PasswordDictionary");
      const text = `# of ${style}\nlocale=en_US\nwinter\n`;
      await dictionary.putPasswordDictionary({ file: new File([text], "words.txt") });
      assert.equal((await dictionary.getPasswordDictionary()).data, text);
    });
  });
}

test("policies of v2024, which this SDK asks for without the experimental header, are refused", async () => {
  await assert.rejects(
    service(server.baseUrl, "v2024", "PasswordPolicies").listPasswordPolicies(),
    isRefusal(400, (reply) => assert.equal(reply.error, "Experimental Header is missing or invalid.")),
  );
});
