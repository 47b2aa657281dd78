"""Runs a client against sync-group-sim while scenario.yaml is in force, and then asks what the client really did.

`python3 -m unittest` runs it, and so does pytest. The server is the program that SYNC_GROUP_SIM_BIN names, or
sync-group-sim on the PATH. Needs Python 3.9 or later and nothing else.
"""

import json
import os
import pathlib
import subprocess
import tempfile
import unittest
import urllib.error
import urllib.parse
import urllib.request

HERE = pathlib.Path(__file__).resolve().parent
SIM = os.environ.get("SYNC_GROUP_SIM_BIN", "sync-group-sim")
STAFF = {
    "name": "Staff",
    "passwordPolicyId": "2c91808d744ba0ce01746f93b6204501",
    "sourceIds": ["2c918084660f45d6016617daa9210584", "2c918084660f45d6016617daa9210500"],
}


def client(base_url, client_id, client_secret):
    """The client: put your own here."""
    form = urllib.parse.urlencode(
        {"grant_type": "client_credentials", "client_id": client_id, "client_secret": client_secret}
    )
    _, token = call("POST", f"{base_url}/oauth/token", form.encode(), {})
    headers = {"Authorization": f"Bearer {token['access_token']}", "Content-Type": "application/json"}
    groups = f"{base_url}/v2024/password-sync-groups"
    status, _ = call("POST", groups, json.dumps(STAFF).encode(), headers)
    if status >= 500:
        # It does not say whether the group was made: look before you try again.
        _, found = call("GET", groups, None, headers)
        assert any(group["name"] == STAFF["name"] for group in found)


def call(method, url, body, headers):
    """A call's status and answer."""
    try:
        reply = urllib.request.urlopen(urllib.request.Request(url, body, headers, method=method), timeout=10)
    except urllib.error.HTTPError as error:
        reply = error
    with reply:
        return reply.status, json.loads(reply.read() or "null")


class SyncGroups(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        port_file = pathlib.Path(folder.name, "port")
        server = subprocess.Popen(
            [SIM, "serve", "--listen", "127.0.0.1:0", "--port-file", port_file, "--fixture", "demo", "--log", "off",
             "--scenario", HERE / "scenario.yaml"],
            stdout=subprocess.DEVNULL,
        )
        self.addCleanup(server.wait, 20)
        self.addCleanup(server.terminate)
        lines = subprocess.run(
            [SIM, "env", "--shell", "dotenv", "--port-file", port_file, "--wait", "10s"],
            stdout=subprocess.PIPE, text=True, check=True,
        ).stdout.splitlines()
        found = dict(line.split("=", 1) for line in lines)
        self.base_url = found["SAIL_BASE_URL"]
        self.credentials = found["SAIL_CLIENT_ID"], found["SAIL_CLIENT_SECRET"]

    def test_a_create_whose_answer_was_lost_is_not_repeated(self):
        client(self.base_url, *self.credentials)

        expected = {"match": {"operation": "createPasswordSyncGroup"}, "count": {"exactly": 1}}
        status, said = call("POST", f"{self.base_url}/_sim/verify", json.dumps(expected).encode(), {})
        self.assertEqual(status, 200, said)


if __name__ == "__main__":
    unittest.main()
