/*
 * moved_keys: keys of somebody real that imports moved to our groups, who
 * rests on that, and where a key goes when nobody does any more.
 *
 * A row is written before the key is moved, for an item and a group; and for
 * an item that finds the key where another item moved it.  `from_group` is
 * where the key was before any of us moved it: not a group of ours that it
 * only passed through.
 */
#ifndef SHARED_MOVED_KEYS_H
#define SHARED_MOVED_KEYS_H

#include <stdbool.h>
#include <stdint.h>

#include <jansson.h>

#include "shared/db.h"
#include "shared/id.h"

/* Plain data; a group is 0 where a key is bound to nothing. */
struct moved_key {
	char move_id[ID_MAX];
	char host_id[ID_MAX];
	char item_id[ID_MAX];
	int64_t user_id, key_id, from_group, to_group;
	bool granted;	/* with it came the right to `to_group` */
};

/*
 * Before it is moved, or when it is found: `from_group` is where it is just
 * now.  Once for an item and a group; nothing is noted of a key that its
 * owner had put there.
 */
int moved_keys_note(struct db *db, const struct moved_key *move, int64_t now,
		    uint64_t random, struct err *err) MUST_CHECK;

/* The item's move to that group, which is not over; *ret_found if any. */
int moved_keys_find(struct db *db, const char *item_id, int64_t to_group,
		    struct moved_key *ret, bool *ret_found, struct err *err)
	MUST_CHECK;
int moved_keys_get(struct db *db, const char *move_id, struct moved_key *ret,
		   struct err *err) MUST_CHECK;

/* What becomes of a key when one that rests on its move ends. */
struct move_end {
	bool stays;		/* another item rests on it where it is */
	int64_t group;		/* else: where it goes */
	bool revokes;		/* the right that came with it ends as well */
};

int moved_keys_way_back(struct db *db, const struct moved_key *move,
			struct move_end *ret, struct err *err) MUST_CHECK;

/*
 * The groups of ours that the user has the right to by moves that are not
 * over, and not this item's: a JSON array.  A host takes all of a user's
 * rights at once, so that whoever writes them may not forget what another
 * task was given meanwhile.
 */
int moved_keys_rights(struct db *db, const char *host_id, int64_t user_id,
		      const char *item_id, json_t **ret, struct err *err)
	MUST_CHECK;

/*
 * The rights that its owner keeps when the one to `to_group` ends, from the
 * look at them to the call that writes them: a JSON array of at most
 * MOVED_RIGHTS_MAX bytes, or NULL.  Kept with the item's moves there, also if
 * they are over.  *ret is for free().
 */
#define MOVED_RIGHTS_MAX 60000
int moved_keys_keep_rights(struct db *db, const char *item_id,
			   int64_t to_group, const char *rights,
			   struct err *err) MUST_CHECK;
int moved_keys_kept_rights(struct db *db, const char *item_id,
			   int64_t to_group, char **ret, struct err *err)
	MUST_CHECK;

/*
 * The item has failed: before it takes back what it did, so that of two that
 * do so at the same time neither believes that the other stays.
 */
int moved_keys_leave(struct db *db, const char *item_id, struct err *err)
	MUST_CHECK;
/* It is over: the key is where it belongs, or its owner moved it on. */
int moved_keys_end(struct db *db, const struct moved_key *move, int64_t now,
		   struct err *err) MUST_CHECK;
/* The same for all moves of an item. */
int moved_keys_forget(struct db *db, const char *item_id, int64_t now,
		      struct err *err) MUST_CHECK;

extern const struct db_query *const moved_keys_queries[];

#endif
