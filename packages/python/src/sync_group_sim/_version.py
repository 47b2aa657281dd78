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
        f'pip install "sync-group-sim=={release(program)}.*" for that program, or {other}'
    )
