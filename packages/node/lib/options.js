// What a tenant begins with: scenario, rules, fixture and clock, and the options of `POST /_sim/tenants`.

const { File, isPath } = require("./file.js");

const OPTIONS = [
  "name", "seed", "drawKey", "prerequisites", "rateLimit", "tokenLifetime", "passwordChangeTime", "simFault",
];
const ALL = ["scenario", "rules", "fixture", "clock", ...OPTIONS];

/** The body that creates a tenant, and the calls of the control API that it gets afterwards, and after each reset. */
function creation({ scenario, rules, fixture, clock, ...options }) {
  const unknown = Object.keys(options).find((name) => !OPTIONS.includes(name));
  if (unknown) throw new TypeError(`a tenant has no option "${unknown}"; expected one of: ${ALL.join(", ")}`);
  const body = { ...options };
  if (fixture !== undefined) body.fixture = isPath(fixture) ? new File(fixture) : fixture;
  if (scenario === undefined) return { body, afterwards: afterwards(undefined, rules, clock) };
  const all = (Array.isArray(scenario) ? scenario : [scenario]).map((each) => (isPath(each) ? new File(each) : each));
  const file = all.length === 1 && all[0] instanceof File ? all[0] : undefined;
  body.scenarios = file ? [] : all.map((each) => (each instanceof File ? each.value() : each));
  return { body, afterwards: afterwards(file, rules, clock) };
}

/** A scenario file that stands alone, rules and clock, which the creation cannot say, as [method, call, body]. */
function afterwards(file, rules, clock) {
  const calls = file ? [["PUT", "scenario", file]] : [];
  // Each comes ahead of those before it.
  for (const rule of [...(rules ?? [])].reverse()) calls.push(["POST", "scenario/rules", rule]);
  if (clock !== undefined) calls.push(["PUT", "clock", typeof clock === "string" ? { mode: clock } : clock]);
  return calls;
}

module.exports = { creation };
