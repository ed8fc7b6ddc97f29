/* The endpoints around a key, after its import. */
#include "tests/unit/access_fixture.h"

#include "shared/table.h"

#define ITEM "/api/batch-import/runs/run_1/items/itm_1"
#define ADD_B "{\"mode\":\"add\",\"models\":[\"m-b\"]," \
	      "\"aliases\":{\"latest\":\"m-b\"}"

static int setup_account(void **state)
{
	if (setup_accesses(state))
		return -1;
	sql("UPDATE import_run_items SET account_id = '5', group_id = '7',"
	    " models = '[\"m-a\"]', resolved_smoke_model = 'm-a',"
	    " recommended_models = '[\"m-b\"]';"
	    "INSERT INTO managed_resources (resource_id, host_id,"
	    " resource_type, lookup, mark, state, host_resource_id,"
	    " wanted_json, created_at, updated_at) VALUES ('res_5', 'hst_a',"
	    " 'account', 'one-1|subscription|fp', 'crm-a-b', 'present', '5',"
	    " '{\"credentials\":{\"model_mapping\":{\"m-a\":\"m-a\","
	    "\"x\":\"y\"}}}', 1, 1);"
	    "INSERT INTO resource_uses VALUES ('res_5', 'itm_1', 1);"
	    "INSERT INTO import_run_items (item_id, run_id, seq, provider_id,"
	    " base_url, endpoint_key, api_key_secret_id, requested_models,"
	    " current_stage, confirmation_status, access_status,"
	    " matched_account_state, account_id, models, label, created_at,"
	    " updated_at) VALUES ('itm_2', 'run_1', 2, 'one-1', 'http://one',"
	    " 'one-1', 'sec_1', '[]', 'done', 'confirmed', 'active', 'none',"
	    " '5', '[\"m-a\"]', 'second', 1, 1);"
	    "INSERT INTO resource_uses VALUES ('res_5', 'itm_2', 1);");
	return 0;
}

static void a_preview_touches_nothing(void **state)
{
	(void)state;
	assert_int_equal(ask("POST", ITEM "/models", ADD_B "}"), 200);
	assert_true(json_is_false(member("applied")));
	assert_int_equal(json_array_size(member("added")), 2);
	assert_int_equal(json_array_size(member("unchanged")), 2);
	assert_int_equal(json_array_size(member("warnings")), 0);
	assert_string_equal(text_of("after.latest"), "m-b");
	assert_string_equal(text_of("after.x"), "y");
	assert_string_equal(text_of("before.m-a"), "m-a");
	assert_string_equal(text_of("smoke_model"), "m-a");
	assert_string_equal(text_of("resolution.0.state"), "resolved");
	assert_int_equal(number_of("others.items"), 1);
	assert_int_equal(number_of("others.accesses"), 2);
	assert_string_equal(text_of("others.some_items.0.label"), "second");
	assert_int_equal(strlen(text_of("plan")), SEAL_HASH_TEXT - 1);
	assert_int_equal(count("SELECT count(*) FROM account_changes"), 0);
	assert_int_equal(count("SELECT count(*) FROM tasks"), 0);
}

static void a_plan_is_applied_as_it_was_seen(void **state)
{
	AUTO_FREE char *body = NULL, *location = NULL;

	(void)state;
	assert_int_equal(ask("POST", ITEM "/models", ADD_B "}"), 200);
	body = xasprintf(ADD_B ",\"apply\":true,\"plan\":\"%s\"}",
			 text_of("plan"));
	assert_int_equal(ask("POST", ITEM "/models", body), 202);
	location = xasprintf("/api/account-changes/%s", text_of("change_id"));
	assert_string_equal(api.reply.location, location);
	assert_string_equal(text_of("state"), "running");
	assert_string_equal(text_of("wanted.set.m-b"), "m-b");
	assert_string_equal(text_of("wanted.tries.0"), "m-a");
	assert_true(json_is_null(member("before")));
	assert_int_equal(count("SELECT count(*) FROM tasks WHERE flow ="
			       " 'change' AND host_id = 'hst_a'"), 1);
	assert_int_equal(ask("GET", location, NULL), 200);
	assert_string_equal(text_of("kind"), "models");
	assert_int_equal(ask("GET", ITEM, NULL), 200);
	assert_string_equal(text_of("changes.0.kind"), "models");
	/* The other one of the account shows it as well. */
	assert_int_equal(ask("GET", "/api/batch-import/runs/run_1/items/itm_2",
			     NULL), 200);
	assert_int_equal(json_array_size(member("changes")), 1);
	assert_int_equal(ask("GET", "/api/account-changes/chg_none", NULL),
			 404);
}

static void a_plan_that_is_outdated_is_refused(void **state)
{
	AUTO_FREE char *body = NULL, *other = NULL;

	(void)state;
	assert_int_equal(ask("POST", ITEM "/models", ADD_B "}"), 200);
	body = xasprintf(ADD_B ",\"apply\":true,\"plan\":\"%s\"}",
			 text_of("plan"));
	other = xasprintf("{\"mode\":\"add\",\"models\":[\"m-c\"],"
			  "\"apply\":true,\"plan\":\"%s\"}", text_of("plan"));
	/* It stands for what was asked for, too. */
	assert_int_equal(ask("POST", ITEM "/models", other), 409);
	sql("UPDATE managed_resources SET wanted_json = '{\"credentials\":"
	    "{\"model_mapping\":{\"m-a\":\"m-z\"}}}'");
	assert_int_equal(ask("POST", ITEM "/models", body), 409);
	assert_string_equal(text_of("code"), "plan_outdated");
	assert_int_equal(count("SELECT count(*) FROM account_changes"), 0);
}

static void one_change_of_an_account_at_a_time(void **state)
{
	AUTO_FREE char *id = NULL;

	(void)state;
	assert_int_equal(ask("POST", ITEM "/pause", NULL), 202);
	id = xstrdup(text_of("change_id"));
	assert_int_equal(ask("POST", "/api/batch-import/runs/run_1/items/itm_2"
			     "/pause", NULL), 409);
	assert_string_equal(text_of("code"), "change_in_progress");
	assert_string_equal(text_of("change_id"), id);
	/* A preview says so as well, and does no harm. */
	assert_int_equal(ask("POST", ITEM "/models", ADD_B "}"), 200);
	assert_string_equal(text_of("running_change_id"), id);
}

static void what_cannot_be_is_refused(void **state)
{
	static const struct {
		const char *verb, *body, *field;
	} cases[] = {
		{ "/models", "{\"mode\":\"add\"}", "models" },
		{ "/models", "{\"models\":[\"m\"]}", "mode" },
		{ "/models", "{\"mode\":\"replace\",\"models\":[]}",
		  "models" },
		{ "/models", "{\"mode\":\"remove\",\"models\":[\"m-a\"]}",
		  "models" },
		{ "/models", "{\"mode\":\"add\",\"aliases\":[]}", "aliases" },
		{ "/models", "{\"mode\":\"add\",\"aliases\":{\"a\":\"no\"},"
		  "\"apply\":true}", "aliases" },
		{ "/models", "{\"mode\":\"add\",\"models\":[\"m\"],\"x\":1}",
		  "x" },
		{ "/proxy", "{}", "proxy_id" },
		{ "/proxy", "{\"proxy_id\":-1}", "proxy_id" },
		{ "/proxy", "{\"proxy_id\":\"12\"}", "proxy_id" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		AUTO_FREE char *path = xasprintf(ITEM "%s", cases[i].verb);

		assert_int_equal(ask("POST", path, cases[i].body), 422);
		assert_string_equal(text_of("problems.0.field"),
				    cases[i].field);
	}
	assert_int_equal(count("SELECT count(*) FROM account_changes"), 0);
}

static void an_item_needs_an_account_and_an_end(void **state)
{
	static const char *const verbs[] = { "/pause", "/models", "/proxy" };
	static const char *const bodies[] = {
		NULL, ADD_B ",\"apply\":true}", "{\"proxy_id\":1}",
	};
	static const struct {
		const char *sql, *code;
	} cases[] = {
		{ "UPDATE import_run_items SET current_stage = 'confirm'",
		  "item_running" },
		{ "UPDATE import_run_items SET current_stage = 'done';"
		  "UPDATE managed_resources SET state = 'gone'",
		  "item_has_no_account" },
		{ "UPDATE import_run_items SET account_id = NULL",
		  "item_has_no_account" },
		{ "UPDATE import_run_items SET rollback_id = 'rbk_1'",
		  "rollback_in_progress" },
		{ "UPDATE import_run_items SET rolled_back_at = 5",
		  "item_rolled_back" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		sql(cases[i].sql);
		for (size_t k = 0; k < COUNT(verbs); k++) {
			AUTO_FREE char *path = xasprintf(ITEM "%s", verbs[k]);

			assert_int_equal(ask("POST", path, bodies[k]), 409);
			assert_string_equal(text_of("code"), cases[i].code);
		}
	}
	assert_int_equal(ask("POST", "/api/batch-import/runs/run_1/items/"
			     "itm_9/pause", NULL), 404);
	assert_int_equal(ask("POST", "/api/batch-import/runs/run_2/items/"
			     "itm_1/pause", NULL), 404);
}

static void a_pause_is_seen_in_lists(void **state)
{
	(void)state;
	assert_int_equal(ask("POST", ITEM "/resume", NULL), 409);
	assert_string_equal(text_of("code"), "not_paused");
	sql("UPDATE managed_resources SET paused_at = 1800000000000");
	assert_int_equal(ask("GET", "/api/batch-import/runs/run_1/items",
			     NULL), 200);
	assert_string_equal(text_of("items.0.paused_at"),
			    "2027-01-15T08:00:00.000Z");
	assert_string_equal(text_of("items.1.label"), "second");
	assert_int_equal(ask("GET", "/api/batch-import/runs/run_1/items"
			     "?view=brief", NULL), 200);
	assert_string_equal(text_of("items.1.paused_at"),
			    "2027-01-15T08:00:00.000Z");
	assert_int_equal(ask("POST", ITEM "/models", ADD_B "}"), 200);
	assert_string_equal(text_of("warnings.0.code"),
			    "not_proven_while_paused");
	assert_int_equal(ask("POST", ITEM "/resume", NULL), 202);
	assert_string_equal(text_of("kind"), "resume");
}

static void a_proxy_is_looked_at_first(void **state)
{
	(void)state;
	sql("UPDATE import_run_items SET account_proxy = '3'");
	assert_int_equal(ask("POST", ITEM "/proxy", "{\"proxy_id\":12}"), 200);
	assert_string_equal(text_of("before"), "3");
	assert_string_equal(text_of("after"), "12");
	assert_int_equal(ask("POST", ITEM "/proxy",
			     "{\"proxy_id\":0,\"apply\":true}"), 202);
	assert_true(json_is_null(member("wanted.proxy_id")));
}

static void words_are_patched_and_noted(void **state)
{
	(void)state;
	assert_int_equal(ask("PATCH", ITEM, "{\"label\":\"客户甲\"}"), 200);
	assert_string_equal(text_of("label"), "客户甲");
	assert_string_equal(text_of("note"), "");
	assert_string_equal(text_of("events.0.kind"), "relabelled");
	assert_int_equal(ask("PATCH", ITEM, "{\"note\":\"key is "
			     "sk-0123456789abcdef0123456789abcdef\"}"), 200);
	assert_null(strstr(text_of("note"), "0123456789abcdef"));
	assert_string_equal(text_of("label"), "客户甲");
	assert_int_equal(ask("PATCH", ITEM, "{}"), 422);
	assert_int_equal(ask("PATCH", ITEM, "{\"label\":\"a\\u0007\"}"), 422);
	assert_int_equal(ask("PATCH", ITEM, "{\"models\":[]}"), 422);
	api.wire.authorization = "Bearer " READ_TOKEN;
	assert_int_equal(ask("PATCH", ITEM, "{\"label\":\"x\"}"), 403);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define TEST(f) cmocka_unit_test_setup_teardown(f, setup_account, teardown)
		TEST(a_preview_touches_nothing),
		TEST(a_plan_is_applied_as_it_was_seen),
		TEST(a_plan_that_is_outdated_is_refused),
		TEST(one_change_of_an_account_at_a_time),
		TEST(what_cannot_be_is_refused),
		TEST(an_item_needs_an_account_and_an_end),
		TEST(a_pause_is_seen_in_lists),
		TEST(a_proxy_is_looked_at_first),
		TEST(words_are_patched_and_noted),
#undef TEST
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
