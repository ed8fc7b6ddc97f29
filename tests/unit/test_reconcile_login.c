/*
 * flow_reconcile on a host that is known by a password, and on one that has
 * no good answer.
 */
#include "tests/unit/reconcile_stage.h"

#define REASON(status, reason) \
	"{\"code\":" #status ",\"reason\":\"" reason "\"," \
	"\"message\":\"" reason " it says\"}"
#define HTML "<html>hello</html>"
#define ALL 6			/* settings.attempts_max */

static const struct db_query q_sessions = { "test.reconcile_sessions",
	"SELECT count(*) FROM secrets WHERE kind = $1" };

static const char *sessions(struct script *script)
{
	return fixture_value(script->db, &q_sessions, "jwt");
}

static void a_login_comes_first_and_serves_for_a_while(void **state)
{
	SCRIPT script = script_by_password();
	STAGE stage = { .script = script };
	RUN run = { 0 };

	(void)state;
	set_up(&stage);
	play(&stage, false, "tok_1", &run);
	ended(&run, RECONCILE_IN_SYNC);
	assert_int_equal(stage.logins, 1);
	assert_int_equal(run.counts.compared, OURS);
	play(&stage, false, "tok_1", &run);
	ended(&run, RECONCILE_IN_SYNC);
	assert_int_equal(stage.logins, 1);
	script->now += 3600000;
	play(&stage, false, "tok_1", &run);
	ended(&run, RECONCILE_IN_SYNC);
	assert_int_equal(stage.logins, 2);
	assert_string_equal(sessions(script), "1");
}

static void a_session_that_is_refused_is_renewed_once(void **state)
{
	SCRIPT script = script_by_password();
	STAGE stage = { .script = script, .lists_status = 401,
			.lists_refusal = REASON(401, "TOKEN_REVOKED"),
			.lists_refused = 1 };
	RUN run = { 0 };

	(void)state;
	set_up(&stage);
	play(&stage, false, "tok_1", &run);
	ended(&run, RECONCILE_IN_SYNC);
	assert_int_equal(stage.logins, 2);
	assert_string_equal(sessions(script), "1");
	/* Fresh ones are refused as well: that is the answer. */
	stage.lists_status = 401;
	stage.lists_refused = 0;
	play(&stage, false, "tok_1", &run);
	ended(&run, RECONCILE_FAILED);
	assert_string_equal(run.failure_class, "host_auth");
	assert_int_equal(stage.logins, 3);
}

/* Nobody can log in with a token. */
static void a_token_that_is_refused_ends_it(void **state)
{
	SCRIPT script = script_new(":memory:");
	STAGE stage = { .script = script, .lists_status = 401,
			.lists_refusal = REASON(401, "UNAUTHORIZED") };
	RUN run = { 0 };

	(void)state;
	set_up(&stage);
	play(&stage, false, "tok_1", &run);
	ended(&run, RECONCILE_FAILED);
	assert_string_equal(run.failure_class, "host_auth");
	assert_int_equal(stage.calls, 1);
}

static const struct {
	const char *name;
	int status;
	const char *body;
	const char *class;	/* of its end */
	size_t logins;
	const char *detail;	/* part of it; or NULL */
} refusals[] = {
	{ "wrong", 401, REASON(401, "INVALID_CREDENTIALS"), "host_auth", 1,
	  "INVALID_CREDENTIALS it says" },
	{ "no address", 400, REASON(400, "BAD_EMAIL"), "host_auth", 1,
	  "BAD_EMAIL it says" },
	{ "switched off", 403, REASON(403, "USER_DISABLED"), "host_auth", 1,
	  "USER_DISABLED it says" },
	{ "a second factor", 200,
	  "{\"code\":0,\"data\":{\"requires_2fa\":true}}", "login_blocked",
	  1, NULL },
	{ "nobody of consequence", 200, "{\"code\":0,\"data\":{"
	  "\"access_token\":\"jwt-1\",\"user\":{\"role\":\"user\"}}}",
	  "host_auth", 1, NULL },
	{ "no such path", 404, HTML, "host_unsupported", 1, NULL },
	{ "too often", 429, REASON(429, "RATE_LIMITED"), "rate_limited", ALL,
	  "RATE_LIMITED it says" },
	{ "down", 503, REASON(503, "STARTING"), "transient", ALL,
	  "STARTING it says" },
	{ "a page", 200, HTML, "host_unsupported", ALL, NULL },
};

static void a_login_that_is_refused_ends_it(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(refusals); i++) {
		SCRIPT script = script_by_password();
		STAGE stage = { .script = script,
				.login_status = refusals[i].status,
				.login_body = refusals[i].body };
		RUN run = { 0 };

		set_up(&stage);
		play(&stage, true, "tok_1", &run);
		ended(&run, RECONCILE_FAILED);
		if (strcmp(run.failure_class, refusals[i].class) != 0 ||
		    stage.logins != refusals[i].logins)
			fail_msg("%s: %s after %zu", refusals[i].name,
				 run.failure_class, stage.logins);
		assert_int_equal(stage.calls, stage.logins);
		assert_string_equal(sessions(script), "0");
		if (refusals[i].detail)
			assert_non_null(strstr(run.failure_detail,
					       refusals[i].detail));
	}
}

static void a_login_that_fails_in_passing_is_repeated(void **state)
{
	SCRIPT script = script_by_password();
	STAGE stage = { .script = script, .login_status = 503,
			.login_body = REASON(503, "STARTING"),
			.login_refused = 2 };
	RUN run = { 0 };

	(void)state;
	set_up(&stage);
	play(&stage, false, "tok_1", &run);
	ended(&run, RECONCILE_IN_SYNC);
	assert_int_equal(stage.logins, 3);
	assert_null(run.failure_detail);
}

/* ---- lists ---- */

static const struct {
	const char *name;
	int status;
	const char *type, *body;
	size_t often;		/* 0: always */
	const char *class;	/* NULL: it is in sync */
	size_t calls;
} lists[] = {
	{ "no such path", 404, "text/html", HTML, 0, "host_unsupported", 1 },
	{ "too often, twice", 429, NULL, REASON(429, "RATE_LIMITED"), 2,
	  NULL, 3 },
	{ "a stumble", 500, NULL, REASON(500, "INTERNAL"), 1, NULL, 2 },
	{ "nothing but stumbles", 500, NULL, REASON(500, "INTERNAL"), 0,
	  "host_refused", ALL },
	{ "a page, once", 200, "text/html", HTML, 1, NULL, 2 },
	{ "half an answer", 200, NULL, "{\"code\":0,\"da", 1, NULL, 2 },
	/* Pages of 1000, 250, 62, 15 accounts. */
	{ "pages that are too long, thrice", TOO_LONG, NULL, NULL, 3, NULL, 4 },
	{ "pages that are too long, whatever their size", TOO_LONG, NULL, NULL,
	  0, "too_large", 4 },
	{ "half answers for ever", 200, NULL, "{\"code\":0,\"da", 0,
	  "not_json", ALL },
};

static void a_list_that_cannot_be_had_is_asked_for_again(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(lists); i++) {
		SCRIPT script = script_new(":memory:");
		STAGE stage = { .script = script,
				.lists_status = lists[i].status,
				.lists_refusal = lists[i].body,
				.lists_type = lists[i].type,
				.lists_refused = lists[i].often };
		RUN run = { 0 };

		set_up(&stage);
		play(&stage, false, "tok_1", &run);
		if (strcmp(run.failure_class ? run.failure_class : "-",
			   lists[i].class ? lists[i].class : "-") != 0 ||
		    stage.calls != lists[i].calls)
			fail_msg("%s: %s after %zu", lists[i].name,
				 run.failure_class ? run.failure_class : "-",
				 stage.calls);
		ended(&run, lists[i].class ? RECONCILE_FAILED
					   : RECONCILE_IN_SYNC);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_login_comes_first_and_serves_for_a_while),
		cmocka_unit_test(a_session_that_is_refused_is_renewed_once),
		cmocka_unit_test(a_token_that_is_refused_ends_it),
		cmocka_unit_test(a_login_that_is_refused_ends_it),
		cmocka_unit_test(a_login_that_fails_in_passing_is_repeated),
		cmocka_unit_test(a_list_that_cannot_be_had_is_asked_for_again),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
