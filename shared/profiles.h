/*
 * profiles: what provider keys can do, the rows of capability_profiles.
 *
 *	(none) --want--> wanted --start--> under way --finish--> known
 *	                   ^-----------want-----------------------'
 *
 * One row for each key at each endpoint, so that one flow at most asks with
 * it; what is wanted meanwhile is added to what the flow does.  schedd starts
 * what imports want as room allows, fcgi at once what a person asks for.
 */
#ifndef SHARED_PROFILES_H
#define SHARED_PROFILES_H

#include "shared/db.h"
#include "shared/id.h"
#include "shared/profile.h"

/* The flow of its task, and where that begins. */
#define PROFILE_FLOW "profile"
#define PROFILE_FIRST_STEP "profile.try"

#define PROFILE_KEPT "profile_kept"	/* events of items */
#define PROFILE_MADE "profiled"

/* A row.  Release with profile_row_done(). */
struct profile_row {
	char *profile_id;
	char *endpoint_key;
	char *key_name;		/* a fingerprint, or the id of a secret */
	char *item_id;
	char *host_id;
	char *profile;		/* JSON, or NULL */
	enum profile_level level;	/* of `profile`; PROFILE_OFF: none */
	int64_t taken_at;	/* 0: never, or not to the end */
	enum profile_level wanted;	/* or under way; PROFILE_OFF: nothing */
	char *task_id;		/* of the flow under way, or NULL */
	char *draft;		/* JSON, what that has so far; or NULL */
	int64_t day, probes, tokens;	/* spent on that day */
};

void profile_row_done(struct profile_row *row);

int profiles_get(struct db *db, const char *profile_id,
		 struct profile_row *ret, struct err *err) MUST_CHECK;

/* Zeroed if there is none. */
int profiles_find(struct db *db, const char *endpoint_key,
		  const char *key_name, struct profile_row *ret,
		  struct err *err) MUST_CHECK;

struct profile_wish {
	const char *endpoint_key;
	const char *key_name;
	const char *item_id;
	const char *host_id;
	enum profile_level level;
};

/*
 * Inside a transaction.  Want no less than this; what is wanted or under way
 * already becomes this at least, and goes on with this item.
 */
int profiles_want(struct db *db, const struct profile_wish *wish, int64_t now,
		  uint64_t random, char ret_id[ID_MAX], struct err *err)
	MUST_CHECK;

/* Inside a transaction.  Add the task, if something is wanted of this row. */
int profiles_start(struct db *db, const char *profile_id, int64_t now,
		   uint64_t random, struct err *err) MUST_CHECK;

/* Those wanted and not under way, oldest first, `limit` at most. */
int profiles_wanted(struct db_rows *rows, struct db *db, int64_t limit,
		    struct err *err) MUST_CHECK;
int profiles_next(struct db_rows *rows, struct profile_row *row,
		  struct err *err) MUST_CHECK;

/* How many flows are under way, none that is held; of those that wait, whether there is one. */
int profiles_running(struct db *db, int64_t *ret, struct err *err) MUST_CHECK;
int profiles_is_waiting(struct db *db, bool *ret, struct err *err) MUST_CHECK;

/* Write `draft` and what was spent. */
int profiles_note(struct db *db, const struct profile_row *row, int64_t now,
		  struct err *err) MUST_CHECK;

/*
 * Inside a transaction: the flow has ended.  Writes `profile`, `level` and
 * `taken_at` of the row, and gives the profile to its item and to all of the
 * same key that have none yet.  What was wanted beyond `done` stays wanted.
 */
int profiles_finish(struct db *db, const struct profile_row *row,
		    enum profile_level done, int64_t now, struct err *err)
	MUST_CHECK;

extern const struct db_query *const profiles_queries[];

#endif
