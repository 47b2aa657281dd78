// A program of the ordinary kind with the vendor's TypeScript SDK, for the drill: reads all groups page by page, creates
// one, reads and renames it, and deletes another. What goes wrong ends it. SDK_INSTALL names the folder whose
// node_modules has the pinned SDK.

import { createRequire } from "node:module";
import { join } from "node:path";

const sdk = createRequire(join(process.env.SDK_INSTALL, "package.json"))("sailpoint-api-client");
const api = new sdk.PasswordSyncGroupsV2024Api(new sdk.Configuration());

const groups = [];
for (;;) {
  const { data: page } = await api.getPasswordSyncGroups({ limit: 2, offset: groups.length });
  if (page.length === 0) break;
  groups.push(...page);
}

const { data: made } = await api.createPasswordSyncGroup({
  passwordSyncGroupV2024: {
    name: "Sales",
    passwordPolicyId: "2c91808d744ba0ce01746f93b6204501",
    sourceIds: ["2c918084660f45d6016617daa9210584", "2c918084660f45d6016617daa9210500"],
  },
});
const { data: group } = await api.getPasswordSyncGroup({ id: made.id });
await api.updatePasswordSyncGroup({ id: group.id, passwordSyncGroupV2024: { ...group, name: "Sales and marketing" } });
const old = groups.find(({ name }) => name === "Research accounts");
await api.deletePasswordSyncGroup({ id: old.id });
console.log(`${groups.length} groups read, one made, one renamed, one deleted`);
