# Sees to it that there is a group “Sales”. Tries three times, as many programs do: the drill finds fault with that.
import json, os, time
from urllib.parse import urlencode
from urllib.request import Request, urlopen

BASE = os.environ["SAIL_BASE_URL"]

def call(path, body=None, headers={}):
    for attempt in range(3):
        try:
            return json.load(urlopen(Request(BASE + path, body, headers), timeout=10))
        except OSError:
            if attempt == 2:
                raise
            time.sleep(1)

secrets = {"client_id": os.environ["SAIL_CLIENT_ID"], "client_secret": os.environ["SAIL_CLIENT_SECRET"]}
token = call("/oauth/token", urlencode({"grant_type": "client_credentials", **secrets}).encode())["access_token"]
headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
sales = {"name": "Sales", "passwordPolicyId": "2c91808d744ba0ce01746f93b6204501",
         "sourceIds": ["2c918084660f45d6016617daa9210584", "2c918084660f45d6016617daa9210500"]}
groups = call("/v2024/password-sync-groups", headers=headers)
if "Sales" not in [group["name"] for group in groups]:
    call("/v2024/password-sync-groups", json.dumps(sales).encode(), headers)
