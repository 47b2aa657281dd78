// What a tenant begins with: scenario, rules, fixture and clock, and the options of `POST /_sim/tenants`.

import { readFileSync } from "node:fs";

import { SimulatorError } from "./errors.js";

const OPTIONS = [
  "name", "seed", "drawKey", "prerequisites", "rateLimit", "tokenLifetime", "passwordChangeTime", "simFault",
];
const ALL = ["scenario", "rules", "fixture", "clock", ...OPTIONS];

/** The body that creates a tenant, and the text of a YAML scenario that it gets afterwards, if there is one. */
export function creation({ scenario, rules, fixture, clock, ...options }) {
  const unknown = Object.keys(options).find((name) => !OPTIONS.includes(name));
  if (unknown) throw new TypeError(`a tenant has no option "${unknown}"; expected one of: ${ALL.join(", ")}`);
  const body = { ...options };
  if (fixture !== undefined) body.fixture = readFixture(fixture);
  if (scenario === undefined) return { body };
  const all = (Array.isArray(scenario) ? scenario : [scenario]).map(readScenario);
  const yaml = all.find((each) => each.yaml !== undefined)?.yaml;
  if (yaml !== undefined && all.length > 1) {
    throw new SimulatorError("a scenario in a YAML file stands alone; expected one file, or names and JSON files");
  }
  body.scenarios = yaml === undefined ? all.map(({ value }) => value) : [];
  return { body, yaml };
}

/** A file rather than the name of something built in: names have no endings. */
const isPath = (value) => value instanceof URL || (typeof value === "string" && /\.(ya?ml|json)$/.test(value));
const isJson = (path) => String(path).endsWith(".json");

function readScenario(value) {
  if (!isPath(value)) return { value };
  return isJson(value) ? { value: json(value) } : { yaml: text(value) };
}

function readFixture(value) {
  if (!isPath(value)) return value;
  if (isJson(value)) return json(value);
  throw new SimulatorError(
    `${value}: a fixture in YAML is for a whole run; set SYNC_GROUP_SIM_FIXTURE to its path, ` +
      "or give a JSON file, an object, or the name of a built-in one",
  );
}

function text(path) {
  try {
    return readFileSync(path, "utf8");
  } catch (error) {
    throw new SimulatorError(`${path}: ${error.code === "ENOENT" ? "no such file" : error.code}`);
  }
}

function json(path) {
  try {
    return JSON.parse(text(path));
  } catch (error) {
    throw error instanceof SimulatorError ? error : new SimulatorError(`${path}: not JSON: ${error.message}`);
  }
}
