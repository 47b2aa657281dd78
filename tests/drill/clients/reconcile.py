#!/usr/bin/env python3
"""A reconciler in the manner of Terraform: reads first, changes what differs, adopts what is there, reads again.

Each resource is `apply`: read; create, replace or nothing; and after anything unclear the same again from the read on.
Python 3.10, nothing installed.
"""

import email.utils
import http.client
import json
import os
import random
import sys
import time
import urllib.parse

BASE = urllib.parse.urlsplit(os.environ["SAIL_BASE_URL"])
ROUNDS, LONGEST_WAIT_S, CALL_S = 5, 60, 20
POLICY, STRICTER = "2c91808d744ba0ce01746f93b6204501", "2c91808d744ba0ce01746f93b6204503"
SOURCE = "2c918084660f45d6016617daa9210"
DESIRED = [
    {"name": "Sales", "passwordPolicyId": POLICY, "sourceIds": [f"{SOURCE}584", f"{SOURCE}500"]},
    {"name": "Engineering", "passwordPolicyId": STRICTER, "sourceIds": [f"{SOURCE}601", f"{SOURCE}602", f"{SOURCE}609"]},
    {"name": "Research accounts", "passwordPolicyId": STRICTER, "sourceIds": [f"{SOURCE}605", f"{SOURCE}606"]},
    {"name": "Password Sync Group 1", "passwordPolicyId": POLICY, "sourceIds": [f"{SOURCE}603", f"{SOURCE}604"]},
]


class Final(Exception):
    """Trying again would not help."""


class Again(Exception):
    """Look again, after this many seconds."""

    def __init__(self, text, wait_s=0.0):
        super().__init__(text)
        self.wait_s = wait_s


def whole(reply):
    """The whole body, within a time, however slowly it comes."""
    ends, parts = time.monotonic() + CALL_S, []
    promised = int(reply.headers.get("Content-Length") or -1)
    while sum(map(len, parts)) != promised and (part := reply.read1(65536)):
        parts.append(part)
        if time.monotonic() > ends:
            raise TimeoutError(f"no end of the answer after {CALL_S} s")
    if sum(map(len, parts)) < promised:
        raise http.client.IncompleteRead(b"".join(parts), promised)
    return b"".join(parts)


class Api:
    def __init__(self):
        self.connection = None
        self.token = None

    def exchange(self, method, path, body, headers):
        """Status, headers and whole body, or Again."""
        kind = http.client.HTTPSConnection if BASE.scheme == "https" else http.client.HTTPConnection
        self.connection = self.connection or kind(BASE.hostname, BASE.port, timeout=12)
        try:
            self.connection.request(method, BASE.path + path, body, headers)
            reply = self.connection.getresponse()
            body = whole(reply)
            reply.close()
            return reply.status, reply.headers, body
        except (OSError, http.client.HTTPException) as lost:
            self.connection.close()
            self.connection = None
            raise Again(f"{method} {path}: {lost!r}") from None

    def ask(self, method, path, body, headers, wanted):
        status, told, text = self.exchange(method, path, body, headers)
        if status == 429 or status >= 500:
            wait_s = self.wait(told.get("Retry-After", ""))
            if wait_s > LONGEST_WAIT_S:
                raise Final(f"{method} {path}: asked to wait {wait_s:.0f} s")
            raise Again(f"{method} {path}: {status}", wait_s)
        if status >= 400:
            return status, None
        if wanted is None:
            return status, None
        try:
            value = json.loads(text)
        except ValueError:
            value = None
        if not isinstance(value, wanted):
            raise Again(f"{method} {path}: {status}, but no {wanted.__name__}")
        return status, value

    @staticmethod
    def wait(value):
        if value.isdigit():
            return int(value) + 0.1
        try:
            return email.utils.parsedate_to_datetime(value).timestamp() - time.time() + 0.1
        except (TypeError, ValueError):
            return 0.0

    def call(self, method, path, body=None, wanted=dict):
        for renewed in (False, True):
            if self.token is None:
                self.token = self.new_token()
            headers = {"Authorization": f"Bearer {self.token}", "Content-Type": "application/json"}
            text = None if body is None else json.dumps(body)
            status, value = self.ask(method, f"/v2025/password-sync-groups{path}", text, headers, wanted)
            if status != 401:
                return status, value
            self.token = None
        raise Final(f"{method} {path}: a new token was refused, too")

    def new_token(self):
        form = {"grant_type": "client_credentials", "client_id": os.environ["SAIL_CLIENT_ID"],
                "client_secret": os.environ["SAIL_CLIENT_SECRET"]}
        headers = {"Content-Type": "application/x-www-form-urlencoded"}
        status, value = self.ask("POST", "/oauth/token", urllib.parse.urlencode(form), headers, dict)
        if status != 200 or not value.get("access_token"):
            raise Final(f"no token: {status}")
        return value["access_token"]


def in_rounds(step):
    """`step` until it does not raise Again, with growing waits between."""
    for count in range(ROUNDS):
        try:
            return step()
        except Again as again:
            last = again
            if count + 1 < ROUNDS:
                time.sleep(max(again.wait_s, min(8, 0.5 * 2**count) * random.uniform(0.5, 1)))
    raise Final(f"{last}, {ROUNDS} times")


def read(api, name):
    """The group of that name, or None, from a list that was read to its end."""
    offset = 0
    while True:
        status, page = api.call("GET", f"?limit=3&offset={offset}", wanted=list)
        if status == 400 and offset:
            return None  # The page after the last may be an error.
        if status != 200:
            raise Final(f"the list was answered {status}")
        for group in page:
            if group["name"] == name:
                return group
        if not page:
            return None
        offset += len(page)


def differs(group, desired):
    return any(group.get(key) != value and set(group.get(key) or []) != set(value) for key, value in desired.items())


def apply(api, desired):
    made = None  # the id of what this run has created: it is there, whatever a list says

    def step():
        nonlocal made
        if made:
            status, group = api.call("GET", f"/{made}")
            if status == 404:
                raise Again(f"{desired['name']} does not show yet")
        else:
            group = read(api, desired["name"])
        if group is None:
            status, group = api.call("POST", "", desired)
            if status == 400:
                raise Again(f"{desired['name']} was refused; perhaps it is there") if tried else Final(
                    f"{desired['name']} was refused")
            if status != 200:
                raise Final(f"{desired['name']}: the create was answered {status}")
            made = group["id"]
        elif differs(group, desired):
            status, _ = api.call("PUT", f"/{group['id']}", {**group, **desired})
            if status not in (200, 409):
                raise Final(f"{desired['name']}: the update was answered {status}")
            if status == 409:
                raise Again(f"{desired['name']} was changed by somebody else")
        else:
            return
        # Written: read it again, by its id.
        made = made or group["id"]
        status, group = api.call("GET", f"/{made}")
        if status != 200 or differs(group, desired):
            raise Again(f"{desired['name']} does not show yet")

    tried = False

    def noted():
        nonlocal tried
        try:
            step()
        except Again:
            tried = True
            raise

    in_rounds(noted)


def main():
    api = Api()
    try:
        for desired in DESIRED:
            apply(api, desired)
    except Final as final:
        print(f"reconcile: {final}", file=sys.stderr)
        return 1
    return 0


sys.exit(main())
