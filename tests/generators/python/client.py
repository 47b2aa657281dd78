"""Drives the server with the clients that openapi-python-client makes: client.py BASE-URL."""

import importlib
import json
import pkgutil
import sys
import urllib.parse
import urllib.request

import control
import v2026
from control.api.journal import verify
from control.api.tenants import create_tenant
from control.models import Expectation, TenantRequest
from v2026.api.password_sync_groups import get_password_sync_groups

# Every module of every client can be imported.
for name in sys.argv[2:]:
    package = importlib.import_module(name)
    for module in pkgutil.walk_packages(package.__path__, name + "."):
        importlib.import_module(module.name)

tenant = create_tenant.sync(client=control.Client(sys.argv[1]), body=TenantRequest(fixture="demo"))
admin = tenant.clients[0]
form = {"grant_type": "client_credentials", "client_id": admin.client_id, "client_secret": admin.client_secret}
form = urllib.parse.urlencode(form).encode()
token = json.load(urllib.request.urlopen(tenant.base_url + "/oauth/token", form))["access_token"]
api = v2026.AuthenticatedClient(tenant.base_url + "/v2026", token)
groups = get_password_sync_groups.sync(client=api)
assert groups[0].name and len(groups[0].source_ids) > 1, groups
expected = Expectation.from_dict({"match": {"operation": "getPasswordSyncGroups"}, "count": {"exactly": 1}})
verification = verify.sync(client=control.Client(tenant.base_url), body=expected)
assert verification.passed, verification
print("openapi-python-client: the clients work")
