"""A pytest suite as drilled command: pytest -q -p no:cacheprovider test_groups.py. It uses the client of groups_sync.py."""

import argparse
import pathlib
import sys

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).parent))
sys.dont_write_bytecode = True
import groups_sync  # noqa: E402

SOURCES = [groups_sync.DIRECTORY, groups_sync.OKTA]


@pytest.fixture(scope="session")
def groups():
    groups_sync.OPTIONS = argparse.Namespace(mutant=None, threads=1, jitter="full")
    return groups_sync.Groups(groups_sync.Client())


def test_the_list_has_the_first_group(groups):
    assert "Password Sync Group 1" in groups.list(limit=1)


def test_a_group_can_be_created_changed_and_deleted(groups):
    group_id = groups.create("Sales", SOURCES)
    changed = groups.update(group_id, {"passwordPolicyId": groups_sync.STRICTER})
    assert groups.settled(group_id, groups_sync.as_wanted("Sales", groups_sync.STRICTER, SOURCES), "it was updated")
    assert changed
    groups.delete(group_id)


def test_a_group_that_is_not_there_is_not_found(groups):
    assert groups.get("00000000-0000-4000-8000-000000000000") is None
