/*
 * events: what happened to an item, in order.  Named fields, never bodies,
 * never secrets.
 */
#ifndef SHARED_EVENTS_H
#define SHARED_EVENTS_H

#include <stdint.h>

#include "shared/db.h"

/* Events of an item, at most; what comes after is dropped. */
#define EVENTS_MAX 500

/* A row.  `char *` members are owned; release with event_done(). */
struct event {
	int64_t seq;
	int64_t at;
	char *step;
	char *kind;	/* "step", "retry", "parked", "created", "reused" ... */
	char *class;	/* a failure class, or NULL */
	char *detail;	/* JSON object, or NULL */
};

void event_done(struct event *event);

/* Append; the number follows the last one of the item. */
int events_add(struct db *db, const char *item_id, const struct event *event,
	       struct err *err) MUST_CHECK;

int events_list(struct db_rows *rows, struct db *db, const char *item_id,
		int64_t after, int64_t limit, struct err *err) MUST_CHECK;
int events_next(struct db_rows *rows, struct event *event, struct err *err)
	MUST_CHECK;

extern const struct db_query *const events_queries[];

#endif
