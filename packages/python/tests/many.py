"""Five hundred tests with a tenant each, and as many without one; `packages/test` runs them side by side and counts."""

import pytest


@pytest.fixture(scope="session", autouse=True)
def started(sync_group_sim):
    """The server's start is no part of what a test's fixture costs."""


@pytest.mark.parametrize("n", range(500))
def test_without(n):
    pass


@pytest.mark.parametrize("n", range(500))
def test_with(n, sim_tenant):
    pass


@pytest.mark.sim(scenario="rate-limited", clock="manual")
@pytest.mark.parametrize("n", range(500))
def test_marked(n, sim_tenant):
    sim_tenant.advance("1s")
    assert sim_tenant.journal() == []
