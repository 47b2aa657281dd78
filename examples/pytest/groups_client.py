"""The client under test: lists and creates password sync groups, changes passwords, and survives the usual troubles.

It stands for your own program. It gets a new token when its own has expired, waits as long as a 429 says, looks
before it repeats a create whose answer was lost, and polls until a password change has ended.
"""

import base64
import json
import time
import urllib.error
import urllib.parse
import urllib.request

from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.serialization import load_der_public_key

ATTEMPTS = 4
GROUPS = "password-sync-groups"
POLLS = 60
POLL_SECONDS = 4


class GroupsClient:
    def __init__(self, base_url, client_id, client_secret, sleep=time.sleep):
        self._base_url = base_url
        self._credentials = {"client_id": client_id, "client_secret": client_secret}
        self._sleep = sleep
        self._token = None

    def list(self):
        return self._call("GET", GROUPS)

    def create(self, name, policy_id, source_ids):
        group = {"name": name, "passwordPolicyId": policy_id, "sourceIds": source_ids}
        try:
            return self._call("POST", GROUPS, group)
        except urllib.error.HTTPError as error:
            if error.code < 500:
                raise
        # A 500 does not say whether the group was made; only looking does.
        made = [found for found in self.list() if found["name"] == name]
        return made[0] if made else self._call("POST", GROUPS, group)

    def change_password(self, user_name, source_name, password):
        """Sets the password of a user's account on a source, and returns once that has happened."""
        info = self._call("POST", "query-password-info", {"userName": user_name, "sourceName": source_name})
        begun = self._call("POST", "set-password", {
            "identityId": info["identityId"],
            "sourceId": info["sourceId"],
            "accountId": info["accounts"][0]["accountId"],
            "publicKeyId": info["publicKeyId"],
            "encryptedPassword": _encrypted(password, info["publicKey"]),
        })
        # The 202 says only that the change has begun.
        for _ in range(POLLS):
            status = self._call("GET", f"password-change-status/{begun['requestId']}")
            if status["state"] == "FINISHED":
                return
            if status["state"] == "FAILED":
                raise RuntimeError("; ".join(status["errors"]))
            self._sleep(POLL_SECONDS)
        raise TimeoutError("the password change has not ended")

    def _call(self, method, path, body=None):
        for attempt in range(1, ATTEMPTS + 1):
            self._token = self._token or self._new_token()
            request = urllib.request.Request(
                f"{self._base_url}/v2024/{path}",
                method=method,
                data=None if body is None else json.dumps(body).encode(),
                headers={"Authorization": f"Bearer {self._token}", "Content-Type": "application/json"},
            )
            try:
                with urllib.request.urlopen(request, timeout=10) as reply:
                    return json.load(reply)
            except urllib.error.HTTPError as error:
                with error:
                    if attempt == ATTEMPTS or error.code not in (401, 429):
                        raise
                    if error.code == 401:
                        self._token = None
                    else:
                        self._sleep(int(error.headers.get("Retry-After", "1")))

    def _new_token(self):
        form = urllib.parse.urlencode({"grant_type": "client_credentials", **self._credentials}).encode()
        with urllib.request.urlopen(f"{self._base_url}/oauth/token", data=form, timeout=10) as reply:
            return json.load(reply)["access_token"]


def _encrypted(password, public_key):
    key = load_der_public_key(base64.b64decode(public_key))
    return base64.b64encode(key.encrypt(password.encode(), PKCS1v15())).decode()
