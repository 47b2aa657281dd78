"""What the service refuses, as the SDK's exceptions show it: 400, 401, 403, 404 and a bad secret."""

import re

import pytest

from clients import MAJOR, Client, configuration

SIMULATOR_OPTIONS = ["--fixture", "demo"]
UNKNOWN_ID = "00000000-0000-4000-8000-000000000000"
UNKNOWN_SOURCES = ["ffffffffffffffffffffffffffffff01", "ffffffffffffffffffffffffffffff02"]


def refused(client, exception, call, *arguments):
    """The exception of that name which the call raises, with the SDK's typed error body."""
    with pytest.raises(getattr(client.exceptions, exception)) as refusal:
        call(*arguments)
    return refusal.value


def as_caller(base_url, style, caller):
    return Client(style, configuration(base_url, caller))


def test_a_create_without_a_name_is_a_bad_request(admin):
    refusal = refused(admin, "BadRequestException", admin.create, admin.sample(name=None))
    assert refusal.status == 400
    assert isinstance(refusal.data, admin.ErrorResponse)
    assert refusal.data.detail_code.startswith("400.1.0")
    assert re.fullmatch("[0-9a-f]{32}", refusal.data.tracking_id)
    assert "name" in refusal.data.messages[0].text


def test_an_update_without_a_name_is_a_bad_request(admin, group):
    refusal = refused(admin, "BadRequestException", admin.update, group.id, admin.sample(name=None))
    assert refusal.data.detail_code.startswith("400.1.0")
    assert admin.get(group.id) == group


def test_an_unknown_source_is_a_bad_reference(admin):
    refusal = refused(admin, "BadRequestException", admin.create, admin.sample(source_ids=UNKNOWN_SOURCES))
    assert refusal.data.detail_code.startswith("400.1.404")


def test_an_unknown_policy_is_a_bad_reference(admin):
    refusal = refused(admin, "BadRequestException", admin.create, admin.sample(password_policy_id="f" * 32))
    assert refusal.data.detail_code.startswith("400.1.404")


def test_a_source_already_in_a_group_is_a_bad_request(admin, group):
    refusal = refused(admin, "BadRequestException", admin.create, admin.sample(name="Second"))
    assert refusal.data.detail_code.startswith("400.1")


def test_an_unknown_group_is_not_found_by_get_and_by_update(admin):
    got = refused(admin, "NotFoundException", admin.get, UNKNOWN_ID)
    assert got.data.detail_code == "404 Not found"
    updated = refused(admin, "NotFoundException", admin.update, UNKNOWN_ID, admin.sample())
    assert updated.data.detail_code == "404 Not found"


def test_a_delete_of_an_unknown_group_is_not_found_and_has_no_typed_body(admin):
    refusal = refused(admin, "NotFoundException", admin.delete, UNKNOWN_ID)
    # The vendor declares no 404 for delete, so the SDK leaves the body as text.
    assert refusal.data is None
    assert '"404 Not found"' in refusal.body


def test_a_reader_lists_but_may_not_create(base_url, style):
    reader = as_caller(base_url, style, "READER")
    assert isinstance(reader.list(), list)
    refusal = refused(reader, "ForbiddenException", reader.create, reader.sample())
    assert refusal.status == 403
    assert refusal.data.detail_code == "403 Forbidden"


def test_a_service_without_a_user_lists_but_may_not_create(base_url, style):
    service = as_caller(base_url, style, "SERVICE")
    assert isinstance(service.list(), list)
    refusal = refused(service, "ForbiddenException", service.create, service.sample())
    assert refusal.data.detail_code == "403 Forbidden"


def test_a_user_who_is_no_administrator_may_not_even_list(base_url, style):
    helpdesk = as_caller(base_url, style, "HELPDESK")
    assert refused(helpdesk, "ForbiddenException", helpdesk.list).data.detail_code == "403 Forbidden"


@pytest.mark.parametrize("token", ["bogus", "bogus.three.parts"])
def test_a_bogus_token_is_unauthorized(base_url, style, token):
    stranger = Client(style, configuration(base_url, access_token=token))
    refusal = refused(stranger, "UnauthorizedException", stranger.list)
    assert refusal.status == 401
    if MAJOR == 1:
        # 1.x declares the error text as an object, so it cannot decode the vendor's own example.
        assert refusal.data is None
    else:
        assert isinstance(refusal.data.error, str) and "JWT" in refusal.data.error


def test_a_wrong_secret_yields_no_token(base_url, capsys):
    settings = configuration(base_url, secret="f" * 64)
    assert settings.access_token is None
    assert "Unauthorized when retrieving access token." in capsys.readouterr().out


def test_the_sdk_itself_refuses_a_limit_above_250(admin):
    with pytest.raises(ValueError):
        admin.list(limit=251)
