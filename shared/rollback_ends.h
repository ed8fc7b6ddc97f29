/*
 * rollback_ends: what ends in our own rows when imports are rolled back:
 * accesses that nobody is left to have, the imports themselves, and the
 * secrets that they came with.
 */
#ifndef SHARED_ROLLBACK_ENDS_H
#define SHARED_ROLLBACK_ENDS_H

#include <stdbool.h>
#include <stdint.h>

#include "shared/db.h"
#include "shared/id.h"

/*
 * Inside a transaction: parts for the accesses and moved keys of the marked
 * items behind `after` up to `last`.
 */
int rollback_add_accesses(struct db *db, const char *rollback_id,
			  const char *after, const char *last,
			  struct err *err) MUST_CHECK;
int rollback_add_moves(struct db *db, const char *rollback_id,
		       const char *after, const char *last, struct err *err)
	MUST_CHECK;

/*
 * Who else has this access: it is theirs from now on, and *ret_kept.  If
 * nobody has, it is not checked any more: *ret_quiet once no check of it goes
 * on; then it is forgotten, with its events; proofs stay with their items.
 */
int rollback_end_access(struct db *db, const char *access_id, int64_t now,
			bool *ret_kept, bool *ret_quiet, struct err *err)
	MUST_CHECK;

/*
 * Inside a transaction: up to `limit` items of the rollback are rolled back;
 * *ret_more if others may follow.
 */
int rollback_end_items(struct db *db, const char *rollback_id, int64_t limit,
		       int64_t now, bool *ret_more, struct err *err)
	MUST_CHECK;

/* It broke off: what was not ended rests on what it used, as before. */
int rollback_unmark_items(struct db *db, const char *rollback_id,
			  struct err *err) MUST_CHECK;

extern const struct db_query *const rollback_ends_queries[];

#endif
