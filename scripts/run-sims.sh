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
FROM=${FROM:-1}
TIMEOUT=${TIMEOUT:-$((600 + seeds / 2))}
export FROM TIMEOUT
for sim; do
	case $sim in
	*/sim_turns) echo "$(((seeds + 49) / 50)) $sim" ;;
	*) echo "$seeds $sim" ;;
	esac
done | xargs -P "$(nproc)" -L 1 sh -c '
	ARGS="--seed-from $FROM --seeds $1" exec "$0" sim "$2"' \
	"$(dirname "$0")/run-tests.sh"
