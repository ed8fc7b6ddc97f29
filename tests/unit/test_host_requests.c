#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "schedd/host/account.h"
#include "schedd/host/gateway.h"
#include "schedd/host/group.h"
#include "schedd/host/key.h"
#include "schedd/host/probe.h"
#include "schedd/host/subscription.h"
#include "schedd/host/user.h"
#include "tests/unit/host_request.h"

/* ---- the probe ---- */

static void a_probe_only_reads(void **state)
{
	CLEANUP(request_done) struct request request = { 0 };

	(void)state;
	host_ask_settings(&request, &by_key);
	CHECK(&request, METHOD_GET, "/api/v1/settings/public", "nobody", "");
	host_ask_probe_groups(&request, &by_key);
	CHECK(&request, METHOD_GET, "/api/v1/admin/groups?search=default"
	      "&page=1&page_size=100", "host_token", "");
	assert_non_null(header(&request, "x-api-key"));
	host_ask_probe_accounts(&request, &by_token);
	CHECK(&request, METHOD_GET, "/api/v1/admin/accounts?page=1"
	      "&page_size=1&type=apikey", "host_token", "");
	assert_non_null(header(&request, "Authorization"));
	host_ask_me(&request, &by_token);
	CHECK(&request, METHOD_GET, "/api/v1/auth/me", "host_token", "");
}

/* ---- groups ---- */

static void groups_are_made_as_they_are_wanted(void **state)
{
	CLEANUP(request_done) struct request request = { 0 };
	struct jout out = { .text.max = 1000 };
	AUTO_FREE char *wanted = NULL;
	AUTO_FREE char *standard = NULL;

	(void)state;
	host_group_wanted(&out, &(struct host_group_wish){
		.readable = "api.deepseek.com", .mark = MARK,
		.subscription = true });
	wanted = text_of(&out);
	assert_string_equal(wanted,
		"{\"name\":\"api.deepseek.com " MARK "\",\"description\":\""
		MARK "\",\"platform\":\"openai\",\"rate_multiplier\":1,"
		"\"subscription_type\":\"subscription\","
		"\"is_exclusive\":false}");
	host_group_wanted(&out, &(struct host_group_wish){
		.readable = "x", .mark = MARK });
	standard = text_of(&out);
	assert_non_null(strstr(standard, "\"subscription_type\":\"standard\","
					 "\"is_exclusive\":true"));
	host_ask_group_create(&request, &by_key, wanted);
	CHECK(&request, METHOD_POST, "/api/v1/admin/groups", "host_token",
	      wanted);
}

static void groups_are_found_read_and_removed(void **state)
{
	CLEANUP(request_done) struct request request = { 0 };

	(void)state;
	host_ask_group_find(&request, &by_key, MARK);
	CHECK(&request, METHOD_GET, "/api/v1/admin/groups?search=" MARK
	      "&page=1&page_size=100", "host_token", "");
	host_ask_group(&request, &by_key, 12);
	CHECK(&request, METHOD_GET, "/api/v1/admin/groups/12", "host_token",
	      "");
	host_ask_group_delete(&request, &by_key, 12);
	CHECK(&request, METHOD_DELETE, "/api/v1/admin/groups/12",
	      "host_token", "");
}

/* ---- accounts ---- */

static char *wanted_account(const json_t *models)
{
	static const int64_t groups[] = { 7, 8 };
	struct jout out = { .text.max = 4000 };

	host_account_wanted(&out, &(struct host_account_wish){
		.provider_id = "api-deepseek-com-12345678", .mark = MARK,
		.base_url = "https://api.deepseek.com/v1", .models = models,
		.group_ids = groups, .ngroups = COUNT(groups) });
	return text_of(&out);
}

static void accounts_are_wanted_with_the_mode_alone(void **state)
{
	json_auto_t *list = json_pack("[ss]", "m1", "m\"2");
	json_auto_t *mapping = json_pack("{ss}", "canonical", "wire");
	AUTO_FREE char *listed = wanted_account(list);
	AUTO_FREE char *mapped = wanted_account(mapping);

	(void)state;
	assert_string_equal(listed,
		"{\"name\":\"api-deepseek-com-12345678 " MARK "\","
		"\"notes\":\"" MARK "\",\"platform\":\"openai\","
		"\"type\":\"apikey\",\"credentials\":{\"base_url\":"
		"\"https://api.deepseek.com/v1\",\"model_mapping\":"
		"{\"m1\":\"m1\",\"m\\\"2\":\"m\\\"2\"}},\"extra\":"
		"{\"openai_responses_mode\":\"force_chat_completions\"},"
		"\"concurrency\":0,\"priority\":50,\"group_ids\":[7,8]}");
	assert_non_null(strstr(mapped,
		"\"model_mapping\":{\"canonical\":\"wire\"}"));
	assert_null(strstr(listed, "openai_responses_supported"));
}

static void the_key_goes_into_the_frozen_body(void **state)
{
	CLEANUP(request_done) struct request request = { 0 };
	json_auto_t *models = json_pack("[s]", "m");
	AUTO_FREE char *wanted = wanted_account(models);
	struct host_account_making making = {
		.wanted_json = wanted, .mark = MARK, .generation = 3,
	};
	struct err err;
	AUTO_FREE char *body = NULL;
	AUTO_FREE char *parked = NULL;

	(void)state;
	assert_int_equal(host_ask_account_create(&request, &by_key, &making,
						 &err), 0);
	body = body_of(&request);
	CHECK(&request, METHOD_POST, "/api/v1/admin/accounts", "host_token",
	      body);
	check_idempotency(&request, MARK "-3");
	assert_non_null(strstr(body,
		"\"model_mapping\":{\"m\":\"m\"},\"api_key\":"
		"\"<provider_key>\"},\"extra\""));
	assert_non_null(strstr(body, "\"group_ids\":[7,8]"));
	making.only_group = 99;
	assert_int_equal(host_ask_account_create(&request, &by_key, &making,
						 &err), 0);
	parked = body_of(&request);
	assert_non_null(strstr(parked, "\"group_ids\":[99]"));
}

static void what_is_no_account_is_not_asked_for(void **state)
{
	CLEANUP(request_done) struct request request = { 0 };
	struct host_account_making making = {
		.wanted_json = "{\"name\":\"x\"}", .mark = MARK,
	};
	struct err err;

	(void)state;
	assert_int_equal(host_ask_account_create(&request, &by_key, &making,
						 &err), -1);
	assert_int_equal(err.kind, ERR_INTERNAL);
	making.wanted_json = "{";
	assert_int_equal(host_ask_account_create(&request, &by_key, &making,
						 &err), -1);
}

static void accounts_are_found_page_by_page(void **state)
{
	CLEANUP(request_done) struct request request = { 0 };

	(void)state;
	host_ask_account_find(&request, &by_key, MARK, 2);
	CHECK(&request, METHOD_GET, "/api/v1/admin/accounts?search=" MARK
	      "&page=2&page_size=1000&sort_by=id&sort_order=asc",
	      "host_token", "");
	host_ask_account(&request, &by_key, 44);
	CHECK(&request, METHOD_GET, "/api/v1/admin/accounts/44",
	      "host_token", "");
}

static void a_patch_says_only_what_changes(void **state)
{
	json_auto_t *two = json_pack("[i, i]", 5, 6);
	json_auto_t *one = json_pack("[i]", 5);
	json_auto_t *none = json_array();
	static const bool on = true;
	static const int64_t proxy = 7;
	json_auto_t *models = json_pack("[s]", "m");
	struct host_account_patch patches[] = {
		{ .relay = true, .group_ids = two },
		{ .group_ids = one },
		{ .group_ids = none },
		{ .models = models },
		{ .base_url = "https://u/v1", .key = true },
		{ .status = "active", .schedulable = &on },
		{ .name = "n", .proxy_id = &proxy },
		{ .no_pool_mode = true },
	};
	static const char *const bodies[] = {
		"{\"account_ids\":[44],\"extra\":{\"openai_responses_mode\":"
		"\"force_chat_completions\",\"openai_responses_supported\":"
		"false},\"group_ids\":[5,6]}",
		"{\"account_ids\":[44],\"group_ids\":[5]}",
		"{\"account_ids\":[44],\"group_ids\":[]}",
		"{\"account_ids\":[44],\"credentials\":{\"model_mapping\":"
		"{\"m\":\"m\"}}}",
		"{\"account_ids\":[44],\"credentials\":{\"base_url\":"
		"\"https://u/v1\",\"api_key\":\"<provider_key>\"}}",
		"{\"account_ids\":[44],\"status\":\"active\","
		"\"schedulable\":true}",
		"{\"account_ids\":[44],\"proxy_id\":7,\"name\":\"n\"}",
		"{\"account_ids\":[44],\"credentials\":{\"pool_mode\":"
		"false}}",
	};

	(void)state;
	for (size_t i = 0; i < COUNT(patches); i++) {
		CLEANUP(request_done) struct request request = { 0 };

		host_ask_account_patch(&request, &by_key, 44, &patches[i]);
		CHECK(&request, METHOD_POST,
		      "/api/v1/admin/accounts/bulk-update", "host_token",
		      bodies[i]);
	}
}

static void accounts_are_recovered_and_removed(void **state)
{
	CLEANUP(request_done) struct request request = { 0 };

	(void)state;
	host_ask_account_recover(&request, &by_key, 44);
	CHECK(&request, METHOD_POST,
	      "/api/v1/admin/accounts/44/recover-state", "host_token", "");
	host_ask_account_schedulable(&request, &by_key, 44, true);
	CHECK(&request, METHOD_POST, "/api/v1/admin/accounts/44/schedulable",
	      "host_token", "{\"schedulable\":true}");
	host_ask_account_delete(&request, &by_key, 44);
	CHECK(&request, METHOD_DELETE, "/api/v1/admin/accounts/44",
	      "host_token", "");
}

/* ---- users, keys, subscriptions ---- */

static void users_are_made_with_a_password_nobody_sees(void **state)
{
	CLEANUP(request_done) struct request request = { 0 };
	struct jout out = { .text.max = 1000 };
	AUTO_FREE char *email = host_user_email("alice", "ab12cd");
	AUTO_FREE char *wanted = NULL;
	struct err err;

	(void)state;
	assert_string_equal(email, "relay-sub-alice.ab12cd@crm.invalid");
	host_user_wanted(&out, email, MARK);
	wanted = text_of(&out);
	assert_int_equal(host_ask_user_create(&request, &by_key, wanted,
					      &err), 0);
	CHECK(&request, METHOD_POST, "/api/v1/admin/users", "host_token",
	      "{\"email\":\"relay-sub-alice.ab12cd@crm.invalid\",\"notes\":\""
	      MARK "\",\"password\":\"<user_password>\"}");
	assert_int_equal(host_ask_user_create(&request, &by_key, NULL, &err),
			 -1);
	host_ask_user_find(&request, &by_key, email);
	CHECK(&request, METHOD_GET, "/api/v1/admin/users?search="
	      "relay-sub-alice.ab12cd%40crm.invalid&page=1&page_size=100"
	      "&include_subscriptions=false", "host_token", "");
	host_ask_user_delete(&request, &by_key, 9);
	CHECK(&request, METHOD_DELETE, "/api/v1/admin/users/9", "host_token",
	      "");
}

static void logins_are_counted(void **state)
{
	CLEANUP(request_done) struct request request = { 0 };

	(void)state;
	host_ask_login(&request, &by_key, "a@crm.invalid");
	CHECK(&request, METHOD_POST, "/api/v1/auth/login", "nobody",
	      "{\"email\":\"a@crm.invalid\",\"password\":"
	      "\"<user_password>\"}");
}

static void keys_are_made_by_their_user(void **state)
{
	CLEANUP(request_done) struct request request = { 0 };

	(void)state;
	host_ask_key_create(&request, &by_key, &(struct host_key_making){
		.mark = MARK, .group_id = 12, .generation = 1 });
	CHECK(&request, METHOD_POST, "/api/v1/keys", "user_token",
	      "{\"name\":\"" MARK "\",\"group_id\":12,\"custom_key\":"
	      "\"<user_key>\"}");
	check_idempotency(&request, MARK "-1");
	host_ask_key_find(&request, &by_key, MARK);
	CHECK(&request, METHOD_GET, "/api/v1/keys?search=" MARK
	      "&page=1&page_size=100", "user_token", "");
	host_ask_key_delete(&request, &by_key, 31);
	CHECK(&request, METHOD_DELETE, "/api/v1/keys/31", "user_token",
	      "");
	host_ask_key_bind(&request, &by_token, 31, 13);
	CHECK(&request, METHOD_PUT, "/api/v1/admin/api-keys/31",
	      "host_token", "{\"group_id\":13}");
}

static void subscriptions_are_read_assigned_and_extended(void **state)
{
	CLEANUP(request_done) struct request request = { 0 };
	struct jout out = { .text.max = 1000 };
	AUTO_FREE char *wanted = NULL;

	(void)state;
	host_ask_subscriptions(&request, &by_key, 9);
	CHECK(&request, METHOD_GET, "/api/v1/admin/users/9/subscriptions",
	      "host_token", "");
	host_subscription_wanted(&out, &by_key,
				 &(struct host_subscription_wish){
		.user_id = 9, .group_id = 12, .days = 30 });
	wanted = text_of(&out);
	host_ask_subscription_assign(&request, &by_key, wanted);
	CHECK(&request, METHOD_POST, "/api/v1/admin/subscriptions/assign",
	      "host_token", "{\"user_id\":9,\"group_id\":12,"
	      "\"validity_days\":30,\"notes\":\"crm-ab12cd\"}");
	host_ask_subscription_extend(&request, &by_key, 4, 5, MARK, 2);
	CHECK(&request, METHOD_POST, "/api/v1/admin/subscriptions/4/extend",
	      "host_token", "{\"days\":5}");
	check_idempotency(&request, MARK "-2");
	host_ask_subscription_revoke(&request, &by_key, 4);
	CHECK(&request, METHOD_DELETE, "/api/v1/admin/subscriptions/4",
	      "host_token", "");
}

/* ---- the gateway ---- */

static void proofs_go_through_the_users_key(void **state)
{
	CLEANUP(request_done) struct request request = { 0 };

	(void)state;
	host_ask_models(&request, &by_key, "crm-r1");
	CHECK(&request, METHOD_GET, "/v1/models", "user_key", "");
	assert_string_equal(header(&request, "X-Request-ID")->value,
			    "crm-r1");
	assert_false(request.chat);
	host_ask_chat(&request, &by_key, &(struct host_chat){
		.model = "m", .nonce = "n1", .request_id = "crm-r2" });
	CHECK(&request, METHOD_POST, "/v1/chat/completions", "user_key",
	      "{\"model\":\"m\",\"messages\":[{\"role\":\"user\",\"content\":"
	      "\"Reply with one short word. n1\"}],\"max_tokens\":1024,"
	      "\"stream\":false}");
	assert_string_equal(header(&request, "X-Request-ID")->value,
			    "crm-r2");
	assert_true(request.chat);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_probe_only_reads),
		cmocka_unit_test(groups_are_made_as_they_are_wanted),
		cmocka_unit_test(groups_are_found_read_and_removed),
		cmocka_unit_test(accounts_are_wanted_with_the_mode_alone),
		cmocka_unit_test(the_key_goes_into_the_frozen_body),
		cmocka_unit_test(what_is_no_account_is_not_asked_for),
		cmocka_unit_test(accounts_are_found_page_by_page),
		cmocka_unit_test(a_patch_says_only_what_changes),
		cmocka_unit_test(accounts_are_recovered_and_removed),
		cmocka_unit_test(users_are_made_with_a_password_nobody_sees),
		cmocka_unit_test(logins_are_counted),
		cmocka_unit_test(keys_are_made_by_their_user),
		cmocka_unit_test(subscriptions_are_read_assigned_and_extended),
		cmocka_unit_test(proofs_go_through_the_users_key),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
