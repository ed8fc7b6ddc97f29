/*
 * What tests do to a modelled host behind its API, its modes, and the ways
 * of its users: tokens, rights, money, subscriptions.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <inttypes.h>
#include <string.h>

#include "shared/own.h"
#include "shared/table.h"
#include "tests/model/host_stage_use.h"

#define ADMIN "/api/v1/admin"
#define LINE "group account=forced wait=2000 user login key "
#define PHRASE "I have read, understood, and agree to the Sub2API " \
	"Deployment and Operation Compliance Commitment"

static const char *control(struct host_stage *stage, const char *text)
{
	json_auto_t *body = json_loads(text, 0, NULL);

	assert_non_null(body);
	return host_model_control(host_driver_model(stage->driver),
				  host_driver_now(stage->driver), body);
}

/* The status; *code is the answer's code or reason, if it is a text. */
static int ask(struct host_stage *stage, const char *method, const char *path,
	       const char *token, const char *body, char code[64])
{
	int status;
	json_auto_t *answer = host_stage_ask_status(stage, method, path,
						    token, body, &status);
	const char *text = json_string_value(json_object_get(answer, "code"));

	if (!text)
		text = json_string_value(json_object_get(answer, "reason"));
	snprintf(code, 64, "%s", text ? text : "");
	return status;
}

static void expect(struct host_stage *stage, const char *path,
		   const char *token, int status, const char *code)
{
	char got[64];

	assert_int_equal(ask(stage, "GET", path, token, NULL, got), status);
	assert_string_equal(got, code);
}

static void an_unknown_act_is_refused(void **state)
{
	struct host_stage *stage = stage_of(HOST_0_1_129, "");

	(void)state;
	assert_non_null(control(stage, "{}"));
	assert_non_null(control(stage, "{\"do\":\"dance\"}"));
	assert_non_null(control(stage, "{\"do\":\"drop-account\",\"id\":9}"));
	assert_non_null(control(stage, "{\"do\":\"expire-subscriptions\"}"));
	assert_non_null(control(stage, "{\"do\":\"install-version\","
				"\"version\":\"9\"}"));
	stage_finish(stage);
}

static void tokens_can_be_revoked_and_expired(void **state)
{
	struct host_stage *stage = stage_of(HOST_0_1_129, "user login");

	(void)state;
	assert_null(control(stage, "{\"do\":\"revoke-tokens\",\"email\":"
			    "\"someone@example.test\"}"));
	expect(stage, "/api/v1/auth/me", stage->user_token, 401,
	       "TOKEN_REVOKED");
	expect(stage, ADMIN "/groups", stage->admin_token, 200, "");
	stage_set(stage, "login");
	expect(stage, "/api/v1/auth/me", stage->user_token, 200, "");
	assert_null(control(stage, "{\"do\":\"expire-tokens\"}"));
	expect(stage, "/api/v1/auth/me", stage->user_token, 401,
	       "TOKEN_EXPIRED");
	stage_set(stage, "login");
	expect(stage, "/api/v1/auth/me", stage->user_token, 200, "");
	stage_finish(stage);
}

static void a_refresh_token_outlives_its_access_tokens(void **state)
{
	struct host_stage *stage = stage_of(HOST_0_1_129, "");
	AUTO_FREE char *body = xasprintf("{\"refresh_token\":\"%s\"}",
					 stage->refresh_token);
	char code[64];

	(void)state;
	assert_null(control(stage, "{\"do\":\"revoke-tokens\"}"));
	assert_int_equal(ask(stage, "POST", "/api/v1/auth/refresh", NULL,
			     body, code), 200);
	/* It is spent. */
	assert_int_equal(ask(stage, "POST", "/api/v1/auth/refresh", NULL,
			     body, code), 401);
	assert_string_equal(code, "REFRESH_TOKEN_INVALID");
	stage_finish(stage);
}

static void a_short_life_ends_by_itself(void **state)
{
	struct host_options options = host_options_default(HOST_0_1_129);
	struct host_driver *driver;
	struct model_request request = {
		.method = xstrdup("POST"),
		.target = xstrdup("/api/v1/auth/login"),
		.body = xstrdup("{\"email\":\"admin@example.test\","
				"\"password\":\"admin-password\"}"),
	};
	struct model_answer answer = { 0 };
	json_auto_t *body = NULL;
	AUTO_FREE char *bearer = NULL;
	const json_t *data;

	(void)state;
	options.token_ms = 60000;
	driver = host_driver_new(&options, 1795390000000, NULL, NULL);
	request.body_len = strlen(request.body);
	host_driver_send(driver, &request, &answer);
	body = json_loads(answer.body, 0, NULL);
	data = json_object_get(body, "data");
	assert_int_equal(json_integer_value(json_object_get(
		data, "expires_in")), 60);
	bearer = xasprintf("Bearer %s", json_string_value(json_object_get(
		data, "access_token")));
	model_request_done(&request);
	request = (struct model_request){
		.method = xstrdup("GET"), .body = xstrdup(""),
		.target = xstrdup(ADMIN "/groups"),
	};
	model_request_add_header(&request, "Authorization", bearer);
	model_answer_done(&answer);
	host_driver_send(driver, &request, &answer);
	assert_int_equal(answer.status, 200);
	host_driver_wait(driver, 60000);
	model_answer_done(&answer);
	host_driver_send(driver, &request, &answer);
	assert_int_equal(answer.status, 401);
	model_answer_done(&answer);
	model_request_done(&request);
	host_driver_free(&driver);
}

static void paused_copies_keep_what_they_had(void **state)
{
	struct host_stage *stage = stage_of(HOST_0_1_129,
		"group account=mapped " "user login key chat");

	(void)state;
	assert_null(control(stage, "{\"do\":\"pause-copies\"}"));
	stage_set(stage, "account=forced wait=20000");
	assert_int_equal(stage_chat(stage), 503);
	assert_null(control(stage, "{\"do\":\"pause-copies\",\"on\":false}"));
	stage_warm_up(stage, 1100, 503);
	stage_finish(stage);
}

static void an_account_can_vanish(void **state)
{
	struct host_stage *stage = stage_of(HOST_0_1_129, LINE);
	AUTO_FREE char *path = xasprintf(ADMIN "/accounts/%" PRId64,
					 stage->account_id);
	AUTO_FREE char *wish = xasprintf(
		"{\"do\":\"drop-account\",\"id\":%" PRId64 "}",
		stage->account_id);
	char code[64];

	(void)state;
	assert_int_equal(stage_chat(stage), 200);
	assert_null(control(stage, wish));
	assert_int_equal(ask(stage, "GET", path, stage->admin_token, NULL,
			     code), 404);
	assert_int_equal(stage_chat(stage), 503);
	stage_finish(stage);
}

static void a_subscription_can_end_early_and_be_extended(void **state)
{
	(void)state;
	for (int v = 0; v < HOST_VERSION__MAX; v++) {
		struct host_stage *stage = stage_of((enum host_version)v,
			"subscription-group account=forced wait=2000 "
			"user=0 login assign key");
		AUTO_FREE char *path = xasprintf(
			ADMIN "/subscriptions/%" PRId64 "/extend",
			stage->subscription_id);
		char code[64];

		assert_int_equal(stage_chat(stage), 200);
		assert_null(control(stage,
				    "{\"do\":\"expire-subscriptions\"}"));
		expect(stage, "/v1/models", stage->key, 403,
		       "SUBSCRIPTION_NOT_FOUND");
		assert_int_equal(ask(stage, "POST", path, stage->admin_token,
				     "{\"days\":3}", code), 200);
		assert_int_equal(stage_chat(stage), 200);
		stage_finish(stage);
	}
}

static void in_backend_mode_only_administrators_get_in(void **state)
{
	struct host_stage *stage = stage_of(HOST_0_1_129, LINE);
	char code[64];

	(void)state;
	assert_null(control(stage, "{\"do\":\"backend-mode\"}"));
	assert_int_equal(ask(stage, "POST", "/api/v1/auth/login", NULL,
		"{\"email\":\"someone@example.test\",\"password\":"
		"\"user-password\"}", code), 403);
	assert_string_equal(code, "BACKEND_MODE_ADMIN_ONLY");
	assert_int_equal(ask(stage, "GET", "/api/v1/keys",
			     stage->user_token, NULL, code), 403);
	expect(stage, ADMIN "/groups", stage->admin_token, 200, "");
	assert_int_equal(stage_chat(stage), 200);
	stage_finish(stage);
}

static void an_export_shows_keys_unless_it_wants_a_second_factor(void **state)
{
	static const char path[] = ADMIN "/accounts/data?ids=1,999,1"
		"&include_proxies=false";

	(void)state;
	for (int v = 0; v < HOST_VERSION__MAX; v++) {
		struct host_stage *stage = stage_of((enum host_version)v, LINE);
		json_auto_t *all = host_stage_ask(stage, "GET", path,
						  stage->admin_token, NULL);
		const json_t *data = json_object_get(all, "data");
		const json_t *list = json_object_get(data, "accounts");
		const json_t *one = json_array_get(list, 0);

		assert_int_equal(json_array_size(list), 1);
		assert_null(json_object_get(one, "id"));
		assert_non_null(json_object_get(json_object_get(one,
			"credentials"), "api_key"));
		expect(stage, ADMIN "/accounts/data?ids=0",
		       stage->admin_token, 400, "");
		assert_null(control(stage, "{\"do\":\"step-up\"}"));
		if (v == HOST_0_1_179)
			expect(stage, path, stage->admin_token, 403,
			       "STEP_UP_TOTP_NOT_ENABLED");
		else
			expect(stage, path, stage->admin_token, 200, "");
		stage_finish(stage);
	}
}

static void the_compliance_gate_opens_to_the_phrase_alone(void **state)
{
	struct host_stage *stage = stage_of(HOST_0_1_179, "gated");
	char code[64];

	(void)state;
	expect(stage, ADMIN "/accounts", stage->admin_token, 423,
	       "ADMIN_COMPLIANCE_ACK_REQUIRED");
	expect(stage, ADMIN "/accounts", "nonsense", 401, "INVALID_TOKEN");
	expect(stage, ADMIN "/compliance", stage->admin_token, 200, "");
	assert_int_equal(ask(stage, "POST", ADMIN "/compliance/accept",
		stage->admin_token, "{\"phrase\":\"yes\",\"language\":"
		"\"en\"}", code), 400);
	assert_string_equal(code, "ADMIN_COMPLIANCE_INVALID_PHRASE");
	assert_int_equal(ask(stage, "POST", ADMIN "/compliance/accept",
		stage->admin_token, "{\"phrase\":\"" PHRASE
		"\",\"language\":\"en\"}", code), 200);
	expect(stage, ADMIN "/accounts", stage->admin_token, 200, "");
	assert_null(control(stage, "{\"do\":\"compliance\",\"on\":false}"));
	expect(stage, ADMIN "/accounts", stage->admin_token, 423,
	       "ADMIN_COMPLIANCE_ACK_REQUIRED");
	stage_finish(stage);
}

static char *version_said(struct host_stage *stage)
{
	json_auto_t *answer = host_stage_ask(stage, "GET",
		"/api/v1/settings/public", NULL, NULL);

	return xstrdup(json_string_value(json_object_get(json_object_get(
		answer, "data"), "version")));
}

static void a_host_can_lie_about_its_version_and_change_it(void **state)
{
	struct host_stage *stage = stage_of(HOST_0_1_126,
		"responses=403 group account=mode wait=2000 user login key");
	AUTO_FREE char *lie = NULL, *truth = NULL;
	char code[64];

	(void)state;
	assert_null(control(stage, "{\"do\":\"report-version\",\"version\":"
			    "\"0.1.125\"}"));
	lie = version_said(stage);
	assert_string_equal(lie, "0.1.125");
	assert_int_equal(ask(stage, "GET", ADMIN "/compliance",
			     stage->admin_token, NULL, code), 404);
	assert_null(control(stage, "{\"do\":\"install-version\",\"version\":"
			    "\"0.1.179\"}"));
	truth = version_said(stage);
	assert_string_equal(truth, "0.1.179");
	expect(stage, ADMIN "/groups", stage->admin_token, 200, "");
	/* What the old one ignored counts now. */
	assert_int_equal(stage_chat(stage), 200);
	stage_finish(stage);
}

static json_t *groups_of(struct host_stage *stage)
{
	json_auto_t *answer = host_stage_ask(stage, "GET", ADMIN "/groups/all",
					     stage->admin_token, NULL);

	return json_incref(json_object_get(answer, "data"));
}

static void simple_mode_shows_in_its_signs(void **state)
{
	(void)state;
	for (int v = 0; v < HOST_VERSION__MAX; v++) {
		struct host_stage *stage = stage_of((enum host_version)v,
			"simple loose=forced group user=0 login key");
		json_auto_t *groups = groups_of(stage);
		json_auto_t *me = host_stage_ask(stage, "GET",
			"/api/v1/auth/me", stage->user_token, NULL);
		json_auto_t *account = stage_account(stage);

		assert_string_equal(json_string_value(json_object_get(
			json_object_get(me, "data"), "run_mode")), "simple");
		assert_true(json_array_size(groups) >= 6);
		assert_int_equal(json_array_size(json_object_get(
			account, "group_ids")), 1);
		/* No money, and not its group either: it is served. */
		assert_int_equal(stage_chat(stage), 200);
		stage_finish(stage);
	}
}

static void a_user_is_found_by_the_text_of_a_key(void **state)
{
	struct host_stage *stage = stage_of(HOST_0_1_179, LINE);
	AUTO_FREE char *path = xasprintf(ADMIN "/users?search=%s",
					 stage->key);
	AUTO_FREE char *keys_path = xasprintf(
		ADMIN "/users/%" PRId64 "/api-keys", stage->user_id);
	json_auto_t *found = host_stage_ask(stage, "GET", path,
					    stage->admin_token, NULL);
	json_auto_t *keys = host_stage_ask(stage, "GET", keys_path,
					   stage->admin_token, NULL);
	const json_t *items = json_object_get(json_object_get(
		found, "data"), "items");
	const json_t *key = json_array_get(json_object_get(json_object_get(
		keys, "data"), "items"), 0);

	(void)state;
	assert_int_equal(json_array_size(items), 1);
	assert_int_equal(json_integer_value(json_object_get(
		json_array_get(items, 0), "id")), stage->user_id);
	assert_string_equal(json_string_value(json_object_get(key, "key")),
			    stage->key);
	stage_finish(stage);
}

static void money_and_rights_are_two_things(void **state)
{
	struct host_stage *stage = stage_of(HOST_0_1_179,
		"exclusive account=forced wait=2000 user=0 login");
	AUTO_FREE char *balance = xasprintf(
		ADMIN "/users/%" PRId64 "/balance", stage->user_id);
	AUTO_FREE char *user = xasprintf(ADMIN "/users/%" PRId64,
					 stage->user_id);
	char code[64];

	(void)state;
	assert_string_not_equal(host_stage_set(stage, "key"), "");
	stage_set(stage, "allow key");
	expect(stage, "/v1/models", stage->key, 403, "INSUFFICIENT_BALANCE");
	expect(stage, "/v1/usage", stage->key, 200, "");
	assert_int_equal(ask(stage, "POST", balance, stage->admin_token,
		"{\"balance\":5,\"operation\":\"add\",\"notes\":\"x\"}",
		code), 200);
	assert_int_equal(stage_chat(stage), 200);
	assert_int_equal(ask(stage, "PUT", user, stage->admin_token,
			     "{\"allowed_groups\":[]}", code), 200);
	expect(stage, "/v1/models", stage->key, 403, "GROUP_NOT_ALLOWED");
	stage_finish(stage);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_unknown_act_is_refused),
		cmocka_unit_test(tokens_can_be_revoked_and_expired),
		cmocka_unit_test(a_refresh_token_outlives_its_access_tokens),
		cmocka_unit_test(a_short_life_ends_by_itself),
		cmocka_unit_test(paused_copies_keep_what_they_had),
		cmocka_unit_test(an_account_can_vanish),
		cmocka_unit_test(a_subscription_can_end_early_and_be_extended),
		cmocka_unit_test(in_backend_mode_only_administrators_get_in),
		cmocka_unit_test(
			an_export_shows_keys_unless_it_wants_a_second_factor),
		cmocka_unit_test(
			the_compliance_gate_opens_to_the_phrase_alone),
		cmocka_unit_test(
			a_host_can_lie_about_its_version_and_change_it),
		cmocka_unit_test(simple_mode_shows_in_its_signs),
		cmocka_unit_test(a_user_is_found_by_the_text_of_a_key),
		cmocka_unit_test(money_and_rights_are_two_things),
	};

	return cmocka_run_group_tests_name("host control", tests, NULL, NULL);
}
