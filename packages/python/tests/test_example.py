"""The tests that docs/python.md shows, as they stand there: the client is that of examples/pytest."""

import pytest

from groups_client import GroupsClient


@pytest.fixture
def client(sim_tenant):
    # The client's waits pass in the tenant's time: thirty seconds take none.
    return GroupsClient(
        sim_tenant.base_url, sim_tenant.client_id, sim_tenant.client_secret, sleep=sim_tenant.advance
    )


@pytest.mark.sim(scenario="rate-limited", clock="manual")
def test_a_429_is_waited_out(sim_tenant, client):
    for _ in range(4):
        client.list()  # the fourth is one too many, and gets a 429

    sim_tenant.verify(match={"operation": "getPasswordSyncGroups"}, status=429, count={"exactly": 1})
    assert sim_tenant.findings() == []


@pytest.mark.sim(rules=[{
    "when": {"operation": "createPasswordSyncGroup"},
    "fires": {"nth": 1},
    "stage": "after",
    "fault": {"respond": {"status": 500}},
}])
def test_a_create_whose_answer_was_lost_is_not_repeated(sim_tenant, client):
    client.create("Staff", "2c91808d744ba0ce01746f93b6204501",
                  ["2c918084660f45d6016617daa9210584", "2c918084660f45d6016617daa9210500"])

    sim_tenant.verify(match={"operation": "createPasswordSyncGroup"}, count={"exactly": 1})


@pytest.mark.sim(clock="manual")
def test_an_expired_token_is_replaced(sim_tenant, client):
    client.list()
    sim_tenant.advance("13m")  # a token lives for 749 seconds

    client.list()

    sim_tenant.verify(match={"operation": "token"}, status=200, count={"exactly": 2})
