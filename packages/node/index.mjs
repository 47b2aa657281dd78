// What a test imports: the same as it would require, and under vitest the end of the server.

import api from "./index.js";
import { stopShared } from "./lib/with-tenant.js";

export const { CallRefused, Simulator, SimulatorError, startSimulator, Tenant, VerificationFailed, withTenant } = api;

// vitest may end its workers without letting them say so; its own hook comes in time.
if (process.env.VITEST) {
  const vitest = await import("vitest").catch(() => undefined);
  try {
    vitest?.afterAll(stopShared);
  } catch {
    // Imported where there are no hooks: in a file of set-up for the whole run.
  }
}
