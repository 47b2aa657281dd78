"""Finds the program: SYNC_GROUP_SIM_BIN, else the one in this package, else on the PATH; and asks it for its version."""

from __future__ import annotations

import errno
import os
import re
import shlex
import shutil
import subprocess
import sys
import sysconfig
from collections.abc import Iterator
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path

from ._errors import SimulatorError

VARIABLE = "SYNC_GROUP_SIM_BIN"
NAME = "sync-group-sim.exe" if sys.platform == "win32" else "sync-group-sim"
ASK_SECONDS = 20
# Nothing is published yet, and of the same name there may be something else.
HOW_TO_INSTALL = (
    "docs/install.md says how; from a checkout: "
    "pip install --force-reinstall --no-index --find-links CHECKOUT/packages/dist sync-group-sim"
)


def find() -> str:
    """The program's path."""
    named = os.environ.get(VARIABLE)
    if named:
        found = shutil.which(named)
        if found:
            return os.path.abspath(found)
        if os.path.isfile(named):
            raise SimulatorError(cannot_run(os.path.abspath(named), PermissionError(errno.EACCES, os.strerror(errno.EACCES))))
        found = "that is a folder" if os.path.isdir(named) else "no program is there"
        raise SimulatorError(
            f"{VARIABLE} is {named!r}, and {found}; expected the path of sync-group-sim, "
            f"or {VARIABLE} unset for the one that came with the package"
        )
    for path in _installed():
        if path.is_file():
            return str(path)
    found = shutil.which("sync-group-sim")
    if found:
        return os.path.abspath(found)
    raise SimulatorError(
        "the program sync-group-sim is missing: it is not in the package sync_group_sim for this platform "
        f"({sysconfig.get_platform()}), {VARIABLE} is not set, and it is not on the PATH; "
        f"install the package with it ({HOW_TO_INSTALL}), or set {VARIABLE} to its path"
    )


def _installed() -> Iterator[Path]:
    """Where installers put it: beside the other scripts of this environment, or of the folder of `pip install --target`, of
    which the list of files says something else."""
    try:
        for file in distribution("sync-group-sim").files or ():
            if file.name == NAME:
                yield Path(str(file.locate())).resolve()
    except PackageNotFoundError:
        pass
    yield Path(sysconfig.get_path("scripts"), NAME)
    for folder in ("bin", "Scripts"):
        yield Path(__file__).resolve().parents[1] / folder / NAME


def version_of(path: str) -> str:
    """What the program says to `--version`."""
    try:
        asked = subprocess.run(
            [path, "--version"], capture_output=True, encoding="utf-8", errors="replace", timeout=ASK_SECONDS,
            stdin=subprocess.DEVNULL,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise SimulatorError(cannot_run(path, error)) from None
    found = re.fullmatch(r"sync-group-sim (\d+\.\d+\.\S+)", asked.stdout.strip())
    if not found:
        raise SimulatorError(_another(path, (asked.stdout + asked.stderr).strip()[:200], asked.returncode))
    return found[1]


def _another(path: str, said: str, code: int) -> str:
    """What to say about a program that does not tell its version."""
    what = "is not sync-group-sim" if said else "is not sync-group-sim, or a part of it alone"
    how = f", and ended by signal {-code}" if code < 0 else f", and ended with code {code}" if code else ""
    return f"{path} {what}: `--version` printed {repr(said) if said else 'nothing'}{how}; let {VARIABLE} name the program"


def cannot_run(path: str, error: Exception) -> str:
    """Why a program that is there does not run."""
    why = getattr(error, "strerror", None) or "it does not answer"
    if isinstance(error, FileNotFoundError) and os.path.exists(path):
        why = "what runs it is missing: the loader of another C library, or a script's interpreter"
    is_denied = isinstance(error, PermissionError) and os.name == "posix"
    advice = f"; try: chmod +x {shlex.quote(path)}" if is_denied else f"; let {VARIABLE} name one"
    return f"{path} cannot be run on this machine ({why}); expected sync-group-sim for {sysconfig.get_platform()}{advice}"
