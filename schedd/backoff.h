/*
 * backoff: how long to wait after the n-th failure.  Pure.
 */
#ifndef SCHEDD_BACKOFF_H
#define SCHEDD_BACKOFF_H

#include <stdint.h>

/*
 * Doubled with each failure from `first_ms` to `max_ms`, then spread over
 * half of itself by `random`, so that many that failed together do not come
 * back together.  Never less than `at_least_ms`: what a peer asked for.
 */
int64_t backoff_ms(int64_t failures, int64_t first_ms, int64_t max_ms,
		   int64_t at_least_ms, uint64_t random);

#endif
