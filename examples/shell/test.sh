#!/usr/bin/env bash
# What a client does when the service misbehaves, tested with curl and openssl alone: one server for the run, one tenant for each
# test, all at the same time. Each test arms one fault, runs the client, and verifies; the outcome is told in TAP. The
# server is the program that SYNC_GROUP_SIM_BIN names, or `sync-group-sim` on the PATH. What the client did in a test that
# fails is kept in the folder sync-group-sim-journals.
set -euo pipefail

# The demo fixture's policy, and two sources that are free to be grouped.
STAFF='{"name": "Staff", "passwordPolicyId": "2c91808d744ba0ce01746f93b6204501",
  "sourceIds": ["2c918084660f45d6016617daa9210584", "2c918084660f45d6016617daa9210500"]}'

# --- The server -----------------------------------------------------------------------------------------------------

binary=${SYNC_GROUP_SIM_BIN:-sync-group-sim}
command -v "$binary" >/dev/null || {
  echo "cannot start \"$binary\": put sync-group-sim on the PATH, or its path into SYNC_GROUP_SIM_BIN" >&2
  exit 1
}
folder=$(mktemp -d)
"$binary" serve --listen 127.0.0.1:0 --port-file "$folder/port" --log off --journal-dir "$folder/journals" >/dev/null &
server=$!
stop() { kill "$server" 2>/dev/null || true; wait "$server" 2>/dev/null || true; rm -rf "$folder"; }
trap stop EXIT
for _ in $(seq 1000); do
  [ ! -s "$folder/port" ] || break
  kill -0 "$server" || { echo "the simulator ended before it listened" >&2; exit 1; }
  sleep 0.02
done
root=http://127.0.0.1:$(cat "$folder/port")

# --- What a test does to its tenant ---------------------------------------------------------------------------------

# field NAME : the first text of that name in the JSON on standard input.
field() { grep -o "\"$1\":\"[^\"]*\"" | sed -n 1p | cut -d '"' -f 4; }

# control METHOD CALL [BODY] : a control call of the tenant's; fails unless it is answered with a success.
control() { curl -sS --fail-with-body -m 10 -X "$1" "$base/_sim/$2" ${3:+-d "$3"}; }

arm() { control POST scenario/rules "$1" >/dev/null; }
# use NAME : from now on a built-in scenario runs.
use() { control PUT scenario "{\"use\": [\"$1\"]}" >/dev/null; }
stop_clock() { control PUT clock '{"mode": "manual"}' >/dev/null; }
advance() { control POST clock/advance "{\"by\": \"$1\"}" >/dev/null; }
# has_password USER SOURCE PASSWORD : fails unless this is the password of the person's account on the source.
has_password() {
  control POST passwords/check "{\"userName\": \"$1\", \"source\": \"$2\", \"password\": \"$3\"}" | grep -q true
}
# verify EXPECTATION : fails, and says what was found and what came nearest, when it does not hold.
verify() {
  local verdict
  verdict=$(control POST verify "$1" 2>/dev/null) || { echo "# $verdict"; return 1; }
}
# judge : fails, and says why, when the client did what a good client does not do.
judge() {
  local judged
  judged=$(control POST verdicts '{"failOn": "error"}' 2>/dev/null) || { echo "# $judged"; return 1; }
}

# --- The client under test: it stands for your own script -------------------------------------------------------------

# new_token : a token for the tenant's administrator, in the tenant's folder.
new_token() {
  curl -sS -f -m 10 "$base/oauth/token" -d grant_type=client_credentials -d "client_id=$client_id" \
    -d "client_secret=$client_secret" | field access_token > "$own/token"
}

# wait_for SECONDS : where your own script sleeps. The wait passes in the tenant's time.
wait_for() { advance "$1s"; }

# call METHOD PATH [BODY] : the call's answer; gets a new token on 401 and waits on 429. Leaves the status in a file.
call() {
  local attempt status seconds
  for attempt in 1 2 3 4; do
    [ -s "$own/token" ] || new_token
    status=$(curl -sS -m 10 -X "$1" "$base/v2024/$2" ${3:+-d "$3"} -o "$own/body" -D "$own/headers" \
      -w '%{http_code}' -H "Authorization: Bearer $(cat "$own/token")" -H 'Content-Type: application/json')
    echo "$status" > "$own/status"
    case $status in
      401) rm "$own/token" ;;
      429)
        seconds=$(sed -n 's/^retry-after: *\([0-9]*\).*/\1/Ip' "$own/headers")
        wait_for "${seconds:-1}" ;;
      *) break ;;
    esac
  done
  cat "$own/body"
  [ "$status" -lt 400 ]
}

# groups METHOD [BODY]
groups() { call "$1" password-sync-groups "${2:-}"; }

# create GROUP NAME : a 500 does not say whether the group was made, so it looks before it tries again.
create() {
  groups POST "$1" >/dev/null && return
  [ "$(cat "$own/status")" -ge 500 ] || return
  groups GET | grep -q "\"name\":\"$2\"" || groups POST "$1" >/dev/null
}

# change_password USER SOURCE PASSWORD : sets the password of the user's account there; returns once that has happened.
change_password() {
  local info secret change request status state
  info=$(call POST query-password-info "{\"userName\": \"$1\", \"sourceName\": \"$2\"}")
  printf -- '-----BEGIN PUBLIC KEY-----\n%s\n-----END PUBLIC KEY-----\n' "$(field publicKey <<<"$info" | fold -w 64)" \
    > "$own/key.pem"
  secret=$(printf %s "$3" | openssl pkeyutl -encrypt -pubin -inkey "$own/key.pem" | openssl base64 -A)
  change=$(for name in identityId sourceId accountId publicKeyId; do
    printf '"%s": "%s", ' "$name" "$(field "$name" <<<"$info")"
  done)
  request=$(call POST set-password "{$change\"encryptedPassword\": \"$secret\"}" | field requestId)
  # A 202 says only that the change has begun.
  for _ in $(seq 60); do
    status=$(call GET "password-change-status/$request")
    state=$(field state <<<"$status")
    case $state in
      FINISHED) return ;;
      FAILED) echo "# $status"; return 1 ;;
    esac
    wait_for 4
  done
  return 1
}

# --- The tests --------------------------------------------------------------------------------------------------------

a_create_whose_answer_was_lost_is_not_repeated() {
  arm '{"when": {"operation": "createPasswordSyncGroup"}, "fires": {"nth": 1}, "stage": "after",
    "fault": {"respond": {"status": 500}}}'

  create "$STAFF" Staff

  verify '{"match": {"operation": "createPasswordSyncGroup"}, "count": {"exactly": 1}}'
}

a_429_is_waited_out() {
  stop_clock
  arm '{"when": {"operation": "getPasswordSyncGroups"}, "fires": {"nth": 1},
    "fault": {"rateLimited": {"retryAfter": "30s", "window": "30s"}}}'

  groups GET >/dev/null

  verify '{"match": {"operation": "getPasswordSyncGroups"}, "count": {"exactly": 2}, "apart": {"atLeast": "30s"},
    "then": [{"match": {"operation": "getPasswordSyncGroups"}, "status": 200}]}'
}

an_expired_token_is_replaced() {
  stop_clock
  groups GET >/dev/null
  advance 750s # a token lives for 749 seconds

  groups GET >/dev/null

  verify '{"match": {"operation": "getPasswordSyncGroups"}, "status": 401, "count": {"exactly": 1}}'
  verify '{"match": {"operation": "token"}, "status": 200, "count": {"exactly": 2}}'
}

a_token_that_ends_early_is_replaced() {
  use token-expires-early # at the third call

  groups GET >/dev/null
  groups GET >/dev/null
  groups GET >/dev/null

  verify '{"match": {"operation": "getPasswordSyncGroups"}, "status": 401, "count": {"exactly": 1}}'
  verify '{"match": {"operation": "token"}, "status": 200, "count": {"exactly": 2}}'
}

a_password_change_is_waited_for_and_reaches_every_source() {
  stop_clock
  use password-change-slow # by a minute
  create "$STAFF" Staff

  change_password amelia.admin 'Active Directory' Correct-Horse-7

  has_password amelia.admin 'Active Directory' Correct-Horse-7
  has_password amelia.admin Okta Correct-Horse-7
  verify '{"match": {"operation": "setPassword"}, "count": {"exactly": 1}}'
}

a_failed_verification_says_what_came_nearest() {
  local said
  groups GET >/dev/null

  ! said=$(verify '{"match": {"operation": "getPasswordSyncGroups"}, "status": 429}') || return 1

  grep -q 'status is 200, not 429' <<<"$said"
}

# --- Running them -----------------------------------------------------------------------------------------------------

# in_a_tenant TEST : runs it in a tenant with the demo fixture and credentials of its own, which is gone afterwards.
in_a_tenant() {
  local made name base=$root client_id client_secret code=0
  local own=$folder/$1
  mkdir "$own"
  made=$(control POST tenants '{"fixture": "demo"}')
  name=$(field name <<<"$made")
  base=$(field baseUrl <<<"$made") client_id=$(field clientId <<<"$made") client_secret=$(field clientSecret <<<"$made")
  # A shell of its own, so that the first command that fails ends the test.
  set +e
  (set -e; "$1"; judge)
  code=$?
  set -e
  base=$root
  control DELETE "tenants/$name"
  if [ "$code" -ne 0 ]; then
    mkdir -p sync-group-sim-journals
    cp "$folder/journals/$name"-* sync-group-sim-journals
    echo "# what the client did: sync-group-sim-journals/$name-0.json"
  fi
  return "$code"
}

tests=(
  a_create_whose_answer_was_lost_is_not_repeated
  a_429_is_waited_out
  an_expired_token_is_replaced
  a_token_that_ends_early_is_replaced
  a_password_change_is_waited_for_and_reaches_every_source
  a_failed_verification_says_what_came_nearest
)
echo "1..${#tests[@]}"
running=()
for test in "${tests[@]}"; do
  in_a_tenant "$test" &
  running+=($!)
done
failed=0
for index in "${!tests[@]}"; do
  outcome=ok
  wait "${running[index]}" || outcome='not ok' failed=1
  echo "$outcome $((index + 1)) - ${tests[index]//_/ }"
done
exit "$failed"
