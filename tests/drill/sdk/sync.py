"""A program of the ordinary kind with the vendor's Python SDK, for the drill: reads all groups page by page, creates one,
reads and renames it, and deletes another. Works with the releases 1.x and 2.x; what goes wrong ends it, as it does
programs that leave errors to the SDK.
"""

import sys
from importlib import import_module
from importlib.metadata import version
from importlib.util import find_spec, module_from_spec

from sailpoint.configuration import Configuration

IS_NEW = not version("sailpoint").startswith("1.")


def without_its_init(package):
    """Puts PACKAGE in its place, but does not run its __init__: the one of 1.x takes ten seconds of CPU for all of its
    2,000 modules. What is asked for by name is read as ever, and is the SDK's own.
    """
    module = sys.modules[package] = module_from_spec(find_spec(package))
    parent, _, name = package.rpartition(".")
    setattr(sys.modules[parent], name, module)
    return module


def load():
    """The classes of the API, of its client, and of a group."""
    if IS_NEW:
        sdk = import_module("sailpoint.password_sync_groups")
        return sdk.PasswordSyncGroupsApi, sdk.ApiClient, sdk.PasswordSyncGroup
    for part in "", ".api", ".models":
        models = without_its_init(f"sailpoint.v2024{part}")
    # Here the client looks for the classes of answers.
    answers = {"password_sync_group": "PasswordSyncGroup", "error_response_dto": "ErrorResponseDto",
               "list_access_profiles401_response": "ListAccessProfiles401Response",
               "list_access_profiles429_response": "ListAccessProfiles429Response"}
    for module, name in answers.items():
        setattr(models, name, getattr(import_module(f"sailpoint.v2024.models.{module}"), name))
    api = import_module("sailpoint.v2024.api.password_sync_groups_api").PasswordSyncGroupsApi
    return api, import_module("sailpoint.v2024.api_client").ApiClient, models.PasswordSyncGroup


Api, ApiClient, Group = load()
api = Api(ApiClient(Configuration()))


def call(operation, *arguments, **parameters):
    return getattr(api, operation + ("_v1" if IS_NEW else ""))(*arguments, **parameters)


groups = []
while page := call("get_password_sync_groups", limit=2, offset=len(groups)):
    groups += page

policy = "2c91808d744ba0ce01746f93b6204501"
sources = ["2c918084660f45d6016617daa9210584", "2c918084660f45d6016617daa9210500"]
made = call("create_password_sync_group", Group(name="Sales", password_policy_id=policy, source_ids=sources))
group = call("get_password_sync_group", made.id)
group.name = "Sales and marketing"
call("update_password_sync_group", group.id, group)
old = next(group for group in groups if group.name == "Research accounts")
call("delete_password_sync_group", old.id)
print(f"{len(groups)} groups read, one made, one renamed, one deleted")
