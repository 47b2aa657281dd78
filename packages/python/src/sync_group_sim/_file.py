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
        self.media_type = "application/json" if self.is_json_name(path) else "application/yaml"

    @staticmethod
    def is_json_name(path: Any) -> bool:
        """Whether the name is that of a JSON file; others are YAML."""
        return str(path).endswith(".json")

    def utf8(self) -> bytes:
        """What is in it, to be put into a body of JSON."""
        if self.content.startswith(_UTF_16):
            return self.content.decode("utf-16", errors="replace").encode()
        return self.content.removeprefix(codecs.BOM_UTF8)

    def value(self) -> Any:
        """The JSON in it."""
        if self.media_type == "application/yaml":
            raise SimulatorError("a scenario in a YAML file stands alone; expected one file, or names and JSON files")
        try:
            return json.loads(self.utf8())
        except ValueError as error:
            place = f":{error.lineno}:{error.colno}" if isinstance(error, json.JSONDecodeError) else ""
            raise SimulatorError(
                f"{self.path}{place}: not JSON; `sync-group-sim check {self.path}` says what is wrong with it"
            ) from None

    def named(self, message: str, before: int) -> str:
        """The server's words about it, with its own name. So many characters stand before it in the body's first line."""

        def place(found: re.Match[str]) -> str:
            return f"{self.path}:" + (f"1:{int(found[1]) - before}" if found[1] else "")

        return re.sub(r"^body:(?:1:(\d+)(?=:))?", place, message, flags=re.MULTILINE)
