// Starting the program: where it is found, what is said when it is missing, broken, or of another version; and its end.

import assert from "node:assert/strict";
import { spawn, spawnSync } from "node:child_process";
import { chmodSync, cpSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { once } from "node:events";
import { createRequire } from "node:module";
import { connect, Socket } from "node:net";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { after, test } from "node:test";

import { CallRefused, startSimulator, VerificationFailed } from "sync-group-sim";

const require = createRequire(import.meta.url);
const { version } = require("sync-group-sim/package.json");
const folder = mkdtempSync(join(tmpdir(), "sync-group-sim-test-"));
after(() => rmSync(folder, { recursive: true }));

/** A program of its own, named by the variable while `run` runs. */
async function withProgram(text, run) {
  const path = join(folder, "program");
  writeFileSync(path, text);
  chmodSync(path, 0o755);
  return withVariables({ SYNC_GROUP_SIM_BIN: path }, () => run(path));
}

async function withVariables(variables, run) {
  const before = Object.fromEntries(Object.keys(variables).map((name) => [name, process.env[name]]));
  const set = (all) => {
    for (const [name, value] of Object.entries(all)) {
      if (value === undefined) delete process.env[name];
      else process.env[name] = value;
    }
  };
  set(variables);
  try {
    return await run();
  } finally {
    set(before);
  }
}

/** Answers as a server of another version does. */
const other = (told) => `#!${process.execPath}
const http = require("node:http"), fs = require("node:fs");
if (process.argv.includes("--version")) { console.log("sync-group-sim ${told}"); process.exit(); }
const server = http.createServer((_, reply) => reply.end('{"status":"ok","version":"${told}"}'));
const file = process.argv[process.argv.indexOf("--port-file") + 1];
server.listen(0, "127.0.0.1", () => fs.writeFileSync(file, String(server.address().port)));
`;

for (const told of ["0.0.9", "0.9.0", "1.1.0"]) {
  test(`a program of version ${told} is refused`, () =>
    withProgram(other(told), (path) =>
      assert.rejects(startSimulator(), ({ message }) => {
        assert.ok(message.includes(`${path} is sync-group-sim ${told}, and this npm package is ${version}`), message);
        const release = told.split(".").slice(0, 2).join(".");
        return message.includes(`take the package of version ${release} for that program`) && message.includes("SYNC_GROUP_SIM_BIN");
      }),
    ));
}

test("an older program that does not know an option is told by its version", () =>
  withProgram(
    '#!/bin/sh\n[ "$1" != --version ] || { echo sync-group-sim 0.0.3; exit 0; }\necho unknown option >&2; exit 2\n',
    () => assert.rejects(startSimulator(), /is sync-group-sim 0\.0\.3, and this npm package is/),
  ));

test("what a program says before it ends is told", () =>
  withProgram(
    `#!/bin/sh\n[ "$1" != --version ] || { echo sync-group-sim ${version}; exit; }\necho no room >&2; exit 1\n`,
    () => assert.rejects(startSimulator(), /ended with code 1 before it listened: no room/),
  ));

test("another program is told", () =>
  withProgram("#!/bin/sh\necho something else\n", () =>
    assert.rejects(startSimulator(), /is not sync-group-sim: `--version` printed "something else"/),
  ));

test("a program that is not whole is told", () =>
  withProgram("#!/bin/sh\nkill -SEGV $$\n", () =>
    assert.rejects(startSimulator(), /is not sync-group-sim, or a part of it alone: `--version` printed nothing, and ended by SIGSEGV; let/),
  ));

test("a folder is told", () =>
  withVariables({ SYNC_GROUP_SIM_BIN: folder }, () =>
    assert.rejects(startSimulator(), /and that is a folder; expected the path of sync-group-sim/),
  ));

for (const [what, text] of [["an empty file", ""], ["a text", "exit 0\n"]]) {
  test(`${what} is told, and no shell takes it for commands`, () =>
    withProgram(text, () => assert.rejects(startSimulator(), /cannot be run on this machine \(it is no program\)/)));
}

test("a program for another platform is told", () =>
  withProgram("\x7fELF not for here", () =>
    assert.rejects(startSimulator(), /cannot be run on this machine \(it is for another platform\).*; let SYNC_GROUP_SIM_BIN name one$/),
  ));

test("a program for another C library is told", () =>
  withProgram("#!/no/such/loader\n", () =>
    assert.rejects(startSimulator(), /cannot be run on this machine \(what runs it is missing: the loader of another C library/),
  ));

test("a program of another version on the PATH is told without the variable", () => {
  const installed = join(folder, "helper-alone");
  cpSync(dirname(require.resolve("sync-group-sim/package.json")), installed, { recursive: true });
  const found = join(folder, "found");
  mkdirSync(found);
  writeFileSync(join(found, "sync-group-sim"), "#!/bin/sh\n[ \"$1\" != --version ] || echo sync-group-sim 0.0.3\nexit 2\n", { mode: 0o755 });
  const { SYNC_GROUP_SIM_BIN: _, ...env } = process.env;
  const start = `require(${JSON.stringify(installed)}).startSimulator().catch((error) => console.log(error.message))`;
  const ran = spawnSync(process.execPath, ["-e", start], { encoding: "utf8", timeout: 20_000, env: { ...env, PATH: found } });
  assert.match(ran.stdout, /is sync-group-sim 0\.0\.3, .*, or let SYNC_GROUP_SIM_BIN name a program \d+\.\d+\.x\n$/, ran.stderr);
});

test("a program that may not be run is told", () =>
  withProgram("#!/bin/sh\n", (path) => {
    chmodSync(path, 0o644);
    return assert.rejects(startSimulator(), ({ message }) => {
      assert.ok(message.startsWith(`${path} cannot be run on this machine (it may not be run)`), message);
      return message.endsWith(`; try: chmod +x ${path}`);
    });
  }));

test("its path is one word for the shell", () => {
  const path = join(folder, "a program");
  writeFileSync(path, "#!/bin/sh\n", { mode: 0o644 });
  return withVariables({ SYNC_GROUP_SIM_BIN: path }, () =>
    assert.rejects(startSimulator(), ({ message }) => message.endsWith(`; try: chmod +x '${path}'`)),
  );
});

test("what package managers make of the command is not taken for the program, or it would start itself for ever", () => {
  const installed = dirname(require.resolve("sync-group-sim/package.json"));
  const alone = join(folder, "alone");
  const launcher = join(alone, "bin/sync-group-sim.js");
  const [linked, written] = [join(folder, "linked"), join(folder, "written")];
  cpSync(installed, alone, { recursive: true });
  for (const each of [linked, written]) mkdirSync(each);
  symlinkSync(launcher, join(linked, "sync-group-sim"));
  writeFileSync(join(written, "sync-group-sim"), `#!/bin/sh\nexec node "${launcher}" "$@"\n`, { mode: 0o755 });
  const { SYNC_GROUP_SIM_BIN: _, ...env } = process.env;
  const run = (...path) =>
    spawnSync(process.execPath, [launcher, "--version"], {
      encoding: "utf8", timeout: 20_000, env: { ...env, PATH: [...path, dirname(process.execPath), "/usr/bin", "/bin"].join(":") },
    });
  const missing = run(linked, written);
  assert.equal(missing.status, 1, missing.stderr);
  assert.match(missing.stderr, /^the program sync-group-sim is missing: the package /);
  const platform = dirname(require.resolve(`sync-group-sim-${process.platform}-${process.arch}/package.json`));
  assert.equal(run(linked, written, platform).stdout, `sync-group-sim ${version}\n`);
});

test("a variable that names nothing is told", () =>
  withVariables({ SYNC_GROUP_SIM_BIN: "/no/such/program" }, () =>
    assert.rejects(startSimulator(), /SYNC_GROUP_SIM_BIN is "\/no\/such\/program", and no program is there/),
  ));

test("the package finds the program that came with it", () =>
  withVariables({ SYNC_GROUP_SIM_BIN: undefined, PATH: folder }, async () => {
    const sim = await startSimulator();
    await sim.stop();
    const platform = `sync-group-sim-${process.platform}-${process.arch}`;
    assert.equal(dirname(sim.program), dirname(require.resolve(`${platform}/package.json`)));
    assert.equal(sim.version, version);
  }));

test("where no file can be written that is told", () =>
  withVariables({ TMPDIR: "/no/such/folder" }, () =>
    assert.rejects(startSimulator(), ({ message }) => {
      const told = "there is no folder for temporary files (/no/such/folder: ENOENT); expected one that may be written: set TMPDIR";
      return message === told;
    }),
  ));

test("nothing is left of a run that is killed", () => {
  const temporary = join(folder, "temporary");
  mkdirSync(temporary);
  return withVariables({ TMPDIR: temporary }, async () => {
    const sim = await startSimulator();
    assert.deepEqual(readdirSync(temporary), []);
    await sim.stop();
  });
});

/** Has no calls but those that make and delete a tenant, or does not know what every tenant is made with. */
const older = `#!${process.execPath}
const http = require("node:http"), fs = require("node:fs");
const server = http.createServer(async ({ url, headers, ...request }, reply) => {
  let [status, told] = [404, { error: "\`" + url.slice(url.indexOf("/_sim")) + "\` does not exist; \`GET /_sim\` lists what does" }];
  if (url === "/_sim/health") [status, told] = [200, { status: "ok", version: "${version}" }];
  else if (url === "/_sim/tenants" && process.env.KNOWS_NO_KEY) [status, told] = [400, { error: "body:1:2: unknown key \`drawKey\`; expected name" }];
  else if (url.startsWith("/_sim/tenants")) [status, told] = [200, { name: "it", clients: [], seed: 1 }];
  reply.writeHead(status).end(JSON.stringify(told));
});
const file = process.argv[process.argv.indexOf("--port-file") + 1];
server.listen(0, "127.0.0.1", () => fs.writeFileSync(file, String(server.address().port)));
`;

test("a program of this version that is older is told", () =>
  withProgram(older, async (path) => {
    const sim = await startSimulator();
    const tenant = await sim.tenant();
    for (const [call, lacks] of [
      [() => tenant.findings(), "it has no `GET /_sim/verdicts`"],
      [() => tenant.verify({ match: {} }), "it has no `POST /_sim/verify`"],
      [() => tenant.journal({ status: 200 }), "it has no `GET /_sim/journal`"],
      [() => tenant.har(), "it has no `GET /_sim/journal.har`"],
      [() => tenant.advance(1), "it has no `POST /_sim/clock/advance`"],
    ]) {
      await assert.rejects(call(), ({ message }) => {
        assert.ok(message.startsWith(`${path} is an older sync-group-sim than this npm package (${version}): ${lacks}; expected`), message);
        return true;
      });
    }
    await assert.rejects(tenant.control("GET", "nothing"), (error) => {
      return error instanceof CallRefused && error.message.endsWith("`/_sim/nothing` does not exist; `GET /_sim` lists what does");
    });
    await sim.stop();
  }));

test("an older program that does not know a key of the helper is told", () =>
  withProgram(older, () =>
    withVariables({ KNOWS_NO_KEY: "yes" }, async () => {
      const sim = await startSimulator();
      await assert.rejects(sim.tenant({ drawKey: "it" }), /is an older sync-group-sim .*: it does not know `drawKey`; expected/);
      await sim.stop();
    }),
  ));

test("a loopback interface that is down is told", async () => {
  const { connect } = Socket.prototype;
  Socket.prototype.connect = function () {
    process.nextTick(() => this.destroy(Object.assign(new Error("connect ENETUNREACH 127.0.0.1"), { code: "ENETUNREACH" })));
    return this;
  };
  try {
    await assert.rejects(startSimulator(), /does not answer \(the network is unreachable; expected a loopback interface that is up.*ip link set lo up\)$/);
  } finally {
    Socket.prototype.connect = connect;
  }
});

test("a server that was killed is told", async () => {
  const before = new Set(children());
  const sim = await startSimulator();
  const tenant = await sim.tenant();
  process.kill(children().find((pid) => !before.has(pid)), "SIGKILL");
  await assert.rejects(tenant.journal(), /does not answer \(.*; the server has ended by SIGKILL\)$/);
  await sim.stop();
});

/** The processes that this one started. */
function children() {
  return readFileSync(`/proc/self/task/${process.pid}/children`, "utf8").trim().split(" ").filter(Boolean).map(Number);
}

test("variables that would take the server away are left out, the others take effect, and no proxy is asked", () => {
  const variables = {
    SYNC_GROUP_SIM_CONTROL: "off",
    SYNC_GROUP_SIM_TLS_SELF_SIGNED: "true",
    SYNC_GROUP_SIM_SEED: "11",
    http_proxy: "http://127.0.0.1:9",
    NODE_USE_ENV_PROXY: "1",
  };
  return withVariables(variables, async () => {
    const sim = await startSimulator();
    const tenant = await sim.tenant();
    assert.equal(tenant.seed, 11);
    assert.deepEqual(await tenant.journal(), []);
    await sim.stop();
    await assert.rejects(tenant.journal(), /does not answer/);
  });
});

test("refusals are the server's words, and a tenant that could not be set up is not left", async () => {
  const sim = await startSimulator();
  await assert.rejects(sim.tenant({ scenario: "rate-limitted" }), /rate-limitted/);
  await assert.rejects(sim.tenant({ scenarios: "x" }), /no option "scenarios"; expected one of: scenario, rules/);
  await assert.rejects(sim.tenant({ name: "half", rules: [{ fault: { burn: true } }] }), CallRefused);
  const tenant = await sim.tenant({ name: "half" });
  await assert.rejects(tenant.verify({ match: { operation: "token" } }), (error) => {
    return error instanceof VerificationFailed && error.message.includes("no exchange at all");
  });
  await sim.stop();
});

test("a YAML scenario, a JSON fixture and a manual clock are taken", async () => {
  const [scenario, fixture] = [join(folder, "mine.yaml"), join(folder, "few.json")];
  writeFileSync(scenario, "name: mine\nrules:\n  - when: {operation: getToken}\n    fault: {respond: {status: 502}}\n".replace("getToken", "token"));
  writeFileSync(fixture, '{"groups": []}');
  const sim = await startSimulator();
  const tenant = await sim.tenant({ scenario, clock: "manual" });
  assert.equal((await fetch(`${tenant.baseUrl}/oauth/token`, { method: "POST" })).status, 502);
  assert.equal((await tenant.clock()).mode, "manual");
  await tenant.advance(1_500);
  await tenant.clock({ now: "2030-01-01T00:00:00Z" });
  await tenant.advance(0.4);
  await tenant.advance(1.1 * 1_000);
  assert.equal((await tenant.clock()).now, "2030-01-01T00:00:01.101Z");
  await assert.rejects(sim.tenant({ fixture: scenario }), /mine\.yaml:1:1: .*rules/s);
  await sim.stop();
});

test("scenario and fixture files are read as the program reads them", async () => {
  const scenario = '{"name": "mine", "rules": [{"when": {"operation": "token"}, "fault": {"respond": {"status": 502}}}]}';
  const yaml = "name: mine\nrules:\n  - when: {operation: token}\n    fault: {respond: {status: 502}}\n";
  const write = (name, text, encoding = "utf8") => {
    writeFileSync(join(folder, name), text, encoding);
    return join(folder, name);
  };
  const sim = await startSimulator();
  const json = write("marked.json", `\u{feff}${scenario}`);
  for (const file of [json, write("windows.json", `\u{feff}${scenario}`, "utf16le"), write("windows.yaml", `\u{feff}${yaml}`, "utf16le")]) {
    const { rules } = await (await sim.tenant({ scenario: file })).control("GET", "scenario");
    assert.deepEqual(rules.map((rule) => rule.scenario), ["mine"]);
  }
  assert.equal((await (await sim.tenant({ scenario: [json, "chaos"] })).control("GET", "scenario")).rules[0].scenario, "mine");
  const sources = '{"sources": [{"id": "s", "name": "Zürich", "connectionType": "direct"}]}';
  const inYaml = "---\nsources:\n- id: s\n  name: Zürich\n  connectionType: direct\n";
  const fixtures = [write("plain.json", sources), write("mine.json", `\u{feff}${sources}`), write("wide.json", `\u{feff}${sources}`, "utf16le")];
  for (const file of [...fixtures, write("mine.yml", inYaml), write("WIDE.YAML", `\u{feff}${inYaml}`, "utf16le")]) {
    const state = await (await sim.tenant({ fixture: file, clock: "manual" })).control("GET", "state");
    assert.deepEqual(state.sources.map((source) => source.name), ["Zürich"]);
  }
  await sim.stop();
});

test("a tenant begins anew as it began: file, rules and clock", async () => {
  const scenario = join(folder, "again.yaml");
  writeFileSync(scenario, "name: mine\nrules:\n  - when: {operation: token}\n    fault: {respond: {status: 502}}\n");
  const rules = [503, 500].map((status) => ({ when: { operation: "token" }, fault: { respond: { status } } }));
  const sim = await startSimulator();
  for (const options of [{ scenario }, { rules }]) {
    const tenant = await sim.tenant({ ...options, clock: { mode: "manual", now: "2030-01-01T00:00:00Z" } });
    const shown = async () => [await tenant.control("GET", "scenario"), await tenant.clock()];
    const began = await shown();
    await tenant.use();
    await tenant.clock({ mode: "auto", now: "2031-01-01T00:00:00Z" });
    await tenant.reset();
    assert.deepEqual(await shown(), began);
    // The control API knows only what the tenant was created with.
    await tenant.control("POST", "reset");
    const [left, clock] = await shown();
    assert.deepEqual([left.rules, clock.mode], [[], "auto"]);
    await tenant.reset();
    assert.deepEqual(await shown(), began);
  }
  await sim.stop();
});

test("mistakes in files are told in the server's words, at the files' places", async () => {
  const write = (name, text) => {
    writeFileSync(join(folder, name), text);
    return join(folder, name);
  };
  const sim = await startSimulator();
  const wrong = write("wrong.yaml", "nmae: mine\nrules:\n  - fault: clsoe\n");
  await assert.rejects(sim.tenant({ scenario: wrong }), ({ message }) => {
    assert.ok(message.includes(`${wrong}:1:1: unknown key \`nmae\``), message);
    return message.includes(`${wrong}:3:12: fault \`clsoe\`; did you mean \`close\`?`);
  });
  const twice = write("twice.json", '{"grups": [],\n "groups": [],\n "groups": []}');
  await assert.rejects(sim.tenant({ fixture: twice, name: "half" }), ({ message }) => {
    assert.ok(message.includes(`${twice}:1:2: unknown key \`grups\``), message);
    return message.includes(`${twice}:3:2: a repeated key, first on line 2`);
  });
  const inYaml = write("twice.yml", "groups: []\nclints: []\ngroups: []\n");
  await assert.rejects(sim.tenant({ fixture: inYaml }), ({ message }) => {
    assert.ok(message.startsWith(`${inYaml}:2:1: unknown key \`clints\``), message);
    return message.includes(`\n${inYaml}:3:1: a repeated key, first on line 1`);
  });
  await assert.rejects(sim.tenant({ fixture: { groups: [] }, rateLimit: "fast" }), /^CallRefused: POST \/_sim\/tenants: body:1:/);
  writeFileSync(join(folder, "latin.yml"), Buffer.from("sources: [{name: Z\u{fc}rich}]\n", "latin1"));
  await assert.rejects(sim.tenant({ fixture: join(folder, "latin.yml") }), /latin\.yml: neither UTF-8 nor UTF-16; /);
  const broken = write("broken.json", '{"name": "mine",\n "rules": [}\n');
  await assert.rejects(sim.tenant({ scenario: broken }), /broken\.json:2:12: /);
  await assert.rejects(sim.tenant({ scenario: [broken, "chaos"] }), /broken\.json: not JSON; `sync-group-sim check .*broken\.json` says/);
  const warned = once(process, "warning");
  await sim.tenant({ scenario: { name: "mine", rules: [{ when: { client: "nobody" }, fault: "close" }] } });
  assert.match((await warned)[0].message, /nobody/);
  await sim.stop();
});

test("a program that requires it, as CommonJS does, gets the same", () => {
  const file = join(folder, "required.cjs");
  const program = `
    const { createRequire } = require("node:module");
    const { startSimulator, withTenant } = createRequire(${JSON.stringify(join(process.cwd(), "here.js"))})("sync-group-sim");
    startSimulator().then(async (sim) => {
      console.log((await (await sim.tenant()).journal()).length, typeof withTenant);
      await sim.stop();
    });`;
  writeFileSync(file, program);
  const ran = spawnSync(process.execPath, [file], { encoding: "utf8", timeout: 20_000 });
  assert.equal(ran.stdout, "0 function\n", ran.stderr);
});

/** Whether a process is there. */
function isAlive(pid) {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

test("a run that forgets to stop the server ends, and so does the server", () => {
  const program = `
    import { startSimulator } from "sync-group-sim";
    const sim = await startSimulator();
    await sim.tenant();
    console.log(sim.baseUrl);`;
  const file = join(process.cwd(), "forgets.mjs");
  writeFileSync(file, program);
  const ran = spawnSync(process.execPath, [file], { encoding: "utf8", timeout: 20_000 });
  assert.equal(ran.status, 0, ran.stderr);
  assert.throws(() => {
    const asked = spawnSync("curl", ["-s", "--max-time", "5", `${ran.stdout.trim()}/_sim/health`]);
    if (asked.status !== 0) throw new Error("gone");
  });
});

test("the server ends with a process that is killed", async () => {
  const program = `
    import { startSimulator } from "sync-group-sim";
    console.log((await startSimulator()).baseUrl);
    process.stdin.resume();`;
  const file = join(process.cwd(), "killed.mjs");
  writeFileSync(file, program);
  const child = spawn(process.execPath, [file], { stdio: ["pipe", "pipe", "inherit"] });
  const [told] = await once(child.stdout, "data");
  const connection = connect(Number(new URL(String(told).trim()).port), "127.0.0.1");
  await once(connection, "connect");
  child.kill("SIGKILL");
  connection.resume();
  await once(connection, "end", { signal: AbortSignal.timeout(10_000) });
});

test("npx tells a program that cannot be run", () => {
  const launcher = join(dirname(require.resolve("sync-group-sim/package.json")), "bin/sync-group-sim.js");
  for (const [text, told] of [
    ["\x7fELF not for here", /cannot be run on this machine \(it is for another platform\)/],
    ["", /cannot be run on this machine \(it is no program\)/],
    ["#!/bin/sh\nkill -SEGV $$\n", /ended by SIGSEGV, as a part of it alone does; let SYNC_GROUP_SIM_BIN name the program/],
  ]) {
    const path = join(folder, "not whole");
    writeFileSync(path, text, { mode: 0o755 });
    const ran = spawnSync(process.execPath, [launcher, "--version"], { encoding: "utf8", env: { ...process.env, SYNC_GROUP_SIM_BIN: path } });
    assert.match(ran.stderr, told);
    assert.notEqual(ran.status, 0);
  }
});

test("npx runs the program: arguments, exit code, signals", async () => {
  const npx = (...args) => spawnSync("npx", ["--no-install", "sync-group-sim", ...args], { encoding: "utf8" });
  assert.equal(npx("--version").stdout, `sync-group-sim ${version}\n`);
  assert.equal(npx("--no-such-option").status, 2);
  const launcher = join(dirname(require.resolve("sync-group-sim/package.json")), "bin/sync-group-sim.js");
  const portFile = join(folder, "port");
  const child = spawn(process.execPath, [launcher, "--listen", ":0", "--port-file", portFile], { stdio: "ignore" });
  while (!existsSync(portFile) || !readFileSync(portFile, "utf8")) await new Promise(setImmediate);
  child.kill("SIGTERM");
  const code = await new Promise((resolve) => child.once("exit", resolve));
  assert.equal(code, 0);
  assert.ok(!existsSync(portFile));
  assert.ok(!isAlive(child.pid));
});
