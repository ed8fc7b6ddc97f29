#include "shared/provider_status.h"

static const char *const batch_names[] = {
	[BATCH_RUNNING]			= "running",
	[BATCH_SUCCEEDED]		= "succeeded",
	[BATCH_PARTIALLY_SUCCEEDED]	= "partially_succeeded",
	[BATCH_FAILED]			= "failed",
	[BATCH_CANCELLED]		= "cancelled",
};
TABLE_ENUM_DEFINE(batch_status, batch_names, BATCH_STATUS__MAX);

static const char *const access_names[] = {
	[PROVIDER_ACCESS_UNKNOWN]	= "unknown",
	[PROVIDER_ACCESS_BROKEN]	= "broken",
	[PROVIDER_ACCESS_SUBSCRIPTION]	= "subscription_ready",
	[PROVIDER_ACCESS_SELF_SERVICE]	= "self_service_ready",
	[PROVIDER_ACCESS_FULL]		= "fully_ready",
};
TABLE_ENUM_DEFINE(provider_access, access_names, PROVIDER_ACCESS__MAX);

/* What a run is called where all of its keys were imported, and where not. */
static const struct {
	enum batch_status whole, partly;
} batches[] = {
	[RUN_RUNNING]	= { BATCH_RUNNING, BATCH_RUNNING },
	[RUN_COMPLETED]	= { BATCH_SUCCEEDED, BATCH_PARTIALLY_SUCCEEDED },
	[RUN_COMPLETED_WITH_WARNINGS] =
		{ BATCH_SUCCEEDED, BATCH_PARTIALLY_SUCCEEDED },
	[RUN_FAILED]	= { BATCH_FAILED, BATCH_FAILED },
	[RUN_CANCELLED]	= { BATCH_CANCELLED, BATCH_CANCELLED },
};
_Static_assert(COUNT(batches) == RUN_STATE__MAX, "one for each state");

enum batch_status batch_status_of(enum run_state state,
				  const struct run_counts *counts)
{
	bool whole = counts->active == counts->total && counts->rejected == 0;

	return whole ? batches[state].whole : batches[state].partly;
}

void status_count(struct status_tally *tally, enum access_status status)
{
	tally->of[status]++;
}

enum access_status provider_status_of(const struct status_tally *tally)
{
	bool well = tally->of[ACCESS_ACTIVE] > 0;
	bool ill = tally->of[ACCESS_BROKEN] > 0;

	if (tally->of[ACCESS_DEGRADED] > 0 || (well && ill))
		return ACCESS_DEGRADED;
	return well ? ACCESS_ACTIVE : ill ? ACCESS_BROKEN : ACCESS_UNKNOWN;
}

static bool lets_in(const struct status_tally *tally)
{
	return tally->of[ACCESS_ACTIVE] + tally->of[ACCESS_DEGRADED] > 0;
}

enum provider_access provider_access_of(
	const struct status_tally by_mode[ACCESS_MODE__MAX])
{
	const struct status_tally *subscription =
		&by_mode[ACCESS_SUBSCRIPTION];
	const struct status_tally *self = &by_mode[ACCESS_SELF_SERVICE];
	bool broken = subscription->of[ACCESS_BROKEN] +
		      self->of[ACCESS_BROKEN] > 0;

	if (lets_in(subscription))
		return lets_in(self) ? PROVIDER_ACCESS_FULL
				     : PROVIDER_ACCESS_SUBSCRIPTION;
	if (lets_in(self))
		return PROVIDER_ACCESS_SELF_SERVICE;
	return broken ? PROVIDER_ACCESS_BROKEN : PROVIDER_ACCESS_UNKNOWN;
}

enum provider_access provider_access_in(enum access_mode mode,
					const struct status_tally *tally,
					bool other_active)
{
	struct status_tally by_mode[ACCESS_MODE__MAX] = { 0 };
	enum access_mode other = mode == ACCESS_SUBSCRIPTION
		? ACCESS_SELF_SERVICE : ACCESS_SUBSCRIPTION;

	by_mode[mode] = *tally;
	if (other_active && lets_in(tally))
		status_count(&by_mode[other], ACCESS_ACTIVE);
	return provider_access_of(by_mode);
}
