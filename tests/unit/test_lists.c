/* Lists of runs and items, their counts, and the events of a run. */
#include "tests/unit/fixture.h"

#include "shared/buf.h"
#include "shared/item_list.h"
#include "shared/run_events.h"
#include "shared/run_list.h"
#include "shared/table.h"

#define TEXT_MAX 8000

/*
 * 90 items in three runs.  Those of run_b and run_c were made in the same
 * moment, so that their ids are mixed; states, classes, warnings, labels and
 * providers go round at different lengths.
 */
static const char rows[] =
	"INSERT INTO import_runs (run_id, host_id, origin, access_mode,"
	" subscription_users, subscription_days, state, items_total,"
	" created_by, created_at, updated_at) VALUES"
	" ('run_a', 'hst_1', 'batch_import', 'subscription', '[]', 30,"
	"  'completed', 30, 'tok_1', 1, 1),"
	" ('run_b', 'hst_2', 'batch_import', 'subscription', '[]', 30,"
	"  'running', 30, 'tok_1', 1, 1),"
	" ('run_c', 'hst_1', 'batch_import', 'self_service', '[]', 30,"
	"  'running', 30, 'tok_1', 1, 1);"
	"INSERT INTO secrets VALUES"
	" ('sec_2', 'api_key', x'00', 'fp', 'last', 1);"
	"WITH RECURSIVE n (i) AS"
	" (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i < 89)"
	"INSERT INTO import_run_items (item_id, run_id, seq, provider_id,"
	" endpoint_key, base_url, api_key_secret_id, requested_models,"
	" current_stage, confirmation_status, access_status, failure_class,"
	" warnings, label, created_at, updated_at)"
	" SELECT printf('itm_%02d', i),"
	"  CASE WHEN i < 30 THEN 'run_a' WHEN i % 2 THEN 'run_b'"
	"   ELSE 'run_c' END, i, printf('p%d', i % 4),"
	"  printf('p%d', i % 4), printf('https://p%d.example/v1', i % 4), 'sec_2', '[]',"
	"  CASE i % 3 WHEN 0 THEN 'probe' ELSE 'done' END,"
	"  CASE i % 5 WHEN 0 THEN 'failed' ELSE 'confirmed' END,"
	"  CASE i % 7 WHEN 0 THEN 'broken' WHEN 1 THEN 'unknown'"
	"   ELSE 'active' END,"
	"  CASE i % 6 WHEN 0 THEN 'key_invalid' WHEN 1 THEN 'timeout' END,"
	"  CASE i % 4 WHEN 1 THEN '[{\"code\":\"c\",\"detail\":\"\"}]'"
	"   ELSE '[]' END,"
	"  CASE i % 8 WHEN 3 THEN 'team a' WHEN 5 THEN 'team b ' || (i % 3)"
	"   ELSE '' END, 1, 1 FROM n;";

static struct db *world(void)
{
	struct db *db = fixture_hosts();

	fixture_sql(db, rows);
	return db;
}

/* The texts of the only column of `sql`, with blanks between; for free(). */
static char *all_of(struct db *db, const char *sql)
{
	/* Prepared by address: each text needs a query that stays. */
	static struct {
		char *sql;
		struct db_query query;
	} kept[200];
	static size_t count;
	CLEANUP(db_rows_done) struct db_rows found = { 0 };
	struct buf text = { .max = TEXT_MAX };
	struct err err;
	int more;

	assert_true(count < COUNT(kept));
	kept[count].sql = xstrdup(sql);
	kept[count].query = (struct db_query){ "test.all", kept[count].sql };
	OK(db_query(&found, db, &kept[count++].query, DB_NO_ARGS, &err));
	while ((more = db_next(&found, &err)) > 0)
		buf_addf(&text, "%s ", db_must(&found, 0));
	assert_int_equal(more, 0);
	return buf_take(&text);
}

static void says(struct db *db, const char *sql, const char *want)
{
	AUTO_FREE char *got = all_of(db, sql);

	assert_string_equal(got, want);
}

/* The ids that a filter finds, by pages of `page`. */
static char *listed(struct db *db, struct item_filter filter, int page)
{
	CLEANUP(item_row_done) struct item_row row = { 0 };
	struct buf text = { .max = TEXT_MAX };
	char last[WALK_ID_MAX] = "";
	struct err err;
	int more = 1;

	while (more) {
		CLEANUP(walk_done) struct walk walk = { 0 };
		int n = 0;

		filter.cursor = last;
		OK(item_list(&walk, db, &filter, &err));
		while (n++ < page &&
		       (more = item_list_next(&walk, &row, &err)) > 0)
			buf_addf(&text, "%s ", row.item.item_id);
		assert_true(more >= 0);
		snprintf(last, sizeof(last), "%s", walk.last);
	}
	return buf_take(&text);
}

/* Filters, and what they mean. */
static const struct {
	struct item_filter filter;
	const char *where;
} cases[] = {
	{ { 0 }, "1" },
	{ { .current_stage = "probe" }, "current_stage = 'probe'" },
	{ { .confirmation_status = "failed" },
	  "confirmation_status = 'failed'" },
	{ { .access_status = "broken" }, "access_status = 'broken'" },
	{ { .access_status = "degraded" }, "0" },
	{ { .class = "timeout" }, "failure_class = 'timeout'" },
	{ { .provider_id = "p3" }, "provider_id = 'p3'" },
	{ { .warning = true }, "warnings <> '[]'" },
	{ { .host_id = "hst_1" }, "run_id IN ('run_a', 'run_c')" },
	{ { .host_id = "hst_none" }, "0" },
	{ { .warning = true, .access_status = "active",
	    .current_stage = "done" },
	  "warnings <> '[]' AND access_status = 'active'"
	  " AND current_stage = 'done'" },
	{ { .class = "key_invalid", .provider_id = "p2",
	    .confirmation_status = "confirmed" },
	  "failure_class = 'key_invalid' AND provider_id = 'p2'"
	  " AND confirmation_status = 'confirmed'" },
	{ { .provider_id = "p1", .host_id = "hst_2" },
	  "provider_id = 'p1' AND run_id = 'run_b'" },
	{ { .label = "team b 1" }, "label LIKE 'team b 1%'" },
	{ { .label = "", .class = "", .access_status = "" }, "1" },
};

static void items_of_all_runs_come_newest_first(void **state)
{
	CLEANUP(db_close) struct db *db = world();

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		AUTO_FREE char *sql = xasprintf("SELECT item_id FROM"
			" import_run_items WHERE %s ORDER BY %sitem_id%s",
			cases[i].where,
			cases[i].filter.label && *cases[i].filter.label
			? "label, " : "", cases[i].filter.label &&
			*cases[i].filter.label ? "" : " DESC");
		AUTO_FREE char *want = all_of(db, sql);
		AUTO_FREE char *got = listed(db, cases[i].filter, 4);
		AUTO_FREE char *whole = listed(db, cases[i].filter, 1000);

		assert_string_equal(got, want);
		assert_string_equal(whole, want);
	}
}

static void items_of_a_run_come_in_its_order(void **state)
{
	static const char *const runs[] = { "run_a", "run_b", "run_c",
					    "run_none" };
	CLEANUP(db_close) struct db *db = world();

	(void)state;
	for (size_t k = 0; k < COUNT(runs) * COUNT(cases); k++) {
		struct item_filter filter = cases[k / COUNT(runs)].filter;
		AUTO_FREE char *sql = xasprintf("SELECT item_id FROM"
			" import_run_items WHERE run_id = '%s' AND %s"
			" ORDER BY item_id", runs[k % COUNT(runs)],
			cases[k / COUNT(runs)].where);
		AUTO_FREE char *want = all_of(db, sql);
		AUTO_FREE char *got = NULL;

		filter.run_id = runs[k % COUNT(runs)];
		got = listed(db, filter, 3);
		assert_string_equal(got, want);
	}
}

static void labels_that_begin_alike_come_together(void **state)
{
	CLEANUP(db_close) struct db *db = world();
	AUTO_FREE char *want = all_of(db, "SELECT item_id FROM"
		" import_run_items WHERE label LIKE 'team%'"
		" ORDER BY label, item_id");
	AUTO_FREE char *got = listed(db, (struct item_filter){
				     .label = "team" }, 2);

	(void)state;
	assert_true(strlen(want) > 100);
	assert_string_equal(got, want);
}

static void an_item_of_a_list_brings_its_newest_proof(void **state)
{
	CLEANUP(db_close) struct db *db = world();
	CLEANUP(walk_done) struct walk walk = { 0 };
	CLEANUP(item_row_done) struct item_row row = { 0 };
	const struct item_filter filter = { .run_id = "run_c" };
	struct err err;

	(void)state;
	fixture_sql(db, "UPDATE import_runs SET given_key_source ="
		" 'probe_api_key', given_key_secret_id = 'sec_2';"
		"INSERT INTO proofs (proof_id, item_id, host_id, kind, ok,"
		" model, models_listed, completion_ok, key_source,"
		" key_fingerprint, request_json, answer_json, at, expires_at)"
		" SELECT column1, 'itm_30', 'h', 'access', 1, 'm', 1, 1,"
		" column2, 'fp' || column2, '{}', '{}', 5, 6 FROM (VALUES"
		" ('prf_1', 'old'), ('prf_2', 'new'))");
	OK(item_list(&walk, db, &filter, &err));
	assert_int_equal(item_list_next(&walk, &row, &err), 1);
	assert_string_equal(row.item.item_id, "itm_30");
	assert_string_equal(row.key_source, "new");
	assert_string_equal(row.key_fingerprint, "fpnew");
	assert_string_equal(row.given_key_fingerprint, "fp");
	assert_string_equal(row.host_id, "hst_1");
	assert_int_equal(item_list_next(&walk, &row, &err), 1);
	assert_null(row.key_source);
}

/* One leading filter that many rows meet, another that none does. */
static void a_page_looks_at_a_bounded_number_of_rows(void **state)
{
	CLEANUP(db_close) struct db *db = world();
	CLEANUP(walk_done) struct walk walk = { 0 };
	CLEANUP(item_row_done) struct item_row row = { 0 };
	struct item_filter filter = { .warning = true,
				      .access_status = "degraded" };
	AUTO_FREE char *sql = xasprintf("WITH RECURSIVE n (i) AS (SELECT 0"
		" UNION ALL SELECT i + 1 FROM n WHERE i < %d)"
		" INSERT INTO import_run_items (item_id, run_id, seq,"
		" provider_id, endpoint_key, base_url, api_key_secret_id,"
		" requested_models, current_stage, confirmation_status,"
		" access_status, warnings, created_at, updated_at)"
		" SELECT printf('itm_a%%05d', i), 'run_a', 100 + i, 'p', 'p',"
		" 'u', 'sec_2', '[]', 'probe', 'pending', 'unknown', '[1]', 1,"
		" 1 FROM n", WALK_ROWS);
	struct err err;

	(void)state;
	fixture_sql(db, sql);
	OK(item_list(&walk, db, &filter, &err));
	assert_int_equal(item_list_next(&walk, &row, &err), 0);
	assert_int_equal(walk.looked, WALK_ROWS);
	assert_true(walk_was_cut(&walk));
	assert_string_equal(walk.last, "itm_a00001");
	filter.cursor = "itm_a00001";
	OK(item_list(&walk, db, &filter, &err));
	assert_int_equal(item_list_next(&walk, &row, &err), 0);
	assert_false(walk_was_cut(&walk));
}

/* Which index each query walks: the first SEARCH or SCAN of its plan. */
static void every_filter_is_served_by_its_index(void **state)
{
	static const struct {
		const char *query, *index;
	} indexes[] = {
		{ "items.list_stage", "import_run_items_by_stage" },
		{ "items.list_stage_all", "import_run_items_by_stage" },
		{ "items.list_confirmation",
		  "import_run_items_by_confirmation" },
		{ "items.list_confirmation_all",
		  "import_run_items_by_confirmation" },
		{ "items.list_access", "import_run_items_by_access" },
		{ "items.list_access_all", "import_run_items_by_access" },
		{ "items.list_class", "import_run_items_by_class" },
		{ "items.list_class_all", "import_run_items_by_class" },
		{ "items.list_provider", "import_run_items_by_provider" },
		{ "items.list_provider_all", "import_run_items_by_provider" },
		{ "items.list_warned", "import_run_items_warned" },
		{ "items.list_warned_all", "import_run_items_warned" },
		{ "items.list_label", "import_run_items_by_label" },
		{ "items.list_run", "import_run_items_by_run" },
		{ "items.list_all", "sqlite_autoindex_import_run_items_1" },
	};
	CLEANUP(db_close) struct db *db = fixture_db();
	size_t met = 0;

	(void)state;
	for (const struct db_query *const *q = item_list_queries; *q; q++) {
		for (size_t i = 0; i < COUNT(indexes); i++) {
			AUTO_FREE char *plan = NULL, *want = NULL;
			const char *at;
			struct err err;

			if (strcmp(indexes[i].query, (*q)->name) != 0)
				continue;
			met++;
			OK(db_explain(db, *q, &plan, &err));
			want = xasprintf("INDEX %s (", indexes[i].index);
			at = strstr(plan, "SEARCH import_run_items USING ");
			if (at != strchr(plan, '\n') + 1 ||
			    !memmem(at, strcspn(at, "\n"), want,
				    strlen(want)))
				fail_msg("%s:\n%s", (*q)->name, plan);
		}
	}
	assert_int_equal(met, COUNT(indexes));
}

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
		cmocka_unit_test(items_of_all_runs_come_newest_first),
		cmocka_unit_test(items_of_a_run_come_in_its_order),
		cmocka_unit_test(labels_that_begin_alike_come_together),
		cmocka_unit_test(an_item_of_a_list_brings_its_newest_proof),
		cmocka_unit_test(a_page_looks_at_a_bounded_number_of_rows),
		cmocka_unit_test(every_filter_is_served_by_its_index),
		cmocka_unit_test(counts_follow_whatever_is_written),
		cmocka_unit_test(counts_of_a_run_are_told_by_state),
		cmocka_unit_test(counts_of_runs_obey_host_and_mode),
		cmocka_unit_test(what_did_not_change_is_not_written),
		cmocka_unit_test(runs_are_found_by_their_endpoints),
		cmocka_unit_test(events_are_numbered_within_their_run),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
