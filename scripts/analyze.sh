#!/bin/sh
# Let gcc look for paths to leaks, double frees and NULL in every program file.
# Usage: analyze.sh [FILE.c]...
#
# Without names, the product's own files: what only the tests use may leak.  A
# finding that is none is silenced in the code, by a pragma with its reason.
set -eu
cd "$(dirname "$0")/.."
mkdir -p build/analyze

[ $# -gt 0 ] || set -- $(find shared fcgi schedd cli -name '*.c' | sort)
flags=$(pkg-config --cflags sqlite3 jansson libconfig libsodium libcurl)
bad=0
for file; do
	# shellcheck disable=SC2086 # several flags
	${CC:-gcc} -std=gnu17 -D_GNU_SOURCE -I. -include shared/banned.h \
		-DCRM_VERSION='"0"' $flags -O2 -Werror -fanalyzer \
		-c -o build/analyze/out.o "$file" || bad=1
done
rm -f build/analyze/out.o
[ $bad -ne 0 ] || echo "gcc -fanalyzer has nothing to say about $# files"
exit $bad
