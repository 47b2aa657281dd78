"""Control calls: JSON over a connection that each thread keeps."""

from __future__ import annotations

import errno
import http.client
import json
import os
import subprocess
import threading
import time
from collections.abc import Mapping
from typing import Any

from . import _version
from ._errors import CallRefused, SimulatorError
from ._file import File

TIMEOUT_SECONDS = 30
# The server closes connections that are idle for five minutes; one that old is not used again.
KEPT_SECONDS = 60
# A connection is gone a little before its process.
ENDING_SECONDS = 0.5
# What the system says where not even this machine itself can be reached.
NO_LOOPBACK = (errno.ENETUNREACH, errno.EHOSTUNREACH, errno.EADDRNOTAVAIL)


class Control:
    """The control API of one server."""

    def __init__(self, host: str, port: int, program: str, process: subprocess.Popen[bytes] | None = None) -> None:
        self._host, self._port, self._program = host, port, program
        # The server, where it is this process's.
        self._process, self._parent = process, os.getpid()
        self._local = threading.local()

    def __reduce__(self) -> tuple[type[Control], tuple[str, int, str]]:
        # Another process, which gets a tenant from its test, has connections of its own.
        return Control, (self._host, self._port, self._program)

    def own(
        self, method: str, path: str, body: Any = None, *, also: tuple[int, ...] = (), raw: bool = False
    ) -> tuple[int, Any]:
        """A call that every program of this package's version knows; else as `call`."""
        try:
            return self.call(method, path, body, also=also, raw=raw)
        except CallRefused as error:
            lacks = _lacks(error, method, path)
            if lacks is None:
                raise
            raise SimulatorError(_version.older(self._program, lacks)) from None

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
            why = f"{_why(error)}{self._ending()}"
            raise SimulatorError(f"the simulator at {self._host}:{self._port} does not answer ({why})") from None
        self._local.used = time.monotonic()
        if reply.status >= 300 and reply.status not in also:
            message = _message(answer)
            if file is None or not message.startswith(f"{called}:"):
                raise CallRefused(f"{method} {path}: {message}", reply.status)
            raise CallRefused(file.named(message, called), reply.status)
        return reply.status, answer if raw else json.loads(answer) if answer else None

    def _ending(self) -> str:
        """How the server ended, if it did: a system that runs out of memory kills."""
        if self._process is None or self._parent != os.getpid():
            return ""
        try:
            code = self._process.wait(ENDING_SECONDS)
        except subprocess.TimeoutExpired:
            return ""
        return f"; the server has ended {f'by signal {-code}' if code < 0 else f'with code {code}'}"

    def close(self) -> None:
        """Closes this thread's connection."""
        connection = getattr(self._local, "connection", None)
        if connection is not None:
            connection.close()

    def _connection(self) -> http.client.HTTPConnection:
        local = self._local
        # A process that was forked off shares its parent's connection, and would take the other's answers.
        if getattr(local, "process", None) != os.getpid():
            local.connection = http.client.HTTPConnection(self._host, self._port, timeout=TIMEOUT_SECONDS)
            local.process = os.getpid()
        elif time.monotonic() - local.used > KEPT_SECONDS:
            local.connection.close()
        local.used = time.monotonic()
        connection: http.client.HTTPConnection = local.connection
        return connection


def _lacks(error: CallRefused, method: str, path: str) -> str | None:
    """What a program that refused one of this package's own calls does not know, if it is that."""
    words = str(error)
    if error.status in (404, 405) and "`/_sim/" in words:
        return f"it has no `{method} {path[path.index('/_sim/'):].partition('?')[0]}`"
    return "it does not know `drawKey`" if "unknown key `drawKey`" in words else None


def _why(error: Exception) -> str:
    """Why there was no answer, without the words of a library."""
    if isinstance(error, TimeoutError):
        return f"nothing came for {TIMEOUT_SECONDS} s"
    if not isinstance(error, OSError) or error.errno is None:
        return "it ended the connection"
    advice = "; expected a loopback interface that is up; in a sandbox without a network, try: ip link set lo up"
    return f"{error.strerror or os.strerror(error.errno)}{advice if error.errno in NO_LOOPBACK else ''}"


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
