"""One tenant: what the client under test needs, and what a test does to it."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from datetime import timedelta
from types import TracebackType
from typing import Any
from urllib.parse import urlencode

from ._control import Control
from ._errors import SimulatorError, VerificationFailed

_NO_SUCH_TENANT = 404


class Tenant:
    """An organisation of its own: groups, credentials, faults, clock and journal."""

    def __init__(
        self, control: Control, server: str, made: Mapping[str, Any], afterwards: Sequence[tuple[str, str, Any]] = ()
    ) -> None:
        self._control, self._afterwards = control, afterwards
        self.name: str = made["name"]
        """What the server calls it."""
        self.base_url = f"{server}/tenants/{self.name}"
        """Where the client under test goes."""
        self.clients: list[dict[str, Any]] = made["clients"]
        """Every client that may ask for tokens here: `name`, `clientId`, `clientSecret`, `scopes`, `user`."""
        first: Mapping[str, Any] = self.clients[0] if self.clients else {}
        self.client_id: str = first.get("clientId", "")
        """The first client's id."""
        self.client_secret: str = first.get("clientSecret", "")
        """The first client's secret."""
        self.seed: int = made["seed"]
        """What ids and faults are drawn from; SYNC_GROUP_SIM_SEED repeats them."""

    @property
    def env(self) -> dict[str, str]:
        """The variables that the vendor's SDKs read."""
        return {
            "SAIL_BASE_URL": self.base_url,
            "SAIL_CLIENT_ID": self.client_id,
            "SAIL_CLIENT_SECRET": self.client_secret,
        }

    def rule(self, rule: Mapping[str, Any] | None = None, /, **parts: Any) -> Any:
        """Something goes wrong from now on: a rule in the words of a scenario file, as a dict or as keywords."""
        return self._own("POST", "scenario/rules", {**(rule or {}), **parts})

    def use(self, *scenarios: str) -> Any:
        """From now on these built-in scenarios run, and no other rules; none stops them all."""
        return self._own("PUT", "scenario", {"use": list(scenarios)}) if scenarios else self._own("DELETE", "scenario")

    def advance(self, time: str | float | timedelta) -> Any:
        """Time passes in the tenant, and none in the test: `"13m"`, `"2s"`, seconds as a number. A client whose waits can be
        replaced is given this for `time.sleep`."""
        seconds = time.total_seconds() if isinstance(time, timedelta) else time
        # No wait becomes shorter; a number's own inexactness is no wait.
        by = seconds if isinstance(seconds, str) else f"{math.ceil(round(seconds * 1000, 6))}ms"
        return self._own("POST", "clock/advance", {"by": by})

    def clock(self, mode: str | None = None, now: str | None = None) -> Any:
        """Sets the clock's mode (`auto`, `manual`, `skipping`), its time, or both; returns what it is."""
        settings = {name: value for name, value in (("mode", mode), ("now", now)) if value is not None}
        return self._own("PUT", "clock", settings) if settings else self._own("GET", "clock")

    def verify(self, expectation: Mapping[str, Any] | None = None, /, **parts: Any) -> Any:
        """The client did what is expected (`match`, `status`, `count`, `apart`, `then`), or this raises
        `VerificationFailed`, an `AssertionError`, with what it did instead."""
        __tracebackhide__ = True
        wanted = {**(expectation or {}), **parts}
        status, answer = self._control.own("POST", self._path("verify"), wanted, also=(409,))
        if status == 409:
            raise VerificationFailed(_told(answer))
        return answer

    def findings(self) -> list[dict[str, Any]]:
        """What the verdicts on good client conduct find in the journal so far."""
        found: list[dict[str, Any]] = self._own("GET", "verdicts")["findings"]
        return found

    def journal(self, **filters: Any) -> list[dict[str, Any]]:
        """What clients did and were told, oldest first; filters: `operation`, `status`, `client`, `rule`, `after`, `limit`."""
        query = f"?{urlencode(filters)}" if filters else ""
        exchanges: list[dict[str, Any]] = self._own("GET", f"journal{query}")["exchanges"]
        return exchanges

    def har(self) -> str:
        """The journal as an HTTP archive: the text of a `.har` file."""
        text: str = self._control.own("GET", self._path("journal.har"), raw=True)[1]
        return text

    def control(self, method: str, call: str, body: Any = None) -> Any:
        """Any call of the control API about this tenant: `control("GET", "passwords")`. Text is sent as YAML."""
        return self._control.call(method, self._path(call), body)[1]

    def reset(self) -> None:
        """Puts the tenant back to how its test began: state, clock, rules, journal, and the same ids and faults again."""
        self._own("POST", "reset")
        self._set_up()

    def delete(self) -> None:
        """Ends the tenant, with everything in it."""
        self._control.own("DELETE", f"/_sim/tenants/{self.name}", also=(_NO_SUCH_TENANT,))

    def __enter__(self) -> Tenant:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            self.delete()
        except SimulatorError:
            # The failure under way counts.
            if error is None:
                raise

    def __repr__(self) -> str:
        return f"<Tenant {self.base_url}>"

    def _set_up(self) -> None:
        """What creating it cannot say, and a reset of the control API's alone takes away."""
        for method, call, body in self._afterwards:
            self._own(method, call, body)

    def _own(self, method: str, call: str, body: Any = None) -> Any:
        """A call that every program of this package's version knows."""
        return self._control.own(method, self._path(call), body)[1]

    def _path(self, call: str) -> str:
        return f"/tenants/{self.name}/_sim/{call}"


def _told(answer: Mapping[str, Any]) -> str:
    """What was expected, and what came nearest."""
    lines = [
        "  exchange {seq}: {method} {path} {status}: {why}".format(
            **{"method": "", "path": "", "status": "", **miss, "why": "; ".join(miss["differs"])}
        )
        for miss in answer["nearest"]
    ]
    return "\n".join([f"expected {answer['expected']}; nearest:", *(lines or ["  no exchange at all"])])
