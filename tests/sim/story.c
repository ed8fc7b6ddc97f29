#include "tests/sim/story.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "shared/retry.h"
#include "shared/runs.h"
#include "shared/table.h"
#include "tests/sim/check.h"
#include "tests/sim/story_change.h"
#include "tests/sim/story_import.h"
#include "tests/sim/story_reconcile.h"
#include "tests/sim/story_rollback.h"
#include "tests/sim/strangers.h"

#define MINUTE INT64_C(60000)
#define TURNS_MAX 20000

size_t story_dice(struct story *story, size_t sides)
{
	return net_random(&story->site.net) % sides;
}

void story_say(struct story *story, const char *fmt, ...)
{
	char text[900];
	va_list args;

	va_start(args, fmt);
	vsnprintf(text, sizeof(text), fmt, args);
	va_end(args);
	if (story->site.net.verbose)
		printf("# %" PRId64 " deed: %s\n", story->site.net.now, text);
	if (story->ntrail < STORY_TRAIL_MAX)
		story->trail[story->ntrail++] = xstrdup(text);
}

/* What says who it is and how it serves; the rest is times and counters. */
static const char *const shown[] = {
	"name", "notes", "email", "allowed_groups", "group_id", "group_ids",
	"schedulable", "status", "priority", "concurrency", "extra",
	"credentials", "proxy_id", "rate_multiplier", "expires_at",
};

void story_show(struct story *story, enum host_kind kind, int64_t id)
{
	json_auto_t *row = strangers_row(&story->site, kind, id);
	json_auto_t *part = json_object();
	AUTO_FREE char *text = NULL;

	for (size_t i = 0; i < COUNT(shown); i++)
		json_object_set(part, shown[i], json_object_get(row,
								shown[i]));
	text = json_dumps(part, JSON_COMPACT);
	story_say(story, "  %s %" PRId64 ": %s", host_kind_list(kind), id,
		  text);
}

void story_lend(struct story *story, enum host_kind kind, int64_t id)
{
	if (story->ledger.rows[kind][id].lent)
		return;
	story->ledger.now = story->site.net.now;
	ledger_lend(&story->ledger, kind, id);
	if (kind == HOST_KIND_USER && !story->user)
		story->user = strangers_row(&story->site, kind, id);
	story_show(story, kind, id);
}

void story_begin(struct story *story)
{
	struct site *site = &story->site;

	site_open(site, &story->plan);
	if (site->fault)
		return;
	own_set(&site->settings.capabilities, "off");
	site->net.ledger = &story->ledger;
	ledger_begin(&story->ledger, site->net.host);
	strangers_begin(site);
	site->net.commits = 0;
	site->net.crash_at = story->plan.crash_every;
}

void story_done(struct story *story)
{
	for (size_t i = 0; i < story->ntrail; i++)
		free(story->trail[i]);
	json_decref(story->user);
	db_close(&story->backup);
	site_done(&story->site);
}

bool story_is_lost(const struct story *story, int64_t at)
{
	for (size_t i = 0; i < story->nlost; i++)
		if (at >= story->lost[i].from && at <= story->lost[i].until)
			return true;
	return false;
}

/* ---- deeds ---- */

static void strangers(struct story *story)
{
	AUTO_FREE char *text = NULL;

	strangers_act(&story->site, &text);
	story_say(story, "%s", text);
}

/* The network loses things for a while. */
static void bad_network(struct story *story)
{
	if (!story->plan.faulty)
		return;
	site_add_faults(&story->site);
	story_say(story, "the network loses something");
}

static void cancel(struct story *story)
{
	CLEANUP(db_tx_done) struct db_tx tx = { 0 };
	struct site *site = &story->site;
	size_t i = story->nruns ? story_dice(story, story->nruns) : 0;
	struct err err;

	if (story->nruns == 0)
		return;
	if (db_tx_begin(&tx, site->db, &err))
		site_fault(site, "cancel: %s", err.msg);
	else if (runs_cancel(site->db, story->runs[i], site->net.now,
			     &err) == 0 && db_tx_commit(&tx, &err) == 0)
		story_say(story, "run %zu is cancelled", i);
}

static uint64_t random_of(void *arg)
{
	return net_random(arg);
}

static void try_again(struct story *story)
{
	CLEANUP(db_tx_done) struct db_tx tx = { 0 };
	struct site *site = &story->site;
	const struct retry retry = { .by = "tok_sim", .now = site->net.now,
				     .random = random_of,
				     .random_arg = &site->net };
	size_t i = story->nruns ? story_dice(story, story->nruns) : 0;
	int64_t count = 0;
	struct err err;

	if (story->nruns == 0)
		return;
	if (db_tx_begin(&tx, site->db, &err))
		site_fault(site, "retry: %s", err.msg);
	else if (retry_run(site->db, story->runs[i], RETRY_FAILED, &retry,
			   &count, &err) == 0 && db_tx_commit(&tx, &err) == 0)
		story_say(story, "run %zu is tried again, %" PRId64 " items",
			  i, count);
}

static void back_up(struct story *story, struct err *err)
{
	if (db_open(&story->backup, ":memory:", DB_CREATE, err) ||
	    db_copy(story->backup, story->site.db, err))
		return;
	story->backup_at = story->site.net.now;
	story_say(story, "the database is backed up");
}

/* CRM is stopped for it, and what it was told since it does not know. */
static void put_back(struct story *story, struct err *err)
{
	struct site *site = &story->site;

	net_forget_engine(&site->net);
	if (db_copy(site->db, story->backup, err))
		return;
	story->lost[story->nlost++] = (struct story_lost){
		.from = story->backup_at, .until = site->net.now };
	ledger_forget(&story->ledger, story->backup_at);
	db_close(&story->backup);
	site_start_engine(site);
	story_say(story, "the backup is put back");
}

static void backup(struct story *story)
{
	struct err err = { 0 };

	if (!story->backup)
		back_up(story, &err);
	else if (story->nlost < STORY_LOST_MAX)
		put_back(story, &err);
	if (*err.msg)
		site_fault(&story->site, "backup: %s", err.msg);
}

static const struct {
	void (*act)(struct story *story);
	size_t weight;
} deeds[] = {
	{ story_import, 8 },
	{ strangers,    8 },
	{ bad_network,  2 },
	{ cancel,       1 },
	{ try_again,    1 },
	{ backup,       2 },
	{ story_rollback, 3 },
	{ story_reconcile, 4 },
	{ story_change, 9 },
};

void story_deed(struct story *story)
{
	size_t sum = 0, at;

	for (size_t i = 0; i < COUNT(deeds); i++)
		sum += deeds[i].weight;
	at = story_dice(story, sum);
	for (size_t i = 0; i < COUNT(deeds); i++) {
		if (at < deeds[i].weight) {
			deeds[i].act(story);
			return;
		}
		at -= deeds[i].weight;
	}
}

/* ---- time ---- */

static void heed_ledger(struct story *story)
{
	if (*story->ledger.fault)
		site_fault(&story->site, "%s", story->ledger.fault);
}

void story_pass(struct story *story, int64_t ms)
{
	struct site *site = &story->site;
	int64_t until = site->net.now + ms;

	while (site->net.now < until && !site->fault) {
		site_turn(site, &story->plan, until);
		heed_ledger(story);
	}
}

static const struct db_query q_open = { "story.open",
	"SELECT count(*) FROM tasks WHERE state <> 'done'" };

static bool is_quiet(struct story *story)
{
	int64_t open = 1;
	struct err err;

	if (db_number(story->site.db, &q_open, DB_NO_ARGS, &open, &err))
		site_fault(&story->site, "tasks: %s", err.msg);
	return open == 0;
}

static const struct db_query q_left = { "story.left",
	"SELECT flow || ' ' || step || ' ' || state FROM tasks"
	" WHERE state <> 'done' ORDER BY task_id LIMIT 1" };

/* Which task it is that has no end. */
static void no_end(struct story *story)
{
	CLEANUP(db_rows_done) struct db_rows rows = { 0 };
	struct err err;

	if (db_query(&rows, story->site.db, &q_left, DB_NO_ARGS, &err) == 0 &&
	    db_next(&rows, &err) == 1)
		site_fault(&story->site, "a task has no end: %s",
			   db_must(&rows, 0));
	site_fault(&story->site, "a task has no end");
}

void story_rest(struct story *story)
{
	struct site *site = &story->site;

	for (int i = 0; i < TURNS_MAX && !site->fault; i++) {
		if (is_quiet(story)) {
			story_check(story);
			return;
		}
		site_turn(site, &story->plan, site->net.now + MINUTE);
		heed_ledger(story);
	}
	no_end(story);
}
