"""The pytest plugin: a server for the run (one for each worker of pytest-xdist), a tenant for each test, and the journal of
each test that fails, in its report and in a folder."""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Generator, Iterator
from pathlib import Path
from typing import Any

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
LONGEST_FILE_NAME = 120
_TENANT = pytest.StashKey[Tenant]()
_SIMULATOR = pytest.StashKey[Simulator]()
_SECTION = "sync-group-sim: what the client did"


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
        return
    # The same for every test: said once, without a trace.
    if not hasattr(request.config, "workerinput"):
        pytest.exit(mistake, returncode=pytest.ExitCode.USAGE_ERROR)
    # A worker of pytest-xdist would exit without a word of why; this ends the run, too.
    request.session.shouldstop = mistake
    pytest.fail(mistake, pytrace=False)


@pytest.fixture
def sim_tenant(sync_group_sim: Simulator, request: pytest.FixtureRequest) -> Iterator[Tenant]:
    """A tenant of this test's own, set up by the marker `sim`."""
    settings = _settings(request.node)
    # With one seed a test meets the same faults, whichever tests ran before it and on whichever worker.
    settings.setdefault("draw_key", request.node.nodeid)
    tenant = _made(sync_group_sim, settings, request.node.nodeid)
    request.node.stash[_TENANT], request.node.stash[_SIMULATOR] = tenant, sync_group_sim
    yield tenant
    del request.node.stash[_TENANT]
    try:
        tenant.delete()
    except SimulatorError as error:
        # Ctrl-C reaches the server, too.
        if isinstance(error, CallRefused) or not sync_group_sim.was_stopped():
            raise


@pytest.fixture
def sim_env(sim_tenant: Tenant, monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    """SAIL_BASE_URL, SAIL_CLIENT_ID and SAIL_CLIENT_SECRET of this test's tenant, in the environment."""
    for name, value in sim_tenant.env.items():
        monkeypatch.setenv(name, value)
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
        if is_path(settings.get(name)):
            # Beside the test, as pytest's own files are.
            settings[name] = item.path.parent / settings[name]
    return settings


# The older kind of wrapper, which every pytest from 7.0 knows.
@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, Any, None]:
    report: pytest.TestReport = (yield).get_result()
    tenant = item.stash.get(_TENANT, None)
    if report.failed and tenant is not None:
        try:
            kept = _keep(item, tenant)
            report.sections.append((_SECTION, f"{_lines(item.stash[_SIMULATOR], tenant)}\n{_where(item, tenant, kept)}"))
            # The report of the teardown takes them along.
            item.user_properties.append(("sync-group-sim-journal", str(kept)))
        except (SimulatorError, OSError) as error:
            report.sections.append((_SECTION, f"it could not be read: {error}"))


def _keep(item: pytest.Item, tenant: Tenant) -> Path:
    """Writes the journal and the HTTP archive to the folder of journals; returns the journal's path."""
    named = os.environ.get("SYNC_GROUP_SIM_JOURNALS") or item.config.getini(JOURNALS)
    folder: Path = item.config.rootpath / named
    folder.mkdir(parents=True, exist_ok=True)
    name = re.sub(r"[^\w.\[\]-]+", "-", item.nodeid).strip("-")[-LONGEST_FILE_NAME:]
    journal = folder / f"{name}.json"
    journal.write_text(tenant._control.call("GET", tenant._path("journal"), raw=True)[1], encoding="utf-8")
    journal.with_name(f"{name}.har").write_text(tenant.har(), encoding="utf-8")
    return journal


def _where(item: pytest.Item, tenant: Tenant, kept: Path) -> str:
    path = os.path.relpath(kept, item.config.invocation_params.dir)
    return f"journal: {path}, and .har\nseed: {tenant.seed} (SYNC_GROUP_SIM_SEED={tenant.seed} repeats ids and faults)"


def _lines(simulator: Simulator, tenant: Tenant) -> str:
    """The journal as the program shows it: a line for each exchange."""
    shown = subprocess.run(
        [simulator.program, "journal", "--url", tenant.base_url],
        capture_output=True, text=True, timeout=SHOW_SECONDS, stdin=subprocess.DEVNULL,
    )
    return shown.stdout.rstrip() or "no request came"
