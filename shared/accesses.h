/*
 * accesses: that a user of some kind gets an endpoint's models on a host.
 *
 *	unknown --proof--> active <--proof-- degraded <--> broken
 *	                     '---failure-------^  '--quorum--^
 *
 * An import makes the row with its first good proof; after that checks keep
 * it: those that somebody asked for and those of the watch.  One failure
 * makes it degraded, a quorum of one class in a window broken (D27).  A proof
 * that is past its end makes it stale, which is no state but a view of it.
 */
#ifndef SHARED_ACCESSES_H
#define SHARED_ACCESSES_H

#include <stdbool.h>
#include <stdint.h>

#include "shared/db.h"
#include "shared/id.h"
#include "shared/items.h"
#include "shared/runs.h"

/* A row.  Release with access_done(). */
struct access {
	char *access_id;
	char *host_id;
	char *endpoint_key;
	char *plan;			/* "": see lookup_place() */
	enum access_mode mode;
	char *selector;			/* a label, or "key:<fingerprint>" */
	char *item_id;			/* that it was proven by last; or NULL */
	char *key_source;		/* managed_subscription ...; or NULL */
	char *key_fingerprint;		/* or NULL */
	char *key_resource_id;		/* or NULL */
	enum access_status status;
	int64_t status_since;
	char *failure_class;		/* or NULL */
	int64_t failures;		/* in a row, of that class */
	int64_t first_failure_at;	/* of those; 0: none */
	char *diagnosis;		/* JSON, or NULL */
	char *surfaces;			/* JSON, or NULL */
	int64_t surfaces_at;		/* when they were tried; 0: never */
	char *last_proof_id;		/* or NULL */
	int64_t proven_at;		/* the last good proof; 0: none */
	int64_t proof_expires_at;	/* of last_proof_id; 0: none */
	int64_t checked_at;		/* 0: never since the import */
	int64_t next_check_at;		/* 0: none is planned */
	int64_t created_at;
	int64_t updated_at;
};

struct access_spec {
	const char *host_id;
	const char *endpoint_key;
	const char *plan;		/* NULL: "" */
	enum access_mode mode;
	const char *selector;
	const char *item_id;
	const char *key_source;
	const char *key_fingerprint;	/* or NULL */
	const char *key_resource_id;	/* or NULL */
};

void access_done(struct access *access);

/* Is its last good proof past its end?  Derived, never stored. */
bool access_is_stale(const struct access *access, int64_t now);

/*
 * subscription_ready, self_service_ready, fully_ready (both modes of this
 * endpoint are on this host), broken, or unknown.  `other_active` says
 * whether the other mode has an active access.
 */
const char *access_word(const struct access *access, bool other_active);

/* Find or make the row; *ret_id is its id. */
int accesses_ensure(struct db *db, const struct access_spec *spec,
		    int64_t now, uint64_t random, char ret_id[ID_MAX],
		    struct err *err) MUST_CHECK;

/*
 * An import proved it: active, failures forgotten, next check at
 * `next_check_at` (0: never).
 */
int accesses_proven(struct db *db, const char *access_id,
		    const char *proof_id, int64_t next_check_at, int64_t now,
		    struct err *err) MUST_CHECK;

int accesses_get(struct db *db, const char *access_id, struct access *ret,
		 struct err *err) MUST_CHECK;

/* Write all that a check may change. */
int accesses_save(struct db *db, const struct access *access, int64_t now,
		  struct err *err) MUST_CHECK;

/* When it is to be checked next, and nothing else; 0: it is not. */
int accesses_planned(struct db *db, const char *access_id,
		     int64_t next_check_at, int64_t now, struct err *err)
	MUST_CHECK;

/*
 * Let those be checked at `next_check_at` that were proven while nobody
 * planned: that have no next check, nor one under way.
 */
int accesses_plan_forgotten(struct db *db, int64_t next_check_at, int64_t now,
			    struct err *err) MUST_CHECK;

/* Has this host an active access of this endpoint and plan in the mode? */
int accesses_active(struct db *db, const char *host_id,
		    const char *endpoint_key, const char *plan,
		    enum access_mode mode, bool *ret, struct err *err)
	MUST_CHECK;

/* The filters of a list; NULL means any. */
struct access_filter {
	const char *host_id;
	const char *endpoint_key;
	const char *status;
	const char *access_mode;
};

/* Oldest first, those after `after`: one query for each leading filter. */
int accesses_list(struct db_rows *rows, struct db *db,
		  const struct access_filter *filter, const char *after,
		  int64_t limit, struct err *err) MUST_CHECK;
int accesses_next(struct db_rows *rows, struct access *access,
		  struct err *err) MUST_CHECK;

/* Those whose next check is due at `now`, oldest first. */
int accesses_due(struct db_rows *rows, struct db *db, int64_t now,
		 int64_t limit, struct err *err) MUST_CHECK;

/* When the next one is due; INT64_MAX if none is. */
int accesses_next_due(struct db *db, int64_t *ret, struct err *err) MUST_CHECK;

/*
 * Of the accesses checked last, `sample` at most and none checked before
 * `since`: how many there are and how many of them failed.  Those that are
 * broken already say nothing of what happens now, and do not count.
 */
struct access_tally {
	int64_t checked, failed;
};

int accesses_tally_host(struct db *db, const char *host_id, int64_t since,
			int64_t sample, struct access_tally *ret,
			struct err *err) MUST_CHECK;
int accesses_tally_endpoint(struct db *db, const char *endpoint_key,
			    int64_t since, int64_t sample,
			    struct access_tally *ret, struct err *err)
	MUST_CHECK;

/*
 * Let `count` accesses of this endpoint, or host, other than `access_id` and
 * none that is broken, be checked at once.
 */
int accesses_hasten_endpoint(struct db *db, const char *endpoint_key,
			     const char *access_id, int64_t now,
			     int64_t count, struct err *err) MUST_CHECK;
int accesses_hasten_host(struct db *db, const char *host_id,
			 const char *access_id, int64_t now, int64_t count,
			 struct err *err) MUST_CHECK;

/* What happened to it since its import. */
struct access_event {
	int64_t seq;
	int64_t at;
	char *kind;		/* repaired, degraded, broken, recovered ... */
	char *class;		/* or NULL */
	char *detail;		/* JSON, or NULL */
};

#define ACCESS_EVENTS_KEPT 200

void access_event_done(struct access_event *event);

/* The oldest beyond those kept are forgotten. */
int access_events_add(struct db *db, const char *access_id,
		      const struct access_event *event, struct err *err)
	MUST_CHECK;
/* Newest first. */
int access_events_list(struct db_rows *rows, struct db *db,
		       const char *access_id, int64_t limit, struct err *err)
	MUST_CHECK;
int access_events_next(struct db_rows *rows, struct access_event *event,
		       struct err *err) MUST_CHECK;

extern const struct db_query *const accesses_queries[];

#endif
