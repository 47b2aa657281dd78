// Accounts, identities, public identities and source apps through the SDK, in every path style that has them.

import assert from "node:assert/strict";
import { describe, test } from "node:test";

import { body, isRefusal, service, STYLES } from "./clients.mjs";
import { simulator } from "./simulator.mjs";

const UMA = "2c9180835d2e5168015d32f890ca1585";
const MAINFRAME = "2c918084660f45d6016617daa9210609";
const EXPERIMENTAL = { xSailPointExperimental: "true" };

const server = simulator("--fixture", "demo");

for (const style of Object.keys(STYLES)) {
  describe(style, () => {
    const of = (name) => service(server.baseUrl, style, name);

    test("accounts are found by identity and source", async () => {
      const accounts = of("Accounts");
      const filters = `identityId eq "${UMA}" and sourceId eq "${MAINFRAME}"`;
      const { data, headers } = await accounts.listAccounts({ filters, sorters: "name", count: true });
      assert.deepEqual(data.map(({ name, sourceName }) => [name, sourceName]), [["UUSER01", "Mainframe"]]);
      assert.equal(headers["x-total-count"], "1");
      assert.deepEqual((await accounts.getAccount({ id: data[0].id })).data, data[0]);
      const [slim] = (await accounts.listAccounts({ filters, detailLevel: "SLIM" })).data;
      assert.deepEqual([slim.id, slim.identity], [data[0].id, undefined]);
    });

    if (style !== "v3") {
      test("identities are found by the name they sign in with", async () => {
        const identities = of("Identities");
        const wanted = { filters: 'alias eq "uma.user"', defaultFilter: "NONE", ...EXPERIMENTAL };
        const [uma] = (await identities.listIdentities(wanted)).data;
        assert.deepEqual([uma.id, uma.managerRef.name], [UMA, "Walter Warehouse"]);
        assert.deepEqual((await identities.getIdentity({ id: UMA, ...EXPERIMENTAL })).data, uma);
      });
    }

    if (style !== "beta") {
      test("the public side of people is shown", async () => {
        const wanted = { filters: 'lastname eq "User"', sorters: "name", addCoreFilters: true };
        const [uma] = (await of("PublicIdentities").getPublicIdentities(wanted)).data;
        assert.deepEqual([uma.alias, uma.manager.name, uma.identityState], ["uma.user", "Walter Warehouse", "ACTIVE"]);
      });
    }

    if (style !== "v3") {
      test("an app is created, patched and deleted", async () => {
        const apps = of("Apps");
        const wanted = { name: `Ledger of ${style}`, description: "Of the SDK", accountSource: { id: MAINFRAME } };
        const created = await apps.createSourceApp({ ...body(style, "sourceAppCreateDto", wanted), ...EXPERIMENTAL });
        const own = { id: created.data.id, ...EXPERIMENTAL };
        assert.equal(created.data.accountSource.useForPasswordManagement, true);
        const steps = [
          { op: "replace", path: "/enabled", value: true },
          { op: "replace", path: "/provisionRequestEnabled", value: true },
          { op: "add", path: "/accessProfiles/-", value: "p" },
        ];
        const patched = await apps.patchSourceApp({ ...own, ...body(style, "jsonPatchOperation", steps) });
        assert.deepEqual([patched.data.enabled, patched.data.accessProfiles], [true, ["p"]]);
        assert.equal((await apps.getSourceApp(own)).data.enabled, true);
        const filters = `accountSource.id eq "${MAINFRAME}"`;
        const available = await apps.listAvailableSourceApps({ filters, ...EXPERIMENTAL });
        assert.deepEqual(available.data.map(({ id }) => id), [own.id]);
        assert.equal((await apps.listAllSourceApp({ sorters: "-created", limit: 2, ...EXPERIMENTAL })).data.length, 2);
        const assigned = (await apps.listAssignedSourceApp(EXPERIMENTAL)).data.map(({ name }) => name);
        assert.ok(assigned.includes("Windows") && assigned.includes("Okta Dashboard"));
        assert.equal((await apps.deleteSourceApp(own)).data.id, own.id);
        await assert.rejects(apps.getSourceApp(own), isRefusal(404));
      });
    }
  });
}
