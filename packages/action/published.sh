# For the actions' steps to source: the release and the place that an action means unless it is told others. Both come with the
# action: its version is that of the program beside it, its publisher stands in packages/OWNER.
# shellcheck shell=sh

checkout=$(dirname "${BASH_SOURCE:-$0}")/../..
owner=$(sed -n 's/^repository=//p' "$checkout/packages/OWNER")
[ -n "${SIM_VERSION:-}" ] || SIM_VERSION=$(sed -n 's/^version = "\(.*\)"/\1/p' "$checkout/Cargo.toml" | head -n 1)
[ -n "${SIM_RELEASES:-}" ] || SIM_RELEASES=${owner:+${GITHUB_SERVER_URL:-https://github.com}/$owner/releases/download}
export SIM_VERSION SIM_RELEASES
