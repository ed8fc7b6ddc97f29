/*
 * run_events: what happens to the items of a run, in one order.
 *
 * A trigger numbers each event of an item within its run, from 1 on, in the
 * order in which they are committed: who has read up to N asks for what came
 * after N and misses nothing.
 */
#ifndef SHARED_RUN_EVENTS_H
#define SHARED_RUN_EVENTS_H

#include "shared/events.h"
#include "shared/items.h"

/*
 * An event with its number in the run; of the item no more than a line about
 * it needs, as it stands now.  Release with run_event_done().
 */
struct run_event {
	int64_t seq;		/* in the run */
	struct event event;	/* event.seq is the one in the item */
	char *item_id;
	int64_t row;		/* the item's seq: its row in the request */
	char *label;
	char *provider_id;
	enum item_stage stage;
	enum access_status access;
	char *model;		/* resolved_smoke_model, or NULL */
	char *failure_class;	/* of the item, or NULL */
};

void run_event_done(struct run_event *event);

int run_events_list(struct db_rows *rows, struct db *db, const char *run_id,
		    int64_t after, int64_t limit, struct err *err) MUST_CHECK;
int run_events_next(struct db_rows *rows, struct run_event *event,
		    struct err *err) MUST_CHECK;

/* The number of the newest; 0: there is none. */
int run_events_last(struct db *db, const char *run_id, int64_t *ret,
		    struct err *err) MUST_CHECK;

extern const struct db_query *const run_events_queries[];

#endif
