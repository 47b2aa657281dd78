"""One group's life as the SDK's typed models show it: create, get, list with a count, update, delete."""

import uuid
from datetime import datetime

import pytest

from simulator import SHARED

SIMULATOR_OPTIONS = ["--fixture", "demo"]


def test_a_created_group_comes_back_typed_with_an_id_and_times(admin, group):
    assert isinstance(group, admin.Group)
    assert str(uuid.UUID(group.id)) == group.id
    assert group.name == "Password Sync Group 1"
    assert group.password_policy_id == SHARED["POLICY_ID"]
    assert set(group.source_ids) == {SHARED["SOURCE_ID_1"], SHARED["SOURCE_ID_2"]}
    assert isinstance(group.created, datetime) and group.created.tzinfo is not None


def test_a_got_group_equals_the_created_one(admin, group):
    assert admin.get(group.id) == group


def test_a_listed_group_equals_the_created_one(admin, group):
    assert [listed for listed in admin.list() if listed.id == group.id] == [group]


def test_a_count_is_told_only_when_asked_for(admin, group):
    counted = admin.list_with_http_info(count=True)
    assert counted.status_code == 200
    assert int(counted.headers["X-Total-Count"]) == len(counted.data) >= 1
    assert "X-Total-Count" not in admin.list_with_http_info().headers


def test_a_page_of_no_groups_still_tells_the_total(admin, group):
    page = admin.list_with_http_info(limit=0, count=True)
    assert page.data == []
    assert int(page.headers["X-Total-Count"]) >= 1


def test_an_update_changes_the_name_and_keeps_id_and_created(admin, group):
    updated = admin.update(group.id, admin.sample(name="Renamed"))
    assert isinstance(updated, admin.Group)
    assert (updated.id, updated.created, updated.name) == (group.id, group.created, "Renamed")
    assert isinstance(updated.modified, datetime) and updated.modified >= group.created
    assert admin.get(group.id) == updated


def test_a_got_group_can_be_put_back_as_it_is(admin, group):
    put_back = admin.update(group.id, admin.get(group.id))
    assert (put_back.id, put_back.created, put_back.name) == (group.id, group.created, group.name)
    assert set(put_back.source_ids) == set(group.source_ids)


def test_a_create_ignores_the_id_and_times_that_the_client_sends(admin):
    sent = "6881f631-3bd5-4213-9c75-8e05cc3e35dd"
    created = admin.create(admin.sample(id=sent, created="2023-03-16T04:00:00Z", modified="2023-03-16T04:00:00Z"))
    admin.delete(created.id)
    assert created.id != sent
    assert created.created.year != 2023


def test_a_delete_answers_204_without_a_body(admin, group):
    reply = admin.delete_with_http_info(group.id)
    assert (reply.status_code, reply.data) == (204, None)


def test_a_deleted_group_is_not_found(admin, group):
    admin.delete(group.id)
    with pytest.raises(admin.exceptions.NotFoundException) as refusal:
        admin.get(group.id)
    assert refusal.value.status == 404
    assert isinstance(refusal.value.data, admin.ErrorResponse)
    assert refusal.value.data.detail_code == "404 Not found"


def test_a_deleted_group_frees_its_sources(admin, group):
    admin.delete(group.id)
    again = admin.create(admin.sample())
    admin.delete(again.id)
    assert again.id != group.id
