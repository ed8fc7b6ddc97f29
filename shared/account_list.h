/*
 * account_list: pages of the accounts that are ours on hosts, oldest first.
 *
 * Copies that are made to try something are none of them.
 */
#ifndef SHARED_ACCOUNT_LIST_H
#define SHARED_ACCOUNT_LIST_H

#include "shared/resources.h"
#include "shared/walk.h"

/* NULL or "" means any; members are borrowed until the walk is done. */
struct account_filter {
	const char *host_id;
	const char *endpoint_key;
	const char *state;
	const char *key_fingerprint;
	const char *resource_id;	/* this one alone */
	const char *cursor;		/* the last one of the page before */
};

/*
 * An account.  Borrowed from the walk until its next row.  What is said of
 * its key and endpoint is said by the newest import on it; NULL: there is
 * none.
 */
struct account_row {
	const char *resource_id;
	const char *host_id;
	const char *account_id;		/* the host's; NULL: not there yet */
	const char *lookup;		/* endpoint|mode|key */
	const char *mark;
	const char *state;
	const char *origin;		/* or NULL */
	int64_t paused_at;
	bool off_by_us;
	int64_t created_at;
	int64_t updated_at;
	int64_t uses;			/* imports that rest on it */
	const char *item_id;
	const char *run_id;
	const char *label;
	const char *base_url;
	const char *key_fingerprint;	/* or NULL, as is */
	const char *key_last4;
};

/* Begin a page.  Release with walk_done(). */
int account_list(struct walk *walk, struct db *db,
		 const struct account_filter *filter, struct err *err)
	MUST_CHECK;

/* 1 and the next one that matches, 0 at the end, -1 on failure. */
int account_list_next(struct walk *walk, struct account_row *row,
		      struct err *err) MUST_CHECK;

extern const struct db_query *const account_list_queries[];

#endif
