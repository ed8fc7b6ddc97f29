#include "tests/unit/fixture.h"

#include "shared/run_list.h"
#include "shared/table.h"
#include "shared/tasks.h"

static const struct db_query q_cancelled = { "test.cancelled",
	"SELECT group_concat(task_id || cancel, ' ') FROM"
	" (SELECT task_id, cancel FROM tasks WHERE run_id = $1"
	"  ORDER BY task_id)" };

static void add(struct db *db, const char *host_id, int64_t items,
		char ret_id[ID_MAX])
{
	static int64_t later;
	struct err err;

	OK(runs_add(db, &(struct run_spec){ .host_id = host_id,
		    .subscription_users = "[\"alice\"]",
		    .subscription_days = 30, .items_total = items,
		    .created_by = "tok_1" }, NOW + later++, 1, ret_id, &err));
}

static void settle(struct db *db, const char *run_id,
		   const struct run_settled *settled, struct run *ret)
{
	CLEANUP(db_tx_done) struct db_tx tx = { 0 };
	struct err err;

	OK(db_tx_begin(&tx, db, &err));
	OK(runs_settle_item(db, run_id, settled, NOW + 9, &err));
	OK(db_tx_commit(&tx, &err));
	OK(runs_get(db, run_id, ret, &err));
}

static int cancel(struct db *db, const char *run_id, struct err *err)
{
	CLEANUP(db_tx_done) struct db_tx tx = { 0 };

	if (db_tx_begin(&tx, db, err) ||
	    runs_cancel(db, run_id, NOW + 5, err))
		return -1;
	return db_tx_commit(&tx, err);
}

static void a_new_run_runs(void **state)
{
	CLEANUP(db_close) struct db *db = fixture_hosts();
	CLEANUP(run_done) struct run run = { 0 };
	char id[ID_MAX];
	struct err err;

	(void)state;
	add(db, "hst_1", 3, id);
	OK(runs_get(db, id, &run, &err));
	assert_string_equal(run.run_id, id);
	assert_string_equal(run.host_id, "hst_1");
	assert_string_equal(run.origin, "batch_import");
	assert_null(run.pack_id);
	assert_int_equal(run.access_mode, ACCESS_SUBSCRIPTION);
	assert_string_equal(run.subscription_users, "[\"alice\"]");
	assert_int_equal(run.subscription_days, 30);
	assert_int_equal(run.state, RUN_RUNNING);
	assert_int_equal(run.counts.total, 3);
	assert_int_equal(run.counts.done, 0);
	assert_string_equal(run.created_by, "tok_1");
	assert_int_equal(run.finished_at, 0);
	REFUSED(runs_get(db, "run_none", &run, &err), ERR_NOT_FOUND);
}

static void the_key_of_somebody_is_kept_with_its_run(void **state)
{
	struct run_spec spec = { .host_id = "hst_1",
		.access_mode = ACCESS_SELF_SERVICE,
		.subscription_users = "[]", .given_key = GIVEN_KEY_ACCESS,
		.given_key_secret_id = "sec_k", .rebind = true,
		.items_total = 1, .created_by = "tok_1" };
	CLEANUP(db_close) struct db *db = fixture_hosts();
	CLEANUP(run_done) struct run run = { 0 };
	char id[ID_MAX];
	struct err err;

	(void)state;
	fixture_sql(db, "INSERT INTO secrets (secret_id, kind, sealed,"
		" fingerprint, last4, created_at) VALUES"
		    " ('sec_k', 'api_key', x'00', 'f00d', 'WXYZ', 1)");
	OK(runs_add(db, &spec, NOW, 1, id, &err));
	OK(runs_get(db, id, &run, &err));
	assert_int_equal(run.access_mode, ACCESS_SELF_SERVICE);
	assert_int_equal(run.given_key, GIVEN_KEY_ACCESS);
	assert_string_equal(run.given_key_secret_id, "sec_k");
	assert_string_equal(run.given_key_fingerprint, "f00d");
	assert_true(run.rebind);
	spec.given_key = GIVEN_KEY_NONE;
	REFUSED(runs_add(db, &spec, NOW, 2, id, &err), ERR_CONFLICT);
	spec.given_key_secret_id = NULL;
	spec.rebind = false;
	OK(runs_add(db, &spec, NOW, 3, id, &err));
	OK(runs_get(db, id, &run, &err));
	assert_int_equal(run.given_key, GIVEN_KEY_NONE);
	assert_null(run.given_key_secret_id);
	assert_null(run.given_key_fingerprint);
	assert_false(run.rebind);
}

static void a_run_of_an_unknown_host_is_refused(void **state)
{
	CLEANUP(db_close) struct db *db = fixture_hosts();
	char id[ID_MAX];
	struct err err;

	(void)state;
	REFUSED(runs_add(db, &(struct run_spec){ .host_id = "hst_none",
			 .subscription_users = "[]", .created_by = "tok_1" },
			 NOW, 1, id, &err), ERR_CONFLICT);
}

static void the_last_item_ends_a_run(void **state)
{
	CLEANUP(db_close) struct db *db = fixture_hosts();
	CLEANUP(db_tx_done) struct db_tx tx = { 0 };
	CLEANUP(run_done) struct run run = { 0 };
	const struct run_settled good = { .active = true };
	const struct run_settled warned = { .active = true, .warned = true };
	char id[ID_MAX];
	struct err err;

	(void)state;
	add(db, "hst_1", 2, id);
	settle(db, id, &warned, &run);
	assert_int_equal(run.state, RUN_RUNNING);
	assert_int_equal(run.finished_at, 0);
	settle(db, id, &good, &run);
	assert_int_equal(run.state, RUN_COMPLETED_WITH_WARNINGS);
	assert_int_equal(run.finished_at, NOW + 9);
	assert_int_equal(run.counts.done, 2);
	assert_int_equal(run.counts.active, 2);
	assert_int_equal(run.counts.warned, 1);
	OK(db_tx_begin(&tx, db, &err));
	REFUSED(runs_settle_item(db, id, &good, NOW, &err), ERR_CONFLICT);
}

static void the_outcome_follows_from_the_counters(void **state)
{
	static const struct {
		struct run_counts counts;
		enum run_state want;
	} cases[] = {
		{ { 3, 3, 3, 0, 0, 0 }, RUN_COMPLETED },
		{ { 3, 3, 3, 0, 0, 1 }, RUN_COMPLETED_WITH_WARNINGS },
		{ { 3, 3, 2, 1, 0, 0 }, RUN_COMPLETED_WITH_WARNINGS },
		{ { 3, 3, 2, 0, 1, 0 }, RUN_COMPLETED_WITH_WARNINGS },
		{ { 3, 3, 2, 0, 0, 0 }, RUN_COMPLETED_WITH_WARNINGS },
		{ { 3, 3, 0, 3, 0, 0 }, RUN_FAILED },
		{ { 3, 3, 0, 2, 1, 2 }, RUN_FAILED },
		{ { 1, 1, 0, 0, 1, 0 }, RUN_FAILED },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++)
		assert_string_equal(
			run_state_name(run_outcome(&cases[i].counts)),
			run_state_name(cases[i].want));
}

static void cancelling_tells_the_tasks_and_stays(void **state)
{
	CLEANUP(db_close) struct db *db = fixture_hosts();
	CLEANUP(run_done) struct run run = { 0 };
	AUTO_FREE char *sql = NULL;
	char id[ID_MAX];
	struct err err;

	(void)state;
	add(db, "hst_1", 1, id);
	sql = xasprintf("INSERT INTO tasks (task_id, flow, subject_id, run_id,"
			" host_id, step, step_since, state, not_before,"
			" created_at, updated_at) VALUES ('tsk_1', 'import',"
			" 'itm_1', '%s', 'hst_1', 's', 1, 'due', 1, 1, 1)",
			id);
	fixture_sql(db, sql);
	OK(cancel(db, id, &err));
	assert_string_equal(fixture_value(db, &q_cancelled, id), "tsk_11");
	OK(runs_get(db, id, &run, &err));
	assert_int_equal(run.state, RUN_CANCELLED);
	assert_int_equal(run.finished_at, 0);
	settle(db, id, &(struct run_settled){ .active = true }, &run);
	assert_int_equal(run.state, RUN_CANCELLED);
	assert_int_equal(run.finished_at, NOW + 9);
	REFUSED(cancel(db, id, &err), ERR_CONFLICT);
	assert_string_equal(err.code, "run_finished");
	REFUSED(cancel(db, "run_none", &err), ERR_NOT_FOUND);
}

/* The ids of the runs that a filter finds, as digits: run_1 is '1'. */
static const char *listed(struct db *db, const struct run_filter *filter,
			  int64_t limit)
{
	static char text[16];
	CLEANUP(walk_done) struct walk walk = { 0 };
	CLEANUP(run_done) struct run run = { 0 };
	struct err err;
	size_t n = 0;
	int more = 1;

	OK(run_list(&walk, db, filter, &err));
	while ((int64_t)n < limit &&
	       (more = run_list_next(&walk, &run, &err)) > 0)
		text[n++] = run.run_id[strlen(run.run_id) - 1];
	assert_true(more >= 0);
	text[n] = '\0';
	return text;
}

static void a_list_is_newest_first_and_filtered(void **state)
{
	static const struct {
		struct run_filter filter;
		int64_t limit;
		const char *want;
	} cases[] = {
		{ { 0 }, 9, "54321" },
		{ { 0 }, 2, "54" },
		{ { .before = "run_a4" }, 9, "321" },
		{ { .before = "run_a4" }, 2, "32" },
		{ { .host_id = "hst_1" }, 9, "531" },
		{ { .host_id = "hst_1", .before = "run_a5" }, 1, "3" },
		{ { .host_id = "hst_1", .state = "failed" }, 9, "31" },
		{ { .host_id = "hst_none" }, 9, "" },
		{ { .state = "failed" }, 9, "4321" },
		{ { .state = "failed", .q = "run_9" }, 9, "21" },
		{ { .state = "running", .access_mode = "subscription" }, 9,
		  "5" },
		{ { .access_mode = "subscription" }, 3, "543" },
		{ { .access_mode = "self_service" }, 9, "" },
		{ { .q = "run_a" }, 9, "543" },
		{ { .q = "run_a", .before = "run_a4" }, 9, "3" },
		{ { .q = "run_9", .before = "run_91" }, 9, "" },
		{ { .q = "run_91" }, 9, "1" },
		{ { .q = "run_c" }, 9, "" },
		{ { .q = "run_%" }, 9, "" },
		{ { .host_id = "", .state = "", .q = "" }, 9, "54321" },
	};
	CLEANUP(db_close) struct db *db = fixture_hosts();

	(void)state;
	fixture_sql(db,
		"INSERT INTO import_runs (run_id, host_id, origin,"
		" access_mode, subscription_users, subscription_days, state,"
		" items_total, created_by, created_at, updated_at)"
		" SELECT column1, column2, 'batch_import', 'subscription',"
		" '[]', 30, column3, 1, 'tok_1', 1, 1 FROM (VALUES"
		" ('run_91', 'hst_1', 'failed'), ('run_92', 'hst_2', 'failed'),"
		" ('run_a3', 'hst_1', 'failed'), ('run_a4', 'hst_2', 'failed'),"
		" ('run_a5', 'hst_1', 'running'))");
	for (size_t i = 0; i < COUNT(cases); i++)
		assert_string_equal(listed(db, &cases[i].filter,
					   cases[i].limit), cases[i].want);
}

static void every_state_and_mode_is_parsed_back(void **state)
{
	(void)state;
	for (int i = 0; i < RUN_STATE__MAX; i++) {
		enum run_state back;

		assert_true(run_state_parse(run_state_name((enum run_state)i),
					    &back));
		assert_int_equal(back, i);
	}
	assert_null(access_mode_names[ACCESS_MODE__MAX]);
	assert_false(access_mode_parse(NULL, &(enum access_mode){ 0 }));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_new_run_runs),
		cmocka_unit_test(the_key_of_somebody_is_kept_with_its_run),
		cmocka_unit_test(a_run_of_an_unknown_host_is_refused),
		cmocka_unit_test(the_last_item_ends_a_run),
		cmocka_unit_test(the_outcome_follows_from_the_counters),
		cmocka_unit_test(cancelling_tells_the_tasks_and_stays),
		cmocka_unit_test(a_list_is_newest_first_and_filtered),
		cmocka_unit_test(every_state_and_mode_is_parsed_back),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
