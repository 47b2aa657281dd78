"""Fixtures shared by the Python suites: a server per test file, a client per API style, a group that is cleaned up."""

import pytest

from clients import STYLES, Client, configuration
from simulator import simulator


@pytest.fixture(scope="module")
def base_url(request):
    """A server of the test file's own, with the file's SIMULATOR_OPTIONS."""
    with simulator(*request.module.SIMULATOR_OPTIONS) as url:
        yield url


@pytest.fixture(scope="module", params=STYLES)
def style(request):
    return request.param


@pytest.fixture(scope="module")
def admin(base_url, style):
    return Client(style, configuration(base_url))


@pytest.fixture
def group(admin):
    """The documented sample, created; its sources are free again afterwards whatever the test did."""
    created = admin.create(admin.sample())
    yield created
    try:
        admin.delete(created.id)
    except admin.exceptions.NotFoundException:
        pass
