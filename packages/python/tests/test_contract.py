"""The steps that every language's helper takes, by this one; `packages/contract/compare.py` compares the journals."""

import json
import os
import urllib.error
import urllib.parse
import urllib.request
from pathlib import Path

import pytest

from sync_group_sim import CallRefused, Tenant, VerificationFailed

CONTRACT = json.loads((Path(__file__).parents[2] / "contract" / "steps.json").read_text(encoding="utf-8"))
BEGINNING = {"draw_key" if name == "drawKey" else name: value for name, value in CONTRACT["tenant"].items()}


class Steps:
    """The client under test, and what the helper does between its requests."""

    def __init__(self, tenant: Tenant) -> None:
        self.tenant, self.token = tenant, ""

    def _send(self, request: urllib.request.Request, status: int) -> str:
        try:
            reply = urllib.request.urlopen(request, timeout=20)
        except urllib.error.HTTPError as error:
            reply = error
        with reply:
            assert reply.status == status
            return reply.read().decode()

    def do_token(self, step):
        form = {"grant_type": "client_credentials", "client_id": self.tenant.client_id,
                "client_secret": self.tenant.client_secret}
        url = f"{self.tenant.base_url}/oauth/token"
        self.token = json.loads(self._send(urllib.request.Request(url, urllib.parse.urlencode(form).encode()), 200))["access_token"]

    def do_send(self, step):
        headers = {"Authorization": f"Bearer {self.token}"}
        if "body" in step:
            headers["Content-Type"] = "application/json"
        body = step["body"].encode() if "body" in step else None
        url = self.tenant.base_url + step["path"]
        self._send(urllib.request.Request(url, body, headers, method=step["method"]), step["status"])

    def do_rule(self, step):
        if "refused" not in step:
            self.tenant.rule(step["rule"])
            return
        with pytest.raises(CallRefused) as refused:
            self.tenant.rule(step["rule"])
        assert refused.value.status == step["refused"]

    def do_use(self, step):
        self.tenant.use(*step["scenarios"])

    def do_advance(self, step):
        self.tenant.advance(step["by"])

    def do_verify(self, step):
        if step["holds"]:
            self.tenant.verify(step["expectation"])
            return
        with pytest.raises(VerificationFailed, match=step["says"]):
            self.tenant.verify(**step["expectation"])

    def do_findings(self, step):
        assert [finding["verdict"] for finding in self.tenant.findings()] == step["verdicts"]

    def do_journal(self, step):
        assert len(self.tenant.journal(**step["filters"])) == step["exchanges"]


def test_the_contract(sync_group_sim):
    with sync_group_sim.tenant(**BEGINNING) as tenant:
        steps = Steps(tenant)
        for step in CONTRACT["steps"]:
            getattr(steps, f"do_{step['do']}")(step)
        journal = tenant.control("GET", "journal")
    journals = os.environ.get("SYNC_GROUP_SIM_CONTRACT_JOURNALS")
    if journals:
        Path(journals, "python.json").write_text(json.dumps(journal), encoding="utf-8")
