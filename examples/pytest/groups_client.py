"""The client under test: lists and creates password sync groups, and survives the usual troubles.

It stands for your own program. It gets a new token when its own has expired, waits as long as a 429 says, and
looks before it repeats a create whose answer was lost.
"""

import json
import time
import urllib.error
import urllib.parse
import urllib.request

ATTEMPTS = 4


class GroupsClient:
    def __init__(self, base_url, client_id, client_secret, sleep=time.sleep):
        self._base_url = base_url
        self._credentials = {"client_id": client_id, "client_secret": client_secret}
        self._sleep = sleep
        self._token = None

    def list(self):
        return self._call("GET")

    def create(self, name, policy_id, source_ids):
        group = {"name": name, "passwordPolicyId": policy_id, "sourceIds": source_ids}
        try:
            return self._call("POST", group)
        except urllib.error.HTTPError as error:
            if error.code < 500:
                raise
        # A 500 does not say whether the group was made; only looking does.
        made = [found for found in self.list() if found["name"] == name]
        return made[0] if made else self._call("POST", group)

    def _call(self, method, body=None):
        for attempt in range(1, ATTEMPTS + 1):
            self._token = self._token or self._new_token()
            request = urllib.request.Request(
                f"{self._base_url}/v2024/password-sync-groups",
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
