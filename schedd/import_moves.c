/*
 * Keys of somebody real that imports move to our groups: where one was is
 * written down before it is moved, so that a rollback finds the way back.
 */
#include <stdio.h>

#include "schedd/import.h"
#include "shared/moved_keys.h"

int import_save_move(const struct store *store, const struct import *im,
		     int64_t now, struct err *err)
{
	struct moved_key move = {
		.user_id = im->memo.owner,
		.key_id = im->memo.owner_key,
		.from_group = im->memo.owner_group,
		.to_group = import_id(im, IMPORT_GROUP),
		/* Only an exclusive group takes a right. */
		.granted = im->run.access_mode == ACCESS_SELF_SERVICE &&
			   !im->memo.may,
	};

	if (im->keeps_rights &&
	    moved_keys_keep_rights(store->db, im->item.item_id,
				   move.to_group, im->kept_rights, err))
		return -1;
	if (im->moved_back)
		return moved_keys_forget(store->db, im->item.item_id, now,
					 err);
	if (im->memo.failure)
		return moved_keys_leave(store->db, im->item.item_id, err);
	if (!im->moves_key)
		return 0;
	snprintf(move.host_id, ID_MAX, "%s", im->host.host_id);
	snprintf(move.item_id, ID_MAX, "%s", im->item.item_id);
	return moved_keys_note(store->db, &move, now,
			       store->random(store->random_arg), err);
}

/*
 * The record outlives a step of which nobody saw the end; and what another
 * item moved before us may have gone back meanwhile.
 */
int import_load_move(const struct store *store, struct import *im,
		     struct err *err)
{
	struct moved_key move = { 0 };
	struct move_end end;
	bool found;

	if (!im->run.given_key_secret_id || im->checking || im->changing ||
	    import_id(im, IMPORT_GROUP) == 0)
		return 0;
	if (im->memo.revokes &&
	    (moved_keys_rights(store->db, im->host.host_id, im->memo.owner,
			       im->item.item_id, &im->rights, err) ||
	     moved_keys_kept_rights(store->db, im->item.item_id,
				    import_id(im, IMPORT_GROUP),
				    &im->kept_rights, err)))
		return -1;
	if (moved_keys_find(store->db, im->item.item_id,
			    import_id(im, IMPORT_GROUP), &move, &found, err))
		return -1;
	if (!found)
		return 0;
	if (moved_keys_way_back(store->db, &move, &end, err))
		return -1;
	im->key_stays = end.stays;
	im->right_ends = end.revokes;
	im->memo.rebound = true;
	im->memo.owner = move.user_id;
	im->memo.owner_key = move.key_id;
	im->memo.owner_group = im->memo.nowhere ? 0 : end.group;
	return 0;
}
