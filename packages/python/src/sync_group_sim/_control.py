"""Control calls: JSON over a connection that each thread keeps."""

from __future__ import annotations

import http.client
import json
import threading
import time
from collections.abc import Mapping
from typing import Any

from ._errors import CallRefused, SimulatorError
from ._file import File

TIMEOUT_SECONDS = 30
# The server closes connections that are idle for five minutes; one that old is not used again.
KEPT_SECONDS = 60


class Control:
    """The control API of one server."""

    def __init__(self, host: str, port: int) -> None:
        self._host, self._port = host, port
        self._local = threading.local()

    def call(
        self, method: str, path: str, body: Any = None, *, also: tuple[int, ...] = (), raw: bool = False
    ) -> tuple[int, Any]:
        """The status and the answer. A status from 300 up is an error, but for those in `also`. `body`: JSON, which may have a
        file as its fixture; text as it is (YAML); a file as it is. `raw` leaves the answer as text."""
        content, media_type, file, called = _sent(body)
        headers = {} if media_type is None else {"Content-Type": media_type}
        connection = self._connection()
        try:
            connection.request(method, path, content, headers)
            reply = connection.getresponse()
            answer = reply.read().decode()
        except (OSError, http.client.HTTPException) as error:
            connection.close()
            raise SimulatorError(
                f"the simulator at {self._host}:{self._port} does not answer ({error or type(error).__name__})"
            ) from None
        self._local.used = time.monotonic()
        if reply.status >= 300 and reply.status not in also:
            message = _message(answer)
            if file is None or not message.startswith(f"{called}:"):
                raise CallRefused(f"{method} {path}: {message}", reply.status)
            raise CallRefused(file.named(message, called), reply.status)
        return reply.status, answer if raw else json.loads(answer) if answer else None

    def close(self) -> None:
        """Closes this thread's connection."""
        connection = getattr(self._local, "connection", None)
        if connection is not None:
            connection.close()

    def _connection(self) -> http.client.HTTPConnection:
        local = self._local
        if getattr(local, "connection", None) is None:
            local.connection = http.client.HTTPConnection(self._host, self._port, timeout=TIMEOUT_SECONDS)
        elif time.monotonic() - local.used > KEPT_SECONDS:
            local.connection.close()
        local.used = time.monotonic()
        connection: http.client.HTTPConnection = local.connection
        return connection


def _sent(body: Any) -> tuple[bytes | None, str | None, File | None, str]:
    """A body as it is sent, its media type, and the file in it, if there is one, with what the server calls that."""
    if body is None:
        return None, None, None, ""
    if isinstance(body, str):
        return body.encode(), "application/yaml", None, ""
    if isinstance(body, File):
        return body.content, body.media_type, body, "body"
    file = body.get("fixture") if isinstance(body, Mapping) else None
    if isinstance(file, File):
        return json.dumps({**body, "fixture": file.text()}).encode(), "application/json", file, "fixture"
    return json.dumps(body).encode(), "application/json", None, ""


def _message(answer: str) -> str:
    """The server's words."""
    try:
        return str(json.loads(answer)["error"])
    except (ValueError, KeyError, TypeError):
        return answer.strip() or "no answer"
