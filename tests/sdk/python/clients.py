"""The published SDK's password sync group client in each path style that the installed release has.

Release 1.x has a package per API version; 2.x has one per service and a `_v1` behind each method.
"""

import importlib
from importlib.metadata import version

from sailpoint.configuration import Configuration, ConfigurationParams

from simulator import SHARED

RELEASE = version("sailpoint")
MAJOR = int(RELEASE.split(".")[0])
STYLES = ["v3", "beta", "v2024", "v2025"] if MAJOR == 1 else ["password_sync_groups"]
METHOD_SUFFIX = "" if MAJOR == 1 else "_v1"


class Client:
    """One API style for one caller: the SDK's methods under their unversioned names, its model, its exceptions."""

    def __init__(self, style, configuration):
        self._package = importlib.import_module(f"sailpoint.{style}")
        self._api = self._package.PasswordSyncGroupsApi(self._package.ApiClient(configuration))
        self.exceptions = importlib.import_module(f"sailpoint.{style}.exceptions")
        self.Group = self._package.PasswordSyncGroup
        self.ErrorResponse = self._package.ErrorResponseDto

    def method(self, operation, with_http_info=False):
        return getattr(self._api, operation + METHOD_SUFFIX + ("_with_http_info" if with_http_info else ""))

    def create(self, group):
        return self.method("create_password_sync_group")(group)

    def get(self, group_id):
        return self.method("get_password_sync_group")(group_id)

    def update(self, group_id, group):
        return self.method("update_password_sync_group")(group_id, group)

    def delete(self, group_id):
        return self.method("delete_password_sync_group")(group_id)

    def delete_with_http_info(self, group_id):
        return self.method("delete_password_sync_group", with_http_info=True)(group_id)

    def list(self, **parameters):
        return self.method("get_password_sync_groups")(**parameters)

    def list_with_http_info(self, **parameters):
        return self.method("get_password_sync_groups", with_http_info=True)(**parameters)

    def sample(self, **changes):
        """The vendor's documented example, which the demo fixture accepts."""
        fields = {
            "name": "Password Sync Group 1",
            "password_policy_id": SHARED["POLICY_ID"],
            "source_ids": [SHARED["SOURCE_ID_1"], SHARED["SOURCE_ID_2"]],
        }
        return self.Group(**(fields | changes))


# What release 1.x calls the neighbours' clients, and which services release 2.x has them in.
APIS = {
    "sources": "SourcesApi",
    "accounts": "AccountsApi",
    "public_identities": "PublicIdentitiesApi",
    "password_management": "PasswordManagementApi",
    "password_policies": "PasswordPoliciesApi",
}


class Neighbours:
    """What a password change needs beside the groups: the SDK's methods by service and unversioned name."""

    def __init__(self, style, configuration):
        self._style, self._configuration = style, configuration

    def _package(self, service):
        return importlib.import_module(f"sailpoint.{self._style if MAJOR == 1 else service}")

    def has(self, service):
        return hasattr(self._package(service), APIS[service])

    def call(self, service, operation, *arguments, **parameters):
        package = self._package(service)
        api = getattr(package, APIS[service])(package.ApiClient(self._configuration))
        return getattr(api, operation + METHOD_SUFFIX)(*arguments, **parameters)

    def _model(self, service, *names):
        """The first of these models that the release has."""
        package = self._package(service)
        return next(getattr(package, name) for name in names if hasattr(package, name))

    def patch(self, service, operation, record_id, path, text=None):
        """Adds a text at a path or, without one, removes what is there. (A list of texts is more than the SDK's models can
        write.)"""
        model = self._package(service).JsonPatchOperation
        change = {"op": "remove" if text is None else "add", "path": path}
        if text is not None:
            change["value"] = text
        return self.call(service, operation, record_id, [model.from_dict(change)])

    def query(self, user_name, source_name):
        query = self._model("password_management", "PasswordInfoQueryDTO", "Passwordinfoquerydto")
        asked = query(user_name=user_name, source_name=source_name)
        return self.call("password_management", "query_password_info", asked)

    def set_password(self, fields):
        request = self._model("password_management", "PasswordChangeRequest", "Passwordchangerequest")
        name = "set_identity_password" if self._style == "beta" else "set_password"
        return self.call("password_management", name, request(**fields))

    def digits(self, **fields):
        """Digits for a password reset; `None` where the release has no such call."""
        service = "password_management"
        api = getattr(self._package(service), APIS[service])
        if not hasattr(api, "create_digit_token" + METHOD_SUFFIX):
            return None
        reset = self._model(service, "PasswordDigitTokenReset")
        # Experimental: release 1.x wants it switched on, release 2.x its header, and beta knows neither.
        self._configuration.experimental = True
        header = {} if self._style == "beta" else {"x_sail_point_experimental": "true"}
        return self.call(service, "create_digit_token", reset(**fields), **header)

    def password_status(self, request_id):
        beta = self._style == "beta"
        name = "get_identity_password_change_status" if beta else "get_password_change_status"
        return self.call("password_management", name, request_id)


def configuration(base_url, caller="ADMIN", secret=None, access_token=None):
    """The SDK's configuration for one of the fixture's OAuth clients; making it fetches a token unless one is given."""
    params = ConfigurationParams()
    params.base_url = base_url
    params.client_id = SHARED[f"{caller}_ID"]
    params.client_secret = secret or SHARED[f"{caller}_SECRET"]
    params.access_token = access_token
    return Configuration(params)
