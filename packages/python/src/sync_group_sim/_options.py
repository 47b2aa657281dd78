"""What a tenant begins with, from the words of Python into those of `POST /_sim/tenants`."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Union

from ._errors import SimulatorError

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
) -> tuple[dict[str, Any], str | None]:
    """The body that creates a tenant, and the text of a YAML scenario that it gets afterwards, if there is one."""
    unknown = [name for name in options if name not in OPTIONS]
    if unknown:
        raise TypeError(f"a tenant has no option {unknown[0]!r}; expected one of: {', '.join(ALL)}")
    body: dict[str, Any] = {OPTIONS[name]: value for name, value in options.items() if value is not None}
    if fixture is not None:
        body["fixture"] = _fixture(fixture)
    if scenario is None:
        return body, None
    one_or_more = [scenario] if isinstance(scenario, (str, os.PathLike, Mapping)) else list(scenario)
    read = [_scenario(each) for each in one_or_more]
    texts = [text for text in read if isinstance(text, _Yaml)]
    if texts and len(read) > 1:
        raise SimulatorError("a scenario in a YAML file stands alone; expected one file, or names and JSON files")
    body["scenarios"] = [] if texts else read
    return body, texts[0] if texts else None


class _Yaml(str):
    """The text of a YAML file, which the server reads."""


def is_path(value: Any) -> bool:
    """A file rather than the name of something built in: names have neither slashes nor endings."""
    return isinstance(value, os.PathLike) or (
        isinstance(value, str) and value.endswith((".yaml", ".yml", ".json"))
    )


def _text(path: Any) -> str:
    try:
        return Path(path).read_text(encoding="utf-8")
    except OSError as error:
        raise SimulatorError(f"{os.fspath(path)}: {error.strerror}") from None


def _scenario(value: Scenario) -> Any:
    if not is_path(value):
        return value
    text = _text(value)
    return _json(value, text) if str(value).endswith(".json") else _Yaml(text)


def _fixture(value: Any) -> Any:
    if not is_path(value):
        return value
    if str(value).endswith(".json"):
        return _json(value, _text(value))
    raise SimulatorError(
        f"{os.fspath(value)}: a fixture in YAML is for a whole run; set SYNC_GROUP_SIM_FIXTURE to its path, "
        "or give a JSON file, a dict, or the name of a built-in one"
    )


def _json(path: Any, text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError as error:
        raise SimulatorError(f"{os.fspath(path)}: not JSON: {error}") from None
