#include "tests/sim/story_rollback.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "shared/endpoint.h"
#include "shared/rollback_scan.h"
#include "shared/rollbacks.h"
#include "shared/runs.h"
#include "shared/table.h"
#include "tests/sim/check.h"

/* As the API does: not while one runs, or an import of it does. */
static bool may_begin(struct story *story, const struct rollback_scope *scope)
{
	struct rollback_items items = { 0 };
	char running[ID_MAX];
	struct err err;

	if (rollbacks_running(story->site.db, scope->host_id, running, &err) ||
	    rollback_scan_items(story->site.db, scope, &items, &err)) {
		site_fault(&story->site, "rollback: %s", err.msg);
		return false;
	}
	return !*running && items.all > 0 && items.unfinished == 0;
}

static void begin(struct story *story, enum rollback_scope_kind kind,
		  const char *id, bool force)
{
	CLEANUP(db_tx_done) struct db_tx tx = { 0 };
	struct site *site = &story->site;
	const struct rollback_scope scope = { .kind = kind, .id = id,
					      .host_id = site->host_id };
	const struct rollback_spec spec = { .host_id = site->host_id,
		.scope = kind, .scope_id = id, .requested_by = "tok_sim",
		.force = force };
	char rollback_id[ID_MAX];
	struct err err;

	if (!may_begin(story, &scope))
		return;
	if (db_tx_begin(&tx, site->db, &err) ||
	    rollbacks_add(site->db, &spec, site->net.now,
			  net_random(&site->net), rollback_id, &err) ||
	    db_tx_commit(&tx, &err))
		site_fault(site, "rollback: %s", err.msg);
	story_say(story, "%s %s is rolled back",
		  rollback_scope_kind_name(kind), id);
}

static const struct db_query q_item = { "story.item",
	"SELECT item_id FROM import_run_items ORDER BY item_id"
	" LIMIT 1 OFFSET $1" };
static const struct db_query q_adopted = { "story.adopted",
	"SELECT resource_id FROM managed_resources WHERE state = 'present'"
	" AND origin = 'adopted' ORDER BY resource_id LIMIT 1 OFFSET $1" };

static void begin_nth(struct story *story, enum rollback_scope_kind kind,
		      const struct db_query *query, size_t n)
{
	CLEANUP(db_rows_done) struct db_rows rows = { 0 };
	char id[ID_MAX] = "";
	struct err err;

	if (db_query(&rows, story->site.db, query,
		     DB_ARGS(DB_I64((int64_t)n)), &err))
		site_fault(&story->site, "%s: %s", query->name, err.msg);
	else if (db_next(&rows, &err) == 1)
		snprintf(id, sizeof(id), "%s", db_must(&rows, 0));
	db_rows_done(&rows);
	if (*id)
		begin(story, kind, id, false);
}

void story_rollback(struct story *story)
{
	char url[64], key[ENDPOINT_KEY_MAX];

	switch (story_dice(story, 4)) {
	case 0:
		net_provider_url(url, sizeof(url),
				 story_dice(story, story->plan.nproviders));
		endpoint_key(url, key);
		begin(story, ROLLBACK_PROVIDER, key, false);
		return;
	case 1:
		begin_nth(story, ROLLBACK_ITEM, &q_item, story_dice(story, 6));
		return;
	case 2:
		begin_nth(story, ROLLBACK_ACCOUNT, &q_adopted,
			  story_dice(story, 2));
		return;
	default:
		if (story->nruns)
			begin(story, ROLLBACK_RUN, story->runs[
				story_dice(story, story->nruns)], false);
	}
}

/*
 * The network is well again.  Twice: what was left goes with a second try; and
 * where others deleted all of ours it is said then that this is so.
 */
void story_rollback_all(struct story *story)
{
	faults_clear(story->site.net.faults);
	for (size_t i = 0; i < 2 * story->nruns && !story->site.fault; i++) {
		begin(story, ROLLBACK_RUN, story->runs[i % story->nruns],
		      i >= story->nruns);
		story_rest(story);
	}
}
