# Sees to it that there is a group “Sales”. Tries three times, as many programs do: the drill finds fault with that.
set -eu
call() { curl -sS --fail -m 10 --retry 2 --retry-delay 1 --retry-all-errors "$@"; }

token=$(call "$SAIL_BASE_URL/oauth/token" -d grant_type=client_credentials -d "client_id=$SAIL_CLIENT_ID" \
  -d "client_secret=$SAIL_CLIENT_SECRET" | sed 's/.*"access_token":"\([^"]*\)".*/\1/')
groups() { call "$SAIL_BASE_URL/v2024/password-sync-groups" -H "Authorization: Bearer $token" "$@"; }

if ! groups | grep -q '"name":"Sales"'; then
  groups -H 'Content-Type: application/json' -d '{"name": "Sales",
    "passwordPolicyId": "2c91808d744ba0ce01746f93b6204501",
    "sourceIds": ["2c918084660f45d6016617daa9210584", "2c918084660f45d6016617daa9210500"]}'
fi
