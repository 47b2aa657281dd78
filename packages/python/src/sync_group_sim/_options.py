"""What a tenant begins with, from the words of Python into those of `POST /_sim/tenants`."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from typing import Any, Union

from ._file import File

Scenario = Union[str, "os.PathLike[str]", Mapping[str, Any]]

# Options of a tenant beside scenario, rules, fixture and clock.
OPTIONS = {
    "name": "name",
    "seed": "seed",
    "draw_key": "drawKey",
    "prerequisites": "prerequisites",
    "rate_limit": "rateLimit",
    "token_lifetime": "tokenLifetime",
    "password_change_time": "passwordChangeTime",
    "sim_fault": "simFault",
}
ALL = ("scenario", "rules", "fixture", "clock", *OPTIONS)


def creation(
    scenario: Scenario | Sequence[Scenario] | None, fixture: Any, options: Mapping[str, Any]
) -> tuple[dict[str, Any], File | None]:
    """The body that creates a tenant, and the scenario file that it gets afterwards, if there is one."""
    unknown = [name for name in options if name not in OPTIONS]
    if unknown:
        raise TypeError(f"a tenant has no option {unknown[0]!r}; expected one of: {', '.join(ALL)}")
    body: dict[str, Any] = {OPTIONS[name]: value for name, value in options.items() if value is not None}
    if fixture is not None:
        body["fixture"] = File(fixture) if is_path(fixture) else fixture
    if scenario is None:
        return body, None
    one_or_more = [scenario] if isinstance(scenario, (str, os.PathLike, Mapping)) else list(scenario)
    read = [File(each) if is_path(each) else each for each in one_or_more]
    if len(read) == 1 and isinstance(read[0], File):
        body["scenarios"] = []
        return body, read[0]
    body["scenarios"] = [each.value() if isinstance(each, File) else each for each in read]
    return body, None


def afterwards(
    file: File | None, rules: Sequence[Mapping[str, Any]], clock: str | Mapping[str, Any] | None
) -> list[tuple[str, str, Any]]:
    """What a tenant gets once it is there, and again after each reset: calls of the control API, in order."""
    calls: list[tuple[str, str, Any]] = [] if file is None else [("PUT", "scenario", file)]
    # Each comes ahead of those before it.
    calls += [("POST", "scenario/rules", rule) for rule in reversed(rules)]
    if clock is not None:
        calls.append(("PUT", "clock", {"mode": clock} if isinstance(clock, str) else clock))
    return calls


def is_path(value: Any) -> bool:
    """A file rather than the name of something built in: names have neither slashes nor endings."""
    return isinstance(value, os.PathLike) or (
        isinstance(value, str) and value.lower().endswith((".yaml", ".yml", ".json"))
    )
