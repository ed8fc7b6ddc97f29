#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "schedd/host/gateway.h"
#include "schedd/host/key.h"
#include "schedd/host/user.h"
#include "schedd/judge.h"
#include "tests/unit/recorded.h"

/* ---- one class for each ---- */

static enum failure by_chat(const struct answer *answer)
{
	CLEANUP(completion_done) struct completion said = { 0 };

	return host_judge_chat(answer, &said);
}

static enum failure by_models(const struct answer *answer)
{
	bool listed;

	return host_judge_models(answer, "mock-a", &listed);
}

static enum failure by_login(const struct answer *answer)
{
	struct host_login login;

	return host_judge_login(answer, &login);
}

static enum failure by_create(const struct answer *answer)
{
	int64_t id;

	return host_judge_created(answer, &id);
}

static enum failure by_key_create(const struct answer *answer)
{
	int64_t id;

	return host_judge_key_create(answer, &id);
}

#define ALL NULL

/* Files of one version, or of all three. */
static const struct expectation {
	const char *version;
	const char *file;
	enum failure (*judge)(const struct answer *answer);
	enum failure class;
} expectations[] = {
	{ ALL, "02-public-settings", host_judge, FAILURE_NONE },
	{ ALL, "05-auth-me", host_judge, FAILURE_NONE },
	{ "0.1.179", "06-admin-423", host_judge, FAILURE_COMPLIANCE_REQUIRED },
	{ ALL, "10-group-create-standard", by_create, FAILURE_NONE },
	{ ALL, "11-account-create-standard", by_create, FAILURE_NONE },
	{ ALL, "12-user-create-standard", by_create, FAILURE_NONE },
	{ ALL, "13-user-login-standard", by_login, FAILURE_NONE },
	{ ALL, "14-key-create-refused-standard", by_key_create, FAILURE_HOST_REFUSED },
	{ ALL, "16-key-create-standard", by_key_create, FAILURE_NONE },
	{ ALL, "166-key-custom", by_key_create, FAILURE_NONE },
	{ ALL, "167-key-custom-exists", by_key_create, FAILURE_NONE },
	{ ALL, "17-chat-no-balance", by_chat, FAILURE_BALANCE_EXHAUSTED },
	{ ALL, "17-models-no-balance", by_models, FAILURE_BALANCE_EXHAUSTED },
	{ "0.1.126", "18-chat-unknown-model-standard", by_chat, FAILURE_WARMING_UP },
	{ "0.1.179", "18-chat-unknown-model-standard", by_chat, FAILURE_MODEL_NOT_FOUND },
	{ ALL, "18-models-standard", by_models, FAILURE_NONE },
	{ ALL, "36-key-create-subscription", by_key_create, FAILURE_NONE },
	{ "0.1.126", "38-chat-subscription", by_chat, FAILURE_UPSTREAM_FORBIDDEN },
	{ "0.1.129", "38-chat-subscription", by_chat, FAILURE_NONE },
	{ "0.1.179", "38-chat-subscription", by_chat, FAILURE_NONE },
	{ ALL, "40-default-resp400-immediate-chat1", by_chat, FAILURE_BAD_REQUEST },
	{ ALL, "40-default-resp401-immediate-chat1", by_chat, FAILURE_UPSTREAM_AUTH },
	{ ALL, "40-default-resp401-immediate-chat2", by_chat, FAILURE_WARMING_UP },
	{ ALL, "40-default-resp402-immediate-chat1", by_chat, FAILURE_UPSTREAM_FAILED },
	{ ALL, "40-default-resp403-immediate-chat1", by_chat, FAILURE_UPSTREAM_FORBIDDEN },
	{ ALL, "40-default-resp403-immediate-chat2", by_chat, FAILURE_WARMING_UP },
	{ ALL, "40-default-resp404-immediate-chat1", by_chat, FAILURE_NONE },
	{ ALL, "40-default-resp422-immediate-chat1", by_chat, FAILURE_BAD_REQUEST },
	{ ALL, "40-default-resp429-immediate-chat1", by_chat, FAILURE_RATE_LIMITED },
	{ ALL, "40-default-resp500-immediate-chat1", by_chat, FAILURE_UPSTREAM_FAILED },
	{ ALL, "50-chat-anthropic-group", by_chat, FAILURE_WARMING_UP },
	{ ALL, "50-chat-key-without-group", by_chat, FAILURE_KEY_UNBOUND },
	{ ALL, "50-models-key-without-group", by_models, FAILURE_KEY_UNBOUND },
	{ ALL, "50-models-no-key", by_models, FAILURE_KEY_REFUSED },
	{ ALL, "50-models-wrong-key", by_models, FAILURE_KEY_REFUSED },
	{ ALL, "50-models-empty-group", by_models, FAILURE_NONE },
	{ ALL, "51-admin-unknown-path", host_judge, FAILURE_HOST_UNSUPPORTED },
	{ ALL, "51-chat-invalid-nomodel", by_chat, FAILURE_BAD_REQUEST },
	{ ALL, "60-up401-chat1", by_chat, FAILURE_UPSTREAM_AUTH },
	{ ALL, "60-up402-chat1", by_chat, FAILURE_UPSTREAM_FAILED },
	{ ALL, "60-up403-chat1", by_chat, FAILURE_UPSTREAM_FORBIDDEN },
	{ ALL, "60-up404-chat1", by_chat, FAILURE_ENDPOINT_UNSUPPORTED },
	{ ALL, "60-up429-chat1", by_chat, FAILURE_RATE_LIMITED },
	{ ALL, "60-up503-chat1", by_chat, FAILURE_UPSTREAM_FAILED },
	{ ALL, "60-up529-chat1", by_chat, FAILURE_OVERLOADED },
	{ ALL, "60-uphtml200-chat1", by_chat, FAILURE_INSPECT_BODY },
	{ ALL, "60-uperr200-chat1", by_chat, FAILURE_QUOTA_EXHAUSTED },
	{ ALL, "60-uperrobj200-chat1", by_chat, FAILURE_QUOTA_EXHAUSTED },
	{ ALL, "60-upreset-chat1", by_chat, FAILURE_UPSTREAM_FAILED },
	{ "0.1.126", "60-upmodel404-chat1", by_chat, FAILURE_MODEL_NOT_FOUND },
	{ "0.1.129", "60-upmodel404-chat1", by_chat, FAILURE_MODEL_NOT_FOUND },
	{ "0.1.179", "60-upmodel404-chat1", by_chat, FAILURE_UPSTREAM_FAILED },
	{ ALL, "70-account-unknown-group", by_create, FAILURE_HOST_REFUSED },
	{ ALL, "70-idem-account-first", by_create, FAILURE_NONE },
	{ ALL, "70-idem-account-replay", by_create, FAILURE_NONE },
	{ ALL, "70-idem-account-conflict", by_create, FAILURE_HOST_REFUSED },
	{ ALL, "70-idem-account-in-progress", by_create, FAILURE_TRANSIENT },
	{ ALL, "70-idem-account-backoff", by_create, FAILURE_TRANSIENT },
	{ ALL, "70-idem-key-too-long", by_create, FAILURE_HOST_REFUSED },
	{ ALL, "71-group-duplicate", by_create, FAILURE_HOST_REFUSED },
	{ ALL, "71-user-duplicate", by_create, FAILURE_HOST_REFUSED },
	{ ALL, "71-account-long-name", by_create, FAILURE_HOST_REFUSED },
	{ ALL, "73-account-get-404", host_judge, FAILURE_GONE },
	{ ALL, "73-bulk-update-unknown-group", host_judge, FAILURE_GONE },
	{ ALL, "74-account-delete", host_judge_delete, FAILURE_NONE },
	{ ALL, "74-account-delete-again", host_judge_delete, FAILURE_NONE },
	{ ALL, "74-group-delete", host_judge_delete, FAILURE_NONE },
	{ ALL, "74-group-delete-again", host_judge_delete, FAILURE_NONE },
	{ ALL, "74-group-get-404", host_judge, FAILURE_GONE },
	{ ALL, "74-key-delete-again", host_judge_delete, FAILURE_NONE },
	{ ALL, "74-user-delete-again", host_judge_delete, FAILURE_NONE },
	{ ALL, "74-user-delete-admin", host_judge_delete, FAILURE_HOST_REFUSED },
	{ ALL, "74-jwt-of-deleted-user", host_judge, FAILURE_HOST_AUTH },
	{ ALL, "74-login-deleted-user", by_login, FAILURE_HOST_REFUSED },
	{ ALL, "74-chat-after-key-delete", by_chat, FAILURE_KEY_REFUSED },
	{ ALL, "75-chat-after-revoke", by_chat, FAILURE_SUBSCRIPTION_MISSING },
	{ ALL, "75-subscription-delete-again", host_judge_delete, FAILURE_NONE },
	{ ALL, "80-admin-bad-jwt", host_judge, FAILURE_HOST_AUTH },
	{ ALL, "80-admin-key-wrong", host_judge, FAILURE_HOST_AUTH },
	{ ALL, "80-admin-no-auth", host_judge, FAILURE_HOST_AUTH },
	{ ALL, "80-admin-user-jwt", host_judge, FAILURE_HOST_AUTH },
	{ ALL, "80-login", by_login, FAILURE_NONE },
	{ ALL, "80-login-429", by_login, FAILURE_RATE_LIMITED },
	{ ALL, "80-login-bad-email", by_login, FAILURE_HOST_REFUSED },
	{ ALL, "80-login-wrong-password", by_login, FAILURE_HOST_REFUSED },
	{ "0.1.179", "81-panel-rate-limited", host_judge, FAILURE_RATE_LIMITED },
	{ "0.1.179", "82-invalid-auth-rate-limited", by_models, FAILURE_RATE_LIMITED },
	{ "0.1.179", "173-codes-on-400", by_chat, FAILURE_ERROR_CODES_HIDE },
};

static void check_expectation(const struct expectation *wanted,
			      const char *version)
{
	CLEANUP(answer_done) struct answer answer =
		recorded(version, wanted->file);
	enum failure got = wanted->judge(&answer);

	if (got != wanted->class)
		print_error("%s %s: %s, not %s\n", version, wanted->file,
			    failure_name(got), failure_name(wanted->class));
	assert_int_equal(got, wanted->class);
}

static void recorded_answers_have_their_class(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(expectations); i++)
		for (size_t v = 0; v < COUNT(versions); v++)
			if (!expectations[i].version ||
			    strcmp(expectations[i].version, versions[v]) == 0)
				check_expectation(&expectations[i],
						  versions[v]);
}

/* Is it one of the management API's answers, in its envelope? */
static bool is_enveloped(const json_t *pair, const struct answer *answer)
{
	const char *path = json_string_value(json_object_get(
		json_object_get(pair, "request"), "path"));

	return path && strncmp(path, "/api/v1/", 8) == 0 && answer->json;
}

static void check_walked(const char *version, const char *file)
{
	json_auto_t *pair = pair_of(version, file);
	CLEANUP(answer_done) struct answer answer = answer_of(pair);
	CLEANUP(completion_done) struct completion said = { 0 };
	AUTO_FREE char *detail = host_detail(&answer);
	AUTO_FREE char *words = host_gateway_detail(&answer);
	bool good = judge_is_success(&answer);
	bool listed;

	/* Whatever it is, no judge may stumble over it. */
	host_judge_models(&answer, "mock-a", &listed);
	if (host_judge_chat(&answer, &said) == FAILURE_NONE)
		assert_true(good);
	assert_true(strlen(detail) <= 300);
	assert_true(strlen(words) <= 450);
	if (is_enveloped(pair, &answer))
		assert_int_equal(host_judge(&answer) == FAILURE_NONE, good);
}

static void every_recorded_answer_can_be_judged(void **state)
{
	FILE *index = fopen(RECORDED "/index.tsv", "re");
	char line[1024];
	size_t count = 0;

	(void)state;
	assert_non_null(index);
	assert_non_null(fgets(line, sizeof(line), index));
	while (fgets(line, sizeof(line), index)) {
		char *rest = line;
		const char *version = strsep(&rest, "\t");
		const char *file = strsep(&rest, "\t");

		check_walked(version, file);
		count++;
	}
	fclose(index);
	assert_true(count > 1400);
}

/* ---- what is read out of them ---- */

static void taken_names_are_told_from_refusals(void **state)
{
	static const struct {
		const char *file;
		bool taken;
	} cases[] = {
		{ "71-group-duplicate", true },
		{ "71-user-duplicate", true },
		{ "167-key-custom-exists", true },
		{ "70-idem-account-conflict", false },
		{ "35-subscription-assign-conflict", false },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		CLEANUP(answer_done) struct answer answer =
			recorded("0.1.129", cases[i].file);

		assert_int_equal(host_is_taken(&answer), cases[i].taken);
	}
}

static void reasons_stand_in_two_places(void **state)
{
	CLEANUP(answer_done) struct answer one =
		recorded("0.1.129", "71-group-duplicate");
	CLEANUP(answer_done) struct answer two =
		recorded("0.1.129", "80-admin-user-jwt");
	AUTO_FREE char *detail = host_detail(&one);

	(void)state;
	assert_string_equal(host_reason(&one), "GROUP_EXISTS");
	assert_true(host_reason_is(&two, "FORBIDDEN"));
	assert_string_equal(detail, "HTTP 409 GROUP_EXISTS: group name "
				    "already exists");
}

static void a_host_at_work_is_asked_again_soon(void **state)
{
	CLEANUP(answer_done) struct answer busy =
		recorded("0.1.129", "70-idem-account-in-progress");
	CLEANUP(answer_done) struct answer backoff =
		recorded("0.1.129", "70-idem-account-backoff");
	CLEANUP(answer_done) struct answer other =
		recorded("0.1.129", "80-login-429");

	(void)state;
	assert_true(busy.retry_after_ms > 20000);
	assert_true(host_retry_after_ms(&busy) < 1000);
	assert_int_equal(host_retry_after_ms(&backoff), 4000);
	assert_int_equal(host_retry_after_ms(&other), -1);
}

static void pages_and_arrays_are_lists(void **state)
{
	CLEANUP(answer_done) struct answer list =
		recorded("0.1.129", "72-accounts-list");
	CLEANUP(answer_done) struct answer array =
		recorded("0.1.129", "180-user-subscriptions");
	CLEANUP(answer_done) struct answer none = made(200, "application/json",
		"{\"code\":0,\"data\":{\"items\":null,\"total\":0,"
		"\"page\":1,\"pages\":1}}");
	struct host_page page;

	(void)state;
	assert_int_equal(host_judge_page(&list, &page), FAILURE_NONE);
	assert_true(json_array_size(page.items) > 0);
	assert_true(page.total > 0 && page.page == 1);
	assert_int_equal(host_judge_page(&array, &page), FAILURE_NONE);
	assert_int_equal(json_array_size(page.items), 1);
	assert_true(host_page_is_last(&page));
	assert_int_equal(host_judge_page(&none, &page), FAILURE_NONE);
	assert_int_equal(json_array_size(page.items), 0);
	assert_true(host_page_is_last(&page));
}

static void strangers_are_no_hosts(void **state)
{
	static const struct {
		int status;
		const char *type, *body;
		enum failure class;
	} cases[] = {
		{ 200, "text/html", "<html></html>", FAILURE_HOST_UNSUPPORTED },
		{ 200, "text/plain", "<!DOCTYPE html>", FAILURE_HOST_UNSUPPORTED },
		{ 200, "application/json", "{\"ok\":true}", FAILURE_HOST_UNSUPPORTED },
		{ 200, "application/json", "[]", FAILURE_HOST_UNSUPPORTED },
		{ 200, "text/plain", "hello", FAILURE_NOT_JSON },
		{ 200, NULL, NULL, FAILURE_NOT_JSON },
		{ 404, "application/json", "{\"detail\":\"Not Found\"}", FAILURE_HOST_UNSUPPORTED },
		{ 301, NULL, NULL, FAILURE_REDIRECTED },
		{ 403, "text/html", "<html>", FAILURE_FORBIDDEN },
		{ 401, "text/html", "<html>", FAILURE_HOST_AUTH },
		{ 502, "text/html", "<html>", FAILURE_TRANSIENT },
		{ 503, "text/plain", "no", FAILURE_TRANSIENT },
		{ 200, "application/json", "{\"code\":7,\"message\":\"x\"}", FAILURE_HOST_REFUSED },
		{ 403, "application/json", "{\"code\":403,\"message\":\"Backend mode is active. "
		  "User self-service is disabled.\"}", FAILURE_BACKEND_MODE },
		{ 403, "application/json", "{\"code\":403,\"message\":\"x\",\"reason\":"
		  "\"BACKEND_MODE_ADMIN_ONLY\"}", FAILURE_BACKEND_MODE },
		{ 503, "application/json", "{\"code\":503,\"message\":\"x\",\"reason\":"
		  "\"TURNSTILE_NOT_CONFIGURED\"}", FAILURE_LOGIN_BLOCKED },
		{ 400, "application/json", "{\"code\":400,\"message\":\"x\",\"reason\":"
		  "\"TENCENT_CAPTCHA_FAILED\"}", FAILURE_LOGIN_BLOCKED },
		{ 500, "application/json", "{\"code\":\"INTERNAL_ERROR\",\"message\":\"x\"}",
		  FAILURE_TRANSIENT },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		CLEANUP(answer_done) struct answer answer = made(
			cases[i].status, cases[i].type, cases[i].body);

		assert_int_equal(host_judge(&answer), cases[i].class);
	}
}

static void doubt_is_about_the_effect(void **state)
{
	static const struct {
		enum transport transport;
		int status;
		const char *body;
		bool doubtful;
	} cases[] = {
		{ TRANSPORT_OK, 200, "{}", false },
		{ TRANSPORT_OK, 200, "{\"code\":", true },
		{ TRANSPORT_OK, 409, "{}", false },
		{ TRANSPORT_OK, 500, "{}", true },
		{ TRANSPORT_OK, 504, "<html>", true },
		{ TRANSPORT_REFUSED, 0, NULL, false },
		{ TRANSPORT_TIMEOUT, 0, NULL, false },
		{ TRANSPORT_SILENT, 0, NULL, true },
		{ TRANSPORT_RESET, 0, NULL, true },
		{ TRANSPORT_TOO_LARGE, 0, NULL, true },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		CLEANUP(answer_done) struct answer answer =
			made(cases[i].status, NULL, cases[i].body);

		answer.transport = cases[i].transport;
		assert_int_equal(judge_is_doubtful(&answer),
				 cases[i].doubtful);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(recorded_answers_have_their_class),
		cmocka_unit_test(every_recorded_answer_can_be_judged),
		cmocka_unit_test(taken_names_are_told_from_refusals),
		cmocka_unit_test(reasons_stand_in_two_places),
		cmocka_unit_test(a_host_at_work_is_asked_again_soon),
		cmocka_unit_test(pages_and_arrays_are_lists),
		cmocka_unit_test(strangers_are_no_hosts),
		cmocka_unit_test(doubt_is_about_the_effect),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
