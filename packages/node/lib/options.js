// What a tenant begins with: scenario, rules, fixture and clock, and the options of `POST /_sim/tenants`.

const { File, isPath } = require("./file.js");

const OPTIONS = [
  "name", "seed", "drawKey", "prerequisites", "rateLimit", "tokenLifetime", "passwordChangeTime", "simFault",
];
const ALL = ["scenario", "rules", "fixture", "clock", ...OPTIONS];

/** The body that creates a tenant, and the scenario file that it gets afterwards, if there is one. */
function creation({ scenario, rules, fixture, clock, ...options }) {
  const unknown = Object.keys(options).find((name) => !OPTIONS.includes(name));
  if (unknown) throw new TypeError(`a tenant has no option "${unknown}"; expected one of: ${ALL.join(", ")}`);
  const body = { ...options };
  if (fixture !== undefined) body.fixture = isPath(fixture) ? new File(fixture) : fixture;
  if (scenario === undefined) return { body };
  const all = (Array.isArray(scenario) ? scenario : [scenario]).map((each) => (isPath(each) ? new File(each) : each));
  const file = all.length === 1 && all[0] instanceof File ? all[0] : undefined;
  body.scenarios = file ? [] : all.map((each) => (each instanceof File ? each.value() : each));
  return { body, file };
}

module.exports = { creation };
