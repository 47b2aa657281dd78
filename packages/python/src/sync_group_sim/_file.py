"""A scenario or fixture file of the user's. The server reads it as it stands, so that it takes what the program takes (byte
order marks, UTF-16) and says in its own words what is wrong, and where."""

from __future__ import annotations

import codecs
import json
import os
import re
from pathlib import Path
from typing import Any

from ._errors import SimulatorError

_UTF_16 = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)


class File:
    """A file that was read."""

    def __init__(self, path: Any) -> None:
        self.path = os.fspath(path)
        try:
            self.content = Path(path).read_bytes()
        except OSError as error:
            raise SimulatorError(f"{self.path}: {error.strerror}") from None
        self.media_type = "application/json" if self.path.lower().endswith(".json") else "application/yaml"

    def text(self) -> str:
        """What is in it, to be put into a body of JSON, where it stands in a name's place: names have no line breaks."""
        encoding = "utf-16" if self.content.startswith(_UTF_16) else "utf-8-sig"
        try:
            return self.content.decode(encoding) + "\n"
        except UnicodeDecodeError:
            raise self._unreadable("neither UTF-8 nor UTF-16") from None

    def value(self) -> Any:
        """The JSON in it."""
        if self.media_type == "application/yaml":
            raise SimulatorError("a scenario in a YAML file stands alone; expected one file, or names and JSON files")
        try:
            return json.loads(self.text())
        except json.JSONDecodeError as error:
            raise self._unreadable("not JSON", f":{error.lineno}:{error.colno}") from None

    def named(self, message: str, called: str) -> str:
        """The server's words about it, with its own name instead of what the server calls it."""
        return re.sub(f"^{called}:", lambda _: f"{self.path}:", message, flags=re.MULTILINE)

    def _unreadable(self, why: str, place: str = "") -> SimulatorError:
        return SimulatorError(f"{self.path}{place}: {why}; `sync-group-sim check {self.path}` says what is wrong with it")
