#!/usr/bin/env node
// Looks for one group, for Node 20 or later and its fetch: reads all pages at the same time, asks again beside a read that
// takes longer than a second, and drops what is still under way as soon as the group is found. It ends with 0 when it
// is, else with 1 and a sentence.

import { setTimeout as pause } from "node:timers/promises";

const { SAIL_BASE_URL: base, SAIL_CLIENT_ID: id, SAIL_CLIENT_SECRET: secret } = process.env;
const [NAME = "Research accounts"] = process.argv.slice(2);
const GROUPS = "/v2024/password-sync-groups", PAGE = 1, PAGES = 2;
const TRIES = 5, CALL_MS = 15_000, HEDGE_MS = 1_000, LONGEST_WAIT_MS = 60_000;

class Failure extends Error {}
class NotHere extends Failure {}

// A limit is the client's: while one read was told to wait, the others wait, too.
let pausedUntil = 0;
const stop = new AbortController();

async function allowed() {
  while (Date.now() < pausedUntil) await pause(pausedUntil - Date.now() + 50, undefined, { signal: stop.signal });
}

function toldWait(headers) {
  const value = headers.get("retry-after") ?? "";
  if (/^\d+$/.test(value)) return Number(value) * 1_000;
  const until = /GMT$/.test(value) ? Date.parse(value) : NaN;
  return Number.isNaN(until) ? 0 : Math.max(0, until - Date.parse(headers.get("date")));
}

// One exchange; undefined where it failed in a way that may pass.
async function send(path, options, fits, signal) {
  let reply, text;
  try {
    const signals = [signal, stop.signal, AbortSignal.timeout(CALL_MS)];
    reply = await fetch(base + path, { ...options, signal: AbortSignal.any(signals) });
    text = await reply.text();
  } catch {
    return undefined;
  }
  const told = toldWait(reply.headers);
  if (told > LONGEST_WAIT_MS) throw new Failure(`asked to wait for ${told / 1_000} s`);
  if (told) pausedUntil = Math.max(pausedUntil, Date.now() + told);
  if (reply.status === 429 || reply.status >= 500) return undefined;
  let value;
  try { value = JSON.parse(text); } catch { /* told below */ }
  return reply.ok && !fits(value) ? undefined : { status: reply.status, value };
}

// The same once more beside it when it takes long; the first answer is taken, and the other call dropped.
async function hedged(path, options, fits) {
  const done = new AbortController();
  const first = send(path, options, fits, done.signal);
  const late = new Promise((resolve) => { setTimeout(resolve, HEDGE_MS, "late").unref(); });
  try {
    if ((await Promise.race([first, late])) !== "late" || Date.now() < pausedUntil) return await first;
    const some = (answer) => answer ?? Promise.reject(new Failure("no answer"));
    const both = [first.then(some), send(path, options, fits, done.signal).then(some)];
    return await Promise.any(both).catch(() => undefined);
  } finally {
    done.abort();
  }
}

async function repeat(what, once) {
  for (let count = 0; count < TRIES; count++) {
    await allowed();
    const answer = await once();
    if (answer) return answer;
    if (count + 1 < TRIES) await pause(500 * 2 ** count * (0.5 + Math.random()), undefined, { signal: stop.signal });
  }
  throw new Failure(`${what} failed ${TRIES} times`);
}

let token;

function renewed(used) {
  if (token && token !== used) return token;
  const form = { grant_type: "client_credentials", client_id: id, client_secret: secret };
  const once = () => send("/oauth/token", { method: "POST", body: new URLSearchParams(form) },
    (value) => typeof value?.access_token === "string", stop.signal);
  // One renewal for all reads.
  token = repeat("the token call", once).then(({ status, value }) => {
    if (status !== 200) throw new Failure(`no token: ${status}`);
    return value.access_token;
  });
  return token;
}

async function read(offset) {
  const path = `${GROUPS}?limit=${PAGE}&offset=${offset}`;
  for (let renewals = 0; ; renewals++) {
    const used = token;
    const headers = { Authorization: `Bearer ${await used}` };
    const { status, value } = await repeat(path, () => hedged(path, { headers }, Array.isArray));
    if (status === 401 && renewals < 2) await renewed(used);
    else if (status !== 200) throw new Failure(`${path}: ${status}`);
    else return value.find((group) => group.name === NAME) ?? Promise.reject(new NotHere(`no ${NAME}`));
  }
}

try {
  await renewed();
  const found = await Promise.any(Array.from({ length: PAGES }, (_, page) => read(page * PAGE)));
  console.log(`find_group.mjs: ${found.name} is there`);
} catch (error) {
  const failures = error.errors?.filter((failure) => !(failure instanceof NotHere)) ?? [error];
  console.error(`find_group.mjs: ${failures[0]?.message ?? `there is no ${NAME}`}`);
  process.exitCode = 1;
} finally {
  stop.abort();
}
