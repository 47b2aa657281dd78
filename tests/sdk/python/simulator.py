"""Starts and stops the simulator for a test file, and reads the shared credentials.

Knows nothing of the SDK: what the SDK calls things is in clients.py.
"""

import os
import subprocess
import tempfile
import time
import urllib.request
from contextlib import contextmanager
from pathlib import Path

BINARY = os.environ["SYNC_GROUP_SIM_BIN"]
START_SECONDS = 20
POLL_SECONDS = 0.02

SHARED = dict(
    line.split("=", 1)
    for line in (Path(__file__).parent.parent / "credentials.env").read_text().splitlines()
    if line and not line.startswith("#")
)


@contextmanager
def simulator(*options):
    """A running simulator's base URL; it is stopped when the block ends."""
    with tempfile.TemporaryDirectory() as folder:
        port_file = Path(folder, "port")
        process = subprocess.Popen(
            [BINARY, "serve", "--listen", "127.0.0.1:0", "--port-file", str(port_file),
             "--log", "off", "--rate-limit", "off", *options],
            stdout=subprocess.DEVNULL,
        )
        try:
            yield _wait_until_healthy(process, port_file)
        finally:
            process.terminate()
            try:
                process.wait(timeout=10)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def _wait_until_healthy(process, port_file):
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        if process.poll() is not None:
            raise RuntimeError(f"the simulator ended with code {process.returncode} before it listened")
        port = port_file.read_text().strip() if port_file.exists() else ""
        if port:
            base_url = f"http://127.0.0.1:{port}"
            try:
                with urllib.request.urlopen(f"{base_url}/_sim/health", timeout=5) as reply:
                    if reply.status == 200:
                        return base_url
            except OSError:
                pass
        time.sleep(POLL_SECONDS)
    raise RuntimeError(f"the simulator was not healthy within {START_SECONDS} s")
