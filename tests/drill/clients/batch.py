#!/usr/bin/env python3
"""A nightly batch: each item on its own, whatever became of the others.

For each of six groups it looks at the list and then creates, changes or leaves. An item that fails is told on stderr, and the
next one is begun; the batch ends with 1 when any has failed. A call is tried four times, also where the item before it has
just given up the same call. Python 3.10, nothing installed.
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
GROUPS = "/v2024/password-sync-groups"
TRIES, LONGEST_WAIT_S, READ_S, CALL_S = 4, 60, 12, 15
POLICY, STRICTER = "2c91808d744ba0ce01746f93b6204501", "2c91808d744ba0ce01746f93b6204503"
SOURCE = "2c918084660f45d6016617daa9210"
ITEMS = [
    ("Sales", POLICY, ["584", "500"]),
    ("Research accounts", STRICTER, ["605", "606"]),
    ("Engineering", STRICTER, ["601", "602"]),
    ("Password Sync Group 1", POLICY, ["603", "604"]),
    ("Sales", STRICTER, ["584", "500"]),
    ("Engineering", POLICY, ["601", "602", "609"]),
]


class Failed(Exception):
    """Why an item is given up."""


class Unclear(Exception):
    """A create that may have happened."""


class Api:
    def __init__(self):
        self.connection, self.token, self.not_before = None, None, 0.0

    def exchange(self, method, path, body, headers):
        """Status, headers and the whole body. OSError, HTTPException: there was none."""
        kind = http.client.HTTPSConnection if BASE.scheme == "https" else http.client.HTTPConnection
        self.connection = self.connection or kind(BASE.hostname, BASE.port, timeout=READ_S)
        try:
            self.connection.request(method, BASE.path.rstrip("/") + path, body, headers)
            reply = self.connection.getresponse()
            body = self.whole(reply)
            reply.close()
            return reply.status, reply.headers, body
        except (OSError, http.client.HTTPException):
            self.connection.close()
            self.connection = None
            raise

    @staticmethod
    def whole(reply):
        ends, promised, body = time.monotonic() + CALL_S, reply.headers.get("Content-Length"), b""
        while part := reply.read1(65536):
            body += part
            if time.monotonic() > ends:
                raise TimeoutError("the answer has no end")
        if promised is not None and len(body) < int(promised):
            raise http.client.IncompleteRead(body, int(promised) - len(body))
        return body

    def tried(self, method, path, body, headers, wanted):
        """Status and value, after as many attempts as it takes, or Failed. A create is tried again only when it was refused
        for the moment, as a 429 says; another end of it is Unclear."""
        is_create, trouble = method == "POST" and path == GROUPS, ""
        for count in range(TRIES):
            pause_s = min(8, 0.5 * 2**count) * random.uniform(0.5, 1)
            if count:
                time.sleep(pause_s)
            # The limit, and a pause that the service asks for, are for all items.
            time.sleep(max(0.0, self.not_before - time.monotonic()))
            try:
                status, told, text = self.exchange(method, path, body, headers)
            except (OSError, http.client.HTTPException) as lost:
                if is_create:
                    raise Unclear(repr(lost)) from None
                trouble = repr(lost)
                continue
            if status < 400:
                try:
                    value = json.loads(text) if wanted else None
                except ValueError:
                    value = None
                if wanted is None or isinstance(value, wanted):
                    return status, value
                trouble = f"{status}, but no {wanted.__name__}"
            elif status == 429 or status >= 500 or status == 408:
                trouble = str(status)
                self.pause(told)
            else:
                return status, text.decode(errors="replace")
            if is_create and status != 429:
                raise Unclear(trouble)
        raise Failed(f"{method} {path}: {trouble}, {TRIES} times")

    def pause(self, told):
        value = told.get("Retry-After", "")
        if value.isdigit():
            wait_s = float(value)
        else:
            try:
                until = email.utils.parsedate_to_datetime(value)
                wait_s = (until - email.utils.parsedate_to_datetime(told["Date"])).total_seconds()
            except (TypeError, ValueError):
                return
        if wait_s > LONGEST_WAIT_S:
            raise SystemExit(f"batch: asked to wait {wait_s:.0f} s")
        self.not_before = max(self.not_before, time.monotonic() + wait_s + random.uniform(0.05, 0.3))

    def call(self, method, path, body=None, wanted=dict):
        for renewed in (False, True):
            if self.token is None:
                self.token = self.new_token()
            headers = {"Authorization": f"Bearer {self.token}", "Content-Type": "application/json"}
            text = None if body is None else json.dumps(body)
            status, value = self.tried(method, path, text, headers, wanted)
            if status != 401:
                break
            self.token = None
        if status >= 400:
            raise Failed(f"{method} {path}: {status} {value}")
        return value

    def new_token(self):
        form = {"grant_type": "client_credentials", "client_id": os.environ["SAIL_CLIENT_ID"],
                "client_secret": os.environ["SAIL_CLIENT_SECRET"]}
        headers = {"Content-Type": "application/x-www-form-urlencoded"}
        status, value = self.tried("POST", "/oauth/token", urllib.parse.urlencode(form), headers, dict)
        if status != 200 or not value.get("access_token"):
            raise SystemExit(f"batch: no token: {status}")
        return value["access_token"]


def find(api, name):
    groups = api.call("GET", f"{GROUPS}?limit=250", wanted=list)
    return next((group for group in groups if group["name"] == name), None)


def do(api, name, policy, ends, made):
    sources = [SOURCE + end for end in ends]
    group = find(api, name)
    if group is None and name in made:
        group = api.call("GET", f"{GROUPS}/{made[name]}")
    if group is None:
        body = {"name": name, "passwordPolicyId": policy, "sourceIds": sources}
        try:
            made[name] = api.call("POST", GROUPS, body)["id"]
        except Unclear as unclear:
            time.sleep(random.uniform(1, 2))
            if find(api, name) is None:
                raise Failed(f"the create ended unclear: {unclear}") from None
    elif group["passwordPolicyId"] != policy or set(group["sourceIds"]) != set(sources):
        body = {**group, "passwordPolicyId": policy, "sourceIds": sources}
        for count in range(TRIES):
            try:
                return api.call("PUT", f"{GROUPS}/{group['id']}", body)
            except Failed as failed:
                if ": 409 " not in str(failed) or count + 1 == TRIES:
                    raise
            time.sleep(random.uniform(0.5, 1) * 2**count)
            seen = api.call("GET", f"{GROUPS}/{group['id']}")
            body = {**seen, "passwordPolicyId": policy, "sourceIds": sources}


def main():
    api, made, failed = Api(), {}, 0
    for name, policy, ends in ITEMS:
        try:
            do(api, name, policy, ends, made)
        except Failed as why:
            print(f"batch: {name}: {why}", file=sys.stderr)
            failed += 1
    print(f"batch: {len(ITEMS) - failed} of {len(ITEMS)} items are done")
    return 1 if failed else 0


sys.exit(main())
