/** JSON that the control API takes or gives; the words are those of scenario and fixture files. */
export type Json = { [member: string]: unknown };

/** How a tenant's time passes. */
export type ClockMode = "auto" | "manual" | "skipping";

/** A built-in scenario's name, the path of a file (`.yaml`, `.json`), or a whole scenario. */
export type Scenario = string | URL | Json;

/** What a tenant begins with. */
export interface TenantOptions {
  /** What goes wrong. A YAML file stands alone; names, JSON files and objects may be listed. */
  scenario?: Scenario | Scenario[];
  /** Single rules, in the words of a scenario file; the first comes first. */
  rules?: Json[];
  /** A built-in fixture's name, the path of a file (`.yaml`, `.json`), or a whole fixture. */
  fixture?: string | URL | Json;
  /** The clock's mode, or mode and time. */
  clock?: ClockMode | { mode?: ClockMode; now?: string };
  /** 1 to 63 characters of `a-z`, `0-9`, `-`; made up when left out. */
  name?: string;
  /** What ids and faults are drawn from. */
  seed?: number;
  /** With the seed, what ids and faults are drawn from; the name when left out. */
  drawKey?: string;
  prerequisites?: "enforce" | "ignore";
  /** `off`, or such as `100/10s`. */
  rateLimit?: string;
  /** Such as `60s`. */
  tokenLifetime?: string;
  /** Such as `2s`. */
  passwordChangeTime?: string;
  simFault?: "shown" | "hidden";
}

/** What clients must have done. */
export interface Expectation {
  /** Which exchanges: like a rule's `when`. */
  match?: Json;
  status?: number | Json | unknown[];
  /** How many there must be; at least one when left out. */
  count?: { exactly?: number; atLeast?: number; atMost?: number };
  /** How far apart they must be. */
  apart?: { atLeast?: string; atMost?: string };
  /** What must follow, in order. */
  then?: { match?: Json; status?: unknown }[];
}

/** A rule of good client conduct, broken. */
export interface Finding {
  verdict: string;
  severity: string;
  message: string;
  advice: string;
  [member: string]: unknown;
}

/** A client that may ask for tokens. */
export interface Client {
  name: string;
  clientId: string;
  clientSecret: string;
  [member: string]: unknown;
}

/** An organisation of its own: groups, credentials, faults, clock and journal. */
export class Tenant {
  private constructor();
  readonly name: string;
  /** Where the client under test goes. */
  readonly baseUrl: string;
  /** The first client's id. */
  readonly clientId: string;
  /** The first client's secret. */
  readonly clientSecret: string;
  /** Every client. */
  readonly clients: Client[];
  readonly seed: number;
  /** The variables that the vendor's SDKs read. */
  readonly env: { SAIL_BASE_URL: string; SAIL_CLIENT_ID: string; SAIL_CLIENT_SECRET: string };
  /** Something goes wrong from now on: a rule in the words of a scenario file. */
  rule(rule: Json): Promise<unknown>;
  /** From now on these built-in scenarios run, and no other rules; none stops them all. */
  use(...scenarios: string[]): Promise<unknown>;
  /** Time passes in the tenant, and none in the test: `"13m"`, `"2s"`, or milliseconds. */
  advance(time: string | number): Promise<unknown>;
  /** Sets the clock, or says what it shows. */
  clock(settings?: ClockMode | { mode?: ClockMode; now?: string }): Promise<Json>;
  /** The client did what is expected, or this rejects with a `VerificationFailed` that says what it did instead. */
  verify(expectation: Expectation): Promise<unknown>;
  /** What the verdicts on good client conduct find in the journal so far. */
  findings(): Promise<Finding[]>;
  /** What clients did and were told, oldest first. */
  journal(filters?: {
    operation?: string;
    status?: number;
    client?: string;
    rule?: string;
    after?: number;
    limit?: number;
  }): Promise<Json[]>;
  /** The journal as an HTTP archive: the text of a `.har` file. */
  har(): Promise<string>;
  /** Any call of the control API about this tenant: `control("GET", "passwords")`. Text is sent as YAML. */
  control(method: string, call: string, body?: Json | unknown[] | string): Promise<any>;
  /** Puts the tenant back to how its test began: state, clock, rules, journal, and the same ids and faults again. */
  reset(): Promise<void>;
  /** Ends the tenant, with everything in it. */
  delete(): Promise<void>;
}

/** A running server on a free port of this machine. */
export class Simulator {
  private constructor();
  /** The base URL of the tenant `default`. */
  readonly baseUrl: string;
  /** The path of the program that runs. */
  readonly program: string;
  /** The program's version. */
  readonly version: string;
  tenant(options?: TenantOptions): Promise<Tenant>;
  /** Ends the server. */
  stop(): Promise<void>;
}

/** Starts a server; `args` are further arguments for `sync-group-sim serve`. */
export function startSimulator(options?: { args?: string[] }): Promise<Simulator>;

type TestFunction<Context> = ((context?: Context) => Promise<void>) & PromiseLike<void>;

/**
 * A test function with a tenant of its own, for `node:test`, vitest and Jest: `test("…", withTenant(async (tenant) => { … }))`.
 * When it fails, the journal is kept in the folder `sync-group-sim-journals` (or `SYNC_GROUP_SIM_JOURNALS`).
 */
export function withTenant<Context = any>(
  test: (tenant: Tenant, context: Context) => unknown,
): TestFunction<Context>;
export function withTenant<Context = any>(
  options: TenantOptions,
  test: (tenant: Tenant, context: Context) => unknown,
): TestFunction<Context>;

/** The simulator cannot be found, started or reached, or is of another version. */
export class SimulatorError extends Error {}

/** A control call was refused; the message is the server's own. */
export class CallRefused extends SimulatorError {
  readonly status: number;
}

/** The client did not do what was expected. */
export class VerificationFailed extends Error {}
