/*
 * provider_status: what a batch, a provider and its access are called in the
 * API by provider.  Each is derived here and nowhere else, from rows that say
 * something finer.  Pure.
 *
 *	batch		running succeeded partially_succeeded failed cancelled
 *	provider	active degraded broken unknown
 *	access		subscription_ready self_service_ready fully_ready
 *			broken unknown
 */
#ifndef SHARED_PROVIDER_STATUS_H
#define SHARED_PROVIDER_STATUS_H

#include "shared/items.h"
#include "shared/runs.h"

enum batch_status {
	BATCH_RUNNING,
	BATCH_SUCCEEDED,
	BATCH_PARTIALLY_SUCCEEDED,
	BATCH_FAILED,
	BATCH_CANCELLED,
	BATCH_STATUS__MAX
};

enum provider_access {
	PROVIDER_ACCESS_UNKNOWN,
	PROVIDER_ACCESS_BROKEN,
	PROVIDER_ACCESS_SUBSCRIPTION,
	PROVIDER_ACCESS_SELF_SERVICE,
	PROVIDER_ACCESS_FULL,
	PROVIDER_ACCESS__MAX
};

TABLE_ENUM_DECLARE(batch_status);
TABLE_ENUM_DECLARE(provider_access);

/* Rows that were left out make a batch that is otherwise well a partial one. */
enum batch_status batch_status_of(enum run_state state,
				  const struct run_counts *counts);

/* How many are how: items, accesses, whatever the provider is judged by. */
struct status_tally {
	int64_t of[ACCESS_STATUS__MAX];
};

void status_count(struct status_tally *tally, enum access_status status);

/*
 * All that is known is well: active.  Something is not, but not all:
 * degraded.  Nothing is: broken.  Its word is one of access_status.
 */
enum access_status provider_status_of(const struct status_tally *tally);

/*
 * Of the accesses of a provider on a host, by mode.  What is degraded was
 * proven and failed once: users are still let in.
 */
enum provider_access provider_access_of(
	const struct status_tally by_mode[ACCESS_MODE__MAX]);

/*
 * The same, told of what came in one way of access.  What the other mode has
 * (`other_active`) is no news where this one fails.
 */
enum provider_access provider_access_in(enum access_mode mode,
					const struct status_tally *tally,
					bool other_active);

#endif
