#include "schedd/backoff.h"

int64_t backoff_ms(int64_t failures, int64_t first_ms, int64_t max_ms,
		   int64_t at_least_ms, uint64_t random)
{
	int64_t wait = first_ms;

	for (int64_t i = 0; i < failures && wait < max_ms; i++)
		wait *= 2;
	if (wait > max_ms)
		wait = max_ms;
	wait = wait / 2 + (int64_t)(random % (uint64_t)(wait / 2 + 1));
	return wait > at_least_ms ? wait : at_least_ms;
}
