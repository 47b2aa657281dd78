"""The contract's steps without any helper, by the control API alone: `reference.py PROGRAM JOURNAL.json`."""

import json
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.parse
import urllib.request
from pathlib import Path

CONTRACT = json.loads(Path(__file__).with_name("steps.json").read_text(encoding="utf-8"))
START_SECONDS = 20


def ask(method: str, url: str, body=None, headers=None):
    """The status and the text of an answer."""
    data = None if body is None else body if isinstance(body, bytes) else json.dumps(body).encode()
    request = urllib.request.Request(url, data, headers or {}, method=method)
    try:
        reply = urllib.request.urlopen(request, timeout=20)
    except urllib.error.HTTPError as error:
        reply = error
    with reply:
        return reply.status, reply.read().decode()


class Reference:
    def __init__(self, server: str) -> None:
        tenant = CONTRACT["tenant"]
        taken = {name: tenant[name] for name in ("seed", "drawKey", "fixture")}
        made = self.control(f"{server}/_sim/tenants/{tenant['name']}", "PUT", {**taken, "scenarios": [tenant["scenario"]]}, 201)
        client = json.loads(made)["clients"][0]
        self.client = {"client_id": client["clientId"], "client_secret": client["clientSecret"]}
        self.base = f"{server}/tenants/{tenant['name']}"
        for rule in reversed(tenant["rules"]):
            self.do_rule({"rule": rule})
        self.sim("PUT", "clock", tenant["clock"])
        self.token = ""

    def control(self, url, method, body, expected=None):
        status, text = ask(method, url, body)
        if (status >= 300) if expected is None else status != expected:
            sys.exit(f"{method} {url} answered {status}: {text}")
        return text

    def sim(self, method, call, body=None, expected=None):
        return self.control(f"{self.base}/_sim/{call}", method, body, expected)

    def do_token(self, step):
        form = {"grant_type": "client_credentials", **self.client}
        status, text = ask("POST", f"{self.base}/oauth/token", urllib.parse.urlencode(form).encode())
        assert status == step["status"], (step, status, text)
        self.token = json.loads(text)["access_token"]

    def do_send(self, step):
        headers = {"Authorization": f"Bearer {self.token}"}
        if "body" in step:
            headers["Content-Type"] = "application/json"
        body = step["body"].encode() if "body" in step else None
        status, text = ask(step["method"], self.base + step["path"], body, headers)
        assert status == step["status"], (step, status, text)

    def do_rule(self, step):
        self.sim("POST", "scenario/rules", step["rule"], step.get("refused"))

    def do_use(self, step):
        self.sim("PUT", "scenario", {"use": step["scenarios"]}) if step["scenarios"] else self.sim("DELETE", "scenario")

    def do_advance(self, step):
        self.sim("POST", "clock/advance", {"by": step["by"]})

    def do_verify(self, step):
        said = self.sim("POST", "verify", step["expectation"], 200 if step["holds"] else 409)
        assert step.get("says", "") in said, (step, said)

    def do_findings(self, step):
        found = [finding["verdict"] for finding in json.loads(self.sim("GET", "verdicts"))["findings"]]
        assert found == step["verdicts"], (step, found)

    def do_journal(self, step):
        text = self.sim("GET", f"journal?{urllib.parse.urlencode(step['filters'])}")
        assert len(json.loads(text)["exchanges"]) == step["exchanges"], step


def main() -> None:
    program, out = sys.argv[1:]
    port_file = Path(tempfile.mkdtemp(), "port")
    server = subprocess.Popen(
        [program, "serve", "--listen", "127.0.0.1:0", "--port-file", str(port_file), "--log", "off"], stdout=subprocess.DEVNULL
    )
    try:
        deadline = time.monotonic() + START_SECONDS
        while not (port_file.exists() and port_file.read_text().strip()):
            if server.poll() is not None or time.monotonic() > deadline:
                sys.exit(f"{program} does not listen")
            time.sleep(0.01)
        reference = Reference(f"http://127.0.0.1:{port_file.read_text().strip()}")
        for step in CONTRACT["steps"]:
            getattr(reference, f"do_{step['do']}")(step)
        Path(out).write_text(reference.sim("GET", "journal"), encoding="utf-8")
    finally:
        server.terminate()
        server.wait(10)
    print(f"ok - the reference took {len(CONTRACT['steps'])} steps")


main()
