"""The processes of the test: servers, and an nginx before them. They listen on free ports of this machine, keep to a folder
of their own, and end with the test, however it ends."""

import contextlib
import http.client
import json
import os
import pwd
import shutil
import socket
import subprocess
import time
from pathlib import Path

CONFIGURE = Path(__file__).with_name("configure")
START_SECONDS = 20

NGINX = """
daemon off;
pid {folder}/nginx.pid;
error_log {folder}/error.log;
worker_processes 1;
events {{ worker_connections 4096; }}
http {{
    access_log off;
    client_body_temp_path {folder}/body;
    proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
    include {folder}/sync-group-sim.conf;
}}
"""


class Server:
    def __init__(self, program: str, folder: Path, name: str, core: int | None = None) -> None:
        self.program, self.file, self.core, self.port = program, folder / f"{name}.port", core, 0
        self.start()

    def start(self) -> None:
        """Started again, it listens where it did."""
        self.file.unlink(missing_ok=True)
        on_core = None if self.core is None else lambda: os.sched_setaffinity(0, {self.core})
        self.process = subprocess.Popen(
            [self.program, "serve", "--listen", f"127.0.0.1:{self.port}", "--port-file", str(self.file), "--log", "off",
             "--seed", "7"],
            env={**os.environ, "SYNC_GROUP_SIM_STOP_WITH_STDIN": "true"}, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, preexec_fn=on_core,
        )
        until(lambda: self.file.exists() and self.file.read_text().strip() != "")
        self.port = int(self.file.read_text())

    @property
    def address(self) -> str:
        return f"127.0.0.1:{self.port}"

    def processor_seconds(self) -> float:
        # The name in parentheses may have spaces; user and system time are the 12th and 13th field after it.
        fields = Path(f"/proc/{self.process.pid}/stat").read_text().rpartition(") ")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def kill(self) -> None:
        self.process.kill()
        self.end()

    def end(self) -> None:
        self.process.terminate()
        self.process.wait()
        self.process.stdin.close()


class Nginx:
    def __init__(self, folder: Path, servers: list[Server]) -> None:
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        folder.mkdir()
        made = [str(CONFIGURE), "--listen", f"127.0.0.1:{self.port}", "--domain", "sim.example.com", *(each.address for each in servers)]
        (folder / "sync-group-sim.conf").write_bytes(subprocess.run(made, check=True, capture_output=True).stdout)
        (folder / "nginx.conf").write_text(NGINX.format(folder=folder))
        # It needs no privilege, and the test has none to give; whoever it runs as may not see where it was found.
        program = shutil.copy(shutil.which("nginx"), folder)
        user = {}
        if os.geteuid() == 0:
            nobody = pwd.getpwnam("nobody")
            user = {"user": nobody.pw_uid, "group": nobody.pw_gid, "extra_groups": []}
            os.chown(folder, nobody.pw_uid, nobody.pw_gid)
        self.process = subprocess.Popen(
            [program, "-e", f"{folder}/error.log", "-c", f"{folder}/nginx.conf"], stdin=subprocess.DEVNULL, **user
        )
        until(lambda: is_listening(self.port) or self.process.poll() is not None)
        assert self.process.poll() is None, (folder / "error.log").read_text()

    def end(self) -> None:
        self.process.terminate()
        self.process.wait()


def until(holds) -> None:
    deadline = time.monotonic() + START_SECONDS
    while not holds():
        assert time.monotonic() < deadline, "what was started does not listen"
        time.sleep(0.005)


def is_listening(port: int) -> bool:
    with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
        return True
    return False


class Caller:
    """A connection that is kept, and made anew where it was closed."""

    def __init__(self, port: int, host: str | None = None) -> None:
        self.port, self.host = port, host or f"127.0.0.1:{port}"
        self.connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)

    def call(self, method: str, path: str, body=None, headers={}) -> tuple[int, http.client.HTTPMessage, bytes]:
        if body is not None and not isinstance(body, bytes):
            body = json.dumps(body).encode()
        try:
            self.connection.request(method, path, body, {"Host": self.host, **headers})
            reply = self.connection.getresponse()
            return reply.status, reply.headers, reply.read()
        except (http.client.HTTPException, OSError):
            self.connection.close()
            raise

    def json(self, method: str, path: str, body=None, headers={}) -> dict:
        status, _, answer = self.call(method, path, body, headers)
        assert status < 300, f"{method} {path}: {status} {answer[:300]!r}"
        return json.loads(answer)

    def list(self, tenant: dict) -> list[dict]:
        """The groups of a tenant, as its own client sees them."""
        base = f"/tenants/{tenant['name']}"
        return self.json("GET", f"{base}/v2024/password-sync-groups", headers=self.token(tenant))

    def token(self, tenant: dict) -> dict:
        client = tenant["clients"][0]
        form = f"grant_type=client_credentials&client_id={client['clientId']}&client_secret={client['clientSecret']}".encode()
        head = {"Content-Type": "application/x-www-form-urlencoded"}
        answer = self.json("POST", f"/tenants/{tenant['name']}/oauth/token", form, head)
        return {"Authorization": f"Bearer {answer['access_token']}"}
