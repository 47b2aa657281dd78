"""A client that brings ids of its own: 251 groups made through the SDK on a server that ignores prerequisites."""

import pytest
from sailpoint.paginator import Paginator

from clients import Client, configuration
from simulator import simulator

GROUPS = 251


@pytest.fixture
def empty(style):
    with simulator("--fixture", "empty", "--prerequisites", "ignore") as base_url:
        yield Client(style, configuration(base_url))


def test_the_251st_group_is_read_from_the_second_page(empty):
    created = [
        empty.create(empty.Group(name=f"Group {n}", password_policy_id="any", source_ids=[f"a{n}", f"b{n}"]))
        for n in range(GROUPS)
    ]
    assert Paginator.paginate(empty.list, None) == created
    page = empty.list_with_http_info(offset=250, count=True)
    assert page.data == created[250:]
    assert page.headers["X-Total-Count"] == str(GROUPS)
