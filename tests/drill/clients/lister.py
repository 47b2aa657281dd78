#!/usr/bin/env python3
"""Lists the names of all groups and writes nothing: most scenarios do not apply to it. Python 3.10, nothing installed."""

import email.utils
import http.client
import json
import os
import random
import sys
import time
import urllib.error
import urllib.parse
import urllib.request

BASE = os.environ["SAIL_BASE_URL"]
TRIES, LONGEST_WAIT_S, CALL_S = 4, 30, 20


class Broken(Exception):
    """An answer that is not what was asked for."""


def wait_asked_for(headers):
    value = headers.get("Retry-After") or ""
    if value.isdigit():
        return int(value)
    try:
        return max(0, email.utils.parsedate_to_datetime(value).timestamp() - time.time())
    except (TypeError, ValueError):
        return 0


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


def fetch(request, check):
    for attempt in range(TRIES):
        asked_s = 0
        try:
            with urllib.request.urlopen(request, timeout=12) as reply:
                value = json.loads(whole(reply))
            if not check(value):
                raise Broken("an answer of the wrong kind")
            return value
        except urllib.error.HTTPError as error:
            with error:
                if error.code not in (429, 500, 502, 503, 504):
                    raise
                trouble, asked_s = f"answered {error.code}", wait_asked_for(error.headers)
        except (OSError, http.client.HTTPException, ValueError, Broken) as error:
            trouble = repr(error)
        if asked_s > LONGEST_WAIT_S:
            raise Broken(f"{request.full_url} asks for a wait of {asked_s:.0f} s")
        if attempt + 1 < TRIES:
            time.sleep(max(asked_s + 0.1, 0.4 * 2**attempt * random.uniform(0.5, 1)))
    raise Broken(f"{request.full_url.partition('?')[0]}: {trouble}, {TRIES} times")


def new_token():
    form = {"grant_type": "client_credentials", "client_id": os.environ["SAIL_CLIENT_ID"],
            "client_secret": os.environ["SAIL_CLIENT_SECRET"]}
    request = urllib.request.Request(f"{BASE}/oauth/token", data=urllib.parse.urlencode(form).encode())
    return fetch(request, lambda value: isinstance(value, dict) and value.get("access_token"))["access_token"]


def page(offset, token):
    url = f"{BASE}/v3/password-sync-groups?limit=1&offset={offset}"
    return fetch(urllib.request.Request(url, headers={"Authorization": f"Bearer {token}"}), lambda value: isinstance(value, list))


def names():
    token, offset = new_token(), 0
    while True:
        try:
            found = page(offset, token)
        except urllib.error.HTTPError as error:
            if error.code == 400 and offset:
                return  # The page after the last may be an error.
            if error.code != 401:
                raise
            token = new_token()
            found = page(offset, token)
        if not found:
            return
        yield from (group["name"] for group in found)
        offset += len(found)


try:
    for name in names():
        print(name)
except (Broken, urllib.error.HTTPError) as error:
    sys.exit(f"lister: {error}")
