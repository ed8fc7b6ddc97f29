/*
 * item_list: pages of items, those of one run or of all, and how many there
 * are.
 *
 * A page has a leading filter that an index serves, see walk.h.  The items of
 * a run come in the order of its rows, those of all runs the newest first, and
 * those that are searched for by label in the order of the labels.  Pages go
 * by id: what is added meanwhile moves nothing.
 */
#ifndef SHARED_ITEM_LIST_H
#define SHARED_ITEM_LIST_H

#include "shared/items.h"
#include "shared/walk.h"

/* NULL or "" means any; members are borrowed until the walk is done. */
struct item_filter {
	const char *run_id;		/* NULL: of all runs */
	const char *host_id;
	const char *current_stage;
	const char *confirmation_status;
	const char *access_status;
	const char *class;		/* failure_class */
	const char *provider_id;
	const char *label;		/* what it begins with */
	bool warning;			/* only those that have one */
	bool brief;			/* for item_list_next_brief() */
	const char *cursor;		/* the last item of the page before */
};

/* An item, and what a list says beside its row.  Release: item_row_done(). */
struct item_row {
	struct item item;
	char *host_id;			/* in lists of one run NULL, as is */
	char *given_key_fingerprint;	/* this; of its run, or NULL */
	char *key_source;		/* of the newest proof; or NULL */
	char *key_fingerprint;
};

void item_row_done(struct item_row *row);

/* Begin a page.  Release with walk_done(). */
int item_list(struct walk *walk, struct db *db,
	      const struct item_filter *filter, struct err *err) MUST_CHECK;

/* 1 and the next item that matches, 0 at the end, -1 on failure. */
int item_list_next(struct walk *walk, struct item_row *row, struct err *err)
	MUST_CHECK;

/*
 * What a table shows of an item.  Borrowed from the walk until its next row;
 * states are names.
 */
struct item_brief {
	const char *item_id, *run_id;
	int64_t seq;
	const char *provider_id, *base_url;
	const char *label;
	const char *api_key_last4;	/* or NULL */
	const char *stage, *confirmation, *access;
	const char *resolution;		/* or NULL; as are the next two */
	const char *resolved_smoke_model;
	const char *failure_class;
	const char *warnings;		/* JSON */
	int64_t updated_at;
	int64_t finished_at;
	int64_t paused_at;
};

/* As item_list_next(), of a list that was begun `brief`: for less. */
int item_list_next_brief(struct walk *walk, struct item_brief *brief,
			 struct err *err) MUST_CHECK;

/* How many items of a run are in each state. */
struct item_counts {
	int64_t by_stage[ITEM_STAGE__MAX];
	int64_t by_access[ACCESS_STATUS__MAX];
};

int item_list_counts(struct db *db, const char *run_id,
		     struct item_counts *ret, struct err *err) MUST_CHECK;

extern const struct db_query *const item_list_queries[];

#endif
