#!/bin/sh
# How fast CRM is, and in how little memory: docs/performance.md.
#
# Usage: run.sh [--only get|page|post|packs|memory|proof|watch|names|reconcile|rollback|throughput]...
#        run.sh --real-host URL --host-token-file FILE
#               [--provider URL --provider-key-file FILE]
#
# Each line of the table compares CRM with something bare that does the same
# work on the same machine in the same minutes; only the ratio means anything.
# Nothing fails because it was slow: what misses its target is called short.
#
# The second form measures one item on a real host instead of a simulated one.
# What it made there is removed again.
set -eu
cd "$(dirname "$0")/../.."
LC_ALL=C
export LC_ALL

B=${B:-build}
B=$(cd "$B" && pwd)
only=
real_host=
real_token=
provider=
provider_key=

usage() {
	sed -n '/^# Usage/,/^#  *\[--provider/s/^# \{0,1\}//p' "$0" >&2
	exit 2
}

value() {
	[ $# -ge 2 ] || usage
	echo "$2"
}

while [ $# -gt 0 ]; do
	case $1 in
	--only) only="$only $(value "$@")"; shift ;;
	--real-host) real_host=$(value "$@"); shift ;;
	--host-token-file) real_token=$(value "$@"); shift ;;
	--provider) provider=$(value "$@"); shift ;;
	--provider-key-file) provider_key=$(value "$@"); shift ;;
	*) usage ;;
	esac
	shift
done
case "$real_host:$real_token" in
:) only=${only:-get page post packs memory proof watch names reconcile rollback throughput} ;;
:* | *:) usage ;;
*) only=proof ;;
esac
case "$provider:$provider_key" in
: | ?*:?*) ;;
*) usage ;;
esac

for part in lib get page post packs memory proof watch names reconcile rollback throughput; do
	# shellcheck source=/dev/null
	. "tests/bench/$part.sh"
done

# Outside of the tree, where the user of the site can reach it.
WORK=$(mktemp -d "${TMPDIR:-/tmp}/crm-bench.XXXXXX")
chmod 755 "$WORK"
RESULTS=$WORK/results
SITE=

finish() {
	status=$?
	trap - EXIT INT TERM HUP
	if [ -n "$SITE" ]; then
		[ "$status" -eq 0 ] || tail -n 3 "$SITE"/log/[!a]*.log >&2 || :
		clean_host || :
		end_site
	fi
	rm -rf "$WORK"
	exit "$status"
}
trap finish EXIT
trap 'exit 130' INT
trap 'exit 143' TERM HUP

for tool in nginx wrk jq curl sqlite3; do
	command -v "$tool" >/dev/null || {
		echo "bench: no $tool; scripts/deps.sh dev installs it" >&2
		exit 1
	}
done
machine
heading
for part in $only; do
	case $part in
	get | page | post | packs | memory | proof | watch | names | reconcile | rollback | throughput) "part_$part" ;;
	*) usage ;;
	esac
done
