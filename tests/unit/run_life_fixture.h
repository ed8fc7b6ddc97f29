/*
 * run_life_fixture: a run of a few items and their tasks, in the tables, and
 * how it stands.
 */
#ifndef TESTS_UNIT_RUN_LIFE_FIXTURE_H
#define TESTS_UNIT_RUN_LIFE_FIXTURE_H

#include "tests/unit/fixture.h"

#include "shared/canary.h"
#include "shared/items.h"
#include "shared/runs.h"

#define N 6

struct bench {
	struct db *db;
	char run[ID_MAX];
	char items[N][ID_MAX];
	char tasks[N][ID_MAX];
	uint64_t random;
};

static inline void bench_done(struct bench *bench)
{
	db_close(&bench->db);
}

#define BENCH CLEANUP(bench_done) struct bench

/* A run of N items of which the first `canary` are proven first. */
static inline struct bench bench_new(int64_t canary, int64_t stop_after)
{
	struct bench bench = { .db = fixture_hosts() };
	const struct run_spec spec = {
		.host_id = "hst_1", .access_mode = ACCESS_SUBSCRIPTION,
		.subscription_users = "[\"a\"]", .subscription_days = 30,
		.items_total = N, .canary_items = canary,
		.canary_stop_after = stop_after, .created_by = "tok_1",
	};
	struct err err;

	OK(runs_add(bench.db, &spec, NOW, ++bench.random, bench.run, &err));
	for (size_t i = 0; i < N; i++) {
		const struct item_spec item = {
			.run_id = bench.run, .seq = (int64_t)i + 1,
			.base_url = "http://p/v1", .endpoint_key = "p-1",
			.api_key_secret_id = "sec_1",
			.requested_models = "[]",
			.warnings = i == 0 ? "[{\"code\":\"duplicate_of\"},"
					     "{\"code\":\"other\"}]" : "[]",
		};
		struct task_spec task = {
			.flow = IMPORT_FLOW, .step = IMPORT_FIRST_STEP,
			.subject_id = bench.items[i], .run_id = bench.run,
			.host_id = "hst_1", .not_before = NOW,
		};

		OK(items_add(bench.db, &item, NOW, ++bench.random,
			     bench.items[i], &err));
		canary_hold(canary, i, bench.run, &task);
		OK(tasks_add(bench.db, &task, NOW, ++bench.random,
			     bench.tasks[i], &err));
	}
	return bench;
}

/* Item i ends, `class` NULL: active.  True if that stopped the rest. */
static inline bool end_item(struct bench *bench, size_t i, const char *class)
{
	CLEANUP(db_tx_done) struct db_tx tx = { 0 };
	CLEANUP(item_done) struct item item = { 0 };
	struct run_settled settled = { .active = !class, .broken = class };
	AUTO_FREE char *done = xasprintf("UPDATE tasks SET state = 'done',"
		" held_for = NULL, held_on = NULL WHERE task_id = '%s'",
		bench->tasks[i]);
	struct err err;
	bool held;

	OK(db_tx_begin(&tx, bench->db, &err));
	OK(items_get(bench->db, NULL, bench->items[i], &item, &err));
	item.stage = STAGE_DONE;
	item.access = class ? ACCESS_BROKEN : ACCESS_ACTIVE;
	item.confirmation = class ? CONFIRMATION_FAILED
				  : CONFIRMATION_CONFIRMED;
	item.finished_at = NOW;
	own_set(&item.failure_class, class);
	own_set(&item.account_id, "7");
	settled.warned = strcmp(item.warnings, "[]") != 0;
	OK(items_save(bench->db, &item, NOW, &err));
	OK(runs_settle_item(bench->db, bench->run, &settled, NOW, &err));
	OK(canary_item_ended(bench->db, bench->run, class, NOW, &held, &err));
	OK(db_tx_commit(&tx, &err));
	fixture_sql(bench->db, done);
	return held;
}

__attribute__((unused))
static const struct db_query q_run = { "test.run",
	"SELECT state || ' ' || canary_state || ' '"
	" || coalesce(canary_class, '-') || ' ' || items_done || ' '"
	" || items_active || ' ' || items_broken || ' ' || items_warned"
	" FROM import_runs WHERE run_id = $1" };
__attribute__((unused))
static const struct db_query q_held = { "test.held",
	"SELECT count(*) FROM tasks WHERE run_id = $1 AND state = 'held'" };
__attribute__((unused))
static const struct db_query q_due = { "test.due",
	"SELECT count(*) FROM tasks WHERE run_id = $1 AND state = 'due'" };

#define RUN_IS(bench, text) \
	assert_string_equal(fixture_value((bench)->db, &q_run, \
					  (bench)->run), text)
#define HELD_IS(bench, text) \
	assert_string_equal(fixture_value((bench)->db, &q_held, \
					  (bench)->run), text)

#endif
