#!/usr/bin/env python3
"""A job that keeps password sync groups as they should be: a good client, and with --mutant NAME each of the bad ones.

It lists the groups page by page, creates three, updates two and deletes one of those, reads back what it did, and ends
with 0 only when all is as intended, else with 1 and a sentence. MUTANTS below names the deviations: each trips one
verdict of the drill, which proves the verdicts, and the job without a mutant none. Python 3.10, nothing installed.
"""

import argparse
import email.utils
import http.client
import itertools
import json
import os
import queue
import random
import signal
import subprocess
import sys
import threading
import time
import urllib.parse

# name: (verdict, severity, where it shows, what is done wrong). Where it shows: built-in scenarios, files of
# tests/drill/scenarios (with .yaml), `clean` (the run without faults) or `probe` (the drill's own endless faults).
# After `|` what the command or the drill needs for it.
MUTANTS = {
    "eager": ("retry-after-ignored", "error", "rate-limited", "waits its own back-off, whatever a 429 says"),
    "limit-only": ("retry-after-ignored", "note", "unavailable-with-retry-after", "reads Retry-After of a 429 alone"),
    "date-blind": ("retry-after-date-ignored", "error", "rate-limited-with-a-date rate-limited",
                   "reads seconds, no dates"),
    "overflow": ("retry-after-overflowed", "error", "rate-limited-retry-after-overflow rate-limited",
                 "takes 2^31 milliseconds for one"),
    "sleeps-a-day": ("retry-after-uncapped", "warning", "rate-limited-retry-after-huge", "waits as long as it is told"),
    "int-header": ("retry-after-crashes", "error", "rate-limited-retry-after-garbage rate-limited"
                   " rate-limited-without-retry-after", "takes Retry-After for a number unseen"),
    "per-thread": ("limit-not-shared", "warning", "rate-limited | --threads 8", "each thread keeps its own limit"),
    "hammer": ("no-backoff", "error", "probe", "repeats at once"),
    "fixed": ("backoff-does-not-grow", "warning", "probe", "waits 0.6 s each time"),
    "metronome": ("no-jitter", "note", "probe", "doubles its wait without any chance in it"),
    "endless": ("unbounded-retries", "error", "probe", "repeats without end"),
    "one-try": ("gives-up-too-soon", "warning", "fails-twice-then-works connection-resets", "reads once"),
    "retries-400": ("retries-refusal", "error", "error-in-another-shape", "repeats what was answered 400"),
    "repeats-steps": ("retries-refusal", "error", "scope-taken-away",
                      "does a step of several calls again, look and all, whatever was refused"),
    "layered": ("layered-retries", "note", "probe", "has a retry loop inside a retry loop"),
    "token-once": ("token-not-renewed", "error", "token-expires-early token-already-expired token-revoked-mid-page"
                   " fails-twice-then-works", "fetches one token and no more"),
    "sticky": ("dead-token-reused", "error", "token-expires-early token-already-expired token-revoked-mid-page",
               "fetches a new token and uses the old one"),
    "renew-endless": ("renewal-loop", "error", "every-token-is-dead.yaml", "renews as often as it is told 401"),
    "stampede": ("renewal-stampede", "warning", "expires-under-many.yaml | --threads 8", "each thread renews"),
    "403-as-401": ("renews-on-403", "warning", "forbidden-halfway", "takes a new token for more rights"),
    "bearer-undefined": ("token-failure-ignored", "error", "token-endpoint-down token-malformed",
                         "goes on when the token call failed"),
    "token-each": ("token-per-call", "warning", "clean", "fetches a token for each call"),
    "secret-query": ("secret-in-url", "warning", "clean", "has the secret in the URL"),
    "blind": ("blind-create-retry", "error", "committed-but-lost committed-then-reset empty-answer",
              "repeats a create without looking; where prerequisites are ignored that is duplicate-created"),
    "no-look": ("orphan-left", "warning", "committed-but-lost committed-then-reset", "ends after an unclear create"),
    "trusts-list": ("recreated", "error", "stale-list-after-create", "creates again what a list does not show"),
    "strict-delete": ("delete-404-is-failure", "warning", "delete-answered-500-but-done",
                      "fails when a second delete is answered 404"),
    "same-body": ("conflict-not-reread", "error", "conflict-storm", "repeats the body that met a 409"),
    "stops-paging": ("page-lost", "error", "page-fails-midway", "takes an error for the end of a list"),
    "parses-half": ("broken-answer-accepted", "error", "half-an-answer truncated-json",
                    "takes a list that it cannot read for an empty one"),
    "no-timeout": ("no-timeout", "error", "hangs-forever timeout-after-commit token-endpoint-silent",
                   "waits for an answer for ever"),
    "unbounded-update": ("no-timeout", "error", "hangs-forever", "has a timeout for every call but an update"),
    "unbounded-token": ("no-timeout", "error", "token-endpoint-silent", "has a timeout for every call but that for a token"),
    "per-read": ("timeout-restarts", "warning", "trickled-slowly.yaml", "each byte begins its timeout anew"),
    "impatient": ("timeout-too-short", "warning", "slow-then-fine", "waits for a second"),
    "spins": ("hangs", "error", "connection-resets", "never gives the lock back after a reset"),
    "panics": ("crashed", "error", "truncated-json html-from-the-gateway", "aborts on text that is not JSON"),
    "swallows": ("false-success", "error", "scope-taken-away error-in-another-shape", "goes on after a failed write"),
    "mute": ("mute-failure", "note", "scope-taken-away forbidden-halfway", "says nothing"),
    "burst": ("over-limit", "note", "clean", "makes 120 calls more than it needs"),
    "connect-each": ("no-keep-alive", "note", "clean", "opens a connection for each call"),
    "daemon": ("leaves-processes", "note", "clean", "leaves a process behind"),
}
DIRECTORY, OKTA, GITHUB, SALESFORCE, MAINFRAME = (
    "2c918084660f45d6016617daa9210" + end for end in ("584", "500", "601", "602", "609"))
POLICY, STRICTER = "2c91808d744ba0ce01746f93b6204501", "2c91808d744ba0ce01746f93b6204503"
GROUPS = "/v2024/password-sync-groups"
TRIES, READS = 5, 7  # of one call; until a write shows
BASE_S, CEILING_S = 0.5, 8.0  # of the back-off
READ_S, CALL_S = 12.0, 15.0  # the longest silence, and the longest answer
LONGEST_WAIT_S, ALL_WAITS_S = 60.0, 150.0  # that a 429 may ask for, and of one call together
OVERFLOWED_S = 0.001  # what a timer of 32 bits makes of 25 days
OPTIONS = None


def bad(name):
    return OPTIONS.mutant == name


class Failure(Exception):
    """Why the job ends: a sentence for people."""


class GaveUp(Failure):
    """A fault that lasted."""


class Refused(Failure):
    """The service said no, and would again."""

    def __init__(self, status, text):
        super().__init__(text)
        self.status = status


class Unclear(Exception):
    """An end that does not tell whether the operation happened."""


class Answer:
    def __init__(self, status, headers, body):
        self.status, self.headers, self.body = status, headers, body

    def json(self, wanted):
        """The body, if it is whole and of the type that was asked for; labels are not believed either way."""
        try:
            value = json.loads(self.body)
        except ValueError:
            value = None
        if not isinstance(value, wanted) and bad("parses-half") and wanted is list:
            return []
        if not isinstance(value, wanted):
            raise Unclear(f"answered {self.status} with {len(self.body)} bytes that are no {wanted.__name__}")
        return value

    def text(self):
        """What an error says, in whichever of its shapes it comes."""
        try:
            value = json.loads(self.body)
            said = [entry.get("text") for entry in value.get("messages") or [] if isinstance(entry, dict)]
            keys = ("detailMessage", "errorMessage", "message", "error_description", "error")
            said += [value.get(key) for key in keys]
            return str(next(filter(None, said)))
        except (ValueError, AttributeError, StopIteration):
            return self.body[:80].decode(errors="replace")


class Wire:
    """Connections that are kept, one for each thread, and answers within a time."""

    def __init__(self, base_url):
        self.base = urllib.parse.urlsplit(base_url)
        self.kept = threading.local()
        self.read_s, self.call_s = READ_S, CALL_S
        if bad("impatient"):
            self.read_s = self.call_s = 1.0
        if bad("no-timeout"):
            self.read_s = self.call_s = None
        if bad("per-read"):
            self.call_s = None

    def send(self, method, path, headers, body):
        """One request and its whole answer. OSError, HTTPException: there was none, or only a part of one."""
        connection = getattr(self.kept, "connection", None) or self.connect()
        try:
            ends = time.monotonic() + self.call_s if self.call_s else None
            connection.request(method, self.base.path.rstrip("/") + path, body, headers)
            socket = connection.sock
            if (method == "PUT" and bad("unbounded-update")) or (path == "/oauth/token" and bad("unbounded-token")):
                ends = None
                socket.settimeout(None)
            reply = connection.getresponse()
            answer = Answer(reply.status, reply.headers, self.read(reply, socket, ends))
            reply.close()
        except (OSError, http.client.HTTPException):
            self.drop(connection)
            raise
        if bad("connect-each") or reply.will_close:
            self.drop(connection)
        return answer

    def connect(self):
        kind = http.client.HTTPSConnection if self.base.scheme == "https" else http.client.HTTPConnection
        self.kept.connection = kind(self.base.hostname, self.base.port, timeout=self.read_s)
        return self.kept.connection

    def drop(self, connection):
        connection.close()
        self.kept.connection = None

    def read(self, reply, socket, ends):
        promised = reply.headers.get("Content-Length")
        promised = int(promised) if promised is not None and not reply.chunked else None
        parts, have = [], 0
        while reply.status != 204 and have != promised:
            if ends:
                left = ends - time.monotonic()
                if left <= 0:
                    raise TimeoutError(f"the answer did not end within {self.call_s:g} s")
                socket.settimeout(min(left, self.read_s))
            part = reply.read1(65536)
            if not part:
                break
            parts.append(part)
            have += len(part)
        if promised is not None and have < promised and not bad("parses-half"):
            raise http.client.IncompleteRead(b"".join(parts), promised - have)
        if self.read_s and socket.fileno() >= 0:
            socket.settimeout(self.read_s)
        return b"".join(parts)


class Limiter:
    """When calls may be made, for all threads: a limit is the client's, not the thread's."""

    def __init__(self):
        self.lock, self.turn = threading.Lock(), threading.Lock()
        self.next_s, self.careful_until = 0.0, 0.0

    def enter(self):
        """Waits until a call may be made. For a while after a limit there is one at a time; then this is True."""
        while True:
            careful = time.monotonic() < self.careful_until
            if careful:
                self.turn.acquire()
            with self.lock:
                wait_s = self.next_s - time.monotonic()
            if wait_s <= 0:
                return careful
            if careful:
                self.turn.release()
            time.sleep(wait_s)

    def leave(self, careful):
        if careful:
            self.turn.release()

    def pause(self, wait_s):
        with self.lock:
            self.next_s = max(self.next_s, time.monotonic() + wait_s)
            self.careful_until = self.next_s + 10


class Waits:
    """The growing waits of one call, with chance in them."""

    def __init__(self):
        self.step, self.before_s = 0, BASE_S

    def next(self):
        top = min(CEILING_S, BASE_S * 2**self.step)
        self.step += 1
        if bad("hammer"):
            return 0.0
        if bad("fixed"):
            return 0.6
        if bad("metronome"):
            return top
        match OPTIONS.jitter:
            case "full":
                return random.uniform(0, top)
            case "percent":
                return random.uniform(0.8 * top, 1.2 * top)
            case "decorrelated":
                self.before_s = min(CEILING_S, random.uniform(BASE_S, 3 * self.before_s))
                return self.before_s
        return random.uniform(top / 2, top)


def told_wait(headers):
    """The seconds that an answer asks for; None when it asks for nothing that one can read."""
    value = headers.get("Retry-After")
    if value is None or bad("eager"):
        return None
    if value.strip().isdigit():
        seconds = float(value)
        return OVERFLOWED_S if bad("overflow") and seconds * 1000 >= 2**31 else seconds
    if bad("date-blind"):
        return None
    try:
        until = email.utils.parsedate_to_datetime(value)
        # By the service's clock, not by ours.
        return max(0.0, (until - email.utils.parsedate_to_datetime(headers["Date"])).total_seconds())
    except (TypeError, ValueError):
        if bad("int-header"):
            raise
        return None


class Client:
    """Calls of the API, with a token, repeated as long as that is safe and sensible."""

    def __init__(self):
        self.wire = Wire(os.environ["SAIL_BASE_URL"])
        self.limiter, self.own_limiter = Limiter(), threading.local()
        self.token, self.token_lock = None, threading.Lock()

    def limit(self):
        if not bad("per-thread"):
            return self.limiter
        self.own_limiter.limiter = getattr(self.own_limiter, "limiter", None) or Limiter()
        return self.own_limiter.limiter

    # -- tokens

    def fetch_token(self):
        form = {"grant_type": "client_credentials", "client_id": os.environ["SAIL_CLIENT_ID"],
                "client_secret": os.environ["SAIL_CLIENT_SECRET"]}
        path, body = "/oauth/token", urllib.parse.urlencode(form)
        if bad("secret-query"):
            path, body = f"{path}?{body}", ""
        headers = {"Content-Type": "application/x-www-form-urlencoded"}
        if bad("bearer-undefined"):
            try:
                return self.wire.send("POST", path, headers, body).json(dict).get("access_token", "undefined")
            except (Unclear, OSError, http.client.HTTPException):
                return "undefined"

        def once():
            answer = self.wire.send("POST", path, headers, body)
            if answer.status != 200:
                return answer, None
            token = answer.json(dict).get("access_token")
            if not isinstance(token, str) or not token:
                raise Unclear("the token's answer holds no token")
            return answer, token

        return self.repeat("POST /oauth/token", once)

    def renew(self, used):
        """One renewal for all threads whose token was refused."""
        if bad("stampede"):
            self.token = self.fetch_token()
            return
        with self.token_lock:
            if self.token != used:
                return
            token = self.fetch_token()
            if bad("sticky") and used:
                time.sleep(0.2)
            else:
                self.token = token

    # -- calls

    def call(self, method, path, body=None, wanted=dict, unclear_ends=False, error_ends=False):
        """The answer and its JSON. Raises Refused, GaveUp, and Unclear where an unclear end must not be repeated."""
        limiter = self.limit()
        what = f"{method} {path.partition('?')[0]}"
        renewals = 0

        def once():
            nonlocal renewals
            while True:
                if self.token is None or bad("token-each"):
                    self.renew(self.token)
                used = self.token
                headers = {"Accept": "application/json", "Authorization": f"Bearer {used}"}
                if body is not None:
                    headers["Content-Type"] = "application/json"
                careful = limiter.enter()
                try:
                    answer = self.wire.send(method, path, headers, None if body is None else json.dumps(body))
                    if answer.status == 429 or (answer.status == 503 and not bad("limit-only")):
                        # Before the next one's turn; how long it will be is decided below.
                        limiter.pause(min(told_wait(answer.headers) or 0.0, LONGEST_WAIT_S))
                finally:
                    limiter.leave(careful)
                if answer.status == 401 or (answer.status == 403 and bad("403-as-401")):
                    # A second time: another thread's trouble may have ended the new token, too.
                    if (renewals == 2 and not bad("renew-endless")) or bad("token-once"):
                        raise Refused(answer.status, f"{what}: {answer.status} {answer.text()}")
                    renewals += 1
                    if renewals > 2:
                        time.sleep(0.1)
                    self.renew(used)
                    continue
                if answer.status >= 400 and error_ends:
                    raise Refused(answer.status, f"{what}: {answer.status} {answer.text()}")
                if not 200 <= answer.status < 300:
                    return answer, None
                return answer, (answer, answer.json(wanted) if wanted else None)

        if not bad("layered"):
            return self.repeat(what, once, limiter=limiter, unclear_ends=unclear_ends)
        for outer in range(3):
            try:
                return self.repeat(what, once, 3, limiter, unclear_ends)
            except GaveUp:
                if outer == 2:
                    raise
            time.sleep(2.5)

    def repeat(self, what, once, tries=TRIES, limiter=None, unclear_ends=False):
        """What `once` gives, after at most this many tries. It gives (answer, None) where the service told an error."""
        waits, waited_s, trouble = Waits(), 0.0, ""
        if bad("one-try") and what.startswith("GET"):
            tries = 1
        for count in itertools.count(1):
            told_s, limited = None, False
            try:
                answer, result = once()
                if result is not None:
                    return result
                trouble = f"{answer.status} {answer.text()}"
                limited = answer.status == 429
                if limited:
                    told_s = told_wait(answer.headers)
                elif answer.status == 400 and bad("retries-400"):
                    pass
                elif answer.status < 500 and answer.status != 408:
                    raise Refused(answer.status, f"{what}: {trouble}")
                elif unclear_ends:
                    raise Unclear(f"{what}: {trouble}")
                elif not bad("limit-only"):
                    told_s = told_wait(answer.headers)
            except Unclear as unclear:
                if unclear_ends:
                    raise
                if bad("panics") and what.startswith("GET"):
                    os.abort()
                trouble = str(unclear)
            except (OSError, http.client.HTTPException) as lost:
                trouble = f"no whole answer: {lost or type(lost).__name__}"
                if bad("spins") and isinstance(lost, ConnectionError) and what.startswith("GET"):
                    threading.Event().wait()
                if unclear_ends:
                    raise Unclear(f"{what}: {trouble}") from None
            if count >= tries and not bad("endless"):
                raise GaveUp(f"{what}: {trouble}; gave up after {count} tries")
            wait_s = waits.next()
            if told_s == OVERFLOWED_S:
                wait_s = told_s
            elif told_s is not None:
                if (told_s > LONGEST_WAIT_S or waited_s + told_s > ALL_WAITS_S) and not bad("sleeps-a-day"):
                    raise GaveUp(f"{what}: asked to wait for {told_s:g} s, which is longer than this job can")
                # Not all at the same instant, and never at once.
                wait_s = max(wait_s, told_s + random.uniform(0.05, 0.3))
            waited_s += wait_s
            print(f"groups_sync: {what}: {trouble}; again in {wait_s:.2f} s", file=sys.stderr)
            if limited and limiter:
                limiter.pause(wait_s)
            else:
                time.sleep(wait_s)


class Groups:
    """What the job does with groups, and how it makes sure."""

    def __init__(self, client):
        self.client = client

    def list(self, limit):
        """All groups, by name. The total says where the list ends; a page that is missing is an error."""
        found, offset, total = {}, 0, None
        while total is None or offset < total:
            path = f"{GROUPS}?limit={limit}&offset={offset}&count=true"
            later = bad("stops-paging") and offset > 0
            try:
                answer, page = self.client.call("GET", path, wanted=list, error_ends=later)
            except Refused:
                if later:
                    break
                raise
            total = int(answer.headers.get("X-Total-Count") or -1)
            total = None if total < 0 else total
            if not page:
                if total is not None and offset < total and not bad("parses-half"):
                    raise Failure(f"the list ends at {offset} of {total} groups")
                break
            found.update((group["name"], group) for group in page)
            offset += len(page)
        return found

    def create(self, name, sources):
        """A new group. After an unclear end it looks first: the group may be there."""
        body = {"name": name, "passwordPolicyId": POLICY, "sourceIds": sources}
        waits, unclear = Waits(), None
        for _ in range(TRIES):
            try:
                _, made = self.client.call("POST", GROUPS, body, unclear_ends=not bad("blind"))
                if not made.get("id"):
                    raise Unclear(f"the answer to the create of {name} holds no id")
                if bad("trusts-list") and name not in self.list(250):
                    _, made = self.client.call("POST", GROUPS, body, unclear_ends=True)
                return made["id"]
            except Unclear as end:
                unclear = end
                if bad("no-look"):
                    raise Failure(f"{end}") from None
            except Refused:
                # What was unclear may have happened after all, and a list that lags did not show it.
                if not unclear and not bad("repeats-steps"):
                    raise
            time.sleep(waits.next())
            there = self.list(250).get(name)
            if there and set(there["sourceIds"]) == set(sources):
                return there["id"]
        raise Failure(f"{name} could not be created: {unclear}")

    def settled(self, group_id, holds, what):
        """The group, once a read shows it as it must be; one read may be old."""
        waits = Waits()
        for count in range(1, READS + 1):
            group = self.get(group_id)
            if holds(group):
                return group
            if count < READS:
                time.sleep(waits.next())
        raise Failure(f"{group_id}: {what}, but {READS} reads do not show it")

    def get(self, group_id):
        try:
            return self.client.call("GET", f"{GROUPS}/{group_id}")[1]
        except Refused as refused:
            if refused.status == 404:
                return None
            raise

    def update(self, group_id, change):
        """Read, change, write; after a conflict read again."""
        waits, group = Waits(), None
        for _ in range(TRIES):
            if group is None or not bad("same-body"):
                group = self.settled(group_id, lambda found: found is not None, "it was created")
            body = {key: group[key] for key in ("id", "name", "passwordPolicyId", "sourceIds")} | change
            try:
                return self.client.call("PUT", f"{GROUPS}/{group_id}", body)
            except Refused as refused:
                if refused.status != 409 and not bad("repeats-steps"):
                    raise
            time.sleep(waits.next())
        raise Failure(f"{group_id}: changed by others each time")

    def delete(self, group_id):
        """Gone is gone: a 404 after a try that may have worked is what was wanted."""
        tried, waits = False, Waits()
        for _ in range(TRIES):
            try:
                self.client.call("DELETE", f"{GROUPS}/{group_id}", wanted=None, unclear_ends=True)
                break
            except Unclear as end:
                print(f"groups_sync: {end}", file=sys.stderr)
                tried = True
                time.sleep(waits.next())
            except Refused as refused:
                if refused.status != 404 or not tried or bad("strict-delete"):
                    raise
                break
        else:
            raise GaveUp(f"{group_id}: could not be deleted")
        self.settled(group_id, lambda found: found is None, "it was deleted")


def as_wanted(name, policy, sources):
    def holds(group):
        return (group is not None and group.get("name") == name and group.get("passwordPolicyId") == policy
                and set(group.get("sourceIds") or []) == set(sources))
    return holds


def in_threads(tasks):
    """Does the tasks, in as many threads as wanted, and raises the first failure."""
    waiting, failures = queue.SimpleQueue(), []
    for task in tasks:
        waiting.put(task)

    def work():
        while not failures:
            try:
                waiting.get_nowait()()
            except queue.Empty:
                return
            except Exception as failed:  # The main thread reports it.
                failures.append(failed)

    if OPTIONS.threads == 1:
        work()
    else:
        threads = [threading.Thread(target=work) for _ in range(OPTIONS.threads)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    if failures:
        raise failures[0]


def job():
    groups = Groups(Client())
    failed_writes = []

    def write(step, *arguments):
        try:
            return step(*arguments)
        except Failure as failure:
            if not bad("swallows"):
                raise
            failed_writes.append(failure)

    before = groups.list(limit=1)
    for name in ("Trial", "Engineering", "Sales"):
        if name in before:
            raise Failure(f"{name} is there already")
    print("groups_sync: listed the groups")
    trial = write(groups.create, "Trial", [DIRECTORY, OKTA])
    engineering = write(groups.create, "Engineering", [GITHUB, SALESFORCE])
    print("groups_sync: created groups")
    wanted = {}
    for group_id, name, change in (
        (engineering, "Engineering", {"sourceIds": [GITHUB, SALESFORCE, MAINFRAME]}),
        (trial, "Trial", {"passwordPolicyId": STRICTER}),
    ):
        if group_id and write(groups.update, group_id, change):
            sources = change.get("sourceIds", [DIRECTORY, OKTA])
            wanted[group_id] = as_wanted(name, change.get("passwordPolicyId", POLICY), sources)
    print("groups_sync: updated groups")
    # As many readers as there are threads, each of them of everything.
    in_threads([lambda group_id=group_id, holds=holds: groups.settled(group_id, holds, "it was updated")
                for _ in range(1 if OPTIONS.threads == 1 else 2 * OPTIONS.threads)
                for group_id, holds in wanted.items()])
    if trial:
        write(groups.delete, trial)
        wanted.pop(trial, None)
    sales = write(groups.create, "Sales", [DIRECTORY, OKTA])
    if sales:
        wanted[sales] = as_wanted("Sales", POLICY, [DIRECTORY, OKTA])
    in_threads([lambda group_id=group_id, holds=holds: groups.settled(group_id, holds, "it was written")
                for group_id, holds in wanted.items()])
    if bad("burst"):
        for _ in range(120):
            groups.get(sales or engineering)
    if bad("daemon"):
        subprocess.Popen([sys.executable, "-c", "import time; time.sleep(3)"])
    print("groups_sync: all as intended")


def main():
    global OPTIONS
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--mutant", choices=list(MUTANTS))
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--jitter", choices=["full", "equal", "decorrelated", "percent"], default="equal")
    parser.add_argument("--mutants", action="store_true", help="print them as JSON and end")
    OPTIONS = parser.parse_args()
    if OPTIONS.mutants:
        print(json.dumps(MUTANTS))
        return 0
    for name in ("SAIL_BASE_URL", "SAIL_CLIENT_ID", "SAIL_CLIENT_SECRET"):
        if name not in os.environ:
            parser.error(f"{name} is not set")
    if bad("mute"):
        sys.stderr = open(os.devnull, "w")
    try:
        job()
    except (Failure, Unclear) as failure:
        print(f"groups_sync: {failure}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
