/* What a rotation reads and writes beside the row of its change. */
#include <string.h>

#include "schedd/change.h"
#include "shared/account_use.h"
#include "shared/notices.h"
#include "shared/secrets.h"

/*
 * What is looked up by a key goes by the new one from the beginning, so that
 * what is made to prove it is found again while it is taken back; the key that
 * requests carry is then the old one.
 */
int change_load_key(const struct store *store, struct import *im,
		    struct err *err)
{
	const char *id = im->change.new_secret_id;
	struct secret_face face;

	if (!id)
		return 0;
	if (secrets_face(store->db, id, &face, err))
		return -1;
	if (im->change.state == CHANGE_RUNNING)
		own_set(&im->change.old_secret_id,
			im->item.api_key_secret_id);
	if (!im->memo.failure)
		own_set(&im->item.api_key_secret_id, id);
	own_set(&im->item.api_key_fingerprint, face.fingerprint);
	own_set(&im->item.api_key_last4, face.last4);
	return 0;
}

/* All that is known of the account by its key is known by the new one. */
static int move(const struct store *store, struct import *im, int64_t now,
		struct err *err)
{
	struct secret_face old;
	struct account_keys keys = {
		.old_secret_id = im->change.old_secret_id,
		.new_secret_id = im->change.new_secret_id,
		.new_lookup = im->resources[IMPORT_ACCOUNT].lookup,
	};

	if (secrets_face(store->db, keys.old_secret_id, &old, err))
		return -1;
	keys.old_fingerprint = *old.fingerprint ? old.fingerprint : NULL;
	if (changes_overlap(store->db, &im->change, err))
		return -1;
	return account_use_set_key(store->db, im->change.resource_id, &keys,
				   now, err);
}

int change_save_key(const struct store *store, struct import *im,
		    const struct step *step, int64_t now, struct err *err)
{
	if (strcmp(step->name, "rotate.settle") != 0)
		return 0;
	if (move(store, im, now, err))
		return -1;
	return change_plan_checks(store, im, now, err);
}

static int tell(const struct store *store, const struct import *im,
		int64_t now, struct err *err)
{
	CLEANUP(jout_done) struct jout out = { .text.max = 1024 };
	json_auto_t *wanted = NULL;
	const json_t *old = change_wanted(im, "old_key", &wanted);
	struct notice_spec spec = {
		.kind = NOTICE_OLD_KEY_FREE,
		.subject = im->change.change_id,
		.host_id = im->host.host_id,
		.endpoint_key = im->item.endpoint_key,
	};

	jout_object(&out, NULL);
	jout_str(&out, "resource_id", im->change.resource_id);
	jout_str(&out, "account_id",
		 im->resources[IMPORT_ACCOUNT].host_resource_id);
	jout_str(&out, "old_last4", json_string_value(json_object_get(old,
		 "last4")));
	jout_object_end(&out);
	spec.detail = buf_str(&out.text);
	return notices_raise(store->db, &spec, now,
			     store->random(store->random_arg), err);
}

/* Nothing was made in the place of the new key: it is nobody's again. */
static int free_place(const struct store *store, struct import *im,
		      int64_t now, struct err *err)
{
	if (!import_holds(im, IMPORT_NEW_KEY))
		return 0;
	im->resources[IMPORT_NEW_KEY].state = RESOURCE_GONE;
	return resources_save(store->db, &im->resources[IMPORT_NEW_KEY],
			      im->task_id, now, err);
}

/* Behind changes_finish(), which lets go of both keys: one of them goes. */
int change_end_key(const struct store *store, struct import *im, int64_t now,
		   struct err *err)
{
	bool failed = im->change.state == CHANGE_FAILED;

	if (im->change.kind != CHANGE_ROTATE_KEY)
		return 0;
	if (free_place(store, im, now, err) ||
	    (!failed && tell(store, im, now, err)))
		return -1;
	return secrets_forget(store->db, failed ? im->change.new_secret_id
						: im->change.old_secret_id,
			      err);
}
