#!/usr/bin/env bash
# Creates one group. Only the token call and reads are repeated (curl --retry); a create that ended unclear is looked up.
set -uo pipefail

groups=$SAIL_BASE_URL/v2025/password-sync-groups
body='{"name": "Sales", "passwordPolicyId": "2c91808d744ba0ce01746f93b6204501",
  "sourceIds": ["2c918084660f45d6016617daa9210584", "2c918084660f45d6016617daa9210500"]}'

fail() { printf 'create_once: %s\n' "$*" >&2; exit 1; }

# Repeats what curl takes for passing: it is safe for a token and a read, and for nothing else.
again=(--retry 4 --retry-connrefused --retry-max-time 60)

fetch_token() {
  token=$(curl -sS --fail --max-time 15 "${again[@]}" "$SAIL_BASE_URL/oauth/token" \
    -d grant_type=client_credentials -d client_id="$SAIL_CLIENT_ID" -d client_secret="$SAIL_CLIENT_SECRET" |
    sed -n 's/.*"access_token":"\([^"]*\)".*}$/\1/p')
  [ -n "$token" ]
}

create() {
  answer=$(curl -sS --max-time 15 -w '\n%{http_code}' "$groups" -H "Authorization: Bearer $token" \
    -H 'Content-Type: application/json' -d "$body")
  ended=$? status=${answer##*$'\n'} answer=${answer%$'\n'*}
}

# there : whether the list has the group; 2 when it cannot be read. One page: a tenant has fewer than 250 groups.
there() {
  local list
  list=$(curl -sS --fail --max-time 15 "${again[@]}" "$groups" -H "Authorization: Bearer $token") || return 2
  case $list in '['*']') ;; *) return 2 ;; esac
  grep -q '"name":"Sales"' <<<"$list"
}

fetch_token || fetch_token || fail "no token"
create
if [ "$ended:$status" = 0:401 ]; then
  fetch_token || fail "the token has ended, and there is no new one"
  create
fi
case $ended:$status in
  0:200)
    case $answer in '{'*'"id":"'*'}') exit 0 ;; esac ;;
  0:4??) fail "the create was answered $status: $answer" ;;
esac
sleep 1
there
case $? in
  0) printf 'create_once: unclear (%s), but Sales is there\n' "$status" >&2 ;;
  1) fail "the create ended unclear ($status), and Sales is not there" ;;
  *) fail "the create ended unclear ($status), and the list cannot be read: look for Sales" ;;
esac
