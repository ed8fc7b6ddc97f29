/*
 * What a page of a list, and the view of a single resource, leave in the
 * database: nothing, if all is as it should be and was so before.
 */
#include <string.h>

#include "schedd/reconcile.h"

#define ROWS_AT_ONCE 64

static int64_t id_of(const struct resource *row)
{
	return strtoll(row->host_resource_id, NULL, 10);
}

/* What has this id on a page, whose ids ascend; NULL: it is not there. */
static const json_t *on_page(const struct host_page *page, int64_t id)
{
	size_t from = 0, to = json_array_size(page->items);

	while (from < to) {
		size_t middle = from + (to - from) / 2;
		const json_t *item = json_array_get(page->items, middle);
		int64_t has = host_page_id(page, item);

		if (has == id)
			return item;
		if (has < id)
			from = middle + 1;
		else
			to = middle;
	}
	return NULL;
}

/* As the host shows it now: mostly as it did before. */
static int saw(const struct store *store, const struct resource *row,
	       const struct reconcile_seen *seen, int64_t now,
	       struct err *err)
{
	if (row->live_version && strcmp(row->live_version, seen->version) == 0)
		return 0;
	return resources_saw(store->db, row->resource_id, seen->version, now,
			     err);
}

static int suspect(const struct store *store, const struct reconcile *rc,
		   const struct resource *row, struct err *err)
{
	return suspects_add(store->db, rc->run.reconcile_id,
			    row->resource_id, row->type, err);
}

/* A row that the page speaks for: as it should be, or suspect. */
static int judge_row(const struct store *store, struct reconcile *rc,
		     const struct resource *row, int64_t now, struct err *err)
{
	const json_t *live = on_page(&rc->page, id_of(row));
	struct reconcile_seen seen;
	int status;

	if (row->state != RESOURCE_PRESENT) {
		rc->memo.list_skipped++;
		return 0;
	}
	/* Not ours when the page was asked for: its id is all that there is. */
	if (live && !json_is_object(live))
		return suspect(store, rc, row, err);
	reconcile_see(rc, row, live, &seen);
	if (seen.count > 0) {
		status = suspect(store, rc, row, err);
	} else {
		rc->memo.list_compared++;
		status = saw(store, row, &seen, now, err);
	}
	reconcile_seen_done(&seen);
	return status;
}

/* The next few of ours in the range, read before anything is written. */
static int read_some(const struct store *store, const struct reconcile *rc,
		     int64_t above, struct resource rows[], size_t *ret_count,
		     struct err *err)
{
	CLEANUP(db_rows_done) struct db_rows found = { 0 };
	size_t n = 0;
	int more = 0;

	*ret_count = 0;
	if (resource_walk(&found, store->db, rc->run.host_id, rc->page_type,
			  above, rc->range.to, err))
		return -1;
	while (n < ROWS_AT_ONCE &&
	       (more = resources_next(&found, &rows[n], err)) > 0)
		n++;
	*ret_count = n;
	return more < 0 ? -1 : 0;
}

static int judge_some(const struct store *store, struct reconcile *rc,
		      const struct resource rows[], size_t count, int64_t now,
		      struct err *err)
{
	for (size_t i = 0; i < count; i++) {
		bool in_scope;

		if (reconcile_in_scope(store, rc, &rows[i], &in_scope, err))
			return -1;
		if (in_scope && judge_row(store, rc, &rows[i], now, err))
			return -1;
	}
	return 0;
}

int reconcile_keep_page(const struct store *store, struct reconcile *rc,
			int64_t now, struct err *err)
{
	struct resource rows[ROWS_AT_ONCE] = { 0 };
	int64_t above = rc->range.above;
	size_t count = ROWS_AT_ONCE;
	int status = 0;

	if (rc->restart && suspects_drop_type(store->db, rc->run.reconcile_id,
					      rc->page_type, err))
		return -1;
	while (rc->page.items && status == 0 && count == ROWS_AT_ONCE) {
		status = read_some(store, rc, above, rows, &count, err);
		if (status == 0)
			status = judge_some(store, rc, rows, count, now, err);
		if (count > 0)
			above = id_of(&rows[count - 1]);
		for (size_t i = 0; i < count; i++)
			resource_done(&rows[i]);
	}
	return status;
}

/* ---- one ---- */

static bool differs(const char *one, const char *other)
{
	return one && other ? strcmp(one, other) != 0 : one != other;
}

/* Did somebody write it since we read its row? */
static bool was_overtaken(const struct resource *before,
			  const struct resource *now)
{
	return now->state != RESOURCE_PRESENT ||
	       differs(before->host_resource_id, now->host_resource_id) ||
	       differs(before->wanted_json, now->wanted_json) ||
	       differs(before->written_json, now->written_json);
}

static int add_finding(const struct store *store, struct reconcile *rc,
		       const struct owned_finding *it, int64_t now,
		       struct err *err)
{
	CLEANUP(finding_done) struct finding finding = { 0 };
	bool added;

	reconcile_finding(rc, &rc->row, it, &finding);
	if (findings_add(store->db, &finding, now, &added, err))
		return -1;
	rc->memo.dropped += !added;
	return 0;
}

static int keep_seen(const struct store *store, struct reconcile *rc,
		     int64_t now, struct err *err)
{
	struct reconcile_seen seen;
	int status = 0;

	reconcile_see(rc, &rc->row, rc->live, &seen);
	for (size_t i = 0; i < seen.count && status == 0; i++)
		status = add_finding(store, rc, &seen.findings[i], now, err);
	rc->memo.compared++;
	if (!rc->live)
		rc->memo.missing++;
	/* That it is gone is believed when the whole host was looked at. */
	else if (status == 0)
		status = saw(store, &rc->row, &seen, now, err);
	reconcile_seen_done(&seen);
	return status;
}

int reconcile_keep_row(const struct store *store, struct reconcile *rc,
		       int64_t now, struct err *err)
{
	CLEANUP(resource_done) struct resource row = { 0 };

	if (!rc->row.resource_id)
		return 0;
	if (rc->saw) {
		if (resources_get(store->db, rc->row.resource_id, &row, err))
			return -1;
		if (was_overtaken(&rc->row, &row))
			rc->memo.skipped++;
		else if (keep_seen(store, rc, now, err))
			return -1;
	} else if (rc->overtaken) {
		rc->memo.skipped++;
	} else {
		return 0;	/* it is asked once more */
	}
	return suspects_drop(store->db, rc->run.reconcile_id,
			     rc->row.resource_id, err);
}
