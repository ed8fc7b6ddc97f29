/* How a check is read before a step. */
#include "schedd/check.h"

#include <string.h>

#include "shared/account_use.h"
#include "shared/lookup.h"

#define ACCOUNTS_MAX 1000	/* of one group: what a host lists in a page */

int check_load_accounts(const struct store *store, struct import *im,
			struct err *err)
{
	AUTO_FREE char *place = lookup_place(im->item.endpoint_key,
					     im->item.plan);
	AUTO_FREE char *prefix = xasprintf("%s|%s|", place,
		access_mode_name(im->run.access_mode));
	CLEANUP(db_rows_done) struct db_rows rows = { 0 };
	struct resource row = { 0 };
	int more;

	if (resources_with_prefix(&rows, store->db, im->host.host_id,
				  RESOURCE_ACCOUNT, prefix, ACCOUNTS_MAX, err))
		return -1;
	im->accounts = xcalloc(ACCOUNTS_MAX, sizeof(*im->accounts));
	im->owns_accounts = true;
	while ((more = resources_next(&rows, &row, err)) > 0) {
		if (row.state != RESOURCE_PRESENT)
			continue;	/* being made, or changed, right now */
		if (row.paused_at)
			continue;	/* nobody expects anything of it */
		im->accounts[im->naccounts++] = row;
		row = (struct resource){ 0 };
	}
	resource_done(&row);
	return more;
}

int check_paused(const struct store *store, const struct import *im,
		 bool *ret, struct err *err)
{
	const struct account_place place = {
		.host_id = im->access.host_id,
		.endpoint_key = im->access.endpoint_key,
		.plan = im->access.plan,
		.mode = im->access.mode,
	};

	return account_use_paused(store->db, &place, ret, err);
}

int check_load(const struct store *store, const struct task *task,
	       int64_t now, void **ret, struct err *err)
{
	struct import *im = import_begin(store, task, now);
	AUTO_FREE char *item_id = NULL;
	void *subject = im;

	im->checking = true;
	if (checks_get(store->db, task->subject_id, &im->check, err) ||
	    accesses_get(store->db, im->check.access_id, &im->access, err)) {
		import_free(&subject);
		return -1;
	}
	item_id = xstrdup_null(im->access.item_id);
	if (!item_id) {
		err_set(err, ERR_INTERNAL, "access %s was never proven",
			im->access.access_id);
		import_free(&subject);
		return -1;
	}
	if (import_fill(store, item_id, im, &subject, err))
		return -1;
	if (strcmp(task->step, CHECK_FIRST_STEP) == 0 &&
	    check_paused(store, im, &im->paused, err)) {
		import_free(&subject);
		return -1;
	}
	if (strcmp(task->step, "diagnose.accounts") == 0 &&
	    check_load_accounts(store, im, err)) {
		import_free(&subject);
		return -1;
	}
	if (im->item.api_key_fingerprint &&
	    balances_get(store->db, im->item.endpoint_key,
			 im->item.api_key_fingerprint, &im->balance, err)) {
		import_free(&subject);
		return -1;
	}
	*ret = subject;
	return 0;
}
