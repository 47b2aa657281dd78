#!/bin/sh
# Runs a client against sync-group-sim while scenario.yaml is in force, and then asks what the client really did. It ends
# with 0 when that is what was expected. The server is the program that SYNC_GROUP_SIM_BIN names, or sync-group-sim on
# the PATH. Needs curl.
set -eu
cd "$(dirname "$0")"
sim=${SYNC_GROUP_SIM_BIN:-sync-group-sim}

# The client: put your own command here. SAIL_BASE_URL, SAIL_CLIENT_ID and SAIL_CLIENT_SECRET are set.
client() {
  token=$(curl -sS -m 10 "$SAIL_BASE_URL/oauth/token" -d grant_type=client_credentials \
    -d client_id="$SAIL_CLIENT_ID" -d client_secret="$SAIL_CLIENT_SECRET" |
    sed 's/.*"access_token":"\([^"]*\)".*/\1/')
  groups() {
    curl -sS -m 10 "$SAIL_BASE_URL/v2024/password-sync-groups" -H "Authorization: Bearer $token" \
      -H 'Content-Type: application/json' "$@"
  }
  status=$(groups -o /dev/null -w '%{http_code}' -d '{"name": "Staff",
    "passwordPolicyId": "2c91808d744ba0ce01746f93b6204501",
    "sourceIds": ["2c918084660f45d6016617daa9210584", "2c918084660f45d6016617daa9210500"]}')
  # A 500 does not say whether the group was made: look before you try again.
  [ "$status" -lt 500 ] || groups | grep -q '"name":"Staff"'
}

folder=$(mktemp -d)
"$sim" serve --listen 127.0.0.1:0 --port-file "$folder/port" --scenario scenario.yaml --fixture demo --log off \
  >"$folder/banner" &
server=$!
trap 'kill "$server" 2>/dev/null; wait "$server" || true; rm -r "$folder"' EXIT
variables=$("$sim" env --shell sh --port-file "$folder/port" --wait 10s)
eval "$variables"

client

# What the client must have done. A status of 409 says what it did instead.
if said=$(curl -sS -m 10 --fail-with-body "$SAIL_BASE_URL/_sim/verify" \
  -d '{"match": {"operation": "createPasswordSyncGroup"}, "count": {"exactly": 1}}'); then
  echo "ok: exactly one create"
else
  echo "not ok: $said" >&2
  "$sim" journal --port-file "$folder/port" >&2
  exit 1
fi
