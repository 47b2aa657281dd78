"""Accounts, identities, public identities and source apps through the SDK's typed models, in every style that has them."""

import importlib
import inspect

import pytest

from clients import MAJOR, METHOD_SUFFIX, configuration

SIMULATOR_OPTIONS = ["--fixture", "demo"]
UMA = "2c9180835d2e5168015d32f890ca1585"
MAINFRAME = "2c918084660f45d6016617daa9210609"
# Release 2.x has a package for each service.
PACKAGES = {
    "AccountsApi": "accounts",
    "IdentitiesApi": "identities",
    "PublicIdentitiesApi": "public_identities",
    "AppsApi": "apps",
}


class People:
    """One of the SDK's APIs in one style; a test of what a style does not have is skipped."""

    def __init__(self, api, style, base_url):
        own = configuration(base_url)
        own.experimental = True
        self.package = importlib.import_module(f"sailpoint.{style if MAJOR == 1 else PACKAGES[api]}")
        if not hasattr(self.package, api):
            pytest.skip(f"{style} has no {api}")
        self._api = getattr(self.package, api)(self.package.ApiClient(own))

    def call(self, operation, *arguments, **parameters):
        method = getattr(self._api, operation + METHOD_SUFFIX, None)
        if method is None:
            pytest.skip(f"this release has no {operation}")
        if "x_sail_point_experimental" in inspect.signature(method).parameters:
            parameters.setdefault("x_sail_point_experimental", "true")
        return method(*arguments, **parameters)


def test_accounts_are_found_by_identity_and_source(base_url, style):
    accounts = People("AccountsApi", style, base_url)
    wanted = f'identityId eq "{UMA}" and sourceId eq "{MAINFRAME}"'
    [account] = accounts.call("list_accounts", filters=wanted, sorters="name", count=True)
    assert (account.name, account.source_name, account.native_identity) == ("UUSER01", "Mainframe", "UUSER01")
    assert accounts.call("get_account", account.id) == account
    [slim] = accounts.call("list_accounts", filters=wanted, detail_level="SLIM")
    assert (slim.id, slim.identity) == (account.id, None)
    assert len(accounts.call("list_accounts")) > 20


def test_identities_are_found_by_the_name_they_sign_in_with(base_url, style):
    identities = People("IdentitiesApi", style, base_url)
    [uma] = identities.call("list_identities", filters='alias eq "uma.user"', default_filter="NONE")
    assert (uma.id, uma.name, uma.manager_ref.name) == (UMA, "Uma User", "Walter Warehouse")
    assert identities.call("get_identity", UMA) == uma


def test_the_public_side_of_people_is_typed(base_url, style):
    people = People("PublicIdentitiesApi", style, base_url)
    everybody = people.call("get_public_identities", sorters="name")
    assert [person.name for person in everybody] == sorted(person.name for person in everybody)
    [uma] = people.call("get_public_identities", filters='lastname eq "User"', add_core_filters=True)
    assert (uma.alias, uma.manager.name, uma.identity_state) == ("uma.user", "Walter Warehouse", "ACTIVE")


def test_an_app_is_created_patched_and_deleted(base_url, style):
    apps = People("AppsApi", style, base_url)
    package = apps.package
    source = package.SourceAppCreateDtoAccountSource(id=MAINFRAME)
    new = package.SourceAppCreateDto(name="Ledger", description="Of the SDK", account_source=source)
    created = apps.call("create_source_app", new)
    assert (created.enabled, created.account_source.use_for_password_management) == (False, True)
    steps = [
        {"op": "replace", "path": "/enabled", "value": True},
        {"op": "replace", "path": "/provisionRequestEnabled", "value": True},
        {"op": "add", "path": "/accessProfiles/-", "value": "p"},
    ]
    patch = [package.JsonPatchOperation.from_dict(step) for step in steps]
    patched = apps.call("patch_source_app", created.id, patch)
    assert (patched.enabled, patched.access_profiles) == (True, ["p"])
    assert apps.call("get_source_app", created.id).enabled
    wanted = f'accountSource.id eq "{MAINFRAME}"'
    [available] = apps.call("list_available_source_apps", filters=wanted)
    assert available.id == created.id
    assert len(apps.call("list_all_source_app", sorters="-created", limit=2)) == 2
    assert {app.name for app in apps.call("list_assigned_source_app")} >= {"Windows", "Okta Dashboard"}
    apps.call("delete_source_app", created.id)
    exceptions = importlib.import_module(f"{package.__name__}.exceptions")
    with pytest.raises(exceptions.NotFoundException):
        apps.call("get_source_app", created.id)
