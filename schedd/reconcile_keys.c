/*
 * Keys that lists hide, compared by the host's export, where the operator
 * said so.  What it showed is kept in the account's row, and is what the
 * comparison goes by from then on.
 */
#include <inttypes.h>
#include <string.h>

#include "schedd/host/export.h"
#include "schedd/import_written.h"
#include "schedd/reconcile.h"
#include "shared/owned_key.h"

#define ROWS_MAX 500	/* looked at for those that are of the scope */

static bool exports(const struct reconcile *rc)
{
	return rc->settings->reconcile_export_keys && rc->features.redacts &&
	       !rc->memo.decided && !rc->memo.keys_hidden;
}

/* ---- which are asked for ---- */

static int take(const struct store *store, struct reconcile *rc,
		const struct resource *row, struct err *err)
{
	bool in_scope;

	if (reconcile_in_scope(store, rc, row, &in_scope, err))
		return -1;
	rc->keys_to = strtoll(row->host_resource_id, NULL, 10);
	if (in_scope && row->state == RESOURCE_PRESENT)
		rc->ids[rc->nids++] = rc->keys_to;
	return 0;
}

int reconcile_load_keys(const struct store *store, struct reconcile *rc,
			struct err *err)
{
	CLEANUP(db_rows_done) struct db_rows rows = { 0 };
	CLEANUP(resource_done) struct resource row = { 0 };
	int more = 0;

	if (!exports(rc))
		return 0;
	if (resource_walk(&rows, store->db, rc->run.host_id, RESOURCE_ACCOUNT,
			  rc->memo.keys_id, INT64_MAX, err))
		return -1;
	for (int i = 0; i < ROWS_MAX && rc->nids < HOST_EXPORT_MAX; i++) {
		more = resources_next(&rows, &row, err);
		if (more <= 0)
			break;
		if (take(store, rc, &row, err))
			return -1;
	}
	return more < 0 ? -1 : 0;
}

/* ---- the step ---- */

bool ask_reconcile_keys(const void *subject, struct request *request)
{
	const struct reconcile *rc = subject;

	if (rc->nids == 0)
		return false;
	host_ask_export(request, &rc->peer, rc->ids, rc->nids);
	return true;
}

/* Is it the export that the host will not give, or is it no host at all? */
static bool is_of_the_export(enum failure why)
{
	return reconcile_is_of_the_row(why) || why == FAILURE_GONE ||
	       why == FAILURE_FORBIDDEN || why == FAILURE_TOO_LARGE;
}

struct verdict got_reconcile_keys(void *subject, const struct answer *answer)
{
	struct reconcile *rc = subject;
	enum failure why = FAILURE_NONE;

	if (answer)
		why = host_judge_export(answer, &rc->exported);
	if (is_of_the_export(why)) {
		rc->memo.keys_hidden = true;
		return go_on();
	}
	if (why != FAILURE_NONE)
		return reconcile_failed(rc, answer, why);
	if (rc->keys_to == 0)
		return go_on();
	rc->memo.keys_id = rc->keys_to;
	return go_to("reconcile.keys");
}

/* ---- what it leaves ---- */

/* Of an account whose key is ours, as of most, nothing is written. */
static int keep(const struct store *store, const struct reconcile *rc,
		struct resource *row, int64_t now, struct err *err)
{
	const char *live = host_exported_key(rc->exported, row->mark);
	json_auto_t *seen = json_loads(row->live_json ? row->live_json : "{}",
				       0, NULL);
	struct owned_case the;
	bool changed;

	if (row->state != RESOURCE_PRESENT || !live || !seen)
		return 0;
	owned_case_begin(&the, &rc->features, rc->inst, row);
	changed = the.the.key && owned_key_saw_export(seen, the.the.key, live);
	owned_case_done(&the);
	if (!changed)
		return 0;
	free(row->live_json);
	row->live_json = json_dumps(seen, JSON_COMPACT | JSON_SORT_KEYS);
	return resources_watched(store->db, row, now, err);
}

int reconcile_keep_keys(const struct store *store, struct reconcile *rc,
			int64_t now, struct err *err)
{
	for (size_t i = 0; i < rc->nids; i++) {
		CLEANUP(resource_done) struct resource row = { 0 };
		AUTO_FREE char *id = xasprintf("%" PRId64, rc->ids[i]);

		if (resources_of_host_id(store->db, rc->run.host_id,
					 RESOURCE_ACCOUNT, id, &row, err)) {
			if (err->kind == ERR_NOT_FOUND)
				continue;
			return -1;
		}
		if (keep(store, rc, &row, now, err))
			return -1;
	}
	return 0;
}
