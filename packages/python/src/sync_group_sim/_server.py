"""Starts and stops the program, and makes tenants in it."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
import time
import warnings
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any

from . import _binary, _version
from ._control import Control
from ._errors import CallRefused, SimulatorError
from ._options import Scenario, afterwards, creation
from ._tenant import Tenant

START_SECONDS = 20
STOP_SECONDS = 10
ENDING_SECONDS = 2
POLL_SECONDS = 0.002
# Variables of the server that would take it away from its own tests; the others take effect.
NOT_OURS = ("LISTEN", "PORT_FILE", "TLS_CERT", "TLS_KEY", "TLS_SELF_SIGNED", "TLS_CA_FILE", "CONTROL", "CONTROL_TOKEN")


class Simulator:
    """A running server on a free port of this machine."""

    def __init__(self, process: subprocess.Popen[bytes], port: int, program: str, folder: str) -> None:
        self._process, self._folder = process, folder
        self.program = program
        """The path of the program that runs."""
        self.base_url = f"http://127.0.0.1:{port}"
        """The base URL of the tenant `default`."""
        self._control = Control("127.0.0.1", port, program, process)
        self.version: str = self._control.call("GET", "/_sim/health")[1]["version"]
        """The program's version."""

    def tenant(
        self,
        *,
        scenario: Scenario | Sequence[Scenario] | None = None,
        rules: Sequence[Mapping[str, Any]] = (),
        fixture: str | os.PathLike[str] | Mapping[str, Any] | None = None,
        clock: str | Mapping[str, Any] | None = None,
        **options: Any,
    ) -> Tenant:
        """A new tenant; as a context manager it is deleted at the end.

        `scenario`: a built-in one's name, the path of a file, a whole scenario, or a list of names and scenarios. `rules`:
        single rules, the first of which comes first. `fixture`: a built-in one's name, the path of a file (YAML, JSON), or a
        whole fixture. `clock`: `auto`, `manual`, `skipping`, or `{"mode": …, "now": …}`. Further options are those of the
        control API in snake case: `name`, `seed`, `draw_key`, `prerequisites`, `rate_limit`, `token_lifetime`,
        `password_change_time`, `sim_fault`.
        """
        body, file = creation(scenario, fixture, options)
        _, made = self._control.own("POST", "/_sim/tenants", body)
        for warning in made.get("warnings", ()):
            warnings.warn(f"sync-group-sim: {warning}", stacklevel=2)
        tenant = Tenant(self._control, self.base_url, made, afterwards(file, rules, clock))
        try:
            tenant._set_up()
        except BaseException:
            tenant.delete()
            raise
        return tenant

    def stop(self) -> None:
        """Ends the server."""
        self._control.close()
        _end(self._process)
        shutil.rmtree(self._folder, ignore_errors=True)

    def was_stopped(self) -> bool:
        """Whether the server has ended because somebody asked it to."""
        try:
            return self._process.wait(ENDING_SECONDS) == 0
        except subprocess.TimeoutExpired:
            return False

    def __enter__(self) -> Simulator:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()


def start_simulator(*arguments: str) -> Simulator:
    """Starts a server on a free port; `arguments` are further ones for `sync-group-sim serve`."""
    program = _binary.find()
    folder = _temporary()
    process = None
    try:
        port_file = Path(folder, "port")
        process = _spawn(program, [*arguments, "--port-file", str(port_file)], Path(folder, "said"))
        simulator = Simulator(process, _port(process, port_file, program), program, folder)
        wrong = _version.mismatch(simulator.version, program)
        if wrong:
            raise SimulatorError(wrong)
        # Now, as nobody would do it after a test run that is killed; Windows keeps what is open.
        shutil.rmtree(folder, ignore_errors=True)
        return simulator
    except (CallRefused, KeyError, TypeError):
        _end(process)
        shutil.rmtree(folder, ignore_errors=True)
        raise SimulatorError(f"{program} does not answer as sync-group-sim does; see {_binary.VARIABLE}") from None
    except BaseException:
        _end(process)
        shutil.rmtree(folder, ignore_errors=True)
        raise


def _temporary() -> str:
    """A folder in which the server says its port."""
    try:
        return tempfile.mkdtemp(prefix="sync-group-sim-")
    except OSError as error:
        raise SimulatorError(
            f"there is no folder for temporary files ({error.strerror}); expected one that may be written: set TMPDIR"
        ) from None


def _spawn(program: str, arguments: list[str], said: Path) -> subprocess.Popen[bytes]:
    environment = {
        name: value
        for name, value in os.environ.items()
        if name.upper() not in {f"SYNC_GROUP_SIM_{ours}" for ours in NOT_OURS}
    }
    # In this process's group, so that whatever ends a test run from outside (Ctrl-C, a closed terminal, a CI job that is
    # cancelled) ends the server, too. It also ends when the pipe does, which this process holds: even killed, it is not
    # outlived.
    environment["SYNC_GROUP_SIM_STOP_WITH_STDIN"] = "true"
    with said.open("wb") as log:
        try:
            return subprocess.Popen(
                [program, "serve", "--listen", "127.0.0.1:0", "--log", "off", *arguments],
                stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=log, env=environment,
            )
        except OSError as error:
            raise SimulatorError(_binary.cannot_run(program, error)) from None


def _port(process: subprocess.Popen[bytes], port_file: Path, program: str) -> int:
    """The port, once the server listens."""
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        if process.poll() is not None:
            raise SimulatorError(_ended(process.returncode, port_file.with_name("said"), program))
        try:
            port = port_file.read_text().strip()
        except (FileNotFoundError, PermissionError):
            port = ""
        if port:
            return int(port)
        time.sleep(POLL_SECONDS)
    raise SimulatorError(f"{program} did not listen within {START_SECONDS} s")


def _ended(code: int, said: Path, program: str) -> str:
    """Why it ended before it listened: a program of another version may not know an option."""
    wrong = _version.mismatch(_binary.version_of(program), program)
    text = said.read_text(encoding="utf-8", errors="replace").strip()
    return wrong or f"{program} ended with code {code} before it listened: {text or 'it said nothing'}"


def _end(process: subprocess.Popen[bytes] | None) -> None:
    if process is None:
        return
    if process.poll() is None:
        process.terminate()
        try:
            process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
    if process.stdin is not None:
        process.stdin.close()
