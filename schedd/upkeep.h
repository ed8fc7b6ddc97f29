/*
 * upkeep: what the engine does now and then beside its jobs: ends leases that
 * ran out, wakes whom everybody forgot, lets the watch have a look, begins
 * what imports want to know of their keys.
 */
#ifndef SCHEDD_UPKEEP_H
#define SCHEDD_UPKEEP_H

#include <stdint.h>

#include "schedd/step.h"

/* Start zeroed. */
struct upkeep {
	int64_t expired_at;
	int64_t watch_at;	/* when the watch looks next */
	int64_t audited_at;	/* when old rows of the audit log were looked for */
	int64_t profiled_at;	/* when wishes for profiles were looked at */
	int64_t reconciled_at;
	int64_t jumped_by;	/* the clock, and tasks do not know it yet */
};

/* To be called with every tick: costs nothing while nothing is due. */
int upkeep_turn(struct upkeep *upkeep, const struct store *store, int64_t now,
		struct err *err) MUST_CHECK;

/* The clock was set by so much: the next turn tells it to what is stored. */
void upkeep_clock_jumped(struct upkeep *upkeep, int64_t by);

/* When it wants to be called again, INT64_MAX: any time. */
int64_t upkeep_next(const struct upkeep *upkeep, const struct store *store);

#endif
