#!/bin/sh
# Let clang-tidy look at every program file, by the rules of .clang-tidy.
# Usage: tidy.sh [FILE.c]...
#
# One file per call: version 14 reports false uses of va_list otherwise.
set -eu
cd "$(dirname "$0")/.."

[ $# -gt 0 ] || set -- $(find shared fcgi schedd cli tests/model \
	tests/helpers -name '*.c' | sort)
flags=$(pkg-config --cflags sqlite3 jansson libconfig libsodium libcurl)
bad=0
for file; do
	# shellcheck disable=SC2086 # several flags
	clang-tidy-14 --quiet "$file" -- -std=gnu17 -D_GNU_SOURCE -I. \
		-include shared/banned.h -DCRM_VERSION='"0"' $flags \
		2>build/tidy.log || bad=1
	grep -E '(error|fatal):' build/tidy.log || :
done
[ $bad -ne 0 ] || echo "clang-tidy has nothing to say about $# files"
exit $bad
