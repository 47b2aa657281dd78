// What TypeScript makes of the package's types: this compiles, with a mistake wherever one is expected.

import test from "node:test";

import { startSimulator, withTenant, type Finding, type Tenant, VerificationFailed } from "sync-group-sim";

const sim = await startSimulator();
const tenant: Tenant = await sim.tenant({ scenario: ["rate-limited"], rules: [{ fault: {} }], clock: "manual" });
const { baseUrl, clientId, clientSecret, name }: Record<string, unknown> & Tenant = tenant as never;
console.log(baseUrl, clientId, clientSecret, name, VerificationFailed);
await tenant.verify({ match: { operation: "token" }, count: { exactly: 1 } });
await tenant.advance("13m");
await tenant.reset();
const found: Finding[] = await tenant.findings();
console.log(found.map(({ verdict }) => verdict));
test("a", withTenant(async (own) => void (await own.rule({ fault: {} }))));
test("b", withTenant({ clock: "skipping" }, async (own, context: { name: string }) => void console.log(own.name, context.name)));
// @ts-expect-error: no such mode
await sim.tenant({ clock: "sometimes" });
// @ts-expect-error: no such option
await sim.tenant({ scenarios: [] });
await sim.stop();
