"""The simulator in a container, for pytest: one for the whole run, a tenant of its own for each test.

    pip install testcontainers==4.15.0 pytest
"""

import json
import os
import secrets
import urllib.request

import pytest
from testcontainers.core.container import DockerContainer
from testcontainers.core.wait_strategies import HealthcheckWaitStrategy

IMAGE = os.environ.get("SYNC_GROUP_SIM_IMAGE", "sync-group-sim:0.1.0")


def control(base_url, token, method, path, body=None):
    """A call of the control API; in a container it asks for its token."""
    request = urllib.request.Request(
        f"{base_url}/_sim/{path}",
        method=method,
        data=None if body is None else json.dumps(body).encode(),
        headers={"Authorization": f"Bearer {token}"},
    )
    with urllib.request.urlopen(request, timeout=10) as response:
        return json.load(response)


@pytest.fixture(scope="session")
def simulator():
    """The base URL and the token of the control API."""
    token = secrets.token_hex(16)
    container = DockerContainer(IMAGE).with_exposed_ports(4580).with_env("SYNC_GROUP_SIM_CONTROL_TOKEN", token)
    with container.waiting_for(HealthcheckWaitStrategy()) as running:
        yield f"http://{running.get_container_host_ip()}:{running.get_exposed_port(4580)}", token


@pytest.fixture
def tenant(simulator):
    base_url, token = simulator
    return control(base_url, token, "POST", "tenants", {"scenarios": ["rate-limited"]})


def test_a_client_is_told_to_wait(tenant, simulator):
    client = tenant["clients"][0]
    # Your own client goes here, with tenant["baseUrl"], client["clientId"] and client["clientSecret"].
    assert client["clientSecret"]
    assert control(tenant["baseUrl"], simulator[1], "GET", "verdicts")
