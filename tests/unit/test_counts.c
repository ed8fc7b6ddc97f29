/* Counts, the search for runs, and the events of a run. */
#include "tests/unit/lists_fixture.h"

static const char counted[] =
	"SELECT run_id || current_stage || access_status || n FROM item_counts"
	" WHERE n <> 0 ORDER BY 1";
static const char to_count[] =
	"SELECT run_id || current_stage || access_status || count(*) FROM"
	" import_run_items GROUP BY run_id, current_stage, access_status"
	" ORDER BY 1";
static const char runs_counted[] =
	"SELECT host_id || access_mode || state || n FROM run_counts"
	" WHERE n <> 0 ORDER BY 1";
static const char runs_to_count[] =
	"SELECT host_id || access_mode || state || count(*) FROM import_runs"
	" GROUP BY host_id, access_mode, state ORDER BY 1";

static void the_counts_are_right(struct db *db)
{
	AUTO_FREE char *got = all_of(db, counted);
	AUTO_FREE char *want = all_of(db, to_count);
	AUTO_FREE char *runs = all_of(db, runs_counted);
	AUTO_FREE char *all_runs = all_of(db, runs_to_count);

	assert_string_equal(got, want);
	assert_string_equal(runs, all_runs);
}

static void counts_follow_whatever_is_written(void **state)
{
	CLEANUP(db_close) struct db *db = world();
	struct err err;

	(void)state;
	the_counts_are_right(db);
	for (int i = 0; i < 90; i++) {
		CLEANUP(item_done) struct item item = { 0 };
		char id[16];

		snprintf(id, sizeof(id), "itm_%02d", i);
		OK(items_get(db, NULL, id, &item, &err));
		item.stage = (enum item_stage)(i % ITEM_STAGE__MAX);
		item.access = (enum access_status)(i % ACCESS_STATUS__MAX);
		OK(items_save(db, &item, NOW + i, &err));
	}
	the_counts_are_right(db);
	fixture_sql(db, "UPDATE import_runs SET state = 'cancelled'"
		    " WHERE run_id = 'run_b';"
		    "UPDATE import_run_items SET access_status = 'broken',"
		    " current_stage = 'probe' WHERE seq % 4 = 0");
	the_counts_are_right(db);
	fixture_sql(db, "DELETE FROM import_run_items WHERE seq < 40");
	the_counts_are_right(db);
	fixture_sql(db, "DELETE FROM import_run_items;"
		    "DELETE FROM import_runs");
	the_counts_are_right(db);
	says(db, "SELECT run_id FROM run_endpoints", "");
}

static void counts_of_a_run_are_told_by_state(void **state)
{
	CLEANUP(db_close) struct db *db = world();
	struct item_counts counts;
	int64_t sum = 0;
	struct err err;

	(void)state;
	OK(item_list_counts(db, "run_a", &counts, &err));
	assert_int_equal(counts.by_stage[STAGE_PROBE], 10);
	assert_int_equal(counts.by_stage[STAGE_DONE], 20);
	assert_int_equal(counts.by_stage[STAGE_CONFIRM], 0);
	assert_int_equal(counts.by_access[ACCESS_BROKEN], 5);
	for (int i = 0; i < ACCESS_STATUS__MAX; i++)
		sum += counts.by_access[i];
	assert_int_equal(sum, 30);
	OK(item_list_counts(db, "run_none", &counts, &err));
	assert_int_equal(counts.by_stage[STAGE_PROBE], 0);
}

static void counts_of_runs_obey_host_and_mode(void **state)
{
	CLEANUP(db_close) struct db *db = world();
	int64_t n[RUN_STATE__MAX];
	struct err err;

	(void)state;
	OK(run_list_counts(db, &(struct run_filter){ 0 }, n, &err));
	assert_int_equal(n[RUN_RUNNING], 2);
	assert_int_equal(n[RUN_COMPLETED], 1);
	OK(run_list_counts(db, &(struct run_filter){ .host_id = "hst_1",
			   .state = "completed" }, n, &err));
	assert_int_equal(n[RUN_RUNNING], 1);
	OK(run_list_counts(db, &(struct run_filter){
			   .access_mode = "self_service" }, n, &err));
	assert_int_equal(n[RUN_COMPLETED], 0);
}

/* A save that changes no listed column touches no index of them. */
static void what_did_not_change_is_not_written(void **state)
{
	CLEANUP(db_close) struct db *db = world();
	CLEANUP(item_done) struct item item = { 0 };
	struct err err;

	(void)state;
	fixture_sql(db, "CREATE TEMP TABLE written (n);"
		    "CREATE TEMP TRIGGER watch AFTER UPDATE OF current_stage,"
		    " confirmation_status, access_status, failure_class,"
		    " warnings ON import_run_items BEGIN"
		    " INSERT INTO written VALUES (1); END");
	OK(items_get(db, NULL, "itm_08", &item, &err));
	item.retry_count = 3;
	OK(items_save(db, &item, NOW, &err));
	says(db, "SELECT count(*) FROM written", "0 ");
	item_warn(&item, "new", "one");
	OK(items_save(db, &item, NOW, &err));
	own_set(&item.failure_class, "timeout");
	OK(items_save(db, &item, NOW, &err));
	own_set(&item.failure_class, NULL);
	OK(items_save(db, &item, NOW, &err));
	OK(items_save(db, &item, NOW, &err));
	says(db, "SELECT count(*) FROM written", "3 ");
}

/* The last letters of the runs that a search finds, newest first. */
static const char *found(struct db *db, struct run_filter filter)
{
	static char text[64];
	CLEANUP(walk_done) struct walk walk = { 0 };
	CLEANUP(run_done) struct run run = { 0 };
	struct err err;
	size_t n = 0;
	int more;

	OK(run_list(&walk, db, &filter, &err));
	while ((more = run_list_next(&walk, &run, &err)) > 0)
		text[n++] = run.run_id[strlen(run.run_id) - 1];
	assert_int_equal(more, 0);
	text[n] = '\0';
	return text;
}

static void finds(struct db *db, struct run_filter filter, const char *want)
{
	const char *got = found(db, filter);

	if (strcmp(got, want) != 0)
		fail_msg("%s: %s", filter.q, got);
}

static const char more_endpoints[] =
	"INSERT INTO import_run_items (item_id, run_id, seq, provider_id,"
	" endpoint_key, base_url, api_key_secret_id, requested_models,"
	" current_stage, confirmation_status, access_status, created_at,"
	" updated_at) SELECT 'itm_x' || column1, column2, 200, column3,"
	" column3, column4, 'sec_2', '[]', 'done', 'pending', 'active', 1, 1"
	" FROM (VALUES"
	" (1, 'run_a', 'api-deep-com-01', 'https://api.deep.com/v1'),"
	" (2, 'run_c', 'api-deep-com-02', 'https://api.deep.com/v2'),"
	" (3, 'run_b', 'api-kimi-cn-03', 'http://api.kimi.cn'));";

static void runs_are_found_by_their_endpoints(void **state)
{
	static const struct {
		struct run_filter filter;
		const char *want;
	} searches[] = {
		{ { .q = "api-deep" }, "ca" },
		{ { .q = "api-deep-com-01" }, "a" },
		{ { .q = "https://api.deep.com/" }, "ca" },
		{ { .q = "https://api.deep.com/v2" }, "c" },
		{ { .q = "api.deep.com" }, "ca" },
		{ { .q = "api.kimi" }, "b" },
		{ { .q = "http://api" }, "b" },
		{ { .q = "api" }, "cba" },
		{ { .q = "https" }, "cba" },
		{ { .q = "deep" }, "" },
		{ { .q = "%" }, "" },
		{ { .q = "api", .host_id = "hst_1" }, "ca" },
		{ { .q = "api", .state = "running" }, "cb" },
		{ { .q = "api", .access_mode = "self_service" }, "c" },
		{ { .q = "api", .before = "run_c" }, "ba" },
		{ { .q = "api-deep", .before = "run_c" }, "a" },
		{ { .q = "run_" }, "cba" },
		{ { .q = "run_b" }, "b" },
	};
	CLEANUP(db_close) struct db *db = world();

	(void)state;
	fixture_sql(db, more_endpoints);
	for (size_t i = 0; i < COUNT(searches); i++)
		finds(db, searches[i].filter, searches[i].want);
	/* A text that means more endpoints than are looked up one by one. */
	fixture_sql(db, "WITH RECURSIVE n (i) AS (SELECT 0 UNION ALL"
		" SELECT i + 1 FROM n WHERE i < 80)"
		" INSERT INTO imported_endpoints"
		" SELECT 'api-' || i, 'https://api.' || i FROM n");
	for (size_t i = 0; i < COUNT(searches); i++)
		finds(db, searches[i].filter, searches[i].want);
}

static void add_event(struct db *db, const char *item_id, const char *step)
{
	AUTO_FREE char *own_step = xstrdup(step);
	AUTO_FREE char *kind = xstrdup("go_on");
	struct err err;

	OK(events_add(db, item_id, &(struct event){ .at = NOW,
		      .step = own_step, .kind = kind }, &err));
}

static void events_are_numbered_within_their_run(void **state)
{
	CLEANUP(db_close) struct db *db = world();
	CLEANUP(db_rows_done) struct db_rows rows_of = { 0 };
	CLEANUP(run_event_done) struct run_event event = { 0 };
	int64_t last;
	struct err err;

	(void)state;
	add_event(db, "itm_31", "one");
	add_event(db, "itm_32", "other");
	add_event(db, "itm_33", "two");
	add_event(db, "itm_31", "three");
	OK(run_events_last(db, "run_b", &last, &err));
	assert_int_equal(last, 3);
	OK(run_events_list(&rows_of, db, "run_b", 1, 9, &err));
	assert_int_equal(run_events_next(&rows_of, &event, &err), 1);
	assert_int_equal(event.seq, 2);
	assert_string_equal(event.item_id, "itm_33");
	assert_string_equal(event.event.step, "two");
	assert_int_equal(run_events_next(&rows_of, &event, &err), 1);
	assert_int_equal(event.seq, 3);
	assert_int_equal(event.event.seq, 2);
	assert_int_equal(event.row, 31);
	assert_int_equal(run_events_next(&rows_of, &event, &err), 0);
	OK(run_events_last(db, "run_a", &last, &err));
	assert_int_equal(last, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(counts_follow_whatever_is_written),
		cmocka_unit_test(counts_of_a_run_are_told_by_state),
		cmocka_unit_test(counts_of_runs_obey_host_and_mode),
		cmocka_unit_test(what_did_not_change_is_not_written),
		cmocka_unit_test(runs_are_found_by_their_endpoints),
		cmocka_unit_test(events_are_numbered_within_their_run),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
