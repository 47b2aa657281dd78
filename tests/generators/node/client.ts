// A program on the clients that openapi-typescript makes: a tenant, a scenario in each of its forms, a group, what the
// journal says. It ends with an error where something is not as expected. Argument: the server's base URL.
import createClient from "openapi-fetch";
import type { paths as Control } from "./control.js";
import type { components, paths as Api } from "./v2026.js";

const expect = (holds: boolean, what: unknown) => {
  if (!holds) throw new Error(`unexpected: ${JSON.stringify(what)}`);
};
// @ts-ignore: nothing but this is needed of Node's types.
const server: string = process.argv[2];

const created = await createClient<Control>({ baseUrl: server }).POST("/_sim/tenants", {
  body: { fixture: "demo", scenarios: ["rate-limited"] },
});
const tenant = created.data!;
expect(created.response.status === 201, created);

const control = createClient<Control>({ baseUrl: tenant.baseUrl });
expect((await control.PUT("/_sim/scenario", { body: { use: ["rate-limited"] } })).data!.rules.length > 0, "rules");
const rule = await control.PUT("/_sim/scenario", {
  body: { name: "two", rules: [{ fires: { nth: 1 }, fault: { respond: { status: 500 } } }, { fires: { nth: [9] }, fault: "close" }] },
});
expect(rule.data!.rules.length === 2, rule);
expect((await control.DELETE("/_sim/scenario")).response.ok, "scenario");

const { clientId: client_id, clientSecret: client_secret } = tenant.clients[0];
const form = new URLSearchParams({ grant_type: "client_credentials", client_id, client_secret });
const token = await (await fetch(`${tenant.baseUrl}/oauth/token`, { method: "POST", body: form })).json();
const api = createClient<Api>({
  baseUrl: `${tenant.baseUrl}/v2026`,
  headers: { Authorization: `Bearer ${(token as { access_token: string }).access_token}` },
});
const sources = await api.GET("/sources", { params: { query: { filters: 'features ca "PASSWORD"' } } });
expect(sources.response.ok && sources.data!.length > 1, sources);
const policies = await api.GET("/password-policies", { params: { header: { "X-SailPoint-Experimental": "true" } } });
expect(policies.data!.length > 0, policies);
const groups = await api.GET("/password-sync-groups");
const group: components["schemas"]["PasswordSyncGroup"] = groups.data![0];
const missing = await api.GET("/password-sync-groups/{id}", { params: { path: { id: "none" } } });
expect(missing.response.status === 404 && missing.error !== undefined, missing);
expect((await api.GET("/password-sync-groups/{id}", { params: { path: { id: group.id! } } })).data!.name === group.name, group);

const verified = await control.POST("/_sim/verify", {
  body: { match: { operation: "getPasswordSyncGroup" }, count: { exactly: 2 } },
});
expect(verified.data!.passed, verified);
const journal = await control.GET("/_sim/journal", { params: { query: { operation: "listSources" } } });
expect(journal.data!.exchanges[0].reply!.headers["content-type"].startsWith("application/json"), journal);
console.log("openapi-typescript: the clients work");
