#!/usr/bin/env python3
"""An honest job that repeats nothing: at the first fault it ends with 1 and a sentence. Python 3.10, nothing installed."""

import http.client
import json
import os
import sys
import urllib.error
import urllib.parse
import urllib.request

BASE = os.environ["SAIL_BASE_URL"]
GROUPS = f"{BASE}/v2024/password-sync-groups"
SOURCES = ["2c918084660f45d6016617daa9210584", "2c918084660f45d6016617daa9210500"]
POLICIES = ["2c91808d744ba0ce01746f93b6204501", "2c91808d744ba0ce01746f93b6204503"]


def call(url, method="GET", body=None, token=None, wanted=dict):
    headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"} if token else {}
    request = urllib.request.Request(url, method=method, data=body, headers=headers)
    with urllib.request.urlopen(request, timeout=15) as reply:
        text = reply.read()
    if reply.status == 204:
        return None
    value = json.loads(text)
    if not isinstance(value, wanted):
        raise ValueError(f"{url} answered something that is no {wanted.__name__}")
    return value


def job():
    form = {"grant_type": "client_credentials", "client_id": os.environ["SAIL_CLIENT_ID"],
            "client_secret": os.environ["SAIL_CLIENT_SECRET"]}
    token = call(f"{BASE}/oauth/token", "POST", urllib.parse.urlencode(form).encode())["access_token"]
    call(f"{GROUPS}?limit=1", token=token, wanted=list)
    call(f"{GROUPS}?limit=1&offset=1", token=token, wanted=list)
    group = {"name": "Sales", "passwordPolicyId": POLICIES[0], "sourceIds": SOURCES}
    made = call(GROUPS, "POST", json.dumps(group).encode(), token)
    changed = call(f"{GROUPS}/{made['id']}", "PUT", json.dumps(made | {"passwordPolicyId": POLICIES[1]}).encode(), token)
    if call(f"{GROUPS}/{made['id']}", token=token)["passwordPolicyId"] != changed["passwordPolicyId"]:
        raise ValueError("the update of Sales does not show")
    call(f"{GROUPS}/{made['id']}", "DELETE", token=token)


try:
    job()
except urllib.error.HTTPError as error:
    sys.exit(f"no_retry: {error.url.partition('?')[0]} answered {error.code}")
except (OSError, http.client.HTTPException, ValueError, KeyError) as error:
    sys.exit(f"no_retry: {error!r}")
