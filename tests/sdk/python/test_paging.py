"""Reading past the first page of 250 with the SDK's own Paginator, over the 500 groups of the large fixture."""

import pytest
from sailpoint.paginator import Paginator

SIMULATOR_OPTIONS = ["--fixture", "large"]


def ids(groups):
    return [group.id for group in groups]


def test_a_page_holds_250_groups_unless_asked_otherwise(admin):
    page = admin.list_with_http_info(count=True)
    assert len(page.data) == 250
    assert page.headers["X-Total-Count"] == "500"


def test_the_paginator_reads_all_500_groups_once_each(admin):
    groups = Paginator.paginate(admin.list, None, limit=250)
    assert len(groups) == 500
    assert len(set(ids(groups))) == 500
    assert all(isinstance(group, admin.Group) for group in groups)


@pytest.mark.parametrize("limit", [7, 100, 249])
def test_every_page_size_reads_the_same_groups_in_the_same_order(admin, limit):
    whole = ids(admin.list()) + ids(admin.list(offset=250))
    assert ids(Paginator.paginate(admin.list, 1000, limit=limit)) == whole


def test_a_page_past_the_end_is_empty(admin):
    assert admin.list(offset=500) == []
