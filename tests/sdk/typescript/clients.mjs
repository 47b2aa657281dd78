// The published SDK's clients in each path style that it has: those of password sync groups under one set of method names,
// and those of what surrounds them as they are. SDK_INSTALL names the folder whose node_modules holds the pinned SDK;
// tests/sdk/run sets it.

import { createRequire } from "node:module";
import { join } from "node:path";

import { shared } from "./simulator.mjs";

export const sdk = createRequire(join(process.env.SDK_INSTALL, "package.json"))("sailpoint-api-client");

export const STYLES = {
  v3: { Api: sdk.PasswordSyncGroupsApi, body: "passwordSyncGroup" },
  beta: { Api: sdk.PasswordSyncGroupsBetaApi, body: "passwordSyncGroupBeta" },
  v2024: { Api: sdk.PasswordSyncGroupsV2024Api, body: "passwordSyncGroupV2024" },
};

// What the names of this style's clients and models end in.
const SUFFIXES = { v3: "", beta: "Beta", v2024: "V2024" };

/** The SDK's configuration for one caller of the fixture; making it fetches a token unless one is given. */
function configuration(baseUrl, caller, settings = {}) {
  return new sdk.Configuration({
    baseurl: baseUrl,
    tokenUrl: `${baseUrl}/oauth/token`,
    clientId: shared[`${caller}_ID`],
    clientSecret: shared[`${caller}_SECRET`],
    ...settings,
  });
}

/** The SDK's client of a service in one style, such as `Sources`. */
export function service(baseUrl, style, name, caller = "ADMIN") {
  const own = configuration(baseUrl, caller);
  own.experimental = true;
  return new sdk[`${name}${SUFFIXES[style]}Api`](own);
}

/** A request's body under the name that the SDK gives it in this style. */
export function body(style, model, value) {
  return { [`${model}${SUFFIXES[style]}`]: value };
}

/** One API style for one caller of the fixture; `settings` may override what the SDK's configuration holds. */
export function connect(baseUrl, style, caller = "ADMIN", settings = {}) {
  const { Api, body } = STYLES[style];
  const api = new Api(configuration(baseUrl, caller, settings));
  return {
    create: (group) => api.createPasswordSyncGroup({ [body]: group }),
    get: (id) => api.getPasswordSyncGroup({ id }),
    update: (id, group) => api.updatePasswordSyncGroup({ id, [body]: group }),
    delete: (id) => api.deletePasswordSyncGroup({ id }),
    list: (parameters) => api.getPasswordSyncGroups(parameters),
    paginate: (parameters, increment) =>
      sdk.Paginator.paginate(api, api.getPasswordSyncGroups, parameters, increment),
  };
}

/** The vendor's documented example, which the demo fixture accepts. */
export function sample(changes = {}) {
  return {
    name: "Password Sync Group 1",
    passwordPolicyId: shared.POLICY_ID,
    sourceIds: [shared.SOURCE_ID_1, shared.SOURCE_ID_2],
    ...changes,
  };
}

/** Creates the sample, hands it to the test, and frees its sources afterwards whatever the test did. */
export async function withGroup(client, test) {
  const { data: group } = await client.create(sample());
  try {
    await test(group);
  } finally {
    await client.delete(group.id).catch((error) => {
      if (error.response?.status !== 404) throw error;
    });
  }
}

/** Asserts that the SDK rejects with its AxiosError of that status; `look` may check the error's body. */
export function isRefusal(status, look = () => {}) {
  return (error) => {
    if (!error.isAxiosError || error.response?.status !== status) throw error;
    look(error.response.data);
    return true;
  };
}
