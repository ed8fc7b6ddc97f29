/*
 * Owners of keys, managed users of self service, and what protects them all.
 */
#include "tests/unit/recorded.h"
#include "tests/unit/host_request.h"

#include "schedd/host/account_view.h"
#include "schedd/host/armour.h"
#include "schedd/host/channel.h"
#include "schedd/host/group.h"
#include "schedd/host/owner.h"
#include "schedd/host/user.h"

/* ---- whose a key is ---- */

static void the_end_of_a_key_is_searched_for(void **state)
{
	CLEANUP(request_done) struct request request = { 0 };

	(void)state;
	host_ask_user_by_key(&request, &by_key);
	CHECK(&request, METHOD_GET, "/api/v1/admin/users"
	      "?include_subscriptions=false&page=1&page_size=100&search=",
	      "host_token", "");
	assert_int_equal(request.url_tail_slot, SLOT_GIVEN_KEY);
	assert_int_equal(request.url_tail_len, 12);
	host_ask_user_keys(&request, &by_key, 42);
	CHECK(&request, METHOD_GET, "/api/v1/admin/users/42/api-keys"
	      "?page=1&page_size=1000", "host_token", "");
	assert_int_equal(request.url_tail_slot, SLOT_NONE);
}

static void owners_are_candidates_one_after_the_other(void **state)
{
	CLEANUP(answer_done) struct answer answer = made(200, NULL,
		"{\"code\":0,\"data\":{\"items\":[{\"id\":4,"
		"\"allowed_groups\":null},{\"id\":9,\"allowed_groups\":"
		"[3,7]}],\"total\":2,\"page\":1,\"pages\":1}}");
	CLEANUP(answer_done) struct answer none = made(200, NULL,
		"{\"code\":0,\"data\":{\"items\":null,\"total\":0,"
		"\"page\":1,\"pages\":1}}");
	static const struct { int64_t id; bool may; } wanted[] = {
		{ 4, false }, { 9, true }, { 0, false },
	};
	int64_t id;
	bool may;

	(void)state;
	for (size_t i = 0; i < COUNT(wanted); i++) {
		assert_int_equal(host_judge_user_by_key(&answer, i, 7, &id,
							&may), FAILURE_NONE);
		assert_int_equal(id, wanted[i].id);
		assert_int_equal(may, wanted[i].may);
	}
	assert_int_equal(host_judge_user_by_key(&none, 0, 7, &id, &may),
			 FAILURE_NONE);
	assert_int_equal(id, 0);
}

/* [3,7,9] without 7; and nothing where 7 is not among them. */
static void a_right_is_taken_out_of_the_list(void **state)
{
	json_auto_t *user = json_pack("{s:[i,i,i]}", "allowed_groups", 3, 7,
				      9);
	json_auto_t *none = json_pack("{s:n}", "allowed_groups");
	json_auto_t *needed = json_pack("[i,i]", 9, 12);
	AUTO_FREE char *rest = host_user_groups_but(user, 7, NULL);
	AUTO_FREE char *more = host_user_groups_but(user, 7, needed);

	(void)state;
	assert_string_equal(rest, "[3,9]");
	assert_string_equal(more, "[3,9,12]");
	assert_null(host_user_groups_but(user, 9, needed));
	assert_null(host_user_groups_but(user, 8, NULL));
	assert_null(host_user_groups_but(none, 7, needed));
}

static void recorded_keys_are_told_by_fingerprint(void **state)
{
	(void)state;
	for (size_t v = 0; v < COUNT(versions); v++) {
		CLEANUP(answer_done) struct answer answer =
			recorded(versions[v], "72-user-api-keys");
		struct host_owned_key key;

		/* What stands in the recording is what the engine makes. */
		assert_int_equal(host_judge_user_keys(&answer, "<USER_KEY>",
						      &key), FAILURE_NONE);
		assert_true(key.id > 0 && key.group_id > 0);
		assert_string_equal(key.status, "active");
		assert_true(strlen(key.group_name) > 2);
		assert_int_equal(host_judge_user_keys(&answer, "other", &key),
				 FAILURE_NONE);
		assert_int_equal(key.id, 0);
	}
}

static void a_key_without_a_group_is_free(void **state)
{
	CLEANUP(answer_done) struct answer answer = made(200, NULL,
		"{\"code\":0,\"data\":{\"items\":[{\"id\":3,\"key\":\"f\","
		"\"group_id\":null,\"status\":\"inactive\"}],\"total\":1,"
		"\"page\":1,\"pages\":1}}");
	struct host_owned_key key;

	(void)state;
	assert_int_equal(host_judge_user_keys(&answer, "f", &key),
			 FAILURE_NONE);
	assert_int_equal(key.group_id, 0);
	assert_string_equal(key.group_name, "");
	assert_string_equal(key.status, "inactive");
}

static void users_of_self_service_have_a_little_money(void **state)
{
	CLEANUP(jout_done) struct jout out = { .text.max = 1024 };
	AUTO_FREE char *email = host_self_user_email("default", "ab12cd");
	CLEANUP(request_done) struct request request = { 0 };

	(void)state;
	assert_string_equal(email, "relay-self-default.ab12cd@crm.invalid");
	host_self_user_wanted(&out, email, MARK);
	assert_string_equal(buf_str(&out.text), "{\"email\":"
		"\"relay-self-default.ab12cd@crm.invalid\",\"notes\":\"" MARK
		"\",\"balance\":1}");
	host_ask_user_balance(&request, &by_key, 7, 3, MARK);
	CHECK(&request, METHOD_POST, "/api/v1/admin/users/7/balance",
	      "host_token", "{\"balance\":3,\"operation\":\"set\","
	      "\"notes\":\"crm-ab12cd " MARK "\"}");
	host_ask_whoami(&request, &by_key);
	CHECK(&request, METHOD_GET, "/api/v1/auth/me", "user_token", "");
}

/* ---- channels and groups ---- */

static void a_channel_that_hides_models_is_found(void **state)
{
	static const struct {
		const char *channel;
		int64_t id;
	} cases[] = {
		{ "{\"id\":4,\"name\":\"c\",\"status\":\"active\","
		  "\"restrict_models\":true,\"group_ids\":[1,7]}", 4 },
		{ "{\"id\":4,\"name\":\"c\",\"restrict_models\":true,"
		  "\"group_ids\":[7]}", 4 },
		{ "{\"id\":4,\"name\":\"c\",\"status\":\"disabled\","
		  "\"restrict_models\":true,\"group_ids\":[7]}", 0 },
		{ "{\"id\":4,\"name\":\"c\",\"status\":\"active\","
		  "\"restrict_models\":false,\"group_ids\":[7]}", 0 },
		{ "{\"id\":4,\"name\":\"c\",\"status\":\"active\","
		  "\"restrict_models\":true,\"group_ids\":[8]}", 0 },
		{ "{\"id\":4,\"name\":\"c\",\"restrict_models\":true,"
		  "\"group_ids\":null}", 0 },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		AUTO_FREE char *body = xasprintf("{\"code\":0,\"data\":{"
			"\"items\":[%s],\"total\":150,\"page\":1,\"pages\":2}}",
			cases[i].channel);
		CLEANUP(answer_done) struct answer answer = made(200, NULL,
								 body);
		struct host_restriction seen;
		bool last;

		assert_int_equal(host_judge_channels(&answer, 7, &seen,
						     &last), FAILURE_NONE);
		assert_int_equal(seen.id, cases[i].id);
		assert_false(last);
	}
}

static void recorded_channels_are_understood(void **state)
{
	(void)state;
	for (size_t v = 0; v < COUNT(versions); v++) {
		CLEANUP(answer_done) struct answer put =
			recorded(versions[v], "124-channel-put-restrict");
		json_auto_t *page = json_pack("{sis{s[O]sisisi}}", "code", 0,
			"data", "items", answer_at(&put, "/data"), "total", 1,
			"page", 1, "pages", 1);
		struct answer list = { .status = 200, .json = page };
		int64_t group = json_integer_value(answer_at(&put,
							"/data/group_ids/0"));
		struct host_restriction seen;
		bool last;

		assert_int_equal(host_judge_channels(&list, group, &seen,
						     &last), FAILURE_NONE);
		assert_true(seen.id > 0 && last);
		assert_true(strlen(seen.name) > 0);
	}
}

static void dispatch_repeats_the_limits(void **state)
{
	CLEANUP(answer_done) struct answer on =
		recorded("0.1.179", "101-group-put-messages-dispatch");
	json_auto_t *live = json_loads("{\"id\":9,\"daily_limit_usd\":null,"
		"\"weekly_limit_usd\":2.5,\"monthly_limit_usd\":0}", 0, NULL);
	CLEANUP(request_done) struct request request = { 0 };

	(void)state;
	host_ask_group_dispatch(&request, &by_key, live, "m");
	CHECK(&request, METHOD_PUT, "/api/v1/admin/groups/9", "host_token",
	      "{\"allow_messages_dispatch\":true,"
	      "\"messages_dispatch_model_config\":{\"opus_mapped_model\":"
	      "\"m\",\"sonnet_mapped_model\":\"m\",\"haiku_mapped_model\":"
	      "\"m\"},\"weekly_limit_usd\":2.5,\"monthly_limit_usd\":0}");
	host_ask_group_dispatch(&request, &by_key, live, NULL);
	CHECK(&request, METHOD_PUT, "/api/v1/admin/groups/9", "host_token",
	      "{\"allow_messages_dispatch\":false,\"weekly_limit_usd\":2.5,"
	      "\"monthly_limit_usd\":0}");
	assert_int_equal(host_judge_group_dispatch(&on, true), FAILURE_NONE);
	assert_int_equal(host_judge_group_dispatch(&on, false),
			 FAILURE_NOT_AS_WRITTEN);
}

/* ---- armour ---- */

static void pool_mode_is_for_what_remains(void **state)
{
	static const struct {
		const char *version;
		int status;
		bool dispatch, pool;
	} cases[] = {
		{ "0.1.126", 403, false, true },
		{ "0.1.127", 401, false, true },
		{ "0.1.126", 404, false, false },
		{ "0.1.126", 0, true, false },
		{ "0.1.129", 403, false, false },
		{ "0.1.129", 402, true, true },
		{ "0.1.179", 403, false, false },
		{ "0.1.179", 403, true, true },
		{ "0.1.179", 200, true, false },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct host_features features =
			host_features_of(cases[i].version);

		assert_int_equal(host_armour_wants_pool(&features,
					cases[i].status, cases[i].dispatch),
				 cases[i].pool);
	}
}

static void dispatch_is_let_where_it_benches_nobody(void **state)
{
	struct host_features old = host_features_of("0.1.129");
	struct host_features new = host_features_of("0.1.179");

	(void)state;
	assert_false(host_armour_lets_dispatch(&old, 403, true));
	assert_true(host_armour_lets_dispatch(&old, 200, false));
	assert_false(host_armour_lets_dispatch(&new, 403, false));
	assert_true(host_armour_lets_dispatch(&new, 403, true));
}

static void wished_armour_is_asked_for(void **state)
{
	json_auto_t *models = json_pack("{ss}", "m", "wire-m");
	const int64_t group = 7;
	const struct host_account_wish wish = {
		.provider_id = "p", .mark = MARK, .base_url = "http://u/v1",
		.models = models, .group_ids = &group, .ngroups = 1,
		.pool_mode = true, .alias = "crm-qwertyui",
		.alias_of = "wire-m",
	};
	CLEANUP(jout_done) struct jout out = { .text.max = 2048 };
	json_auto_t *json = NULL;
	const json_t *credentials;

	(void)state;
	host_account_wanted(&out, &wish);
	json = json_loads(buf_str(&out.text), 0, NULL);
	credentials = json_object_get(json, "credentials");
	assert_true(json_is_true(json_object_get(credentials, "pool_mode")));
	assert_int_equal(host_member_i64(credentials,
					 "pool_mode_retry_count"), 0);
	assert_string_equal(host_member_text(json_object_get(credentials,
		"model_mapping"), "crm-qwertyui"), "wire-m");
	assert_string_equal(host_member_text(json_object_get(credentials,
		"model_mapping"), "m"), "wire-m");
}

static void accounts_of_a_group_are_listed(void **state)
{
	CLEANUP(request_done) struct request request = { 0 };

	(void)state;
	host_ask_group_accounts(&request, &by_key, 7, 2);
	CHECK(&request, METHOD_GET, "/api/v1/admin/accounts?group=7&page=2"
	      "&page_size=1000&sort_by=id&sort_order=asc", "host_token", "");
	for (size_t v = 0; v < COUNT(versions); v++) {
		CLEANUP(answer_done) struct answer answer =
			recorded(versions[v], "72-accounts-list");
		struct host_page page;
		struct host_account account;

		assert_int_equal(host_judge_page(&answer, &page),
				 FAILURE_NONE);
		account = host_account_read(json_array_get(page.items, 0),
					    "ab12cd", 0);
		assert_true(account.id > 0);
		assert_null(account.mark);
		assert_int_equal(account.redacts, v > 0);
		/* In clear on 0.1.126, and not looked at. */
		assert_null(account.key);
		assert_non_null(account.base_url);
		assert_int_equal(account.pool_retries, 3);
	}
}

static void marks_are_told_by_installation(void **state)
{
	(void)state;
	assert_string_equal(host_mark_of("deep seek crm-ab12cd-qwertyu1",
					 "ab12cd"), "crm-ab12cd-qwertyu1");
	assert_string_equal(host_mark_of(MARK, "ab12cd"), MARK);
	assert_null(host_mark_of("x crm-zz12cd-qwertyui", "ab12cd"));
	assert_null(host_mark_of("x crm-ab12cd-qwertyuiop", "ab12cd"));
	assert_null(host_mark_of("x crm-ab12cd-QWERTYUI", "ab12cd"));
	assert_null(host_mark_of("xcrm-ab12cd-qwertyui", "ab12cd"));
	assert_null(host_mark_of(NULL, "ab12cd"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_end_of_a_key_is_searched_for),
		cmocka_unit_test(owners_are_candidates_one_after_the_other),
		cmocka_unit_test(a_right_is_taken_out_of_the_list),
		cmocka_unit_test(recorded_keys_are_told_by_fingerprint),
		cmocka_unit_test(a_key_without_a_group_is_free),
		cmocka_unit_test(users_of_self_service_have_a_little_money),
		cmocka_unit_test(a_channel_that_hides_models_is_found),
		cmocka_unit_test(recorded_channels_are_understood),
		cmocka_unit_test(dispatch_repeats_the_limits),
		cmocka_unit_test(pool_mode_is_for_what_remains),
		cmocka_unit_test(dispatch_is_let_where_it_benches_nobody),
		cmocka_unit_test(wished_armour_is_asked_for),
		cmocka_unit_test(accounts_of_a_group_are_listed),
		cmocka_unit_test(marks_are_told_by_installation),
	};

	return cmocka_run_group_tests_name("host_owner", tests, NULL, NULL);
}
