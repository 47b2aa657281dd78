"""Control calls: JSON over a connection that each thread keeps."""

from __future__ import annotations

import http.client
import json
import threading
import time
from typing import Any

from ._errors import CallRefused, SimulatorError

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
        """The status and the answer. A status from 300 up is an error, but for those in `also`. `body`: JSON, or text as it
        is (YAML); `raw` leaves the answer as text."""
        text = body if isinstance(body, (str, type(None))) else json.dumps(body)
        headers = {} if isinstance(body, str) or body is None else {"Content-Type": "application/json"}
        if isinstance(body, str):
            headers["Content-Type"] = "application/yaml"
        connection = self._connection()
        try:
            connection.request(method, path, None if text is None else text.encode(), headers)
            reply = connection.getresponse()
            answer = reply.read().decode()
        except (OSError, http.client.HTTPException) as error:
            connection.close()
            raise SimulatorError(
                f"the simulator at {self._host}:{self._port} does not answer ({error or type(error).__name__})"
            ) from None
        self._local.used = time.monotonic()
        if reply.status >= 300 and reply.status not in also:
            raise CallRefused(f"{method} {path}: {_message(answer)}", reply.status)
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


def _message(answer: str) -> str:
    """The server's words."""
    try:
        return str(json.loads(answer)["error"])
    except (ValueError, KeyError, TypeError):
        return answer.strip() or "no answer"
