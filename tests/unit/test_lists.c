/* Lists of items: filters, order, pages, and the index that leads each. */
#include "tests/unit/lists_fixture.h"

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
	struct item_filter filter = { .host_id = "hst_1",
				      .cursor = "itm_31" };
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
	filter = (struct item_filter){ .run_id = "run_c" };
	OK(item_list(&walk, db, &filter, &err));
	assert_int_equal(item_list_next(&walk, &row, &err), 1);
	assert_string_equal(row.item.item_id, "itm_30");
	assert_string_equal(row.key_source, "new");
	assert_null(row.host_id);
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
		/* "items.list_class_brief_all" is "items.list_class", too. */
		AUTO_FREE char *name = xstrdup((*q)->name);
		char *brief = strstr(name, "_brief");

		if (brief)
			memmove(brief, brief + 6, strlen(brief + 6) + 1);
		for (size_t i = 0; i < COUNT(indexes); i++) {
			AUTO_FREE char *plan = NULL, *want = NULL;
			const char *at;
			struct err err;

			if (strcmp(indexes[i].query, name) != 0)
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
	assert_int_equal(met, 2 * COUNT(indexes));
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
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
