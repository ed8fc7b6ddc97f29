#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "schedd/host/gateway.h"
#include "schedd/host/group.h"
#include "schedd/host/key.h"
#include "schedd/host/subscription.h"
#include "schedd/host/user.h"
#include "tests/unit/recorded.h"

#define MARK "crm-ab12cd-qwertyui"

/* ---- finding what is ours ---- */

static void marks_match_at_the_end_only(void **state)
{
	(void)state;
	assert_true(host_mark_matches("deep crm-ab-1", "crm-ab-1"));
	assert_true(host_mark_matches("crm-ab-1", "crm-ab-1"));
	assert_false(host_mark_matches("deep crm-ab-12", "crm-ab-1"));
	assert_false(host_mark_matches("xcrm-ab-1", "crm-ab-1"));
	assert_false(host_mark_matches("crm-ab-1 copy", "crm-ab-1"));
	assert_false(host_mark_matches(NULL, "crm-ab-1"));
	assert_false(host_mark_matches("x", ""));
}

static void duplicates_come_lowest_id_first(void **state)
{
	CLEANUP(answer_done) struct answer answer = made(200, NULL,
		"{\"code\":0,\"data\":{\"items\":["
		"{\"id\":9,\"name\":\"a crm-1\"},{\"id\":3,\"name\":\"b crm-1\"}"
		",{\"id\":1,\"name\":\"a crm-12\"},{\"name\":\"crm-1\"},"
		"{\"id\":5,\"name\":\"crm-1\"}],\"total\":4,\"page\":1,"
		"\"pages\":2}}");
	CLEANUP(answer_done) struct answer refused =
		recorded("0.1.129", "80-admin-no-auth");
	struct host_found found;

	(void)state;
	assert_int_equal(host_judge_found(&answer, "crm-1", &found),
			 FAILURE_NONE);
	assert_int_equal(found.count, 3);
	assert_int_equal(found.ids[0], 3);
	assert_int_equal(found.ids[1], 5);
	assert_int_equal(found.ids[2], 9);
	assert_false(found.last);
	assert_int_equal(host_judge_found(&refused, "crm-1", &found),
			 FAILURE_HOST_AUTH);
}

static void users_are_found_in_any_case(void **state)
{
	CLEANUP(answer_done) struct answer answer = made(200, NULL,
		"{\"code\":0,\"data\":{\"items\":["
		"{\"id\":4,\"email\":\"x-a@crm.invalid\"},"
		"{\"id\":6,\"email\":\"A@CRM.invalid\"}],\"total\":2,"
		"\"page\":1,\"pages\":1}}");
	int64_t id;

	(void)state;
	assert_int_equal(host_judge_user_find(&answer, "a@crm.invalid", &id),
			 FAILURE_NONE);
	assert_int_equal(id, 6);
	assert_int_equal(host_judge_user_find(&answer, "b@crm.invalid", &id),
			 FAILURE_NONE);
	assert_int_equal(id, 0);
}

static void logins_say_how_long_they_last(void **state)
{
	CLEANUP(answer_done) struct answer answer =
		recorded("0.1.129", "33-user-login-subscription");
	CLEANUP(answer_done) struct answer second = made(200, NULL,
		"{\"code\":0,\"data\":{\"requires_2fa\":true,\"temp_token\":"
		"\"t\"}}");
	CLEANUP(answer_done) struct answer strange = made(200, NULL,
		"{\"code\":0,\"data\":{}}");
	struct host_login login;

	(void)state;
	assert_int_equal(host_judge_login(&answer, &login), FAILURE_NONE);
	assert_int_equal(login.expires_in_ms, 86400000);
	assert_true(login.user_id > 0);
	assert_non_null(answer_text(&answer, HOST_LOGIN_TOKEN));
	assert_int_equal(host_judge_login(&second, &login),
			 FAILURE_LOGIN_BLOCKED);
	assert_int_equal(host_judge_login(&strange, &login),
			 FAILURE_HOST_UNSUPPORTED);
}

static void subscriptions_are_read_for_one_group(void **state)
{
	CLEANUP(answer_done) struct answer list =
		recorded("0.1.179", "180-user-subscriptions");
	CLEANUP(answer_done) struct answer assigned =
		recorded("0.1.179", "35-subscription-assign");
	CLEANUP(answer_done) struct answer expired =
		recorded("0.1.129", "184-subscription-expired");
	CLEANUP(answer_done) struct answer conflict =
		recorded("0.1.129", "35-subscription-assign-conflict");
	int64_t group = json_integer_value(answer_at(&list,
						     "/data/0/group_id"));
	struct host_subscription_seen seen;

	(void)state;
	assert_int_equal(host_judge_subscriptions(&list, group, &seen),
			 FAILURE_NONE);
	assert_true(seen.id > 0 && seen.active);
	assert_int_equal(seen.expires_at - seen.starts_at,
			 INT64_C(30) * 86400 * 1000);
	assert_int_equal(host_judge_subscriptions(&list, group + 1, &seen),
			 FAILURE_NONE);
	assert_int_equal(seen.id, 0);
	assert_int_equal(host_judge_subscription(&assigned, &seen),
			 FAILURE_NONE);
	assert_true(seen.active);
	assert_int_equal(host_judge_subscription(&expired, &seen),
			 FAILURE_NONE);
	assert_false(seen.active);
	assert_true(host_subscription_conflicts(&conflict));
	assert_int_equal(host_judge_subscription(&conflict, &seen),
			 FAILURE_HOST_REFUSED);
}

static void keys_are_found_by_name(void **state)
{
	CLEANUP(answer_done) struct answer answer = made(200, NULL,
		"{\"code\":0,\"data\":{\"items\":[{\"id\":2,\"name\":\"crm-12\","
		"\"group_id\":1},{\"id\":3,\"name\":\"crm-1\",\"group_id\":7,"
		"\"status\":\"active\"}],\"total\":2,\"page\":1,\"pages\":1}}");
	CLEANUP(answer_done) struct answer bound =
		recorded("0.1.129", "160-key-rebind-standard");
	struct host_key_found found;

	(void)state;
	assert_int_equal(host_judge_key_find(&answer, "crm-1", &found),
			 FAILURE_NONE);
	assert_int_equal(found.id, 3);
	assert_int_equal(found.group_id, 7);
	assert_true(found.active);
	assert_int_equal(host_judge_key_find(&answer, "crm", &found),
			 FAILURE_NONE);
	assert_int_equal(found.id, 0);
	assert_int_equal(host_judge_key_bind(&bound, 343), FAILURE_NONE);
	assert_int_equal(host_judge_key_bind(&bound, 344),
			 FAILURE_NOT_AS_WRITTEN);
}

static void groups_are_held_against_what_was_wanted(void **state)
{
	CLEANUP(answer_done) struct answer live =
		recorded("0.1.129", "30-group-create-subscription");
	json_auto_t *good = json_loads("{\"platform\":\"openai\","
		"\"subscription_type\":\"subscription\",\"is_exclusive\":false"
		"}", 0, NULL);
	json_auto_t *bad = json_loads("{\"platform\":\"openai\","
		"\"subscription_type\":\"standard\"}", 0, NULL);
	char why[100];

	(void)state;
	assert_false(host_group_differs(good, host_data(&live), why, 100));
	assert_true(host_group_differs(bad, host_data(&live), why, 100));
	assert_string_equal(why, "subscription_type");
}

static void model_lists_tell_ours_from_the_hosts(void **state)
{
	CLEANUP(answer_done) struct answer ours =
		recorded("0.1.129", "18-models-standard");
	CLEANUP(answer_done) struct answer defaults =
		recorded("0.1.129", "50-models-empty-group");
	bool listed;

	(void)state;
	assert_int_equal(host_judge_models(&ours, "mock-a", &listed),
			 FAILURE_NONE);
	assert_true(listed);
	assert_false(host_lists_defaults(&ours));
	assert_int_equal(host_judge_models(&ours, "mock-z", &listed),
			 FAILURE_NONE);
	assert_false(listed);
	assert_true(host_lists_defaults(&defaults));
}

static void a_proof_keeps_what_was_said(void **state)
{
	CLEANUP(answer_done) struct answer answer =
		recorded("0.1.129", "38-chat-subscription");
	CLEANUP(completion_done) struct completion said = { 0 };

	(void)state;
	assert_int_equal(host_judge_chat(&answer, &said), FAILURE_NONE);
	assert_string_equal(said.type, "application/json");
	assert_non_null(said.preview);
	assert_true(strlen(said.preview) <= COMPLETION_PREVIEW_MAX);
}

/* ---- names ---- */

static void names_end_with_their_mark_and_are_short(void **state)
{
	static const struct {
		const char *readable;
		size_t len;	/* of the whole name */
	} cases[] = {
		{ "deepseek", 8 + 1 + 19 },
		{ "", 19 },
		{ "0123456789012345678901234567890123456789012345678901234567"
		  "89012345678901234567890123456789", 100 },
		/* The character that would reach past the room goes. */
		{ "中中中中中中中中中中中中中中"
		  "中中中中中中中中中中中中中中",
		  78 + 1 + 19 },
		/* Stray bytes may not grow when they are written. */
		{ "\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff"
		  "\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff"
		  "\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff"
		  "\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff"
		  "\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff"
		  "\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff",
		  100 },
		{ "a\nb\x7f", 4 + 1 + 19 },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		AUTO_FREE char *name = host_mark_name(cases[i].readable,
						      MARK);
		json_auto_t *text = json_string(name);

		assert_int_equal(strlen(name), cases[i].len);
		assert_true(host_mark_matches(name, MARK));
		assert_non_null(text);
		assert_null(strpbrk(name, "\n\x7f"));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(marks_match_at_the_end_only),
		cmocka_unit_test(duplicates_come_lowest_id_first),
		cmocka_unit_test(users_are_found_in_any_case),
		cmocka_unit_test(logins_say_how_long_they_last),
		cmocka_unit_test(subscriptions_are_read_for_one_group),
		cmocka_unit_test(keys_are_found_by_name),
		cmocka_unit_test(groups_are_held_against_what_was_wanted),
		cmocka_unit_test(model_lists_tell_ours_from_the_hosts),
		cmocka_unit_test(a_proof_keeps_what_was_said),
		cmocka_unit_test(names_end_with_their_mark_and_are_short),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
