/*
 * rollback_ends: what ends in our own rows when imports are rolled back:
 * accesses that nobody is left to have, keys that we moved, the imports
 * themselves, and the secrets that they came with.
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

/* A key of somebody that was moved.  Plain data; "" is none. */
struct moved_key {
	char move_id[ID_MAX];
	char host_id[ID_MAX];
	char item_id[ID_MAX];
	int64_t user_id, key_id, from_group, to_group;
};

/* Before it is moved: once for an item and a group. */
int moved_keys_note(struct db *db, const struct moved_key *move, int64_t now,
		    uint64_t random, struct err *err) MUST_CHECK;
/* It never was, or is back: as moved_keys_end(), for all of the item. */
int moved_keys_forget(struct db *db, const char *item_id, int64_t now,
		      struct err *err) MUST_CHECK;
/* The item's move to that group, which is not over; *ret_found if any. */
int moved_keys_find(struct db *db, const char *item_id, int64_t to_group,
		    struct moved_key *ret, bool *ret_found, struct err *err)
	MUST_CHECK;
int moved_keys_get(struct db *db, const char *move_id, struct moved_key *ret,
		   struct err *err) MUST_CHECK;
/*
 * It is over.  Who moved the key on from our group shall find it where it was
 * before that.
 */
int moved_keys_end(struct db *db, const struct moved_key *move, int64_t now,
		   struct err *err) MUST_CHECK;

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
