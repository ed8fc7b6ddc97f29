/*
 * watch: the background loop: proofs age, so what was proven is proven again.
 *
 * Every access has a moment of its next check.  A turn of the watch gives a
 * task to those whose moment has come, few at a time; between these moments
 * it costs one look at an index.  Hosts are probed again now and then, to
 * learn of a new version.
 */
#ifndef SCHEDD_WATCH_H
#define SCHEDD_WATCH_H

#include <stdint.h>

#include "schedd/step.h"

/* When an access that is fine is to be proven next; 0: the watch is off. */
int64_t watch_next(const struct settings *settings, int64_t now,
		   uint64_t random);

/* The same for one that failed `failures` times in a row. */
int64_t watch_recheck(const struct settings *settings, int64_t failures,
		      int64_t now, uint64_t random);

/*
 * To be called once at start: what was proven while the watch was off is
 * planned, if it is on now.
 */
int watch_begin(struct db *db, const struct settings *settings, int64_t now,
		struct err *err) MUST_CHECK;

/* Give tasks to what is due.  A transaction of its own, if anything is. */
int watch_turn(const struct store *store, int64_t now, struct err *err)
	MUST_CHECK;

/*
 * Inside a transaction: see which version the host is, unless that is being
 * done, or was within the last quarter of an hour (`probed_at`), or hosts are
 * not to be probed by themselves.
 */
int watch_probe(const struct store *store, const char *host_id,
		int64_t probed_at, int64_t now, struct err *err) MUST_CHECK;

/* When watch_turn() has something to do next; INT64_MAX: never, as it looks. */
int watch_next_due(const struct store *store, int64_t now, int64_t *ret,
		   struct err *err) MUST_CHECK;

#endif
