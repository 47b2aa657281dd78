"""What the client does when the service misbehaves: each test arms one fault, runs the client, and verifies.

The tests share a server but no tenant, so they may run in any order and at the same time.
"""

import pytest

from groups_client import GroupsClient

# The demo fixture's policy, and two sources that are free to be grouped.
POLICY = "2c91808d744ba0ce01746f93b6204501"
SOURCES = ["2c918084660f45d6016617daa9210584", "2c918084660f45d6016617daa9210500"]


@pytest.fixture
def client(tenant):
    # The client's waits pass in the tenant's time: thirty seconds take none.
    return GroupsClient(
        tenant.base_url, tenant.client_id, tenant.client_secret, sleep=lambda seconds: tenant.advance(f"{seconds}s")
    )


def test_a_create_whose_answer_was_lost_is_not_repeated(tenant, client):
    tenant.arm({
        "when": {"operation": "createPasswordSyncGroup"},
        "fires": {"nth": 1},
        "stage": "after",
        "fault": {"respond": {"status": 500}},
    })

    group = client.create("Staff", POLICY, SOURCES)

    assert [found["id"] for found in client.list() if found["name"] == "Staff"] == [group["id"]]
    tenant.verify({"match": {"operation": "createPasswordSyncGroup"}, "count": {"exactly": 1}})


def test_a_429_is_waited_out(tenant, client):
    tenant.stop_clock()
    tenant.arm({
        "when": {"operation": "getPasswordSyncGroups"},
        "fires": {"nth": 1},
        "fault": {"rateLimited": {"retryAfter": "30s", "window": "30s"}},
    })

    client.list()

    tenant.verify({
        "match": {"operation": "getPasswordSyncGroups"},
        "count": {"exactly": 2},
        "apart": {"atLeast": "30s"},
        "then": [{"match": {"operation": "getPasswordSyncGroups"}, "status": 200}],
    })


def test_an_expired_token_is_replaced(tenant, client):
    tenant.stop_clock()
    client.list()
    tenant.advance("750s")  # a token lives for 749 seconds

    client.list()

    tenant.verify({"match": {"operation": "getPasswordSyncGroups"}, "status": 401, "count": {"exactly": 1}})
    tenant.verify({"match": {"operation": "token"}, "status": 200, "count": {"exactly": 2}})


def test_a_token_that_ends_early_is_replaced(tenant, client):
    tenant.use("token-expires-early")  # at the third call

    assert client.list() == client.list() == client.list()

    tenant.verify({"match": {"operation": "getPasswordSyncGroups"}, "status": 401, "count": {"exactly": 1}})
    tenant.verify({"match": {"operation": "token"}, "status": 200, "count": {"exactly": 2}})


def test_a_password_change_is_waited_for_and_reaches_every_source(tenant, client):
    tenant.stop_clock()
    tenant.use("password-change-slow")  # by a minute
    client.create("Staff", POLICY, SOURCES)

    client.change_password("amelia.admin", "Active Directory", "Correct-Horse-7")

    assert tenant.has_password("amelia.admin", "Active Directory", "Correct-Horse-7")
    assert tenant.has_password("amelia.admin", "Okta", "Correct-Horse-7")
    tenant.verify({"match": {"operation": "setPassword"}, "count": {"exactly": 1}})


def test_a_failed_verification_says_what_came_nearest(tenant, client):
    client.list()

    with pytest.raises(pytest.fail.Exception, match="status is 200, not 429"):
        tenant.verify({"match": {"operation": "getPasswordSyncGroups"}, "status": 429})
