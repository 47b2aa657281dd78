"""What can go wrong, each with a message for whoever runs the tests."""

from __future__ import annotations


class SimulatorError(Exception):
    """The simulator cannot be found, started or reached, or is of another version."""


class CallRefused(SimulatorError):
    """A control call was refused; the message is the server's own."""

    def __init__(self, message: str, status: int) -> None:
        super().__init__(message)
        self.status = status


class VerificationFailed(AssertionError):
    """The client did not do what was expected; the message says what it did instead."""


for _public in (SimulatorError, CallRefused, VerificationFailed):
    # Reports name them as tests import them.
    _public.__module__ = "sync_group_sim"
