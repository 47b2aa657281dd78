#!/usr/bin/env node
// The same job as groups_sync.py, for Node 20 or later and its fetch: lists page by page, creates, updates, deletes,
// and reads back what it did. It ends with 0 when all is as intended, else with 1 and a sentence.

import { setTimeout as pause } from "node:timers/promises";

const { SAIL_BASE_URL: base, SAIL_CLIENT_ID: id, SAIL_CLIENT_SECRET: secret } = process.env;
const GROUPS = "/v2024/password-sync-groups";
const [DIRECTORY, OKTA, GITHUB, SALESFORCE, MAINFRAME] =
  ["584", "500", "601", "602", "609"].map((end) => `2c918084660f45d6016617daa9210${end}`);
const [POLICY, STRICTER] = ["2c91808d744ba0ce01746f93b6204501", "2c91808d744ba0ce01746f93b6204503"];
const TRIES = 5, READS = 7, BASE_MS = 500, CALL_MS = 15_000, LONGEST_WAIT_MS = 60_000;

class Failure extends Error {}
class Refused extends Failure {
  constructor(status, text) { super(text); this.status = status; }
}
class Unclear extends Error {
  constructor(text, told = 0) { super(text); this.told = told; }
}

const backoff = (step) => Math.random() * Math.min(8_000, BASE_MS * 2 ** step);

// Milliseconds that an answer asks for; undefined when it asks for nothing that one can read.
function toldWait(headers) {
  const value = headers.get("retry-after");
  if (value === null) return undefined;
  if (/^\d+$/.test(value)) return Number(value) * 1_000;
  const until = Date.parse(value);
  return /GMT$/.test(value) && until ? Math.max(0, until - Date.parse(headers.get("date"))) : undefined;
}

function textOf(body) {
  try {
    const value = JSON.parse(body);
    return value.messages?.[0]?.text ?? value.detailMessage ?? value.errorMessage ?? value.message ?? value.error;
  } catch {
    return body.slice(0, 80);
  }
}

// One exchange: status, headers and whole body. Throws Unclear when there was no whole answer.
async function send(method, path, headers, body) {
  try {
    const reply = await fetch(base + path, { method, headers, body, signal: AbortSignal.timeout(CALL_MS) });
    return { status: reply.status, headers: reply.headers, body: await reply.text() };
  } catch (lost) {
    throw new Unclear(`${method} ${path.split("?")[0]}: no whole answer: ${lost.cause?.code ?? lost.message}`);
  }
}

function parsed(what, { status, body }, fits) {
  let value;
  try { value = JSON.parse(body); } catch { /* told below */ }
  if (!fits(value)) throw new Unclear(`${what}: ${status}, but not what was asked for`);
  return value;
}

// Repeats `once` while that is safe and sensible.
async function repeat(what, once, { unclearEnds = false } = {}) {
  let trouble;
  for (let count = 0; count < TRIES; count++) {
    let told;
    try {
      const { answer, result } = await once();
      if (result !== undefined) return result;
      trouble = `${answer.status} ${textOf(answer.body)}`;
      if (answer.status < 500 && answer.status !== 429) throw new Refused(answer.status, `${what}: ${trouble}`);
      told = toldWait(answer.headers);
      if (answer.status !== 429 && unclearEnds) throw new Unclear(`${what}: ${trouble}`, told);
    } catch (error) {
      if (!(error instanceof Unclear) || unclearEnds) throw error;
      trouble = error.message;
    }
    if (told > LONGEST_WAIT_MS) throw new Failure(`${what}: asked to wait for ${told / 1_000} s`);
    if (count + 1 < TRIES) await pause(Math.max(backoff(count), told === undefined ? 100 : told + 100));
  }
  throw new Failure(`${what}: ${trouble}; gave up after ${TRIES} tries`);
}

let token;

async function renew() {
  const form = new URLSearchParams({ grant_type: "client_credentials", client_id: id, client_secret: secret });
  token = await repeat("POST /oauth/token", async () => {
    const answer = await send("POST", "/oauth/token", {}, form);
    if (answer.status !== 200) return { answer };
    const value = parsed("POST /oauth/token", answer, (found) => typeof found?.access_token === "string");
    return { answer, result: value.access_token };
  });
}

const object = (value) => typeof value?.id === "string";

async function call(method, path, { body, fits = object, unclearEnds } = {}) {
  const what = `${method} ${path.split("?")[0]}`;
  let renewed = false;
  return repeat(what, async () => {
    for (;;) {
      if (!token) await renew();
      const headers = { Authorization: `Bearer ${token}`, "Content-Type": "application/json" };
      const answer = await send(method, path, headers, body && JSON.stringify(body));
      if (answer.status === 401 && !renewed) {
        renewed = true;
        token = undefined;
        continue;
      }
      if (answer.status >= 300) return { answer };
      return { answer, result: { headers: answer.headers, value: fits ? parsed(what, answer, fits) : null } };
    }
  }, { unclearEnds });
}

async function list(limit) {
  const found = new Map();
  for (let offset = 0, total = Infinity; offset < total;) {
    const { headers, value } =
      await call("GET", `${GROUPS}?limit=${limit}&offset=${offset}&count=true`, { fits: Array.isArray });
    total = Number(headers.get("x-total-count") ?? Infinity);
    if (!value.length) {
      if (total !== Infinity && offset < total) throw new Failure(`the list ends at ${offset} of ${total} groups`);
      break;
    }
    for (const group of value) found.set(group.name, group);
    offset += value.length;
  }
  return found;
}

async function create(name, sourceIds) {
  let unclear;
  for (let count = 0; count < TRIES; count++) {
    try {
      const body = { name, passwordPolicyId: POLICY, sourceIds };
      return (await call("POST", GROUPS, { body, unclearEnds: true })).value.id;
    } catch (error) {
      if (error instanceof Unclear) unclear = error;
      else if (!unclear || !(error instanceof Refused)) throw error;
    }
    await pause(Math.max(backoff(count), Math.min(unclear?.told ?? 0, LONGEST_WAIT_MS)));
    const there = (await list(250)).get(name);
    if (there) return there.id;
  }
  throw new Failure(`${name} could not be created: ${unclear.message}`);
}

async function get(groupId) {
  try {
    return (await call("GET", `${GROUPS}/${groupId}`)).value;
  } catch (error) {
    if (error.status === 404) return undefined;
    throw error;
  }
}

// The group, once a read shows it as it must be; one read may be old.
async function settled(groupId, holds) {
  for (let count = 0; count < READS; count++) {
    const group = await get(groupId);
    if (holds(group)) return group;
    if (count + 1 < READS) await pause(backoff(count));
  }
  throw new Failure(`${groupId}: ${READS} reads do not show what was done`);
}

async function update(groupId, change) {
  for (let count = 0; count < TRIES; count++) {
    const group = await settled(groupId, (found) => found);
    try {
      await call("PUT", `${GROUPS}/${groupId}`, { body: { ...group, ...change } });
      return settled(groupId, (found) => found && JSON.stringify({ ...found, ...change }) === JSON.stringify(found));
    } catch (error) {
      if (error.status !== 409) throw error;
    }
    await pause(backoff(count));
  }
  throw new Failure(`${groupId}: changed by others each time`);
}

async function remove(groupId) {
  for (let count = 0; ; count++) {
    try {
      await call("DELETE", `${GROUPS}/${groupId}`, { fits: null, unclearEnds: true });
      break;
    } catch (error) {
      if (error.status === 404 && count) break;
      if (!(error instanceof Unclear) || count + 1 === TRIES) throw error;
      await pause(Math.max(backoff(count), Math.min(error.told, LONGEST_WAIT_MS)));
    }
  }
  await settled(groupId, (found) => !found);
}

async function job() {
  const before = await list(1);
  if (before.has("Trial") || before.has("Engineering")) throw new Failure("a group is there already");
  const trial = await create("Trial", [DIRECTORY, OKTA]);
  const engineering = await create("Engineering", [GITHUB, SALESFORCE]);
  await update(engineering, { sourceIds: [GITHUB, SALESFORCE, MAINFRAME] });
  await update(trial, { passwordPolicyId: STRICTER });
  await remove(trial);
  const sales = await create("Sales", [DIRECTORY, OKTA]);
  await settled(sales, (found) => found?.name === "Sales");
}

try {
  await job();
} catch (error) {
  if (!(error instanceof Failure || error instanceof Unclear)) throw error;
  console.error(`groups_sync.mjs: ${error.message}`);
  process.exitCode = 1;
}
