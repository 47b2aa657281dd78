"""Fixtures that give each test a simulated tenant: one server for the whole run, one tenant for each test.

Copy this file into a test suite as it stands; it needs nothing but pytest. The server is the program that
SYNC_GROUP_SIM_BIN names, or `sync-group-sim` on the PATH. What the client did in a test that fails is kept in the folder
sync-group-sim-journals.
"""

import json
import os
import pathlib
import shutil
import subprocess
import time
import urllib.error
import urllib.request

import pytest

START_SECONDS = 20
STOP_SECONDS = 10
KEPT = pathlib.Path("sync-group-sim-journals")
HAS_FAILED = pytest.StashKey[bool]()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item, call):
    report = yield
    if report.failed:
        item.stash[HAS_FAILED] = True
    return report


@pytest.fixture(scope="session")
def journals(tmp_path_factory):
    """Where the server leaves the journal of a tenant that was deleted."""
    return tmp_path_factory.mktemp("journals")


@pytest.fixture(scope="session")
def server(tmp_path_factory, journals):
    """The server's base URL. Under pytest-xdist each worker has a server of its own."""
    binary = os.environ.get("SYNC_GROUP_SIM_BIN") or "sync-group-sim"
    if not shutil.which(binary):
        pytest.exit(
            f"cannot start {binary!r}: put sync-group-sim on the PATH, or its path into SYNC_GROUP_SIM_BIN", 1
        )
    port_file = tmp_path_factory.mktemp("sync-group-sim") / "port"
    process = subprocess.Popen(
        [binary, "serve", "--listen", "127.0.0.1:0", "--port-file", str(port_file), "--log", "off",
         "--journal-dir", str(journals)],
        stdout=subprocess.DEVNULL,
    )
    try:
        yield _wait_until_up(process, port_file)
    finally:
        process.terminate()
        try:
            process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


@pytest.fixture
def tenant(server, journals, request):
    """A tenant with the demo fixture and credentials of its own, gone when the test ends."""
    _, made = control(server, "POST", "tenants", {"fixture": "demo"})
    made_tenant = Tenant(made)
    yield made_tenant
    broken = made_tenant.broken_rules()
    control(server, "DELETE", f"tenants/{made['name']}")
    if broken or request.node.stash.get(HAS_FAILED, False):
        KEPT.mkdir(exist_ok=True)
        for journal in journals.glob(f"{made['name']}-*"):
            shutil.copy(journal, KEPT / f"{request.node.name}.{journal.name}")
    if broken:
        pytest.fail("\n".join(broken), pytrace=False)


class Tenant:
    """What a test does to the tenant; what the client under test needs is base_url, client_id, client_secret."""

    def __init__(self, made):
        self.base_url = made["baseUrl"]
        self.client_id = made["clients"][0]["clientId"]
        self.client_secret = made["clients"][0]["clientSecret"]

    def arm(self, rule):
        """Something goes wrong: a rule in the words of a scenario file."""
        control(self.base_url, "POST", "scenario/rules", rule)

    def use(self, *scenarios):
        """From now on built-in scenarios run, by their names."""
        control(self.base_url, "PUT", "scenario", {"use": scenarios})

    def stop_clock(self):
        """From now on the tenant's time moves only by `advance`."""
        control(self.base_url, "PUT", "clock", {"mode": "manual"})

    def advance(self, duration):
        """Time passes in the tenant, and none in the test: `13m`, `2s`."""
        control(self.base_url, "POST", "clock/advance", {"by": duration})

    def has_password(self, user_name, source, password):
        """Whether this is the password of a person's account on a source."""
        asked = {"userName": user_name, "source": source, "password": password}
        _, answer = control(self.base_url, "POST", "passwords/check", asked)
        return answer["matches"]

    def verify(self, expectation):
        """The client did what was expected, or the test fails with what it did instead."""
        status, verdict = control(self.base_url, "POST", "verify", expectation, allowed=(200, 409))
        if status == 409:
            misses = [f"  exchange {miss['seq']}: {'; '.join(miss['differs'])}" for miss in verdict["nearest"]]
            pytest.fail("\n".join([f"expected {verdict['expected']}; nearest:", *misses]), pytrace=False)

    def broken_rules(self):
        """What the client did that a good client does not do, as `sync-group-sim verdicts` explains it."""
        _, judged = control(self.base_url, "POST", "verdicts", {"failOn": "error"}, allowed=(200, 409))
        broken = [found for found in judged["findings"] if found["severity"] == "error"]
        return [f"{found['verdict']}: {found['message']} {found['advice']}" for found in broken]


def control(base_url, method, call, body=None, allowed=(200, 201, 204)):
    """A control call's status and answer."""
    request = urllib.request.Request(
        f"{base_url}/_sim/{call}", method=method, data=None if body is None else json.dumps(body).encode()
    )
    try:
        reply = urllib.request.urlopen(request, timeout=10)
    except urllib.error.HTTPError as error:
        reply = error
    with reply:
        text = reply.read().decode()
    if reply.status not in allowed:
        raise RuntimeError(f"{method} /_sim/{call} answered {reply.status}: {text}")
    return reply.status, json.loads(text) if text else None


def _wait_until_up(process, port_file):
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        if process.poll() is not None:
            raise RuntimeError(f"the simulator ended with code {process.returncode} before it listened")
        port = port_file.read_text().strip() if port_file.exists() else ""
        if port:
            return f"http://127.0.0.1:{port}"
        time.sleep(0.02)
    raise RuntimeError(f"the simulator did not listen within {START_SECONDS} s")
