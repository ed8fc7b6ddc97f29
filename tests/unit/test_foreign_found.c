/* Accounts of others on a host, as the last looks saw them, and their API. */
#include "tests/unit/access_fixture.h"

#include "shared/foreign_found.h"
#include "shared/table.h"

#define OK(call) assert_int_equal(call, 0)
#define FOREIGN "/api/hosts/hst_a/foreign"
#define KEY "\"api_key\":\"good-0123456789abcdef\""

static void begin(int64_t now)
{
	CLEANUP(db_tx_done) struct db_tx tx = { 0 };
	struct err err;

	OK(db_tx_begin(&tx, api.db, &err));
	OK(foreign_look_begin(api.db, "hst_a", now, (uint64_t)now, &err));
	OK(db_tx_commit(&tx, &err));
}

static void saw(int64_t id, const char *kind, int64_t at)
{
	const struct foreign_found row = {
		.host_id = "hst_a", .account_id = id, .kind = kind,
		.name = "theirs", .status = "active",
		.base_url = "http://their.example/v1", .models = "[\"m\"]",
		.group_ids = "[3]", .seen_at = at,
	};
	struct err err;

	OK(foreign_found_keep(api.db, &row, &err));
}

static void ended(const char *class, int64_t now)
{
	struct err err;

	OK(foreign_look_end(api.db, "hst_a", class, now, &err));
}

static int64_t kept(void)
{
	return count("SELECT count(*) FROM foreign_found");
}

static void one_look_at_a_time(void **state)
{
	(void)state;
	begin(100);
	begin(200);
	assert_int_equal(count("SELECT count(*) FROM tasks"
			       " WHERE flow = 'foreign'"), 1);
	assert_int_equal(count("SELECT began_at FROM foreign_looks"), 100);
	ended(NULL, 300);
	begin(400);
	assert_int_equal(count("SELECT count(*) FROM tasks"
			       " WHERE flow = 'foreign'"), 2);
}

static void what_went_goes_with_a_look_that_saw_all(void **state)
{
	(void)state;
	begin(100);
	saw(5, "foreign", 100);
	saw(6, "foreign", 100);
	ended(NULL, 110);
	begin(200);
	saw(6, "foreign", 200);
	ended("timeout", 210);
	assert_int_equal(kept(), 2);
	begin(300);
	saw(6, "foreign", 300);
	ended(NULL, 310);
	assert_int_equal(kept(), 1);
	assert_int_equal(count("SELECT first_seen_at FROM foreign_found"),
			 100);
}

static void there_is_a_ceiling_and_it_is_told(void **state)
{
	(void)state;
	begin(100);
	for (int64_t id = 1; id <= FOREIGN_FOUND_MAX + 1; id++)
		saw(id, "foreign", 100);
	saw(7, "another_crm", 100);	/* known: no new one */
	ended(NULL, 110);
	assert_int_equal(kept(), FOREIGN_FOUND_MAX);
	assert_int_equal(ask("GET", FOREIGN "?limit=2", NULL), 200);
	assert_true(json_is_true(member("look.cut")));
	assert_int_equal(json_array_size(member("accounts")), 2);
	assert_false(json_is_null(member("next_cursor")));
}

static void adopted_ones_are_ours(void **state)
{
	(void)state;
	begin(100);
	saw(5, "foreign", 100);
	saw(6, "foreign", 100);
	sql("INSERT INTO managed_resources (resource_id, host_id,"
	    " resource_type, lookup, mark, state, host_resource_id,"
	    " created_at, updated_at) VALUES ('res_5', 'hst_a', 'account',"
	    " 'l', 'm', 'present', '5', 1, 1)");
	assert_int_equal(ask("GET", FOREIGN, NULL), 200);
	assert_int_equal(json_array_size(member("accounts")), 1);
	assert_int_equal(number_of("accounts.0.account_id"), 6);
	assert_string_equal(text_of("look.state"), "running");
	assert_int_equal(ask("GET", "/api/hosts/hst_none/foreign", NULL), 404);
}

static void a_preview_begins_nothing(void **state)
{
	AUTO_FREE char *apply = NULL;

	(void)state;
	begin(100);
	saw(5, "foreign", 100);
	assert_int_equal(ask("POST", FOREIGN "/5/adopt", "{" KEY "}"), 200);
	assert_true(json_is_false(member("applied")));
	assert_string_equal(text_of("changes.0.field"), "name");
	assert_int_equal(count("SELECT count(*) FROM import_run_items"
			       " WHERE adopt_account_id = '5'"), 0);
	apply = xasprintf("{" KEY ",\"apply\":true,\"plan\":\"%s\"}",
			  text_of("plan"));
	sql("UPDATE foreign_found SET name = 'renamed'");
	assert_int_equal(ask("POST", FOREIGN "/5/adopt", apply), 409);
	assert_string_equal(text_of("code"), "plan_outdated");
	sql("UPDATE foreign_found SET name = 'theirs'");
	assert_int_equal(ask("POST", FOREIGN "/5/adopt", apply), 202);
	assert_int_equal(count("SELECT count(*) FROM import_run_items"
			       " WHERE adopt_account_id = '5'"
			       " AND adopt_force = 0"), 1);
}

/* The `after` of a change, by its field. */
static const char *after_of(const char *field)
{
	const json_t *change;
	size_t i;

	json_array_foreach(member("changes"), i, change)
		if (strcmp(json_string_value(json_object_get(change, "field")),
			   field) == 0)
			return json_string_value(json_object_get(change,
								 "after"));
	fail_msg("no change of %s", field);
	return NULL;
}

static void says(const char *field, const char *part)
{
	if (!strstr(after_of(field), part))
		fail_msg("%s becomes '%s', without '%s'", field,
			 after_of(field), part);
}

/* What would be made, "type action" of each. */
static bool would(const char *type, const char *action)
{
	const json_t *one;
	size_t i;

	json_array_foreach(member("resources"), i, one)
		if (strcmp(json_string_value(json_object_get(one,
				"resource_type")), type) == 0 &&
		    strcmp(json_string_value(json_object_get(one, "action")),
			   action) == 0)
			return true;
	return false;
}

static void a_preview_says_what_there_will_be(void **state)
{
	(void)state;
	begin(100);
	saw(5, "foreign", 100);
	sql("UPDATE foreign_found SET models = '[\"a\"]', group_ids = '[3]'");
	assert_int_equal(ask("POST", FOREIGN "/5/adopt", "{" KEY
			     ",\"requested_models\":[\"b\",\"a\"]}"), 200);
	says("groups", "[3] and a new group, their-example-");
	assert_string_equal(after_of("models"), "[\"a\",\"b\"]");
	assert_true(would("group", "create"));
	assert_true(would("account", "adopt"));
	assert_true(would("user", "create"));
	assert_int_equal(json_array_size(member("made_beside")), 4);
	assert_int_equal(ask("POST", FOREIGN "/5/adopt", "{" KEY "}"), 200);
	says("models", "[\"a\"]");
	says("models", "all that the provider lists");
}

/* Our group is there: its number and name are known; and it serves others. */
static void a_preview_knows_the_group_that_is_there(void **state)
{
	AUTO_FREE char *group = NULL;

	(void)state;
	begin(100);
	saw(5, "foreign", 100);
	sql("UPDATE foreign_found SET group_ids = '[3]'");
	assert_int_equal(ask("POST", FOREIGN "/5/adopt", "{" KEY "}"), 200);
	group = xasprintf("INSERT INTO managed_resources (resource_id, host_id,"
		" resource_type, lookup, mark, state, host_resource_id,"
		" wanted_json, created_at, updated_at) VALUES ('res_g',"
		" 'hst_a', 'group', '%s', 'crm-m-g', 'present', '7',"
		" '{\"name\":\"p crm-m-g\"}', 1, 1)",
		text_of("resources.0.lookup"));
	sql(group);
	assert_int_equal(ask("POST", FOREIGN "/5/adopt", "{" KEY "}"), 200);
	assert_string_equal(after_of("groups"), "[3,7], where 7 is p crm-m-g");
	assert_true(would("group", "reuse"));
	/* Others live in it: it is proven alone before. */
	assert_true(would("group", "create_and_remove"));
	assert_int_equal(ask("POST", FOREIGN "/5/adopt",
			     "{" KEY ",\"access_mode\":\"x\"}"), 422);
}

/* Not of the account alone: of all that it showed. */
static void a_plan_rests_on_all_that_was_shown(void **state)
{
	static const char *const moves[][2] = {
		{ "UPDATE foreign_found SET status = 'inactive'",
		  "UPDATE foreign_found SET status = 'active'" },
		{ "UPDATE foreign_found SET kind = 'another_crm'",
		  "UPDATE foreign_found SET kind = 'foreign'" },
		{ "UPDATE managed_resources SET host_resource_id = '8'"
		  " WHERE resource_id = 'res_g'",
		  "UPDATE managed_resources SET host_resource_id = '7'"
		  " WHERE resource_id = 'res_g'" },
		{ "UPDATE managed_resources SET wanted_json ="
		  " '{\"name\":\"another\"}' WHERE resource_id = 'res_g'",
		  "UPDATE managed_resources SET wanted_json ="
		  " '{\"name\":\"p crm-m-g\"}' WHERE resource_id = 'res_g'" },
		{ "UPDATE managed_resources SET state = 'gone'"
		  " WHERE resource_id = 'res_g'",
		  "UPDATE managed_resources SET state = 'present'"
		  " WHERE resource_id = 'res_g'" },
	};
	AUTO_FREE char *group = NULL;
	AUTO_FREE char *apply = NULL;

	(void)state;
	begin(100);
	saw(5, "foreign", 100);
	assert_int_equal(ask("POST", FOREIGN "/5/adopt", "{" KEY "}"), 200);
	group = xasprintf("INSERT INTO managed_resources (resource_id, host_id,"
		" resource_type, lookup, mark, state, host_resource_id,"
		" wanted_json, created_at, updated_at) VALUES ('res_g',"
		" 'hst_a', 'group', '%s', 'crm-m-g', 'present', '7',"
		" '{\"name\":\"p crm-m-g\"}', 1, 1)",
		text_of("resources.0.lookup"));
	sql(group);
	assert_int_equal(ask("POST", FOREIGN "/5/adopt", "{" KEY "}"), 200);
	apply = xasprintf("{" KEY ",\"apply\":true,\"force\":true,"
			  "\"plan\":\"%s\"}", text_of("plan"));
	for (size_t i = 0; i < COUNT(moves); i++) {
		sql(moves[i][0]);
		if (ask("POST", FOREIGN "/5/adopt", apply) != 409)
			fail_msg("done in spite of: %s", moves[i][0]);
		assert_string_equal(text_of("code"), "plan_outdated");
		sql(moves[i][1]);
	}
	/* That it was looked at once more is none of it. */
	sql("UPDATE foreign_found SET seen_at = 200");
	assert_int_equal(ask("POST", FOREIGN "/5/adopt", apply), 202);
}

static void another_crms_is_left_alone(void **state)
{
	(void)state;
	begin(100);
	saw(5, "another_crm", 100);
	assert_int_equal(ask("POST", FOREIGN "/5/adopt", "{" KEY "}"), 409);
	assert_string_equal(text_of("code"), "another_crm");
	assert_int_equal(ask("POST", FOREIGN "/5/adopt",
			     "{" KEY ",\"force\":true}"), 200);
	/* The import is told: it would refuse by itself. */
	assert_int_equal(ask("POST", FOREIGN "/5/adopt",
			     "{" KEY ",\"force\":true,\"apply\":true}"), 202);
	assert_int_equal(count("SELECT count(*) FROM import_run_items"
			       " WHERE adopt_account_id = '5'"
			       " AND adopt_force = 1"), 1);
	assert_int_equal(ask("POST", FOREIGN "/4/adopt", "{" KEY "}"), 404);
	assert_int_equal(ask("POST", FOREIGN "/5/adopt", "{}"), 422);
}

static void ours_without_a_record_need_no_force(void **state)
{
	(void)state;
	begin(100);
	saw(5, "unrecorded", 100);
	sql("UPDATE foreign_found SET name = 'p crm-abc123-zzzzzzzz'");
	assert_int_equal(ask("GET", FOREIGN, NULL), 200);
	assert_string_equal(text_of("accounts.0.kind"), "unrecorded");
	assert_int_equal(ask("POST", FOREIGN "/5/adopt", "{" KEY "}"), 200);
	assert_non_null(strstr(text_of("changes.0.after"), "p crm-"));
	assert_null(strstr(text_of("changes.0.after"), "zzzzzzzz"));
	assert_int_equal(ask("POST", FOREIGN "/5/adopt",
			     "{" KEY ",\"apply\":true}"), 202);
	assert_int_equal(count("SELECT count(*) FROM import_run_items"
			       " WHERE adopt_account_id = '5'"
			       " AND adopt_force = 1"), 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define TEST(f) cmocka_unit_test_setup_teardown(f, setup_accesses, teardown)
		TEST(one_look_at_a_time),
		TEST(what_went_goes_with_a_look_that_saw_all),
		TEST(there_is_a_ceiling_and_it_is_told),
		TEST(adopted_ones_are_ours),
		TEST(a_preview_begins_nothing),
		TEST(a_preview_says_what_there_will_be),
		TEST(a_preview_knows_the_group_that_is_there),
		TEST(a_plan_rests_on_all_that_was_shown),
		TEST(another_crms_is_left_alone),
		TEST(ours_without_a_record_need_no_force),
#undef TEST
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
