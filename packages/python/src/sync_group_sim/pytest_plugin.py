"""The pytest plugin: a server for the run (one for each worker of pytest-xdist), a tenant for each test, and the journal of
each test that fails, in its report and in a folder."""

from __future__ import annotations

import hashlib
import os
import re
import subprocess
from collections.abc import Generator, Iterator
from pathlib import Path
from typing import Any, NamedTuple, Union

import pytest

from ._errors import CallRefused, SimulatorError
from ._options import ALL, is_path
from ._server import Simulator, start_simulator
from ._tenant import Tenant

if not hasattr(pytest, "StashKey"):
    raise SystemExit(
        f"sync-group-sim: its plugin needs pytest 7.0 or later, and this is pytest {pytest.__version__}; "
        "try: pip install --upgrade pytest, or leave the plugin out: pytest -p no:sync_group_sim"
    )

JOURNALS = "sim_journals"
SHOW_SECONDS = 20
# In bytes, before a digest and an ending: file systems take 255.
LONGEST_FILE_NAME = 120
# In characters, as the control API has it.
LONGEST_DRAW_KEY = 200
_SECTION = "sync-group-sim: what the client did"
# A test's name that is a file's, too, as it stands; parameters without capitals, as file systems may take a for A.
_PLAIN = re.compile(r"[\w./-]+(::\w+)*(\[[a-z\d_.-]+\])?")


class Read(NamedTuple):
    """What is told and kept of what a client did."""

    lines: str
    journal: str
    har: str


_TENANT = pytest.StashKey[Tenant]()
_SIMULATOR = pytest.StashKey[Simulator]()
# The test whose tenant is there, until its last report is made.
_UNDER_WAY = pytest.StashKey[Union[pytest.Item, None]]()
# What was read of a tenant whose server ends before that report, or why nothing was.
_READ = pytest.StashKey[Union[Read, str]]()


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addini(
        JOURNALS, "folder for what clients did in tests that fail (sync-group-sim)", default="sync-group-sim-journals"
    )


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line(
        "markers",
        'sim(scenario="rate-limited", rules=[…], fixture=…, clock="manual"): what the tenant of this test begins with '
        "(sync-group-sim)",
    )


@pytest.fixture(scope="session")
def sync_group_sim(request: pytest.FixtureRequest) -> Iterator[Simulator]:
    """The simulator: one server for the run, or for each worker of pytest-xdist, on a free port."""
    try:
        simulator = start_simulator()
    except SimulatorError as error:
        mistake = str(error)
    else:
        with simulator:
            yield simulator
            _read_under_way(request.config)
        return
    # The same for every test: said once, without a trace.
    if not hasattr(request.config, "workerinput"):
        pytest.exit(mistake, returncode=pytest.ExitCode.USAGE_ERROR)
    # A worker of pytest-xdist would exit without a word of why; this ends the run, too.
    request.session.shouldstop = mistake
    pytest.fail(mistake, pytrace=False)


@pytest.fixture
def sim_tenant(sync_group_sim: Simulator, request: pytest.FixtureRequest) -> Tenant:
    """A tenant of this test's own, set up by the marker `sim`."""
    settings = _settings(request.node)
    # With one seed a test meets the same faults, whichever tests ran before it and on whichever worker.
    settings.setdefault("draw_key", _draw_key(request.node.nodeid))
    tenant = _made(sync_group_sim, settings, request.node.nodeid)
    request.node.stash[_TENANT], request.node.stash[_SIMULATOR] = tenant, sync_group_sim
    # Other fixtures may fail as they are taken down, so that it is deleted when the test's last report is made.
    request.config.stash[_UNDER_WAY] = request.node
    return tenant


@pytest.fixture
def sim_env(sim_tenant: Tenant, monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    """SAIL_BASE_URL, SAIL_CLIENT_ID and SAIL_CLIENT_SECRET of this test's tenant, in the environment; no proxy is asked for
    it."""
    for name, value in sim_tenant.env.items():
        monkeypatch.setenv(name, value)
    # Clients read one or the other.
    before = os.environ.get("no_proxy") or os.environ.get("NO_PROXY")
    for name in ("NO_PROXY", "no_proxy"):
        monkeypatch.setenv(name, f"{before},127.0.0.1" if before else "127.0.0.1")
    return sim_tenant.env


def _made(simulator: Simulator, settings: dict[str, Any], node: str) -> Tenant:
    try:
        return simulator.tenant(**settings)
    except (SimulatorError, TypeError) as error:
        mistake = str(error)
    # Outside of the handler, so that the report has this alone.
    pytest.fail(f"{node}: @pytest.mark.sim: {mistake}", pytrace=False)


def _settings(item: pytest.Item) -> dict[str, Any]:
    """What the markers say: the test's own before its class's, and that before its module's."""
    settings: dict[str, Any] = {}
    for marker in item.iter_markers("sim"):
        if marker.args:
            pytest.fail(
                f'{item.nodeid}: @pytest.mark.sim takes keywords alone, such as scenario="rate-limited"; found {marker.args[0]!r}',
                pytrace=False,
            )
        unknown = [name for name in marker.kwargs if name not in ALL]
        if unknown:
            pytest.fail(
                f"{item.nodeid}: @pytest.mark.sim has no {unknown[0]!r}; expected one of: {', '.join(ALL)}", pytrace=False
            )
        settings = {**marker.kwargs, **settings}
    for name in ("scenario", "fixture"):
        if name in settings:
            given = settings[name]
            is_list = isinstance(given, (list, tuple))
            settings[name] = [_beside(item, each) for each in given] if is_list else _beside(item, given)
    return settings


def _beside(item: pytest.Item, given: Any) -> Any:
    """A path leads from the test's folder, as pytest's own do."""
    return item.path.parent / given if is_path(given) else given


# The older kind of wrapper, which every pytest from 7.0 knows.
@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, Any, None]:
    report: pytest.TestReport = (yield).get_result()
    tenant = item.stash.get(_TENANT, None)
    if tenant is None:
        return
    if report.failed:
        _tell(item, tenant, report)
    if report.when == "teardown":
        del item.stash[_TENANT]
        item.config.stash[_UNDER_WAY] = None
        _end(item, tenant, report)


def _tell(item: pytest.Item, tenant: Tenant, report: pytest.TestReport) -> None:
    """Puts into the report what the client did, and keeps it."""
    read = item.stash.get(_READ, None) or _read(item.stash[_SIMULATOR], tenant)
    if isinstance(read, str):
        report.sections.append((_SECTION, f"it could not be read: {read}"))
        return
    try:
        kept = _keep(item, read)
    except OSError as error:
        what = f"{error.filename} cannot be written ({error.strerror}); SYNC_GROUP_SIM_JOURNALS names another folder"
        report.sections.append((_SECTION, f"{read.lines}\nit could not be kept: {what}"))
        return
    report.sections.append((_SECTION, f"{read.lines}\n{_where(item, tenant, kept)}"))
    # The report of the teardown takes it along.
    known = ("sync-group-sim-journal", str(kept))
    if known not in item.user_properties:
        item.user_properties.append(known)


def _end(item: pytest.Item, tenant: Tenant, report: pytest.TestReport) -> None:
    """Deletes a test's tenant, unless its server has ended; that this fails is a failure of the test."""
    if _READ in item.stash:
        del item.stash[_READ]
        return
    try:
        tenant.delete()
    except SimulatorError as error:
        # Ctrl-C reaches the server, too.
        is_expected = not isinstance(error, CallRefused) and item.stash[_SIMULATOR].was_stopped()
        if report.passed and not is_expected:
            report.outcome, report.longrepr = "failed", str(error)


def _read_under_way(config: pytest.Config) -> None:
    """Reads what the last test's client did: its server ends before the test's last report is made."""
    item = config.stash.get(_UNDER_WAY, None)
    if item is not None:
        item.stash[_READ] = _read(item.stash[_SIMULATOR], item.stash[_TENANT])


def _read(simulator: Simulator, tenant: Tenant) -> Read | str:
    """What the client did, or why it cannot be read."""
    try:
        journal: str = tenant._control.own("GET", tenant._path("journal"), raw=True)[1]
        return Read(_lines(simulator, tenant), journal, tenant.har())
    except (SimulatorError, OSError, subprocess.SubprocessError) as error:
        return str(error)


def _keep(item: pytest.Item, read: Read) -> Path:
    """Writes the journal and the HTTP archive to the folder of journals; returns the journal's path."""
    named = os.environ.get("SYNC_GROUP_SIM_JOURNALS") or item.config.getini(JOURNALS)
    folder: Path = item.config.rootpath / named
    folder.mkdir(parents=True, exist_ok=True)
    name = _file_name(item.nodeid)
    journal = folder / f"{name}.json"
    journal.write_text(read.journal, encoding="utf-8")
    journal.with_name(f"{name}.har").write_text(read.har, encoding="utf-8")
    return journal


def _file_name(nodeid: str) -> str:
    """A name for a test's files, which no other test's have."""
    name = re.sub(r"[^\w.\[\]-]+", "-", nodeid).strip("-")
    if _PLAIN.fullmatch(nodeid) and len(name.encode()) <= LONGEST_FILE_NAME:
        return name
    tail = name[-LONGEST_FILE_NAME:]
    while len(tail.encode()) > LONGEST_FILE_NAME:
        tail = tail[1:]
    return f"{tail}-{_digest(nodeid)}"


def _draw_key(nodeid: str) -> str:
    """What a test's draws are made with, which no other test's are."""
    if len(nodeid) <= LONGEST_DRAW_KEY:
        return nodeid
    digest = _digest(nodeid)
    return f"{digest}-{nodeid[len(digest) + 1 - LONGEST_DRAW_KEY:]}"


def _digest(nodeid: str) -> str:
    return hashlib.sha256(nodeid.encode(errors="surrogatepass")).hexdigest()[:16]


def _where(item: pytest.Item, tenant: Tenant, kept: Path) -> str:
    path = os.path.relpath(kept, item.config.invocation_params.dir)
    return f"journal: {path}, and .har\nseed: {tenant.seed} (SYNC_GROUP_SIM_SEED={tenant.seed} repeats ids and faults)"


def _lines(simulator: Simulator, tenant: Tenant) -> str:
    """The journal as the program shows it: a line for each exchange."""
    shown = subprocess.run(
        [simulator.program, "journal", "--url", tenant.base_url],
        capture_output=True, encoding="utf-8", errors="replace", timeout=SHOW_SECONDS, stdin=subprocess.DEVNULL,
    )
    return shown.stdout.rstrip() or "no request came"
