/* The endpoints that say to what runs: go on, try again, leave it alone. */
#include "tests/unit/access_fixture.h"

#define RUNS "/api/batch-import/runs"

static const char rows[] =
	"UPDATE import_run_items SET current_stage = 'done',"
	" confirmation_status = 'failed', access_status = 'broken',"
	" failure_class = 'key_invalid', finished_at = 5;"
	"UPDATE tasks SET state = 'done', held_for = NULL, held_on = NULL;"
	"UPDATE import_runs SET items_done = items_total,"
	" items_broken = items_total, state = 'failed', finished_at = 5;";

#define KEY(n) "{\"base_url\":\"https://api.one.example/v1\"," \
	       "\"api_key\":\"sk-one-0123456789abcdef" n "\"}"

/* A run of three keys with these members. */
static char *add_run(const char *members)
{
	AUTO_FREE char *host = add_host();
	AUTO_FREE char *body = xasprintf("{\"host_id\":\"%s\"%s,\"items\":["
		KEY("1") "," KEY("2") "," KEY("3") "]}", host, members);

	assert_int_equal(ask("POST", RUNS, body), 202);
	return xstrdup(text_of("run_id"));
}

static void a_canary_holds_the_rest_of_a_run(void **state)
{
	AUTO_FREE char *run = add_run(",\"canary\":{\"items\":1}");
	AUTO_FREE char *items = xasprintf(RUNS "/%s/items", run);

	(void)state;
	assert_string_equal(text_of("canary_state"), "proving");
	assert_int_equal(number_of("canary_items"), 1);
	assert_int_equal(count("SELECT count(*) FROM tasks WHERE"
			       " state = 'held' AND held_for = 'canary'"), 2);
	assert_int_equal(ask("GET", items, NULL), 200);
	assert_true(json_is_null(member("items.0.held_for")));
	assert_string_equal(text_of("items.2.held_for"), "canary");
}

static void only_what_is_held_is_resumed(void **state)
{
	AUTO_FREE char *run = add_run(",\"canary\":{\"items\":1}");
	AUTO_FREE char *target = xasprintf(RUNS "/%s/resume", run);

	(void)state;
	assert_int_equal(ask("POST", target, NULL), 409);
	assert_string_equal(text_of("code"), "run_not_held");
	sql("UPDATE import_runs SET canary_state = 'held'");
	sql("INSERT INTO notices (notice_id, kind, subject, detail, at)"
	    " SELECT 'ntc_1', 'run_held', run_id, '{}', 1 FROM import_runs");
	assert_int_equal(ask("POST", target, "{}"), 200);
	assert_string_equal(text_of("canary_state"), "resumed");
	assert_int_equal(count("SELECT count(*) FROM tasks WHERE"
			       " state = 'due' AND run_id IS NOT NULL"), 3);
	assert_int_equal(count("SELECT count(*) FROM notices WHERE"
			       " ended_at IS NULL"), 0);
	assert_int_equal(ask("POST", RUNS "/none/resume", NULL), 404);
	assert_int_equal(ask("POST", target, "{\"x\":1}"), 422);
}

static void cancelling_ends_the_notice_too(void **state)
{
	AUTO_FREE char *run = add_run(",\"canary\":{\"items\":1}");
	AUTO_FREE char *target = xasprintf(RUNS "/%s/cancel", run);

	(void)state;
	sql("INSERT INTO notices (notice_id, kind, subject, detail, at)"
	    " SELECT 'ntc_1', 'run_held', run_id, '{}', 1 FROM import_runs");
	assert_int_equal(ask("POST", target, NULL), 200);
	assert_int_equal(count("SELECT count(*) FROM notices WHERE"
			       " ended_at IS NULL"), 0);
	assert_int_equal(count("SELECT count(*) FROM tasks WHERE"
			       " state = 'held'"), 0);
}

static void a_run_is_tried_again(void **state)
{
	AUTO_FREE char *run = add_run("");
	AUTO_FREE char *target = xasprintf(RUNS "/%s/retry?only=failed", run);
	AUTO_FREE char *plain = xasprintf(RUNS "/%s/retry", run);
	AUTO_FREE char *wrong = xasprintf(RUNS "/%s/retry?only=x", run);

	(void)state;
	sql(rows);
	api.wire.idempotency_key = "again-1";
	assert_int_equal(ask("POST", target, NULL), 202);
	assert_int_equal(number_of("retried"), 3);
	assert_string_equal(text_of("run.state"), "running");
	assert_int_equal(number_of("run.items_done"), 0);
	assert_int_equal(number_of("run.items_broken"), 0);
	/* The same key with another question is another request. */
	api.wire.idempotency_key = "again-1";
	assert_int_equal(ask("POST", target, NULL), 202);
	assert_true(api.reply.replayed);
	api.wire.idempotency_key = "again-1";
	assert_int_equal(ask("POST", plain, NULL), 409);
	assert_string_equal(text_of("code"), "idempotency_key_reused");
	assert_int_equal(ask("POST", plain, NULL), 202);
	assert_int_equal(number_of("retried"), 0);
	assert_int_equal(ask("POST", wrong, NULL), 400);
	sql("UPDATE import_runs SET state = 'cancelled'");
	assert_int_equal(ask("POST", plain, NULL), 409);
	assert_string_equal(text_of("code"), "run_cancelled");
}

static void an_item_is_tried_again_with_other_models(void **state)
{
	AUTO_FREE char *run = add_run("");
	AUTO_FREE char *items = xasprintf(RUNS "/%s/items", run);
	AUTO_FREE char *target = NULL, *none = NULL;

	(void)state;
	assert_int_equal(ask("GET", items, NULL), 200);
	target = xasprintf("%s/%s/retry", items, text_of("items.0.item_id"));
	none = xasprintf("%s/itm_none/retry", items);
	assert_int_equal(ask("POST", target, NULL), 409);
	assert_string_equal(text_of("code"), "item_running");
	sql(rows);
	assert_int_equal(ask("POST", target, "{\"requested_models\":7}"),
			 422);
	assert_int_equal(ask("POST", target,
			     "{\"requested_models\":[\"m-2\"]}"), 202);
	assert_int_equal(number_of("generation"), 2);
	assert_string_equal(text_of("requested_models.0"), "m-2");
	assert_string_equal(text_of("current_stage"), "probe");
	assert_true(json_is_null(member("failure_class")));
	assert_int_equal(count("SELECT count(*) FROM import_run_item_events"
			       " WHERE kind = 'retried'"), 1);
	assert_int_equal(ask("POST", none, NULL), 404);
}

static void hosts_and_endpoints_are_paused_and_resumed(void **state)
{
	(void)state;
	assert_int_equal(ask("POST", "/api/hosts/hst_a/pause", NULL), 200);
	assert_true(json_is_string(member("paused_at")));
	assert_int_equal(ask("GET", "/api/hosts/hst_a", NULL), 200);
	assert_true(json_is_string(member("paused_at")));
	assert_int_equal(ask("POST", "/api/hosts/hst_a/resume", "{}"), 200);
	assert_true(json_is_null(member("paused_at")));
	assert_int_equal(ask("POST", "/api/hosts/none/pause", NULL), 404);
	assert_int_equal(ask("POST", "/api/hosts/hst_a/pause", "{\"x\":1}"),
			 422);
	assert_int_equal(ask("POST", "/api/endpoints/one-1/pause", NULL),
			 200);
	assert_true(json_is_string(member("paused_at")));
	assert_int_equal(ask("GET", "/api/endpoints/one-1", NULL), 200);
	assert_true(json_is_string(member("paused_at")));
	assert_int_equal(ask("POST", "/api/endpoints/one-1/resume", NULL),
			 200);
	assert_true(json_is_null(member("paused_at")));
}

static void what_is_paused_is_neither_checked_nor_probed(void **state)
{
	static const char check[] = "{\"access_id\":\"acc_1\"}";

	(void)state;
	assert_int_equal(ask("POST", "/api/endpoints/one-1/pause", NULL),
			 200);
	assert_int_equal(ask("POST", "/api/access-checks", check), 409);
	assert_string_equal(text_of("code"), "paused");
	assert_non_null(strstr(text_of("detail"), "endpoint resume"));
	assert_int_equal(ask("POST", "/api/hosts/hst_a/probe", NULL), 202);
	assert_int_equal(ask("POST", "/api/hosts/hst_a/pause", NULL), 200);
	assert_int_equal(ask("POST", "/api/hosts/hst_a/probe", NULL), 409);
	assert_string_equal(text_of("code"), "paused");
	assert_int_equal(ask("POST", "/api/hosts/hst_a/accept-compliance",
			     "{\"phrase\":\"I accept\"}"), 409);
	assert_int_equal(count("SELECT count(*) FROM access_checks"), 0);
}

#define T(test) cmocka_unit_test_setup_teardown(test, setup, teardown)
#define A(test) cmocka_unit_test_setup_teardown(test, setup_accesses, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(a_canary_holds_the_rest_of_a_run),
		T(only_what_is_held_is_resumed),
		T(cancelling_ends_the_notice_too),
		T(a_run_is_tried_again),
		T(an_item_is_tried_again_with_other_models),
		A(hosts_and_endpoints_are_paused_and_resumed),
		A(what_is_paused_is_neither_checked_nor_probed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
