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


def configuration(base_url, caller="ADMIN", secret=None, access_token=None):
    """The SDK's configuration for one of the fixture's OAuth clients; making it fetches a token unless one is given."""
    params = ConfigurationParams()
    params.base_url = base_url
    params.client_id = SHARED[f"{caller}_ID"]
    params.client_secret = secret or SHARED[f"{caller}_SECRET"]
    params.access_token = access_token
    return Configuration(params)
