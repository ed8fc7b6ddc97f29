#!/bin/sh
# Which lines of shared/ and schedd/ do unit tests and simulations run?
# Usage: coverage.sh [MINIMUM]
#
# Fails below MINIMUM (85) percent.  build-cov/coverage.html shows the lines.
set -eu
cd "$(dirname "$0")/.."
minimum=${1:-85}

make -s -j2 COV=1 tests
find build-cov -name '*.gcda' -delete
make -s COV=1 SEEDS="${SEEDS:-200}" check-unit check-sim
gcovr --root . --object-directory build-cov \
	--filter 'shared/' --filter 'schedd/' \
	--html-details build-cov/coverage.html --print-summary \
	--fail-under-line "$minimum" >build-cov/coverage.txt || {
	cat build-cov/coverage.txt
	exit 1
}
cat build-cov/coverage.txt
