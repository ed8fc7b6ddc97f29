#!/bin/sh
# Install the Debian packages that are missing for what you want to do.
# Usage: deps.sh [-n] SET...
#
#   build	compile and install the programs
#   demo	run scripts/demo
#   test	run scripts/check
#   quick	scripts/check, but sooner
#   dev		the targets beside it: analyze, tidy, coverage, check-fresh, bench
#
# -n only says what is missing, and fails if something is.
set -eu

# One package a line: set, package, what for.
packages() {
	cat <<'END'
build	gcc			compiler
build	make			builds everything
build	libc6-dev		headers of the C library
build	pkg-config		finds libraries
build	libsqlite3-dev		the state database
build	libjansson-dev		reads JSON
build	libconfig-dev		reads crm.conf
build	libsodium-dev		seals secrets
build	libunistring-dev	compares names whatever their width and case
build	libcurl4-openssl-dev	speaks to hosts and providers
build	libcsv-dev		reads CSV
build	libarchive-dev		bundles of packs
build	libyaml-dev		crmctl reads site.yaml
build	libfcgi-dev		crm-fcgi answers nginx
demo	nginx			the web server in front of crm-fcgi
demo	libmicrohttpd-dev	the simulated host and provider
demo	openssl			makes the certificate of the throw-away site
demo	curl			asks the API
demo	ca-certificates		the certificates that the world trusts
demo	jq			reads answers
demo	procps			looks at processes
test	libcmocka-dev		unit tests
test	git			crmctl overlay applies patches with it
test	python3			measures functions
test	python3-jsonschema	checks our schemas by itself
test	sqlite3			looks into the state database
quick	gojq			starts eight times as fast as jq
dev	clang-14		second compiler, fuzzing
dev	clang-tidy-14		finds mistakes
dev	cppcheck		finds others
dev	clang-format-14		lays out text
dev	gcovr			coverage
dev	debootstrap		makes the fresh root of check-fresh
dev	wrk			load for the benchmarks
END
}

only_say=
if [ "${1:-}" = -n ]; then
	only_say=yes
	shift
fi
[ $# -gt 0 ] || { sed -n '2,/^set/s/^# \{0,1\}//p' "$0" >&2; exit 2; }

# Every set holds those before it.
wanted=' '
for set; do
	case $set in
	build) wanted="$wanted build " ;;
	demo) wanted="$wanted build demo " ;;
	test) wanted="$wanted build demo test " ;;
	quick) wanted="$wanted quick " ;;
	dev) wanted="$wanted build demo test dev " ;;
	*) echo "deps.sh: no such set: $set" >&2; exit 2 ;;
	esac
done

is_installed() {
	[ "$(dpkg-query -W -f '${db:Status-Status}' "$1" 2>/dev/null)" \
		= installed ]
}

missing=$(packages | while read -r set package why; do
	case $wanted in
	*" $set "*) is_installed "$package" || echo "$package	$why" ;;
	esac
done)
[ -n "$missing" ] || exit 0

command -v apt-get >/dev/null || {
	echo "deps.sh: this is no Debian; it needs what these packages hold:" >&2
	echo "$missing" >&2
	exit 1
}
echo "Missing packages:" >&2
echo "$missing" | sed 's/^/  /' >&2
names=$(echo "$missing" | cut -f1 | tr '\n' ' ')
if [ -n "$only_say" ] || [ "$(id -u)" -ne 0 ]; then
	echo "Install them with: sudo apt-get install --no-install-recommends" \
		"$names" >&2
	exit 1
fi

echo "Installing them with apt-get ..." >&2
DEBIAN_FRONTEND=noninteractive
export DEBIAN_FRONTEND
log=$(mktemp)
trap 'rm -f "$log"' EXIT
# shellcheck disable=SC2086 # several names
if ! { apt-get -q update && apt-get -q -y install --no-install-recommends \
		$names; } >"$log" 2>&1; then
	tail -30 "$log" >&2
	echo "deps.sh: apt-get failed" >&2
	exit 1
fi
