#!/bin/sh
# What the GitHub actions and the GitLab template do, in any POSIX shell, Git Bash on Windows included:
#
#   ci.sh start    gets the program, starts a server on this machine, and tells the steps that follow how it is reached
#   ci.sh stop     ends the server, which then writes its journals, and shows its log
#   ci.sh drill    gets the program, and runs a drill
#
# Settings are variables: SIM_VERSION, SIM_RELEASES, SIM_SHA256, SIM_BINARY say where the program comes from (see `program`);
# SIM_SCENARIO, SIM_FIXTURE, SIM_SEED, SIM_RULES, SIM_PORT, SIM_TENANT, SIM_JOURNALS, SIM_OPTIONS what the server does (see
# `start`), SIM_COMMAND and SIM_OUT what a drill does. An empty one is as if it were not there.
set -eu

folder=${SIM_FOLDER:-${RUNNER_TEMP:-${TMPDIR:-/tmp}}/sync-group-sim}
mkdir -p "$folder"

# --- Messages ---------------------------------------------------------------------------------------------------------

on_github() { [ "${GITHUB_ACTIONS:-}" = true ]; }

# As GitHub reads a message of several lines in one.
in_one_line() { printf '%s' "$*" | awk '{ gsub(/%/, "%25"); gsub(/\r/, "%0D"); printf "%s%s", (NR > 1 ? "%0A" : ""), $0 }'; }

fail() {
  if on_github; then printf '::error title=sync-group-sim::%s\n' "$(in_one_line "$*")"; else printf 'sync-group-sim: %s\n' "$*"; fi >&2
  exit 1
}

# show TITLE FILE : folded away where the log can fold.
show() {
  if on_github; then printf '::group::%s\n' "$1"; else printf -- '-- %s\n' "$1"; fi
  cat "$2"
  if on_github; then echo '::endgroup::'; fi
}

# --- The program ------------------------------------------------------------------------------------------------------

# As programs of this system write it; Git Bash has a way of its own.
system_path() { if command -v cygpath >/dev/null; then cygpath -m "$1"; else printf '%s\n' "$1"; fi; }

target() {
  case $(uname -s)/$(uname -m) in
    Linux/x86_64) echo x86_64-unknown-linux-musl.tar.gz ;;
    Linux/aarch64 | Linux/arm64) echo aarch64-unknown-linux-musl.tar.gz ;;
    Darwin/x86_64) echo x86_64-apple-darwin.tar.gz ;;
    Darwin/arm64) echo aarch64-apple-darwin.tar.gz ;;
    MINGW*/x86_64 | MSYS*/x86_64 | CYGWIN*/x86_64) echo x86_64-pc-windows-gnu.zip ;;
    *) fail "no release is made for $(uname -s) on $(uname -m); build the program there, and give its path as \`binary\`" ;;
  esac
}

# fetch URL FILE
fetch() {
  if command -v curl >/dev/null; then
    curl -fsSL --retry 3 -o "$2" "$1"
  elif command -v wget >/dev/null; then
    wget -q -O "$2" "$1"
  else
    fail "neither curl nor wget is here to fetch $1; install one, or give the program's path as \`binary\`"
  fi || fail "$1 cannot be fetched; expected a release of version ${SIM_VERSION:-?}: look at the version and at \`releases\`"
}

digest() { if command -v sha256sum >/dev/null; then sha256sum "$1"; else shasum -a 256 "$1"; fi | cut -c 1-64; }

# Names where the program is: SIM_BINARY, as it is; else that of release SIM_VERSION, from SIM_RELEASES, whose archive has the
# digest SIM_SHA256, or that of the release's own list.
program() {
  if [ -n "${SIM_BINARY:-}" ]; then
    [ -f "$SIM_BINARY" ] || fail "\`binary\` is $SIM_BINARY, and no file is there"
    # Artifacts of a job before this one have lost that.
    [ -x "$SIM_BINARY" ] || fail "\`binary\` is $SIM_BINARY, which may not be run; try: chmod +x $(in_quotes "$SIM_BINARY")"
    path=$(cd "$(dirname "$SIM_BINARY")" && pwd)/$(basename "$SIM_BINARY")
    assert_program "$path" "\`binary\` is $SIM_BINARY, which"
    system_path "$path"
    return
  fi
  [ -n "${SIM_VERSION:-}" ] || fail "no version is given; expected one such as 1.2.3, or the path of a program as \`binary\`"
  # As its tag is written, too.
  SIM_VERSION=${SIM_VERSION#v}
  [ -n "${SIM_RELEASES:-}" ] ||
    fail "nothing is published yet, as packages/OWNER says; give the program's path as \`binary\`, or \`releases\`, where its archives are"
  download "$(target)"
}

in_quotes() { printf "'%s'" "$(printf '%s\n' "$1" | sed "s/'/'\\\\''/g")"; }

# The numbers that stay while versions are compatible: 0.1 of v0.1.7.
release() { printf '%s\n' "${1#v}" | cut -d . -f 1,2; }

# assert_program PATH WHAT : fails where that is another program, a part of one or one for another system, by which every drill
# might pass; and one that may not know these options.
assert_program() {
  code=0
  said=$("$1" --version 2>"$folder/log" </dev/null) || code=$?
  case $said in
    "sync-group-sim "[0-9]*.[0-9]*) said=${said#* } ;;
    *)
      said=$said$(cat "$folder/log")
      fail "$2 is not sync-group-sim for this system, or a part of it alone: \`--version\` ended with code $code and printed ${said:-nothing}"
      ;;
  esac
  [ -z "${SIM_VERSION:-}" ] || [ "$(release "$said")" = "$(release "$SIM_VERSION")" ] ||
    fail "$2 is sync-group-sim $said; expected a program $(release "$SIM_VERSION").x, as the version asked for, or that of the action, is ${SIM_VERSION#v}"
}

# download TARGET.ENDING
download() {
  ending=tar.gz name=sync-group-sim-$SIM_VERSION-$1
  case $1 in *.zip) ending=zip ;; esac
  from=$SIM_RELEASES/v$SIM_VERSION
  fetch "$from/$name" "$folder/$name"
  # Windows writes them large.
  expected=$(printf '%s' "${SIM_SHA256:-}" | tr A-F a-f)
  if [ -z "$expected" ]; then
    fetch "$from/SHA256SUMS" "$folder/SHA256SUMS"
    expected=$(awk -v name="$name" '$2 == name || $2 == "*" name { print $1 }' "$folder/SHA256SUMS")
    [ -n "$expected" ] || fail "$from/SHA256SUMS does not name $name; this platform may be missing from that release"
  fi
  found=$(digest "$folder/$name")
  [ "$found" = "$expected" ] || fail "$from/$name has the SHA-256 digest $found; expected $expected. It is not used"
  case $ending in
    zip) unzip -qo "$folder/$name" -d "$folder" ;;
    *) tar -xzf "$folder/$name" -C "$folder" ;;
  esac
  unpacked=$folder/${name%."$ending"}/sync-group-sim
  if [ "$ending" = zip ]; then unpacked=$unpacked.exe; fi
  assert_program "$unpacked" "what is in $from/$name"
  system_path "$unpacked"
}

# What later steps find the program by, besides the PATH.
tell_program() {
  tell SYNC_GROUP_SIM_BIN "$1"
  if on_github; then dirname "$1" >>"$GITHUB_PATH"; fi
}

# one_line NAME VALUE : in GitHub's files a further line would set something else.
one_line() {
  case $2 in *"
"*) fail "$1 is of several lines; expected one: $2" ;; esac
}

# tell NAME VALUE : sets a variable for the steps that follow; where a shell goes on, it reads the file `env`.
tell() {
  one_line "$1" "$2"
  if on_github; then printf '%s=%s\n' "$1" "$2" >>"$GITHUB_ENV"; fi
  printf "export %s=%s\n" "$1" "$(in_quotes "$2")" >>"$folder/env"
}

# output NAME VALUE
output() {
  one_line "$1" "$2"
  if on_github; then printf '%s=%s\n' "$1" "$2" >>"$GITHUB_OUTPUT"; fi
}

# --- The server -------------------------------------------------------------------------------------------------------

# It ends when its standard input does, which needs no signal and no process id: Windows has neither here. What holds the
# other end goes when it is asked to, or is ended with the job.
serve() {
  while [ -d "$folder" ] && [ ! -e "$folder/stop" ]; do sleep 0.2 2>/dev/null || sleep 1; done | {
    code=0
    "$program" serve --listen "127.0.0.1:${SIM_PORT:-0}" --port-file "$folder/port" --stop-with-stdin \
      --journal-dir "$journals" "$@" >"$folder/banner" 2>"$folder/log" || code=$?
    echo "$code" >"$folder/ended"
  }
}

# These would take the server away from its own job.
forget_variables() {
  unset SYNC_GROUP_SIM_LISTEN SYNC_GROUP_SIM_PORT_FILE SYNC_GROUP_SIM_TLS_CERT SYNC_GROUP_SIM_TLS_KEY \
    SYNC_GROUP_SIM_TLS_SELF_SIGNED SYNC_GROUP_SIM_TLS_CA_FILE SYNC_GROUP_SIM_CONTROL SYNC_GROUP_SIM_CONTROL_TOKEN \
    SYNC_GROUP_SIM_URL
}

# set_up : what the server reads from its own variables; a setting goes before the variable of the job.
set_up() {
  forget_variables
  if [ -n "${SIM_FIXTURE:-}" ]; then export SYNC_GROUP_SIM_FIXTURE="$SIM_FIXTURE"; fi
  if [ -n "${SIM_SEED:-}" ]; then export SYNC_GROUP_SIM_SEED="$SIM_SEED"; fi
  if [ -n "${SIM_SCENARIO:-}" ]; then export SYNC_GROUP_SIM_SCENARIO="$SIM_SCENARIO"; fi
  if [ -n "${SIM_RULES:-}" ]; then
    { echo 'name: rules'; echo 'rules:'; printf '%s\n' "$SIM_RULES" | sed 's/^/  /'; } >"$folder/rules.yaml"
    export SYNC_GROUP_SIM_SCENARIO="${SYNC_GROUP_SIM_SCENARIO:+$SYNC_GROUP_SIM_SCENARIO,}$(system_path "$folder/rules.yaml")"
  fi
}

# Whether a server was started here and is there: one that was killed leaves its files.
runs() { [ -e "$folder/port" ] && (forget_variables; "$program" health --port-file "$folder/port" >/dev/null 2>&1); }

# wait_for FILE... : until one of them has something in it, for 20 s at most.
wait_for() {
  tries=200
  while [ $tries -gt 0 ]; do
    for file in "$@"; do if [ -s "$file" ]; then return 0; fi; done
    sleep 0.1 2>/dev/null || sleep 1
    tries=$((tries - 1))
  done
  return 1
}

# assert_reached URL : a sandbox may have no loopback interface. With TLS it is not http, and the job knows.
assert_reached() {
  case " ${SIM_OPTIONS:-} " in *" --tls-"*) return ;; esac
  said=$("$program" health --url "$1" 2>&1) || fail "the server listens, and cannot be reached: $said"
}

# make_tenant NAME URL
make_tenant() {
  case $1 in *[!a-z0-9-]* | ?????????????????????????????????????????????????????????????????*)
    fail "\`tenant\` is \`$1\`; expected 1 to 63 characters of a-z, 0-9, -" ;;
  esac
  body="{\"name\": \"$1\"}"
  if command -v curl >/dev/null; then
    curl -fsS --noproxy '*' -o "$folder/tenant" -d "$body" "$2/_sim/tenants"
  else
    wget -q -O "$folder/tenant" --post-data "$body" "$2/_sim/tenants"
  fi || fail "the tenant $1 cannot be made at $2"
}

# SIM_RULES is a list of rules as in a scenario file; SIM_SCENARIO has names and paths, with commas; SIM_JOURNALS is a folder;
# SIM_OPTIONS are further options of `serve`, separated by blanks.
start() {
  journals=${SIM_JOURNALS:-sync-group-sim-journals}
  one_line journals "$journals"
  program=$(program)
  if runs; then fail "a server runs already in this job; expected one: tenants are for more"; fi
  rm -f "$folder/port" "$folder/stop" "$folder/ended" "$folder/env"
  printf '%s\n' "$journals" >"$folder/journals"
  set_up
  set -f
  # A redirected function would keep the step's own output open, and the step would never end.
  # shellcheck disable=SC2086 # blanks separate
  (exec </dev/null >/dev/null 2>&1; serve ${SIM_OPTIONS:-}) &
  set +f
  wait_for "$folder/port" "$folder/ended" || fail "the server did not listen within 20 s"
  if [ -s "$folder/ended" ]; then
    said=$(cat "$folder/log")
    fail "the server did not start: ${said:-it ended with code $(cat "$folder/ended") and said nothing}"
  fi
  url=http://127.0.0.1:$(cat "$folder/port")
  assert_reached "$url"
  if [ -n "${SIM_TENANT:-}" ] && [ "$SIM_TENANT" != default ]; then
    make_tenant "$SIM_TENANT" "$url"
    url=$url/tenants/$SIM_TENANT
  fi
  tell_server "$url"
}

# tell_server URL : says to the steps that follow how the tenant is reached.
tell_server() {
  "$program" env --shell dotenv --url "$1" >"$folder/credentials"
  while IFS='=' read -r name value; do
    if on_github && [ "$name" = SAIL_CLIENT_SECRET ]; then printf '::add-mask::%s\n' "$value"; fi
    tell "$name" "$value"
  done <"$folder/credentials"
  rm "$folder/credentials"
  tell SYNC_GROUP_SIM_URL "$1"
  # Of a runner behind a proxy: most clients ask it for this machine, too.
  if [ -n "${http_proxy:-}${HTTP_PROXY:-}${all_proxy:-}${ALL_PROXY:-}" ]; then
    before=${no_proxy:-${NO_PROXY:-}}
    tell NO_PROXY "${before:+$before,}127.0.0.1"
    tell no_proxy "${before:+$before,}127.0.0.1"
  fi
  tell_program "$program"
  output base-url "$1"
  output port "$(cat "$folder/port")"
  output journals "$journals"
  output binary "$program"
  sed -n 's/^  seed  */seed /p' "$folder/banner"
  printf 'listening on %s (SAIL_BASE_URL)\n' "$1"
}

# What the start was told, unless the stop is told something else.
stop() {
  journals=${SIM_JOURNALS:-$(cat "$folder/journals" 2>/dev/null || :)}
  output journals "${journals:-sync-group-sim-journals}"
  if [ ! -e "$folder/banner" ]; then echo "no server runs"; return; fi
  ended=
  if [ -s "$folder/ended" ]; then ended=$(cat "$folder/ended"); fi
  : >"$folder/stop"
  wait_for "$folder/ended" || fail "the server did not end within 20 s; its journals may be missing"
  show "what the server logged" "$folder/log"
  rm -f "$folder/banner" "$folder/port" "$folder/stop"
  [ -z "$ended" ] || fail "the server had ended before it was asked to, with exit code $ended"
}

# --- The drill --------------------------------------------------------------------------------------------------------

# SIM_COMMAND is a line for sh, SIM_OUT the folder of the reports, SIM_OPTIONS further options of `drill`, separated by blanks.
drill() {
  [ -n "${SIM_COMMAND:-}" ] || fail "no command is given; expected one that runs your client once, such as \`python3 sync.py\`"
  program=$(program)
  out=${SIM_OUT:-drill.out} code=0
  if [ -n "${SIM_SEED:-}" ]; then SIM_OPTIONS="--seed $SIM_SEED ${SIM_OPTIONS:-}"; fi
  output report "$out"
  output binary "$program"
  set -f
  # shellcheck disable=SC2086 # blanks separate
  "$program" drill --report html,json,junit,md --out "$out" ${SIM_OPTIONS:-} -- sh -c "$SIM_COMMAND" || code=$?
  output exit-code "$code"
  exit "$code"
}

case ${1:-} in
  start | stop | drill) "$1" ;;
  *) fail "\`${1:-}\`; expected start, stop or drill" ;;
esac
