/* Plans in files: made, signed, and done only if nothing moved. */
#include "tests/unit/access_fixture.h"

#include "fcgi/plan_ground.h"
#include "fcgi/plan_secrets.h"
#include "shared/table.h"

#define ITEM "/api/batch-import/runs/run_1/items/itm_1"
#define NOW_MS 1800000000000
#define STRINGIFY_(text) #text
#define STRINGIFY(text) STRINGIFY_(text)
#define LOOK ",\"look\":\"rec_1\"}"
#define WISH "{\"kind\":\"models\",\"path\":\"" ITEM "/models\",\"body\":" \
	"{\"mode\":\"add\",\"models\":[\"m-b\"]}"
#define MINUTE 60000

static int setup_account(void **state)
{
	if (setup_accesses(state))
		return -1;
	sql("UPDATE import_run_items SET account_id = '5', group_id = '7',"
	    " models = '[\"m-a\"]', resolved_smoke_model = 'm-a',"
	    " recommended_models = '[\"m-b\"]';"
	    "INSERT INTO managed_resources (resource_id, host_id,"
	    " resource_type, lookup, mark, state, host_resource_id,"
	    " wanted_json, live_version, created_at, updated_at) VALUES"
	    " ('res_5', 'hst_a', 'account', 'one-1|subscription|fp',"
	    "  'crm-a-b', 'present', '5', '{\"credentials\":"
	    "{\"model_mapping\":{\"m-a\":\"m-a\"}}}', 'v1', 1, 1),"
	    " ('res_6', 'hst_a', 'group', 'one-1|subscription', 'crm-a-c',"
	    "  'present', '7', NULL, 'v1', 1, 1);"
	    "INSERT INTO resource_uses VALUES ('res_5', 'itm_1', 1),"
	    " ('res_6', 'itm_1', 1);"
	    "INSERT INTO reconcile_runs (reconcile_id, host_id, scope, batch_id,"
	    " mode, state, result, requested_by, created_at, finished_at)"
	    " VALUES ('rec_1', 'hst_a', 'run', 'run_1', 'look', 'done',"
	    " 'in_sync', 'tok_1', 1, " STRINGIFY(NOW_MS) ");");
	return 0;
}

/* A plan as a file would have it; for free(). */
static char *make(void)
{
	assert_int_equal(ask("POST", "/api/plans", WISH LOOK), 200);
	return json_dumps(api.json, JSON_INDENT(2));
}

static int apply(const char *plan)
{
	AUTO_FREE char *body = xasprintf("{\"plan\":%s" LOOK, plan);

	return ask("POST", "/api/plans/apply", body);
}

static void refused_as(const char *plan, const char *code)
{
	assert_int_equal(apply(plan), 409);
	assert_string_equal(text_of("code"), code);
	assert_int_equal(count("SELECT count(*) FROM account_changes"), 0);
	assert_int_equal(count("SELECT count(*) FROM plans_done"), 0);
}

static void a_plan_tells_what_it_is_and_rests_on(void **state)
{
	(void)state;
	assert_int_equal(ask("POST", "/api/plans", WISH LOOK), 200);
	assert_string_equal(text_of("kind"), "models");
	assert_string_equal(text_of("request.path"), ITEM "/models");
	assert_string_equal(text_of("request.body.mode"), "add");
	assert_string_equal(text_of("preview.after.m-b"), "m-b");
	assert_string_equal(text_of("host.host_id"), "hst_a");
	assert_string_equal(text_of("rests_on.0.resource_id"), "res_5");
	assert_string_equal(text_of("rests_on.0.version"), "v1");
	assert_string_equal(text_of("rests_on.1.resource_type"), "group");
	assert_int_equal(strlen(text_of("signature")), SEAL_HASH_TEXT - 1);
	assert_int_equal(count("SELECT count(*) FROM account_changes"), 0);
}

static void a_plan_is_done_once(void **state)
{
	AUTO_FREE char *plan = make();

	(void)state;
	assert_int_equal(apply(plan), 202);
	assert_non_null(text_of("change_id"));
	assert_int_equal(count("SELECT count(*) FROM account_changes"), 1);
	assert_int_equal(count("SELECT count(*) FROM plans_done"), 1);
	sql("UPDATE account_changes SET state = 'done', finished_at = 2");
	assert_int_equal(apply(plan), 409);
	assert_string_equal(text_of("code"), "plan_applied");
	assert_int_equal(count("SELECT count(*) FROM account_changes"), 1);
}

static void what_was_refused_may_be_done_later(void **state)
{
	AUTO_FREE char *plan = make();

	(void)state;
	sql("UPDATE hosts SET paused_at = 5");
	assert_int_equal(apply(plan), 409);
	assert_string_equal(text_of("code"), "paused");
	sql("UPDATE hosts SET paused_at = NULL");
	assert_int_equal(apply(plan), 202);
}

static void a_plan_that_was_changed_is_refused(void **state)
{
	AUTO_FREE char *plan = make();
	char *at;

	(void)state;
	/* Whitespace and order are none of it, any value is. */
	at = strstr(plan, "\"m-b\"\n");
	assert_non_null(at);
	at[3] = 'c';
	refused_as(plan, "plan_tampered");
	at[3] = 'b';
	at = strstr(plan, "\"signature\": \"");
	at[14] = at[14] == '0' ? '1' : '0';
	refused_as(plan, "plan_tampered");
}

static void another_crm_signs_otherwise(void **state)
{
	AUTO_FREE char *plan = make();

	(void)state;
	api.key.pub.fingerprint[0] ^= 1;
	refused_as(plan, "plan_tampered");
	api.key.pub.fingerprint[0] ^= 1;
	sql("UPDATE installation SET inst = 'other1'");
	refused_as(plan, "plan_of_other_installation");
}

static void a_plan_expires(void **state)
{
	AUTO_FREE char *plan = NULL;

	(void)state;
	assert_int_equal(ask("POST", "/api/plans", WISH
			     ",\"expires_in_s\":60" LOOK), 200);
	plan = json_dumps(api.json, 0);
	api.wire.now = NOW + MINUTE;
	refused_as(plan, "plan_expired");
	api.wire.now = NOW + MINUTE - 1;
	assert_int_equal(apply(plan), 202);
}

static void what_moved_is_named(void **state)
{
	AUTO_FREE char *plan = make();

	(void)state;
	sql("UPDATE managed_resources SET live_version = 'v2'"
	    " WHERE resource_id = 'res_5'");
	refused_as(plan, "plan_stale");
	assert_string_equal(text_of("moved.0.resource_id"), "res_5");
	assert_string_equal(text_of("moved.0.host_resource_id"), "5");
	assert_string_equal(text_of("moved.0.fields.0"), "version");
	assert_int_equal(json_array_size(member("moved")), 1);
	sql("UPDATE managed_resources SET live_version = 'v1';"
	    "UPDATE hosts SET version = '9.9'");
	refused_as(plan, "plan_stale");
	assert_string_equal(text_of("moved.0.resource_type"), "host");
	sql("UPDATE hosts SET version = NULL;"
	    "UPDATE managed_resources SET wanted_json ="
	    " '{\"credentials\":{\"model_mapping\":{\"m-z\":\"m-z\"}}}'");
	refused_as(plan, "plan_stale");
	assert_string_equal(text_of("moved.0.fields.0"), "preview");
}

static void fields_are_named_where_a_look_found_them(void **state)
{
	json_auto_t *then = json_loads("{\"host\":{},\"rests_on\":"
		"[{\"resource_id\":\"r\",\"version\":\"a\"}],\"drift\":"
		"[{\"resource_id\":\"r\",\"field\":\"name\",\"live\":1}]}", 0,
		NULL);
	json_auto_t *now = json_loads("{\"host\":{},\"rests_on\":"
		"[{\"resource_id\":\"r\",\"version\":\"b\"},"
		"{\"resource_id\":\"n\",\"state\":\"present\"}],\"drift\":"
		"[{\"resource_id\":\"r\",\"field\":\"name\",\"live\":1},"
		"{\"resource_id\":\"r\",\"field\":\"base_url\",\"live\":2}]}",
		0, NULL);
	json_auto_t *moved = plan_ground_moved(then, now);
	json_auto_t *same = plan_ground_moved(then, then);
	AUTO_FREE char *text = json_dumps(moved, JSON_COMPACT);

	(void)state;
	assert_int_equal(json_array_size(same), 0);
	assert_string_equal(text, "[{\"resource_id\":\"r\",\"fields\":"
		"[\"base_url\"]},{\"resource_id\":\"n\",\"fields\":"
		"[\"state\"]}]");
}

static void a_plan_needs_a_look(void **state)
{
	static const char *const wrong[] = {
		"result = 'unknown'", "mode = 'repair'", "host_id = 'hst_b'",
		"finished_at = 1", "scope = 'host', batch_id = NULL,"
		" host_id = 'hst_b'", "state = 'running', finished_at = NULL",
		"reconcile_id = 'rec_2'",
	};

	(void)state;
	assert_int_equal(ask("POST", "/api/plans", WISH "}"), 409);
	assert_string_equal(text_of("code"), "plan_needs_look");
	for (size_t i = 0; i < COUNT(wrong); i++) {
		AUTO_FREE char *change = xasprintf("SAVEPOINT a; UPDATE "
			"reconcile_runs SET %s", wrong[i]);

		sql(change);
		assert_int_equal(ask("POST", "/api/plans", WISH LOOK), 409);
		assert_string_equal(text_of("code"), "plan_needs_look");
		sql("ROLLBACK TO a; RELEASE a");
	}
	assert_int_equal(ask("POST", "/api/plans", WISH LOOK), 200);
}

static void a_repair_is_planned_by_what_was_found(void **state)
{
	AUTO_FREE char *plan = NULL;

	(void)state;
	sql("INSERT INTO reconcile_findings (reconcile_id, seq, resource_id,"
	    " resource_type, host_resource_id, field, moved, action, certainty,"
	    " wanted, written, live, state, at) VALUES ('rec_1', 1, 'res_5',"
	    " 'account', '5', 'name', 'them', 'restore', 'certain', '\"a\"',"
	    " '\"a\"', '\"b\"', 'found', 1)");
	assert_int_equal(ask("POST", "/api/plans", "{\"kind\":\"reconcile\","
		"\"path\":\"/api/import-batches/run_1/reconcile\","
		"\"body\":{}" LOOK), 200);
	assert_string_equal(text_of("preview.findings.0.live"), "b");
	assert_string_equal(text_of("drift.0.field"), "name");
	plan = json_dumps(api.json, 0);
	sql("UPDATE reconcile_findings SET live = '\"c\"'");
	refused_as(plan, "plan_stale");
	assert_string_equal(text_of("moved.0.resource_id"), "res_5");
	assert_string_equal(text_of("moved.0.fields.0"), "name");
	sql("UPDATE reconcile_findings SET live = '\"b\"'");
	assert_int_equal(apply(plan), 202);
	assert_string_equal(text_of("mode"), "repair");
}

static void only_some_requests_can_be_planned(void **state)
{
	(void)state;
	assert_int_equal(ask("POST", "/api/plans", "{\"kind\":\"models\","
		"\"path\":\"/api/hosts/hst_a/pause\",\"body\":{}" LOOK), 400);
	assert_string_equal(text_of("code"), "plan_kind_unknown");
	assert_int_equal(ask("POST", "/api/plans", "{\"kind\":\"proxy\","
		"\"path\":\"" ITEM "/models\",\"body\":{}" LOOK), 400);
	assert_int_equal(ask("POST", "/api/plans", "{\"kind\":\"models\","
		"\"path\":\"" ITEM "/models\",\"body\":{\"apply\":true}" LOOK),
		422);
	/* What is wrong with the request itself is told as ever. */
	assert_int_equal(ask("POST", "/api/plans", "{\"kind\":\"models\","
		"\"path\":\"" ITEM "/models\",\"body\":{\"mode\":\"x\"}" LOOK),
		422);
	assert_string_equal(text_of("problems.0.field"), "mode");
	api.wire.authorization = "Bearer " READ_TOKEN;
	assert_int_equal(ask("POST", "/api/plans", WISH LOOK), 403);
}

#define KEY "sk-0123456789abcdefghij"
#define OTHER "sk-0123456789abcdefghik"

static void secrets_are_references_in_a_plan(void **state)
{
	json_auto_t *body = json_loads("{\"keys\":[\"" KEY "\",{\"api_key\":"
		"\"" KEY "\",\"label\":\"x\"}],\"probe_api_key\":\"" OTHER
		"\"}", 0, NULL);
	json_auto_t *from = json_loads("{\"/keys/1/api_key\":{\"env\":\"K\"}}",
				       0, NULL);
	json_auto_t *given = json_loads("{\"/keys/0\":\"" KEY "\",\"/keys/1/"
		"api_key\":\"" KEY "\",\"/probe_api_key\":\"" OTHER "\"}", 0,
		NULL);
	json_auto_t *before = json_deep_copy(body);
	json_auto_t *wrong = json_loads("{\"/keys/0\":\"" OTHER "\"}", 0,
					NULL);
	struct jdec_problems problems = { 0 };
	AUTO_FREE char *text = NULL;

	(void)state;
	plan_secrets_take(&api.key.pub, body, from, &problems);
	assert_int_equal(problems.count, 0);
	text = json_dumps(body, 0);
	assert_null(strstr(text, "sk-"));
	assert_non_null(strstr(text, "\"env\": \"K\""));
	assert_non_null(strstr(text, "\"last4\": \"ghij\""));
	plan_secrets_put(&api.key.pub, body, wrong, &problems);
	assert_int_equal(problems.count, 3);
	problems.count = 0;
	plan_secrets_put(&api.key.pub, body, given, &problems);
	assert_int_equal(problems.count, 0);
	assert_true(json_equal(body, before));
}

static void short_secrets_cannot_be_planned(void **state)
{
	json_auto_t *body = json_loads("{\"keys\":[\"sk-short\"]}", 0, NULL);
	struct jdec_problems problems = { 0 };

	(void)state;
	plan_secrets_take(&api.key.pub, body, NULL, &problems);
	assert_int_equal(problems.count, 1);
	assert_true(json_is_null(json_array_get(json_object_get(body, "keys"),
						0)));
}

#define TEST(name) \
	cmocka_unit_test_setup_teardown(name, setup_account, teardown)

int main(void)
{
	static const struct CMUnitTest tests[] = {
		TEST(a_plan_tells_what_it_is_and_rests_on),
		TEST(a_plan_is_done_once),
		TEST(what_was_refused_may_be_done_later),
		TEST(a_plan_that_was_changed_is_refused),
		TEST(another_crm_signs_otherwise),
		TEST(a_plan_expires),
		TEST(what_moved_is_named),
		TEST(fields_are_named_where_a_look_found_them),
		TEST(a_plan_needs_a_look),
		TEST(a_repair_is_planned_by_what_was_found),
		TEST(only_some_requests_can_be_planned),
		TEST(secrets_are_references_in_a_plan),
		TEST(short_secrets_cannot_be_planned),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
