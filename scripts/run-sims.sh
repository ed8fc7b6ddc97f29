#!/bin/sh
# Run simulations over many seeds.
# Usage: run-sims.sh SEEDS PROGRAM...
#
# FROM is the first seed.  A seed that fails is printed by its program,
# together with the command that runs it again.
set -eu

# A world of thousands of keys is as much work as fifty others: sim_turns gets
# one seed where the others get fifty.
seeds=$1
shift
status=0
for sim; do
	case $sim in
	*/sim_turns) n=$(((seeds + 49) / 50)) ;;
	*) n=$seeds ;;
	esac
	ARGS="--seed-from ${FROM:-1} --seeds $n" \
		TIMEOUT=${TIMEOUT:-$((600 + seeds / 2))} \
		"$(dirname "$0")/run-tests.sh" sim "$sim" || status=1
done
exit $status
