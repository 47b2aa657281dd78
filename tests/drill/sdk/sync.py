"""A program of the ordinary kind with the vendor's Python SDK, for the drill: reads all groups page by page, creates one,
reads and renames it, and deletes another. Works with the releases 1.x and 2.x; what goes wrong ends it, as it does
programs that leave errors to the SDK.
"""

from importlib import import_module
from importlib.metadata import version

from sailpoint.configuration import Configuration

IS_NEW = not version("sailpoint").startswith("1.")
sdk = import_module("sailpoint.password_sync_groups" if IS_NEW else "sailpoint.v2024")
api = sdk.PasswordSyncGroupsApi(sdk.ApiClient(Configuration()))
Group = getattr(sdk, "PasswordSyncGroup", None) or sdk.Passwordsyncgroup


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
