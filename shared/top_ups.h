/*
 * top_ups: what CRM gave its own users of self service, and how much of it a
 * host may cost.
 *
 * Amounts are whole units of the host's money.  A budget is of the last 24
 * hours or 30 days, whatever the calendar says; what was allowed counts, unless
 * the host definitely refused it.
 */
#ifndef SHARED_TOP_UPS_H
#define SHARED_TOP_UPS_H

#include <stdbool.h>
#include <stdint.h>

#include "shared/db.h"
#include "shared/id.h"

struct top_up_budget {
	int64_t amount;		/* of one; 0: none is given */
	int64_t per_day;	/* on one host; 0: no limit */
	int64_t per_month;
};

/* Who is to get it.  Borrowed. */
struct top_up_spec {
	const char *host_id;
	const char *resource_id;	/* or NULL */
	const char *selector;
	const char *task_id;
};

/* How a host stands.  -1: not known, or without a limit. */
struct top_up_state {
	int64_t day, month;	/* spent */
	int64_t left;		/* of the month's budget */
	int64_t days_left;	/* until that is gone, at the pace of a week */
};

/* Allow one, if the budget does; *ret says so. */
int top_ups_allow(struct db *db, const struct top_up_spec *spec,
		  const struct top_up_budget *budget, int64_t now,
		  uint64_t random, bool *ret, struct err *err) MUST_CHECK;

/* How the call for this task's went; nothing if it has none under way. */
int top_ups_settle(struct db *db, const char *task_id, bool done,
		   struct err *err) MUST_CHECK;

int top_ups_state(struct db *db, const char *host_id,
		  const struct top_up_budget *budget, int64_t now,
		  struct top_up_state *ret, struct err *err) MUST_CHECK;

/* Forget what counts no more. */
int top_ups_forget(struct db *db, int64_t before, struct err *err) MUST_CHECK;

extern const struct db_query *const top_ups_queries[];

#endif
