/*
 * Being an administrator: by a password, and behind a compliance gate.
 */
#include "tests/unit/recorded.h"
#include "tests/unit/host_request.h"

#include "schedd/host/compliance.h"
#include "schedd/host/probe.h"
#include "schedd/host/user.h"

static void a_password_becomes_a_session(void **state)
{
	CLEANUP(request_done) struct request request = { 0 };

	(void)state;
	host_ask_admin_login(&request, &by_password);
	CHECK(&request, METHOD_POST, "/api/v1/auth/login", "nobody",
	      "{\"email\":\"root@host.example\","
	      "\"password\":\"<host_token>\"}");
	host_ask_probe_groups(&request, &by_password);
	assert_string_equal(credentials_of(&request), "host_session");
	host_ask_me(&request, &by_password);
	assert_string_equal(credentials_of(&request), "host_session");
}

static void logins_of_administrators_are_judged(void **state)
{
	static const struct {
		int status;
		const char *body;
		enum failure why;
	} cases[] = {
		{ 200, "{\"code\":0,\"data\":{\"access_token\":\"***\","
		  "\"expires_in\":86400,\"user\":{\"id\":1,\"role\":"
		  "\"admin\"}}}", FAILURE_NONE },
		{ 200, "{\"code\":0,\"data\":{\"access_token\":\"***\","
		  "\"user\":{\"id\":7,\"role\":\"user\"}}}",
		  FAILURE_HOST_AUTH },
		{ 200, "{\"code\":0,\"data\":{\"requires_2fa\":true,"
		  "\"temp_token\":\"t\"}}", FAILURE_LOGIN_BLOCKED },
		{ 400, "{\"code\":400,\"message\":\"x\",\"reason\":"
		  "\"TURNSTILE_VERIFICATION_FAILED\"}",
		  FAILURE_LOGIN_BLOCKED },
		{ 400, "{\"code\":400,\"message\":\"x\",\"reason\":"
		  "\"TENCENT_CAPTCHA_REQUIRED\"}", FAILURE_LOGIN_BLOCKED },
		{ 400, "{\"code\":400,\"message\":\"Invalid request\"}",
		  FAILURE_HOST_AUTH },
		{ 401, "{\"code\":401,\"message\":\"invalid email or "
		  "password\",\"reason\":\"INVALID_CREDENTIALS\"}",
		  FAILURE_HOST_AUTH },
		{ 403, "{\"code\":403,\"message\":\"x\",\"reason\":"
		  "\"USER_NOT_ACTIVE\"}", FAILURE_HOST_AUTH },
		{ 429, "{\"error\":\"rate limit exceeded\",\"message\":"
		  "\"Too many requests, please try again later\"}",
		  FAILURE_RATE_LIMITED },
		{ 500, "{\"code\":500,\"message\":\"internal error\"}",
		  FAILURE_HOST_REFUSED },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		CLEANUP(answer_done) struct answer answer =
			made(cases[i].status, NULL, cases[i].body);
		struct host_login login = { 0 };

		assert_int_equal(host_judge_admin_login(&answer, &login),
				 cases[i].why);
		if (i == 0)
			assert_int_equal(login.expires_in_ms, 86400000);
	}
}

static void recorded_logins_are_administrators(void **state)
{
	(void)state;
	for (size_t v = 0; v < COUNT(versions); v++) {
		CLEANUP(answer_done) struct answer admin =
			recorded(versions[v], "04-login-admin");
		CLEANUP(answer_done) struct answer user =
			recorded(versions[v], "13-user-login-standard");
		struct host_login login = { 0 };

		assert_int_equal(host_judge_admin_login(&admin, &login),
				 FAILURE_NONE);
		assert_true(login.expires_in_ms > 0);
		assert_int_equal(host_judge_admin_login(&user, &login),
				 FAILURE_HOST_AUTH);
	}
}

/* ---- the gate ---- */

static void a_statement_is_read(void **state)
{
	CLEANUP(answer_done) struct answer answer =
		recorded("0.1.179", "06-compliance-get");
	struct host_compliance is = { 0 };
	AUTO_FREE char *zh = NULL, *en = NULL;

	(void)state;
	assert_int_equal(host_judge_compliance(&answer, &is), FAILURE_NONE);
	assert_true(is.required);
	assert_string_equal(is.version, "v2026.06.10");
	zh = host_compliance_words_zh(&is);
	en = host_compliance_words_en(&is);
	assert_non_null(strstr(zh, "我已阅读、理解并同意"));
	assert_non_null(strstr(en, "I have read, understood, and agree"));
	assert_non_null(strstr(en, "admin-compliance.en.md"));
}

static void a_423_says_where_to_read(void **state)
{
	CLEANUP(answer_done) struct answer answer =
		recorded("0.1.179", "06-admin-423");
	struct host_compliance is = { 0 };
	AUTO_FREE char *en = NULL;

	(void)state;
	host_compliance_of_423(&answer, &is);
	assert_true(is.required);
	en = host_compliance_words_en(&is);
	assert_non_null(strstr(en, "admin-compliance.en.md"));
	assert_non_null(strstr(en, "the phrase that the panel shows"));
}

static void a_423_takes_no_phrase_away(void **state)
{
	CLEANUP(answer_done) struct answer answer =
		recorded("0.1.179", "06-compliance-get");
	CLEANUP(answer_done) struct answer gate =
		recorded("0.1.179", "06-admin-423");
	struct host_seen seen = { 0 };
	AUTO_FREE char *zh = NULL;

	(void)state;
	assert_int_equal(host_judge_probe_compliance(&answer, &seen),
			 FAILURE_NONE);
	assert_int_equal(host_judge_probe_groups(&gate, &seen),
			 FAILURE_COMPLIANCE_REQUIRED);
	zh = host_compliance_words_zh(&seen.compliance);
	assert_non_null(strstr(zh, "我已阅读、理解并同意"));
}

static void older_hosts_have_no_gate(void **state)
{
	static const struct {
		int status;
		const char *body;
		enum failure why;
	} cases[] = {
		{ 404, "404 page not found", FAILURE_HOST_UNSUPPORTED },
		{ 200, "<html></html>", FAILURE_HOST_UNSUPPORTED },
		{ 200, "{\"code\":0,\"data\":{}}", FAILURE_HOST_UNSUPPORTED },
		{ 404, "{\"code\":404,\"message\":\"x\"}",
		  FAILURE_HOST_UNSUPPORTED },
		{ 401, "{\"code\":\"INVALID_TOKEN\",\"message\":\"x\"}",
		  FAILURE_HOST_AUTH },
		{ 503, "", FAILURE_TRANSIENT },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		CLEANUP(answer_done) struct answer answer =
			made(cases[i].status, cases[i].body[0] == '<'
			     ? "text/html" : NULL, cases[i].body);
		struct host_compliance is = { .required = true };
		struct host_seen seen = { 0 };
		enum failure why = cases[i].why == FAILURE_HOST_UNSUPPORTED
			? FAILURE_NONE : cases[i].why;

		assert_int_equal(host_judge_compliance(&answer, &is),
				 cases[i].why);
		assert_false(is.required);
		assert_int_equal(host_judge_probe_compliance(&answer, &seen),
				 why);
		assert_int_equal(seen.features.before > 0,
				 why == FAILURE_NONE);
		assert_int_equal(seen.compliance_known, why == FAILURE_NONE);
	}
}

static void only_the_right_phrase_opens(void **state)
{
	CLEANUP(answer_done) struct answer good =
		recorded("0.1.179", "06-compliance-accept");
	CLEANUP(answer_done) struct answer bad =
		recorded("0.1.179", "06-compliance-wrong-phrase");
	CLEANUP(request_done) struct request request = { 0 };

	(void)state;
	host_ask_compliance(&request, &by_key);
	CHECK(&request, METHOD_GET, "/api/v1/admin/compliance", "host_token",
	      "");
	host_ask_compliance_accept(&request, &by_key, "I have read");
	CHECK(&request, METHOD_POST, "/api/v1/admin/compliance/accept",
	      "host_token",
	      "{\"phrase\":\"I have read\",\"language\":\"en\"}");
	host_ask_compliance_accept(&request, &by_key, "我已阅读");
	CHECK(&request, METHOD_POST, "/api/v1/admin/compliance/accept",
	      "host_token", "{\"phrase\":\"我已阅读\",\"language\":\"zh\"}");
	assert_int_equal(host_judge_compliance_accept(&good), FAILURE_NONE);
	assert_int_equal(host_judge_compliance_accept(&bad),
			 FAILURE_COMPLIANCE_REQUIRED);
}

static void a_statement_survives_the_memo(void **state)
{
	CLEANUP(answer_done) struct answer answer =
		recorded("0.1.179", "06-compliance-get");
	CLEANUP(jout_done) struct jout out = { .text.max = 4096 };
	struct host_seen seen = { 0 }, back;
	json_auto_t *json = NULL;

	(void)state;
	assert_int_equal(host_judge_probe_compliance(&answer, &seen),
			 FAILURE_NONE);
	assert_true(seen.compliance_required);
	host_seen_write(&out, NULL, &seen);
	assert_false(out.text.failed);
	json = json_loads(buf_str(&out.text), 0, NULL);
	host_seen_read(json, &back);
	assert_string_equal(back.compliance.phrase_zh,
			    seen.compliance.phrase_zh);
	assert_true(back.compliance_required && back.compliance.required);
	assert_int_equal(back.features.at_least, seen.features.at_least);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_password_becomes_a_session),
		cmocka_unit_test(logins_of_administrators_are_judged),
		cmocka_unit_test(recorded_logins_are_administrators),
		cmocka_unit_test(a_statement_is_read),
		cmocka_unit_test(a_423_says_where_to_read),
		cmocka_unit_test(a_423_takes_no_phrase_away),
		cmocka_unit_test(older_hosts_have_no_gate),
		cmocka_unit_test(only_the_right_phrase_opens),
		cmocka_unit_test(a_statement_survives_the_memo),
	};

	return cmocka_run_group_tests_name("host_session", tests, NULL, NULL);
}
