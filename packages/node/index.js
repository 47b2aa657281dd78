// What a test imports. The types, with a line on each member, are in index.d.ts.

export { CallRefused, SimulatorError, VerificationFailed } from "./lib/errors.js";
export { Simulator, startSimulator } from "./lib/simulator.js";
export { Tenant } from "./lib/tenant.js";
export { withTenant } from "./lib/with-tenant.js";
