"""Starting the program: where it is found, what is said when it is missing, broken, or of another version."""

import errno
import http.client
import importlib.metadata
import multiprocessing
import os
import pickle
import shutil
import socket
import stat
import subprocess
import sys
from datetime import timedelta
from pathlib import Path

import pytest

import sync_group_sim
from sync_group_sim import CallRefused, SimulatorError, VerificationFailed, start_simulator

# Answers as a server of another version does.
OTHER = f"""#!{sys.executable}
import http.server, json, sys
if "--version" in sys.argv:
    print("sync-group-sim VERSION")
    sys.exit()
class Answer(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        body = json.dumps({{"status": "ok", "version": "VERSION"}}).encode()
        self.send_response(200); self.send_header("Content-Length", str(len(body))); self.end_headers(); self.wfile.write(body)
    def log_message(self, *_):
        pass
server = http.server.HTTPServer(("127.0.0.1", 0), Answer)
with open(sys.argv[sys.argv.index("--port-file") + 1], "w") as file:
    file.write(str(server.server_port))
server.serve_forever()
"""


def program(tmp_path, text):
    path = tmp_path / "sync-group-sim"
    path.write_text(text)
    path.chmod(path.stat().st_mode | stat.S_IXUSR)
    return str(path)


@pytest.fixture
def with_program(tmp_path, monkeypatch):
    def use(text):
        path = program(tmp_path, text)
        monkeypatch.setenv("SYNC_GROUP_SIM_BIN", path)
        return path

    return use


@pytest.mark.parametrize("version", ["0.0.9", "0.9.0", "1.1.0"])
def test_a_program_of_another_version_is_refused(with_program, version):
    path = with_program(OTHER.replace("VERSION", version))
    with pytest.raises(SimulatorError) as refused:
        start_simulator()
    said = str(refused.value)
    assert f"{path} is sync-group-sim {version}, and this Python package is {sync_group_sim.__version__}" in said
    release = ".".join(version.split(".")[:2])
    assert f"take the package of version {release} for that program" in said and "SYNC_GROUP_SIM_BIN" in said


def test_an_older_program_that_does_not_know_an_option_is_told_by_its_version(with_program):
    with_program('#!/bin/sh\n[ "$1" != --version ] || { echo sync-group-sim 0.0.3; exit 0; }\necho unknown option >&2; exit 2\n')
    with pytest.raises(SimulatorError, match="is sync-group-sim 0.0.3, and this Python package is"):
        start_simulator()


def test_what_a_program_says_before_it_ends_is_told(with_program):
    with_program(f'#!/bin/sh\n[ "$1" != --version ] || {{ echo sync-group-sim {sync_group_sim.__version__}; exit; }}\necho no room >&2; exit 1\n')
    with pytest.raises(SimulatorError, match="ended with code 1 before it listened: no room"):
        start_simulator()


def test_another_program_is_told(with_program):
    with_program("#!/bin/sh\necho something else\n")
    with pytest.raises(SimulatorError, match="is not sync-group-sim: `--version` printed 'something else'"):
        start_simulator()


def test_a_program_that_may_not_be_run_is_told(with_program, monkeypatch):
    path = with_program("#!/bin/sh\n")
    os.chmod(path, 0o644)
    with pytest.raises(SimulatorError) as refused:
        start_simulator()
    assert f"{path} cannot be run on this machine (Permission denied)" in str(refused.value)
    assert str(refused.value).endswith(f"; try: chmod +x {path}")
    spaced = os.path.join(os.path.dirname(path), "a program")
    os.rename(path, spaced)
    monkeypatch.setenv("SYNC_GROUP_SIM_BIN", spaced)
    with pytest.raises(SimulatorError, match=f"; try: chmod [+]x '{spaced}'$"):
        start_simulator()


def test_a_program_that_is_not_whole_is_told(with_program):
    with_program("#!/bin/sh\nkill -SEGV $$\n")
    with pytest.raises(SimulatorError, match="is not sync-group-sim, or a part of it alone: `--version` printed nothing, and ended by signal 11;"):
        start_simulator()


def test_a_folder_is_told(monkeypatch, tmp_path):
    monkeypatch.setenv("SYNC_GROUP_SIM_BIN", str(tmp_path))
    with pytest.raises(SimulatorError, match="and that is a folder; expected the path of sync-group-sim"):
        start_simulator()


def test_a_program_for_another_platform_is_told(with_program):
    with_program("\x7fELF not for here")
    with pytest.raises(SimulatorError, match="cannot be run on this machine.*; let SYNC_GROUP_SIM_BIN name one$"):
        start_simulator()


def test_a_program_for_another_c_library_is_told(with_program):
    with_program("#!/no/such/loader\n")
    with pytest.raises(SimulatorError, match="cannot be run on this machine .what runs it is missing: the loader of another C library"):
        start_simulator()


def test_a_program_of_another_version_on_the_path_is_told_without_the_variable(with_program, monkeypatch, tmp_path):
    with_program("#!/bin/sh\n[ \"$1\" != --version ] || { echo sync-group-sim 0.0.3; exit 0; }\nexit 2\n")
    monkeypatch.delenv("SYNC_GROUP_SIM_BIN")
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr("sync_group_sim._binary._installed", lambda: iter(()))
    with pytest.raises(SimulatorError, match=r"is sync-group-sim 0\.0\.3, .*, or let SYNC_GROUP_SIM_BIN name a program \d+\.\d+\.x$"):
        start_simulator()


def test_without_a_program_the_message_names_the_variable_and_the_package(monkeypatch, tmp_path):
    monkeypatch.delenv("SYNC_GROUP_SIM_BIN", raising=False)
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr("sync_group_sim._binary._installed", lambda: iter(()))
    with pytest.raises(SimulatorError) as missing:
        start_simulator()
    # From an index it would be another's while none has it.
    assert "pip install --force-reinstall --no-index --find-links CHECKOUT/packages/dist sync-group-sim" in str(missing.value)
    assert "docs/install.md" in str(missing.value)
    assert "SYNC_GROUP_SIM_BIN" in str(missing.value)


def test_the_package_finds_the_program_that_came_with_it(monkeypatch, tmp_path):
    monkeypatch.delenv("SYNC_GROUP_SIM_BIN", raising=False)
    monkeypatch.setenv("PATH", str(tmp_path))
    with start_simulator() as sim:
        assert os.path.dirname(sim.program) == os.path.dirname(sys.executable)


def test_the_program_is_found_in_a_folder_of_pips_target(tmp_path):
    package = Path(sync_group_sim.__file__).parent
    installed = importlib.metadata.distribution("sync-group-sim")
    shutil.copytree(package, tmp_path / "sync_group_sim")
    described = f"sync_group_sim-{installed.version}.dist-info"
    shutil.copytree(installed.locate_file(described), tmp_path / described)
    program = tmp_path / "bin" / "sync-group-sim"
    program.parent.mkdir()
    shutil.copy2(Path(sys.executable).with_name("sync-group-sim"), program)
    ran = subprocess.run(
        [os.path.realpath(sys.executable), "-c", "import sync_group_sim\nwith sync_group_sim.start_simulator() as sim: print(sim.program)"],
        env={"PYTHONPATH": str(tmp_path), "PATH": ""}, capture_output=True, text=True,
    )
    assert (ran.stdout.strip(), ran.stderr) == (str(program.resolve()), "")


def test_the_server_ends_with_the_simulator():
    with start_simulator() as sim:
        process, folder = sim._process, sim._folder
        assert process.poll() is None
        # Nothing is left of a run that is killed.
        assert not os.path.exists(folder) or sys.platform == "win32"
    assert process.poll() is not None
    assert not os.path.exists(folder)


def test_the_server_ends_with_a_process_that_is_killed():
    started = "import sync_group_sim; sim = sync_group_sim.start_simulator(); print(sim.base_url, flush=True); input()"
    process = subprocess.Popen([sys.executable, "-c", started], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    with process, socket.create_connection(("127.0.0.1", int(process.stdout.readline().rpartition(":")[2]))) as connection:
        process.kill()
        connection.settimeout(10)
        assert connection.recv(1) == b""


def test_where_no_file_can_be_written_that_is_told(monkeypatch):
    monkeypatch.setattr("tempfile.tempdir", "/no/such/folder")
    with pytest.raises(SimulatorError, match=r"^there is no folder for temporary files \(No such file or directory\); expected .*TMPDIR$"):
        start_simulator()


def test_a_loopback_interface_that_is_down_is_told(monkeypatch):
    def unreachable(_):
        raise OSError(errno.ENETUNREACH, "Network is unreachable")

    monkeypatch.setattr(http.client.HTTPConnection, "connect", unreachable)
    with pytest.raises(SimulatorError, match=r"does not answer \(Network is unreachable; expected a loopback interface that is up.*ip link set lo up\)$"):
        start_simulator()


# Has no calls but those that make and delete a tenant, or does not know what every tenant is made with.
OLDER = f"""#!{sys.executable}
import http.server, json, sys
class Answer(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        status, told = 404, {{"error": f"`{{self.path[self.path.index('/_sim'):]}}` does not exist; `GET /_sim` lists what does"}}
        if self.path == "/_sim/health":
            status, told = 200, {{"status": "ok", "version": "{sync_group_sim.__version__}"}}
        elif self.path == "/_sim/tenants" and b"drawKey" in body:
            status, told = 400, {{"error": "body:1:2: unknown key `drawKey`; expected name or seed"}}
        elif self.path.startswith("/_sim/tenants"):
            status, told = 200, {{"name": "it", "clients": [], "seed": 1}}
        text = json.dumps(told).encode()
        self.send_response(status); self.send_header("Content-Length", str(len(text))); self.end_headers(); self.wfile.write(text)
    do_POST = do_PUT = do_DELETE = do_GET
    def log_message(self, *_):
        pass
server = http.server.HTTPServer(("127.0.0.1", 0), Answer)
with open(sys.argv[sys.argv.index("--port-file") + 1], "w") as file:
    file.write(str(server.server_port))
server.serve_forever()
"""


@pytest.mark.parametrize(("call", "lacks"), [
    (lambda tenant: tenant.findings(), "it has no `GET /_sim/verdicts`"),
    (lambda tenant: tenant.verify(match={}), "it has no `POST /_sim/verify`"),
    (lambda tenant: tenant.journal(status=200), "it has no `GET /_sim/journal`"),
    (lambda tenant: tenant.har(), "it has no `GET /_sim/journal.har`"),
    (lambda tenant: tenant.advance(1), "it has no `POST /_sim/clock/advance`"),
])
def test_a_program_of_this_version_that_is_older_is_told(with_program, call, lacks):
    path = with_program(OLDER)
    with start_simulator() as sim, sim.tenant() as tenant:
        with pytest.raises(SimulatorError) as refused:
            call(tenant)
        assert str(refused.value).startswith(f"{path} is an older sync-group-sim than this Python package")
        assert f": {lacks}; expected a program as new" in str(refused.value)
        with pytest.raises(CallRefused, match="`/_sim/nothing` does not exist; `GET /_sim` lists what does$"):
            tenant.control("GET", "nothing")


def test_an_older_program_that_does_not_know_a_key_of_the_plugin_is_told(with_program):
    with_program(OLDER)
    with start_simulator() as sim, pytest.raises(SimulatorError, match="older sync-group-sim .*: it does not know `drawKey`; expected"):
        sim.tenant(draw_key="it")


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no processes are forked off here")
def test_a_process_that_is_forked_off_has_a_connection_of_its_own(sim_tenant):
    assert sim_tenant.journal() == []

    def ask_and_leave():
        # What it would have been told is not for its parent.
        sim_tenant._control._connection().request("GET", "/_sim/health")

    child = multiprocessing.get_context("fork").Process(target=ask_and_leave)
    child.start()
    child.join()
    assert child.exitcode == 0
    assert sim_tenant.journal() == []


def test_a_tenant_can_be_handed_to_another_process(sim_tenant):
    assert pickle.loads(pickle.dumps(sim_tenant)).journal() == []


def test_variables_that_would_take_the_server_away_are_left_out(monkeypatch):
    monkeypatch.setenv("SYNC_GROUP_SIM_CONTROL", "off")
    monkeypatch.setenv("SYNC_GROUP_SIM_TLS_SELF_SIGNED", "true")
    monkeypatch.setenv("SYNC_GROUP_SIM_SEED", "11")
    with start_simulator() as sim, sim.tenant() as tenant:
        assert tenant.seed == 11


def test_a_proxy_is_not_asked(monkeypatch):
    for name in ("http_proxy", "HTTP_PROXY", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    with start_simulator() as sim, sim.tenant() as tenant:
        assert tenant.journal() == []


def test_refusals_are_the_servers_words(sync_group_sim):
    with pytest.raises(CallRefused, match="rate-limitted"):
        sync_group_sim.tenant(scenario="rate-limitted")
    with pytest.raises(TypeError, match="no option 'scenarios'; expected one of: scenario, rules"):
        sync_group_sim.tenant(scenarios="x")


def test_a_verification_with_no_exchange_says_so(sim_tenant):
    with pytest.raises(VerificationFailed, match="no exchange at all"):
        sim_tenant.verify(match={"operation": "token"})


def test_a_tenant_that_could_not_be_set_up_is_not_left(sync_group_sim):
    with pytest.raises(CallRefused):
        sync_group_sim.tenant(name="half", rules=[{"fault": {"burn": True}}])
    with sync_group_sim.tenant(name="half"):
        pass


def test_a_server_that_was_killed_is_told():
    with start_simulator() as sim:
        tenant = sim.tenant()
        sim._process.kill()
        with pytest.raises(SimulatorError, match=r"does not answer \(.*; the server has ended by signal 9\)$"):
            tenant.journal()


def test_where_the_server_has_ended_the_failure_under_way_is_told():
    with start_simulator() as sim:
        with pytest.raises(RuntimeError, match="its own failure"), sim.tenant():
            sim._process.kill()
            raise RuntimeError("its own failure")
        with pytest.raises(SimulatorError, match="does not answer"), sim.tenant():
            pass


def test_a_server_that_is_gone_is_told():
    with start_simulator() as sim:
        tenant = sim.tenant()
    with pytest.raises(SimulatorError, match="does not answer .*; the server has ended with code 0"):
        tenant.journal()


@pytest.mark.parametrize(("seconds", "moved"), [(0.0004, "00.001"), (1.1, "01.100"), (0.1 + 0.2, "00.300"), (timedelta(microseconds=1), "00.001")])
def test_time_that_is_moved_by_a_number_is_never_less(sync_group_sim, seconds, moved):
    with sync_group_sim.tenant(clock={"mode": "manual", "now": "2030-01-01T00:00:00Z"}) as tenant:
        tenant.advance(seconds)
        assert tenant.clock()["now"] == f"2030-01-01T00:00:{moved}Z"


def test_the_command_is_the_program():
    command = os.path.join(os.path.dirname(sys.executable), "sync-group-sim")
    said = subprocess.run([command, "--version"], capture_output=True, text=True, check=True).stdout
    assert said == f"sync-group-sim {sync_group_sim.__version__}\n"
