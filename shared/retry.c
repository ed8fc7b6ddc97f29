#include "shared/retry.h"

#include <assert.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "shared/events.h"
#include "shared/items.h"
#include "shared/jout.h"
#include "shared/resources.h"
#include "shared/runs.h"
#include "shared/tasks.h"

#define DETAIL_MAX 256

static const char *const only_names[] = {
	[RETRY_FAILED]		= "failed",
	[RETRY_CANCELLED]	= "cancelled",
};
TABLE_ENUM_DEFINE(retry_only, only_names, RETRY_ONLY__MAX);

/* That a row came twice stays true; all else is found out anew. */
static char *lasting_warnings(const char *warnings)
{
	json_auto_t *old = json_loads(warnings, 0, NULL);
	json_auto_t *kept = json_array();
	json_t *warning;
	char *text;
	size_t i;

	json_array_foreach(old, i, warning) {
		const char *code = json_string_value(
			json_object_get(warning, "code"));

		if (code && strcmp(code, "duplicate_of") == 0)
			json_array_append(kept, warning);
	}
	text = json_dumps(kept, JSON_COMPACT);
	assert(text);
	return text;
}

/* What it made is gone with its failure. */
static void forget_findings(struct item *item)
{
	char **const found[] = {
		&item->canonical_model_families, &item->recommended_models,
		&item->models, &item->resolved_smoke_model, &item->chat_url,
		&item->reused_from_provider_id, &item->reused_from_account_id,
		&item->channel_id, &item->group_id, &item->account_id,
	};

	for (size_t i = 0; i < COUNT(found); i++)
		own_set(found[i], NULL);
}

/* As it was when it was added; one that is in use keeps what that rests on. */
static void begin_again(struct item *item)
{
	char *warnings = lasting_warnings(item->warnings);

	if (item->confirmation != CONFIRMATION_CONFIRMED)
		forget_findings(item);
	item->stage = STAGE_PROBE;
	item->confirmation = CONFIRMATION_PENDING;
	item->access = ACCESS_UNKNOWN;
	item->match = MATCH_NONE;
	item->resolution = RESOLUTION_NONE;
	item->provision_reused = item->cancelled = false;
	item->retry_count = item->last_retry_at = item->next_retry_at = 0;
	item->validation = VALIDATION_UNKNOWN;
	item->probe_advisory = false;
	item->responses_status = 0;
	item->finished_at = 0;
	own_set(&item->failure_class, NULL);
	own_set(&item->failure_detail, NULL);
	own_set(&item->diagnosis, NULL);
	own_set(&item->model_resolution, NULL);
	free(item->warnings);
	item->warnings = warnings;
}

static const struct db_query q_again = { "retry.again",
	"UPDATE import_run_items SET generation = generation + 1,"
	" requested_models = coalesce($2, requested_models)"
	" WHERE item_id = $1" };

static int note(struct db *db, const struct item *item,
		const struct retry *retry, struct err *err)
{
	CLEANUP(event_done) struct event event = { .at = retry->now };
	struct jout out = { .text.max = DETAIL_MAX };

	jout_object(&out, NULL);
	jout_str(&out, "by", retry->by);
	jout_i64(&out, "generation", item->generation + 1);
	jout_object_end(&out);
	event.step = xstrdup("retry");
	event.kind = xstrdup("retried");
	event.detail = buf_take(&out.text);
	return events_add(db, item->item_id, &event, err);
}

static int add_task(struct db *db, const struct run *run,
		    const struct item *item, const struct retry *retry,
		    struct err *err)
{
	const struct task_spec task = {
		.flow = IMPORT_FLOW,
		.subject_id = item->item_id,
		.run_id = run->run_id,
		.host_id = run->host_id,
		.step = IMPORT_FIRST_STEP,
		.not_before = retry->now,
	};
	char task_id[ID_MAX];

	return tasks_add(db, &task, retry->now, retry->random(retry->random_arg), task_id,
			 err);
}

static int check(const struct run *run, const struct item *item,
		 struct err *err)
{
	if (run->state == RUN_CANCELLED) {
		err_set(err, ERR_CONFLICT, "run %s was cancelled, and stays "
			"so: bring the keys in a new run", run->run_id);
		return err_code(err, "run_cancelled");
	}
	if (item && item_refuse_rolled_back(item, err))
		return -1;
	if (!item || item->finished_at)
		return 0;
	err_set(err, ERR_CONFLICT, "item %s has not ended yet", item->item_id);
	return err_code(err, "item_running");
}

static int again(struct db *db, const struct run *run, struct item *item,
		 const struct retry *retry, struct err *err)
{
	/* How it ended, and was counted; what became of it since is not. */
	const struct run_settled settled = {
		.active = item->confirmation == CONFIRMATION_CONFIRMED,
		.cancelled = item->cancelled,
		.broken = item->confirmation != CONFIRMATION_CONFIRMED &&
			  !item->cancelled,
		.warned = strcmp(item->warnings, "[]") != 0,
	};

	if (check(run, item, err) ||
	    runs_reopen_item(db, run->run_id, &settled, retry->now, err))
		return -1;
	begin_again(item);
	if (items_save(db, item, retry->now, err) ||
	    db_run(db, &q_again, DB_ARGS(DB_TEXT(item->item_id),
		   DB_TEXT(retry->requested_models)), err) ||
	    note(db, item, retry, err))
		return -1;
	return add_task(db, run, item, retry, err);
}

int retry_item(struct db *db, const char *run_id, const char *item_id,
	       const struct retry *retry, struct err *err)
{
	CLEANUP(run_done) struct run run = { 0 };
	CLEANUP(item_done) struct item item = { 0 };

	assert(db_in_tx(db));
	if (runs_get(db, run_id, &run, err) ||
	    items_get(db, run_id, item_id, &item, err) ||
	    again(db, &run, &item, retry, err))
		return -1;
	return resources_forgive(db, run.host_id, retry->now, err);
}

/* Ids of items, read to their end before the first one is changed. */
struct ids {
	char (*list)[ID_MAX];
	size_t n;
};

static void ids_done(struct ids *ids)
{
	free(ids->list);
}

/* By the run: what else is broken may be much more. */
static const struct db_query q_ended = { "retry.ended",
	"SELECT item_id FROM import_run_items WHERE run_id = $1"
	" AND finished_at IS NOT NULL AND access_status || '' = 'broken'"
	" AND cancelled = $2 AND rollback_id IS NULL ORDER BY item_id" };

static int find(struct db *db, const struct run *run, enum retry_only only,
		struct ids *ret, struct err *err)
{
	CLEANUP(db_rows_done) struct db_rows rows = { 0 };
	int more;

	ret->list = xcalloc((size_t)run->counts.total + 1, ID_MAX);
	if (db_query(&rows, db, &q_ended, DB_ARGS(DB_TEXT(run->run_id),
		     DB_I64(only == RETRY_CANCELLED)), err))
		return -1;
	while ((more = db_next(&rows, err)) > 0 &&
	       ret->n < (size_t)run->counts.total)
		snprintf(ret->list[ret->n++], ID_MAX, "%s",
			 db_must(&rows, 0));
	return more < 0 ? -1 : 0;
}

int retry_run(struct db *db, const char *run_id, enum retry_only only,
	      const struct retry *retry, int64_t *ret_count, struct err *err)
{
	CLEANUP(run_done) struct run run = { 0 };
	CLEANUP(ids_done) struct ids ids = { 0 };

	assert(db_in_tx(db));
	if (runs_get(db, run_id, &run, err) || check(&run, NULL, err) ||
	    find(db, &run, only, &ids, err))
		return -1;
	for (size_t i = 0; i < ids.n; i++) {
		CLEANUP(item_done) struct item item = { 0 };

		if (items_get(db, run_id, ids.list[i], &item, err) ||
		    again(db, &run, &item, retry, err))
			return -1;
	}
	*ret_count = (int64_t)ids.n;
	return resources_forgive(db, run.host_id, retry->now, err);
}

const struct db_query *const retry_queries[] = {
	&q_again, &q_ended, NULL
};
