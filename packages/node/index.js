// What a test requires. The types, with a line on each member, are in index.d.ts.

const { CallRefused, SimulatorError, VerificationFailed } = require("./lib/errors.js");
const { Simulator, startSimulator } = require("./lib/simulator.js");
const { Tenant } = require("./lib/tenant.js");
const { withTenant } = require("./lib/with-tenant.js");

module.exports = { CallRefused, Simulator, SimulatorError, startSimulator, Tenant, VerificationFailed, withTenant };
