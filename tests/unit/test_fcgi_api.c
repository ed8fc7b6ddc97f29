/* What holds for every endpoint, and those of health. */
#include "tests/unit/api_fixture.h"

#include "shared/table.h"

static void without_a_good_token_nothing_is_told(void **state)
{
	static const char *const bad[] = {
		"", "Basic abc", "Bearer", "Bearer ", "Bearer wrong-token-0123",
		READ_TOKEN,
	};

	(void)state;
	for (size_t i = 0; i < COUNT(bad); i++) {
		api.wire.authorization = bad[i];
		assert_int_equal(ask("GET", "/api/hosts", NULL), 401);
		assert_string_equal(text_of("code"), "unauthorized");
	}
	api.wire.authorization = "bearer  " READ_TOKEN;
	assert_int_equal(ask("GET", "/api/hosts", NULL), 200);
}

static void a_revoked_or_expired_token_is_worth_nothing(void **state)
{
	(void)state;
	sql("UPDATE tokens SET revoked_at = 1 WHERE scope = 'read';"
	    "UPDATE tokens SET expires_at = 1 WHERE scope = 'operate'");
	api.wire.authorization = "Bearer " READ_TOKEN;
	assert_int_equal(ask("GET", "/api/whoami", NULL), 401);
	api.wire.authorization = "Bearer " OPERATE_TOKEN;
	assert_int_equal(ask("GET", "/api/whoami", NULL), 401);
}

static void a_low_scope_is_told_what_is_needed(void **state)
{
	(void)state;
	api.wire.authorization = "Bearer " OPERATE_TOKEN;
	assert_int_equal(ask("POST", "/api/hosts", HOST_JSON), 403);
	assert_string_equal(text_of("code"), "forbidden");
	assert_non_null(strstr(text_of("detail"), "admin"));
	api.wire.authorization = "Bearer " READ_TOKEN;
	assert_int_equal(ask("POST", "/api/hosts/h/probe", NULL), 403);
	assert_int_equal(count("SELECT count(*) FROM hosts"), 0);
}

static void a_problem_has_all_its_members(void **state)
{
	(void)state;
	api.wire.request_id = "my-request-1";
	assert_int_equal(ask("GET", "/api/nothing", NULL), 404);
	assert_true(api.reply.is_problem);
	assert_string_equal(text_of("type"), "about:blank");
	assert_string_equal(text_of("title"), "Not Found");
	assert_int_equal(number_of("status"), 404);
	assert_string_equal(text_of("code"), "not_found");
	assert_string_equal(text_of("error"), text_of("detail"));
	assert_string_equal(text_of("request_id"), "my-request-1");
	assert_string_equal(api.reply.request_id, "my-request-1");
}

static void a_wrong_method_gets_405(void **state)
{
	(void)state;
	assert_int_equal(ask("PUT", "/api/hosts", "{}"), 405);
	assert_string_equal(text_of("code"), "method_not_allowed");
	assert_string_equal(api.reply.allow, "POST, GET, HEAD");
}

static void bodies_that_are_no_json_are_refused(void **state)
{
	static const char *const bad[] = {
		"", "{", "{\"a\":1,}", "nonsense", "\"text\"", "\xff\xfe",
		"{\"a\":1}{\"b\":2}", "{\"name\":1,\"name\":2}",
		"{\"auth_token\": \"sk-very-secret-key\" x}",
	};

	(void)state;
	for (size_t i = 0; i < COUNT(bad); i++) {
		assert_int_equal(ask("POST", "/api/hosts", bad[i]), 400);
		assert_string_equal(text_of("code"), "malformed_json");
		assert_non_null(strstr(text_of("detail"), "line "));
		assert_non_null(strstr(text_of("detail"), "column "));
		assert_null(strstr(buf_str(&api.reply.out.text), "sk-very"));
	}
}

static void json_that_is_no_object_is_refused(void **state)
{
	(void)state;
	assert_int_equal(ask("POST", "/api/hosts", "[]"), 422);
	assert_int_equal(ask("POST", "/api/batch-import/runs", "[1]"), 422);
	assert_int_equal(ask("POST", "/api/hosts/h/probe", "[]"), 422);
}

static void another_media_type_is_refused(void **state)
{
	(void)state;
	api.wire.content_type = "application/x-www-form-urlencoded";
	assert_int_equal(ask("POST", "/api/hosts", HOST_JSON), 415);
	assert_string_equal(text_of("code"), "unsupported_media_type");
}

static void a_body_that_is_not_whole_is_refused(void **state)
{
	static const struct {
		enum body_state state;
		int status;
		const char *code;
	} cases[] = {
		{ BODY_TOO_LARGE, 413, "request_too_large" },
		{ BODY_TRUNCATED, 400, "truncated_body" },
		{ BODY_OVERLONG, 400, "malformed_request" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		api.wire.body_state = cases[i].state;
		assert_int_equal(ask("POST", "/api/hosts", HOST_JSON),
				 cases[i].status);
		assert_string_equal(text_of("code"), cases[i].code);
	}
	assert_int_equal(count("SELECT count(*) FROM hosts"), 0);
}

static void parameters_where_none_are_known_are_refused(void **state)
{
	(void)state;
	assert_int_equal(ask("GET", "/healthz?x=1", NULL), 400);
	assert_string_equal(text_of("code"), "invalid_parameter");
	assert_int_equal(ask("GET", "/api/hosts?colour=red", NULL), 400);
	assert_non_null(strstr(text_of("detail"), "colour"));
}

static void health_needs_no_token(void **state)
{
	static const char *const paths[] = { "/healthz", "/readyz",
					     "/version" };

	(void)state;
	for (size_t i = 0; i < COUNT(paths); i++) {
		api.wire.authorization = "";
		assert_int_equal(ask("GET", paths[i], NULL), 200);
	}
	assert_int_equal(number_of("schema"), migrate_target());
}

static void another_schema_is_not_ready(void **state)
{
	(void)state;
	sql("INSERT INTO schema_migrations (version, name, hash, applied_at)"
	    " VALUES (9999, 'x', 'x', 1)");
	assert_int_equal(ask("GET", "/readyz", NULL), 503);
	assert_string_equal(text_of("code"), "not_ready");
	assert_int_equal(ask("GET", "/healthz", NULL), 200);
}

static void whoami_is_the_token(void **state)
{
	(void)state;
	api.wire.authorization = "Bearer " READ_TOKEN;
	assert_int_equal(ask("GET", "/api/whoami", NULL), 200);
	assert_string_equal(text_of("scope"), "read");
	assert_true(json_is_null(member("expires_at")));
}

static void a_repeated_post_happens_once(void **state)
{
	AUTO_FREE char *first = NULL, *location = NULL;

	(void)state;
	api.wire.idempotency_key = "key-1";
	assert_int_equal(ask("POST", "/api/hosts", HOST_JSON), 202);
	assert_false(api.reply.replayed);
	first = xstrdup(api.reply.out.text.text);
	location = xstrdup(api.reply.location);
	api.wire.idempotency_key = "key-1";
	assert_int_equal(ask("POST", "/api/hosts", HOST_JSON), 202);
	assert_true(api.reply.replayed);
	assert_string_equal(api.reply.out.text.text, first);
	assert_string_equal(api.reply.location, location);
	assert_int_equal(count("SELECT count(*) FROM hosts"), 1);
}

static void a_key_with_another_request_is_refused(void **state)
{
	(void)state;
	api.wire.idempotency_key = "key-1";
	assert_int_equal(ask("POST", "/api/hosts", HOST_JSON), 202);
	api.wire.idempotency_key = "key-1";
	assert_int_equal(ask("POST", "/api/hosts", "{}"), 409);
	assert_string_equal(text_of("code"), "idempotency_key_reused");
	api.wire.idempotency_key = "key-1";
	assert_int_equal(ask("POST", "/api/hosts/h/probe", NULL), 409);
}

static void a_failure_is_not_remembered(void **state)
{
	(void)state;
	api.wire.idempotency_key = "key-1";
	assert_int_equal(ask("POST", "/api/hosts", "{}"), 422);
	api.wire.idempotency_key = "key-1";
	assert_int_equal(ask("POST", "/api/hosts", HOST_JSON), 202);
	assert_false(api.reply.replayed);
}

static void keys_belong_to_their_token_and_end(void **state)
{
	(void)state;
	api.wire.idempotency_key = "key-1";
	assert_int_equal(ask("POST", "/api/hosts", HOST_JSON), 202);
	sql("UPDATE tokens SET scope = 'admin'");
	api.wire.idempotency_key = "key-1";
	api.wire.authorization = "Bearer " READ_TOKEN;
	assert_int_equal(ask("POST", "/api/hosts", HOST_JSON), 409);
	assert_string_equal(text_of("code"), "host_exists");
	api.wire.idempotency_key = "key-1";
	api.wire.now = NOW + 25 * INT64_C(3600000);
	assert_int_equal(ask("POST", "/api/hosts", HOST_JSON), 409);
	assert_string_equal(text_of("code"), "host_exists");
}

static void strange_idempotency_keys_are_refused(void **state)
{
	char longest[130];
	const char *const bad[] = {
		"", "a b", "a\tb", "\xe4\xb8\xad", longest,
	};

	(void)state;
	memset(longest, 'k', sizeof(longest));
	longest[129] = '\0';
	for (size_t i = 0; i < COUNT(bad); i++) {
		api.wire.idempotency_key = bad[i];
		assert_int_equal(ask("POST", "/api/hosts", HOST_JSON), 400);
		assert_string_equal(text_of("code"),
				    "invalid_idempotency_key");
	}
	longest[128] = '\0';
	api.wire.idempotency_key = longest;
	assert_int_equal(ask("POST", "/api/hosts", HOST_JSON), 202);
}

static void a_locked_database_is_busy(void **state)
{
	AUTO_FREE char *dsn = xasprintf("file:%s?_busy_timeout=20", api.path);
	CLEANUP(db_tx_done) struct db_tx tx = { 0 };
	struct db *mine = NULL;
	struct err err;

	(void)state;
	must(db_open(&mine, dsn, DB_EXISTING, &err), &err);
	must(db_tx_begin(&tx, api.db, &err), &err);
	api.worker.db = mine;
	assert_int_equal(ask("POST", "/api/hosts", HOST_JSON), 503);
	assert_string_equal(text_of("code"), "busy");
	assert_int_equal(api.reply.retry_after, 1);
	assert_int_equal(ask("GET", "/api/hosts", NULL), 200);
	api.worker.db = api.db;
	db_close(&mine);
}

#define T(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(without_a_good_token_nothing_is_told),
		T(a_revoked_or_expired_token_is_worth_nothing),
		T(a_low_scope_is_told_what_is_needed),
		T(a_problem_has_all_its_members),
		T(a_wrong_method_gets_405),
		T(bodies_that_are_no_json_are_refused),
		T(json_that_is_no_object_is_refused),
		T(another_media_type_is_refused),
		T(a_body_that_is_not_whole_is_refused),
		T(parameters_where_none_are_known_are_refused),
		T(health_needs_no_token),
		T(another_schema_is_not_ready),
		T(whoami_is_the_token),
		T(a_repeated_post_happens_once),
		T(a_key_with_another_request_is_refused),
		T(a_failure_is_not_remembered),
		T(keys_belong_to_their_token_and_end),
		T(strange_idempotency_keys_are_refused),
		T(a_locked_database_is_busy),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
