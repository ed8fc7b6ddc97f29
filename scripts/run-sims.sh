#!/bin/sh
# Run simulations over many seeds.
# Usage: run-sims.sh SEEDS PROGRAM...
#
# FROM is the first seed.  A seed that fails is printed by its program,
# together with the command that runs it again.
set -eu

seeds=$1
shift
ARGS="--seed-from ${FROM:-1} --seeds $seeds"
TIMEOUT=${TIMEOUT:-$((600 + seeds / 2))}
export ARGS TIMEOUT
[ $# -eq 0 ] || exec "$(dirname "$0")/run-tests.sh" sim "$@"
