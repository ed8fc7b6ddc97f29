#!/bin/sh
# Run test programs and say what they found.
# Usage: run-tests.sh KIND PROGRAM...
#
# A program prints TAP.  Its output is shown only if something in it failed.
# A program that dies, hangs, or runs less than it planned is a failure too.
# COUNTS names a file that gets "KIND PROGRAM PASSED FAILED" for each.
# TIMEOUT is how many seconds a program may take; ARGS are its arguments; JOBS
# is how many programs run at a time.
set -eu

kind=$1
shift
if [ "${JOBS:-1}" -gt 1 ] && [ $# -gt 1 ]; then
	at_once=$JOBS
	JOBS=1
	export JOBS
	printf '%s\n' "$@" | xargs -P "$at_once" -n 1 "$0" "$kind" && exit
	exit 1
fi
case $kind in
unit) seconds=${TIMEOUT:-300} ;;
sim) seconds=${TIMEOUT:-600} ;;
*) seconds=${TIMEOUT:-900} ;;
esac
CMOCKA_MESSAGE_OUTPUT=TAP
export CMOCKA_MESSAGE_OUTPUT

output=$(mktemp)
trap 'rm -f "$output"' EXIT
bad=0

# matches PATTERN: how many lines of the output begin with it.
matches() {
	grep -Ec "^$1" "$output" || :
}

# judge STATUS: set passed and failed.
judge() {
	passed=$(matches 'ok ')
	failed=$(matches 'not ok ')
	planned=$(sed -n 's/^1\.\.\([0-9][0-9]*\).*/\1/p' "$output" |
		awk '{ n += $1 } END { print n + 0 }')
	if [ $((passed + failed)) -eq 0 ] && [ "$planned" -eq 0 ]; then
		# No TAP: its status is its only word, unless it skips all.
		if [ "$1" -eq 0 ]; then
			[ "$(matches '1\.\.0')" -gt 0 ] || passed=1
		else
			failed=1
		fi
	elif [ "$failed" -eq 0 ] && { [ "$1" -ne 0 ] ||
			[ $((passed + failed)) -lt "$planned" ]; }; then
		failed=1
	fi
}

for program; do
	# Several folders have a run.sh.
	case $program in
	tests/integration/*) name=$(basename "$program" .sh) ;;
	tests/*.sh) name=${program#tests/} name=${name%.sh} ;;
	*) name=$(basename "$program" .sh) ;;
	esac
	status=0
	started=$(date +%s)
	case $program in
	*/*) ;;
	*) program=./$program ;;
	esac
	# What is asked to end may take a while to end what it began.
	# shellcheck disable=SC2086 # ARGS are several words
	timeout -k 60 "$seconds" "$program" ${ARGS:-} >"$output" 2>&1 ||
		status=$?
	judge "$status"
	took=$(($(date +%s) - started))
	if [ "$failed" -gt 0 ]; then
		bad=1
		cat "$output"
		[ "$status" -ne 124 ] || echo "# ended after $seconds s"
		echo "FAIL $kind $name: $passed passed, $failed failed," \
			"status $status, $took s"
	else
		echo "ok   $kind $name: $passed passed, $took s"
	fi
	[ -z "${COUNTS:-}" ] ||
		echo "$kind $name $passed $failed" >>"$COUNTS"
done
exit $bad
