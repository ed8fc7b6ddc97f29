/* By what an account is known, and whose it is: what rows decide. */
#include "schedd/import.h"

#include <stdio.h>
#include <string.h>

#include "shared/resource_walk.h"
#include "shared/secrets.h"

/*
 * A key too short for a fingerprint that may be shown (D22) is known by a
 * keyed digest all the same, so that brought twice it makes one account.  It
 * is made of the sealed key when it is needed and stands in the lookup of
 * what was made for it, nowhere else.
 */
int import_load_lookup(const struct store *store, struct import *im,
		       struct err *err)
{
	AUTO_WIPE char *key = NULL;
	AUTO_WIPE char *text = NULL;
	char print[SEAL_FINGERPRINT_TEXT];

	if (im->item.api_key_fingerprint)
		return 0;
	if (secrets_open(store->db, store->key, im->item.api_key_secret_id,
			 &key, err))
		return -1;
	text = xasprintf("lookup:%s", key);
	seal_fingerprint(&store->key->pub, text, print);
	snprintf(im->key_lookup, sizeof(im->key_lookup), "short:%s", print);
	return 0;
}

/* Another row that stands for the same thing; zeroed: there is none. */
static int other_row_of(const struct store *store, const struct resource *row,
			struct resource *ret, struct err *err)
{
	if (resources_of_host_id(store->db, row->host_id, row->type,
				 row->host_resource_id, ret, err))
		return err->kind == ERR_NOT_FOUND ? 0 : -1;
	if (strcmp(ret->resource_id, row->resource_id) == 0) {
		resource_done(ret);
		*ret = (struct resource){ 0 };
	}
	return 0;
}

/* Of two items that name the same account, one has it. */
static int keep_account(const struct store *store, struct import *im,
			struct err *err)
{
	CLEANUP(resource_done) struct resource other = { 0 };
	struct resource *row = &im->resources[IMPORT_ACCOUNT];

	if (!im->changed[IMPORT_ACCOUNT] || !im->memo.adopting ||
	    !row->host_resource_id || row->state != RESOURCE_MAKING)
		return 0;
	if (other_row_of(store, row, &other, err))
		return -1;
	if (!other.resource_id)
		return 0;
	own_set(&row->host_resource_id, NULL);
	own_set(&row->origin, NULL);
	own_set(&row->prior_json, NULL);
	return 0;
}

/*
 * Two keys of one person need one subscription: the row that came first
 * stands for it, and this item rests on that one, too.  Ours is closed: left
 * `present`, it would say so still when the other is taken back.
 */
static int share_subscription(const struct store *store, struct import *im,
			      int64_t now, struct err *err)
{
	CLEANUP(resource_done) struct resource other = { 0 };
	struct resource *row = &im->resources[IMPORT_SUBSCRIPTION];

	if (!im->changed[IMPORT_SUBSCRIPTION] || !import_is_given(im) ||
	    !row->host_resource_id || row->state == RESOURCE_GONE)
		return 0;
	if (other_row_of(store, row, &other, err))
		return -1;
	if (!other.resource_id)
		return 0;
	own_set(&row->host_resource_id, NULL);
	own_set(&row->origin, "reused");
	if (row->state == RESOURCE_PRESENT)
		row->state = RESOURCE_GONE;
	return resources_use(store->db, other.resource_id, im->item.item_id,
			     now, err);
}

int import_keep_one_owner(const struct store *store, struct import *im,
			  int64_t now, struct err *err)
{
	return keep_account(store, im, err) ||
	       share_subscription(store, im, now, err) ? -1 : 0;
}

/* The row that share_subscription() closed ours for. */
static int load_anothers(const struct store *store, struct import *im,
			 struct err *err)
{
	struct resource *row = &im->resources[IMPORT_SUBSCRIPTION];
	struct resource other = { 0 };

	if (row->host_resource_id)
		return 0;
	if (resource_walk_of_item(store->db, im->item.item_id,
				  RESOURCE_SUBSCRIPTION, &other, err))
		return -1;
	if (!other.resource_id)
		return 0;
	resource_done(row);
	*row = other;
	return 0;
}

/*
 * Whoever of those that share a subscription fails last takes it back, whoever
 * of them it was that assigned it.
 */
int import_load_shared(const struct store *store, struct import *im,
		       struct err *err)
{
	const struct resource *row = &im->resources[IMPORT_SUBSCRIPTION];

	if (!im->memo.failure || !import_is_given(im) || im->checking ||
	    im->changing)
		return 0;
	if (load_anothers(store, im, err))
		return -1;
	if (!row->resource_id)
		return 0;
	return resource_walk_rested(store->db, row->resource_id,
				    im->item.item_id, &im->subscription_stays,
				    err);
}
