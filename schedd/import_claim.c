/* By what an account is known, and whose it is: what rows decide. */
#include "schedd/import.h"

#include <stdio.h>
#include <string.h>

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

/* Of two items that name the same account, one has it. */
int import_keep_one_owner(const struct store *store, struct import *im,
			  struct err *err)
{
	CLEANUP(resource_done) struct resource other = { 0 };
	struct resource *row = &im->resources[IMPORT_ACCOUNT];

	if (!im->changed[IMPORT_ACCOUNT] || !im->memo.adopting ||
	    !row->host_resource_id || row->state != RESOURCE_MAKING)
		return 0;
	if (resources_of_host_id(store->db, im->host.host_id,
				 RESOURCE_ACCOUNT, row->host_resource_id,
				 &other, err))
		return err->kind == ERR_NOT_FOUND ? 0 : -1;
	if (strcmp(other.resource_id, row->resource_id) == 0)
		return 0;
	own_set(&row->host_resource_id, NULL);
	own_set(&row->origin, NULL);
	own_set(&row->prior_json, NULL);
	return 0;
}
