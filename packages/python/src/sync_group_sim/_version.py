"""This package's version, and which versions of the program it goes with."""

from __future__ import annotations

import os
from importlib.metadata import version

VERSION = version("sync-group-sim")


def release(version: str) -> str:
    """What stays the same while versions are compatible: `0.1` of `0.1.7`."""
    return ".".join(version.split(".")[:2])


def mismatch(program: str, path: str) -> str | None:
    """What to say about a program that this package does not go with."""
    if release(program) == release(VERSION):
        return None
    is_named = os.environ.get("SYNC_GROUP_SIM_BIN")
    other = (
        "unset SYNC_GROUP_SIM_BIN for the one that came with the package"
        if is_named
        else f"let SYNC_GROUP_SIM_BIN name a program {release(VERSION)}.x"
    )
    return (
        f"{path} is sync-group-sim {program}, and this Python package is {VERSION}; expected a program {release(VERSION)}.x: "
        f"take the package of version {release(program)} for that program (docs/install.md), or {other}"
    )


def older(path: str, what: str) -> str:
    """What to say about a program that does not know what every program of this version knows."""
    return (
        f"{path} is an older sync-group-sim than this Python package ({VERSION}): {what}; expected a program as new as the "
        "package; docs/install.md says how to get one"
    )
