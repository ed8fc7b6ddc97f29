/*
 * foreign: accounts of others on a host, as far as somebody looked.
 *
 * Accounts with the base URL of an endpoint that are not ours.  To find them
 * means to read every account of the host; so one task looks for all items of
 * (host, endpoint), and what it found holds for some minutes.  A look that did
 * not end well leaves "unknown".  schedd alone writes.
 */
#ifndef SHARED_FOREIGN_H
#define SHARED_FOREIGN_H

#include <stdbool.h>
#include <stdint.h>

#include "shared/db.h"

#define FOREIGN_HOLDS_MS 600000		/* what was found */
#define FOREIGN_LOOK_MS 60000		/* a look, from page to page */
#define FOREIGN_MAX 20			/* accounts that are kept */

/* A row; zeroed if there is none.  Release with foreign_done(). */
struct foreign {
	char *looker;		/* task_id; NULL: nobody looks */
	int64_t looker_until;
	char *seen;		/* JSON array, of the look under way; or NULL */
	char *accounts;		/* JSON array; NULL: unknown */
	int64_t looked_at;	/* 0: never */
};

void foreign_done(struct foreign *foreign);

/* Never ERR_NOT_FOUND. */
int foreign_get(struct db *db, const char *host_id, const char *endpoint_key,
		struct foreign *ret, struct err *err) MUST_CHECK;

/* Nobody looks, and what is known is too old: look. */
bool foreign_wants_look(const struct foreign *foreign, int64_t now);

/* Become the looker, unless somebody else is one. */
int foreign_claim(struct db *db, const char *host_id,
		  const char *endpoint_key, const char *task_id, int64_t now,
		  struct err *err) MUST_CHECK;

/*
 * Write what the looker saw: `looker` NULL ends the look.  Does nothing if
 * `task_id` is not the looker any more.
 */
int foreign_save(struct db *db, const char *host_id, const char *endpoint_key,
		 const char *task_id, const struct foreign *foreign,
		 int64_t now, struct err *err) MUST_CHECK;

extern const struct db_query *const foreign_queries[];

#endif
