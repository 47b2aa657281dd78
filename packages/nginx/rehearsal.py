"""What holds of many servers behind one nginx, and what does not work so: docs/many-servers.md. `packages/nginx/test` calls
it with the program, and with `--throughput`."""

import http.client
import itertools
import json
import os
import re
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from servers import CONFIGURE, Caller, Nginx, Server

TENANTS = 3_000
THREADS = 8
MIB = 1024 * 1024


def ok(said: str) -> None:
    print(f"ok - {said}", flush=True)


class Rehearsal:
    def __init__(self, program: str, folder: Path) -> None:
        self.servers = [Server(program, folder, f"server-{nth}") for nth in (1, 2, 3)]
        self.nginx = Nginx(folder / "nginx", self.servers)
        self.local = threading.local()

    def end(self) -> None:
        self.nginx.end()
        for server in self.servers:
            server.end()

    @property
    def caller(self) -> Caller:
        """This thread's own connection."""
        if not hasattr(self.local, "caller"):
            self.local.caller = Caller(self.nginx.port)
        return self.local.caller

    def all(self, function, things: list) -> list:
        with ThreadPoolExecutor(THREADS) as pool:
            return list(pool.map(function, things))

    def mistakes_are_told(self) -> None:
        for given, said in (
            ([], "no server is given; expected at least one HOST:PORT"),
            (["10.0.0.1"], "`10.0.0.1` is no server; expected HOST:PORT"),
            (["a:1;"], "`a:1;` is no server; expected HOST:PORT"),
            (["--listen", "4580;", "a:1"], "`4580;` is nowhere to listen; expected ADDRESS:PORT"),
            (["--domain", "a b", "a:1"], "`a b` is no domain; expected one such as sim.example.com"),
            (["--port", "1"], "unknown option `--port`; expected --listen or --domain"),
        ):
            ran = subprocess.run([CONFIGURE, *given], capture_output=True, text=True)
            assert (ran.returncode, ran.stderr, ran.stdout) == (2, f"packages/nginx/configure: {said}\n", ""), (given, ran)
        made = subprocess.run([CONFIGURE, "[::1]:4580", "sim-1.internal:4580"], capture_output=True, text=True, check=True).stdout
        assert made.count("server [::1]:4580 ") == made.count("server sim-1.internal:4580 ") == 2
        ok("what is mistaken in a configuration is told, and no configuration is made")

    # --- What works -------------------------------------------------------------------------------------------------------

    def tenants_spread(self) -> None:
        names = [f"build-{nth}" for nth in range(TENANTS)]
        self.tenants = dict(zip(names, self.all(lambda name: self.caller.json("PUT", f"/_sim/tenants/{name}", {}), names)))
        own = [set(Caller(server.port).json("GET", "/_sim/tenants")["tenants"]) - {"default"} for server in self.servers]
        assert set.union(*own) == set(names) and sum(map(len, own)) == TENANTS, list(map(len, own))
        self.own = [sorted(each) for each in own]
        shares = [len(each) * 100 / TENANTS for each in own]
        assert all(20 <= share <= 47 for share in shares), shares
        base = self.tenants["build-0"]["baseUrl"]
        assert base == f"http://127.0.0.1:{self.nginx.port}/tenants/build-0", base
        ok(f"{TENANTS} tenants spread over three servers: {', '.join(f'{share:.0f} %' for share in shares)}")

    def each_sees_its_own(self) -> None:
        self.all(lambda name: self.caller.call("GET", f"/tenants/{name}/oauth/info"), list(self.tenants))

        def seen(name: str) -> list[str]:
            journal = self.caller.json("GET", f"/tenants/{name}/_sim/journal")
            return [exchange["path"] for exchange in journal["exchanges"]]

        for name, paths in zip(self.tenants, self.all(seen, list(self.tenants))):
            assert paths == [f"/tenants/{name}/oauth/info"], (name, paths)
        some = [self.tenants[own[0]] for own in self.own]
        tokens = [self.caller.token(tenant) for tenant in some]
        for (nth, tenant), (other, token) in itertools.product(enumerate(some), enumerate(tokens)):
            status, _, _ = self.caller.call("GET", f"/tenants/{tenant['name']}/v2024/password-sync-groups", headers=token)
            assert status == (200 if nth == other else 401), (nth, other, status)
        ok("each of them sees its own requests and no others, and takes its own tokens alone")

    def a_tenant_is_found_by_its_host(self) -> None:
        for name, domain in zip((own[1] for own in self.own), ("localhost", "api.identitynow.com", "localhost")):
            port = f":{self.nginx.port}"
            by_host = Caller(self.nginx.port, f"{name}.{domain}{port}")
            assert by_host.json("GET", "/oauth/info")["tenantName"] == name
            assert len(by_host.json("GET", "/_sim/journal")["exchanges"]) == 2
            by_case = Caller(self.nginx.port, f"{name.upper()}.{domain.upper()}")
            assert by_case.json("GET", "/oauth/info")["tenantName"] == name
        name = self.own[0][2]
        encoded = name.replace("-", "%2D")
        assert self.caller.json("GET", f"/tenants/{encoded}/oauth/info")["tenantName"] == name
        assert Caller(self.nginx.port, "other.localhost").json("GET", f"/tenants/{name}/oauth/info")["tenantName"] == name
        assert self.caller.call("DELETE", f"/_sim/tenants/{name}")[0] in (200, 204)
        assert self.caller.call("GET", f"/tenants/{name}/_sim/journal")[0] == 404
        self.tenants[name] = self.caller.json("PUT", f"/_sim/tenants/{name}", {})
        assert self.caller.call("PUT", f"/_sim/tenants/{name}", {})[0] == 409
        ok("a tenant is found by host and by path, however they are written; it can be deleted and made again")

    def metrics_add_up(self) -> None:
        total, kinds = Counter(), {}
        for server in self.servers:
            _, head, text = Caller(server.port).call("GET", "/_sim/metrics")
            assert head["content-type"].startswith("text/plain"), head
            for line in text.decode().splitlines():
                if kind := re.fullmatch(r"# TYPE (\w+) (counter|gauge|histogram)", line):
                    assert kinds.setdefault(kind[1], kind[2]) == kind[2]
                elif not line.startswith("# HELP "):
                    name, value = re.fullmatch(r'(\w+(?:\{(?:\w+="[^"]*",?)*\})?) ([0-9.e+-]+)', line).groups()
                    total[name] += float(value)
        # A scraper adds these two itself: it must find them free.
        assert not any(re.search(r'[{,](instance|job)="', name) for name in total)
        found = total['sync_group_sim_requests_total{operation="oauthInfo",status="200"}']
        assert found == self.infos(), (found, self.infos())
        assert total["sync_group_sim_tenants"] == TENANTS + len(self.servers), total["sync_group_sim_tenants"]
        assert total["sync_group_sim_decide_seconds_count"] == total['sync_group_sim_decide_seconds_bucket{le="+Inf"}'] > TENANTS
        ok(f"the metrics of the three add up: {found:.0f} of oauthInfo, {total['sync_group_sim_tenants']:.0f} tenants")

    def infos(self) -> int:
        """How often the steps before asked for oauthInfo."""
        return TENANTS + 3 * 2 + 2

    def pieces_pass_as_they_come(self) -> None:
        name = self.own[1][3]
        follower = http.client.HTTPConnection("127.0.0.1", self.nginx.port, timeout=20)
        follower.request("GET", f"/tenants/{name}/_sim/journal/stream")
        stream = follower.getresponse()
        for _ in range(2):
            told = event(stream)
            assert told["path"] == f"/tenants/{name}/oauth/info", told
            self.caller.call("GET", f"/tenants/{name}/oauth/info")
        follower.close()
        ok("a journal can be followed: what happens is told at once")

    def large_bodies_pass(self) -> None:
        name = self.own[2][3]
        state = b'{"groups": []' + b" " * (63 * MIB) + b"}"
        status, _, answer = self.caller.call("PUT", f"/tenants/{name}/_sim/state", state)
        assert status in (200, 204), (status, answer[:300])
        assert self.caller.json("GET", f"/tenants/{name}/_sim/state").get("groups", []) == []
        status, _, answer = Caller(self.nginx.port).call("PUT", f"/tenants/{name}/_sim/state", b" " * (64 * MIB + 1))
        assert status == 413 and b"error" in answer, (status, answer[:300])
        other = self.own[2][4]
        token = {**self.caller.token(self.tenants[other]), "Content-Type": "application/json"}
        status, _, answer = self.caller.call("POST", f"/tenants/{other}/v2024/password-sync-groups", b" " * (MIB + 1), token)
        assert status == 413 and b"messages" in answer, (status, answer[:300])
        ok("bodies of 63 MiB pass; what is too large is refused by the server, in its own words")

    def faults_pass(self) -> None:
        name = self.own[0][4]
        seen = {}
        for fault in ({"respond": {"status": 503}}, {"respond": {"status": 502}}, "close", {"cut": {"after": 10}}):
            self.caller.json("PUT", f"/tenants/{name}/_sim/scenario", {"name": "f", "rules": [{"when": {"operation": "oauthInfo"}, "fault": fault}]})
            kind = json.dumps(fault)
            try:
                status, head, body = self.caller.call("GET", f"/tenants/{name}/oauth/info")
                assert "Sim-Server" not in head and b"does not answer" not in body, body
                seen[kind] = status
            except (http.client.HTTPException, OSError) as error:
                seen[kind] = type(error).__name__
        assert list(seen.values()) == [503, 502, "RemoteDisconnected", "IncompleteRead"], seen
        ok("faults pass: a 503, a 502, a closed connection, a body that is cut")

    # --- What does not ---------------------------------------------------------------------------------------------------

    def what_no_server_can_answer_is_refused(self) -> None:
        named = f"{self.own[0][5]}.localhost"
        for method, path, host, why in (
            ("GET", "/v2024/password-sync-groups", None, "names no tenant"),
            ("POST", "/oauth/token", None, "names no tenant"),
            ("GET", "/_sim/journal", None, "names no tenant"),
            ("POST", "/_sim/reset", None, "names no tenant"),
            ("POST", "/_sim/tenants", None, "make one by `PUT /_sim/tenants/NAME`"),
            ("GET", "/_sim/tenants", None, "list those of a server at its own address"),
            ("GET", "/_sim/tenants", named, "list those of a server at its own address"),
            ("GET", f"/tenants/{self.own[0][5]}/_sim/tenants", None, "list those of a server at its own address"),
            ("GET", "/_sim/metrics", None, "each of several servers counts its own"),
            ("GET", "/_sim/metrics", named, "each of several servers counts its own"),
        ):
            status, _, answer = Caller(self.nginx.port, host).call(method, path)
            said = told(path, answer)
            assert status == 421 and why in said, (method, path, status, answer)
        for path in ("/", "/_sim", "/_sim/health", "/_sim/scenarios", "/_sim/control.openapi.json"):
            status, _, answer = self.caller.call("GET", path, headers={"Accept": "text/html, */*"})
            assert status == 200, (path, status, answer[:200])
        assert self.caller.call("PUT", "/_sim/tenants/No_Name", {})[0] == 400
        ok("a request that no single server can answer is a 421 that says what to do, in the shape of its API")

    def a_server_takes_its_tenants_alone(self) -> None:
        gone, survivors = self.own[1], self.own[0] + self.own[2]
        self.servers[1].kill()

        def refused(name: str) -> None:
            status, head, answer = self.caller.call("GET", f"/tenants/{name}/v2024/password-sync-groups")
            said = told("/v2024", answer)
            assert status == 503 and head["Sim-Server"] == self.servers[1].address, (status, head, answer)
            assert f"the server that has the tenant `{name}`, {self.servers[1].address}, does not answer" in said, said

        self.all(refused, gone)
        seen = self.all(lambda name: self.caller.call("GET", f"/tenants/{name}/_sim/journal")[0], survivors)
        assert set(seen) == {200}, Counter(seen)
        status, _, answer = self.caller.call("DELETE", f"/_sim/tenants/{gone[0]}")
        assert status == 503 and "does not answer" in told("/_sim", answer), (status, answer)
        assert self.caller.call("GET", "/_sim/health")[0] == 200
        ok(f"a server that is killed takes its {len(gone)} tenants along: a 503 that names it; the other {len(survivors)} are untouched")
        self.servers[1].start()
        assert self.caller.call("GET", f"/tenants/{gone[0]}/_sim/journal")[0] == 404
        made = self.caller.json("PUT", f"/_sim/tenants/{gone[0]}", {})
        assert self.caller.list(made) != []
        ok("back at its address it is used again, empty")


def event(stream) -> dict:
    """The next exchange of a journal that is followed."""
    while not (line := stream.readline()).startswith(b"data:"):
        assert line, "the stream ended"
    return json.loads(line[len(b"data:"):])


def told(path: str, answer: bytes) -> str:
    """What an answer says, in the shape that the API of that path has."""
    read = json.loads(answer)
    return read["error"] if path.startswith(("/_sim", "/oauth")) or "/_sim/" in path else read["messages"][0]["text"]


# A body that costs the server much more than nginx and the caller: it is read, checked, and made into tables.
HEAVY = json.dumps({"passwordPolicies": [{"id": f"p{nth}", "name": f"P{nth}"} for nth in range(4_000)]}).encode()
HEAVY_TENANTS, HEAVY_ROUNDS = 64, 3


def throughput(program: str, folder: Path) -> None:
    """What two servers do beside one, each on a core of its own, as if on a machine of its own."""
    cores = sorted(os.sched_getaffinity(0))
    if len(cores) < 2:
        print("not run: throughput needs two cores")
        return
    (wall, busy), (walls, busiest) = (rates(program, folder, cores[:count]) for count in (1, 2))
    print(f"requests/s: {wall:.0f} by one server, {walls:.0f} by two, {walls / wall:.2f} times as many on this machine now")
    print(f"requests per second of the busiest server's core: {busy:.0f} and {busiest:.0f}, {busiest / busy:.2f} times as many")


def rates(program: str, folder: Path, cores: list[int]) -> tuple[float, float]:
    """Requests per second, and per second of processor time that the busiest server took."""
    servers = [Server(program, folder, f"fast-{len(cores)}-{core}", core) for core in cores]
    nginx = Nginx(folder / f"nginx-{len(cores)}", servers)
    names = [f"heavy-{nth}" for nth in range(HEAVY_TENANTS)]
    for name in names:
        Caller(nginx.port).json("PUT", f"/_sim/tenants/{name}", {})

    def work(name: str) -> None:
        caller = Caller(nginx.port)
        for _ in range(HEAVY_ROUNDS):
            status, _, answer = caller.call("PUT", f"/tenants/{name}/_sim/state", HEAVY)
            assert status in (200, 204), answer

    before, started = [server.processor_seconds() for server in servers], time.monotonic()
    with ThreadPoolExecutor(THREADS) as pool:
        list(pool.map(work, names))
    wall = time.monotonic() - started
    busiest = max(server.processor_seconds() - then for server, then in zip(servers, before))
    nginx.end()
    for server in servers:
        server.end()
    requests = HEAVY_TENANTS * HEAVY_ROUNDS
    return requests / wall, requests / busiest


def main() -> None:
    program, *options = sys.argv[1:]
    with tempfile.TemporaryDirectory(prefix="many-servers-") as name:
        folder = Path(name)
        folder.chmod(0o755)
        rehearsal = Rehearsal(program, folder)
        try:
            rehearsal.mistakes_are_told()
            rehearsal.tenants_spread()
            rehearsal.each_sees_its_own()
            rehearsal.a_tenant_is_found_by_its_host()
            rehearsal.metrics_add_up()
            rehearsal.pieces_pass_as_they_come()
            rehearsal.large_bodies_pass()
            rehearsal.faults_pass()
            rehearsal.what_no_server_can_answer_is_refused()
            rehearsal.a_server_takes_its_tenants_alone()
        finally:
            rehearsal.end()
        if "--throughput" in options:
            throughput(program, folder)


main()
