/*
 * foreign_found: accounts on a host that are not ours and look like provider
 * imports, as the last looks saw them.
 *
 * fcgi begins a look (a task of the flow "foreign"), schedd writes what it
 * sees.  An account that went is forgotten only by a look that saw the whole
 * list.
 */
#ifndef SHARED_FOREIGN_FOUND_H
#define SHARED_FOREIGN_FOUND_H

#include <stdbool.h>
#include <stdint.h>

#include "shared/db.h"

#define FOREIGN_FLOW "foreign"
#define FOREIGN_FIRST_STEP "foreign.list"
#define FOREIGN_FOUND_MAX 2000	/* of a host; a look says if there are more */

#define FOREIGN_KIND_OTHERS "foreign"
#define FOREIGN_KIND_ANOTHER_CRM "another_crm"
/* It carries a mark of ours that no record has: from before a restore. */
#define FOREIGN_KIND_UNRECORDED "unrecorded"

/* A row, borrowed; NULL where it may be. */
struct foreign_found {
	const char *host_id;
	int64_t account_id;
	const char *kind;		/* one of FOREIGN_KIND_... */
	const char *name;
	const char *status;
	const char *base_url;
	const char *endpoint_key;	/* or NULL, as the next three */
	const char *pack_id;
	const char *provider_id;
	const char *key_fingerprint;
	const char *models;		/* JSON array */
	const char *group_ids;		/* JSON array */
	int64_t first_seen_at;
	int64_t seen_at;
};

struct foreign_look {
	char state[16];			/* "": nobody ever looked */
	int64_t began_at;
	int64_t ended_at;		/* 0: not yet */
	char failure_class[40];		/* "": none */
	bool cut;
};

/* Inside a transaction: begin a look, unless one is under way. */
int foreign_look_begin(struct db *db, const char *host_id, int64_t now,
		       uint64_t random, struct err *err) MUST_CHECK;
int foreign_look_get(struct db *db, const char *host_id,
		     struct foreign_look *ret, struct err *err) MUST_CHECK;

/*
 * Is an account with this id or with this mark (or NULL) ours, by a record?
 * One that an import makes has its mark before its id is known.
 */
int foreign_is_recorded(struct db *db, const char *host_id,
			int64_t account_id, const char *mark, bool *ret,
			struct err *err) MUST_CHECK;

/* Seen by the look that began at `row->seen_at`; it may be one too many. */
int foreign_found_keep(struct db *db, const struct foreign_found *row,
		       struct err *err) MUST_CHECK;

/* The look has ended; `class` NULL: well, so what it did not see is gone. */
int foreign_look_end(struct db *db, const char *host_id, const char *class,
		     int64_t now, struct err *err) MUST_CHECK;

/* Those behind `after`, in the order of their ids. */
int foreign_found_list(struct db_rows *rows, struct db *db,
		       const char *host_id, int64_t after, int64_t limit,
		       struct err *err) MUST_CHECK;
/* 1 and the next one, borrowed from `rows` until then; 0 at the end. */
int foreign_found_next(struct db_rows *rows, struct foreign_found *ret,
		       struct err *err) MUST_CHECK;

extern const struct db_query *const foreign_found_queries[];

#endif
