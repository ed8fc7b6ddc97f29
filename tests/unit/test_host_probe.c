#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "schedd/host/account_view.h"
#include "schedd/host/capabilities.h"
#include "tests/unit/recorded.h"

/* ---- probe and features ---- */

static void versions_have_features(void **state)
{
	struct host_features old = host_features_of("0.1.126");
	struct host_features mid = host_features_of("0.1.129");
	struct host_features new = host_features_of("v0.1.179");
	struct host_features next = host_features_of("0.2.0");
	struct host_features none = host_features_of("0.0.0-dev");
	struct host_features bad = host_features_of("latest");

	(void)state;
	assert_true(old.known && !old.responses_mode && !old.redacts);
	assert_true(mid.responses_mode && mid.redacts && !mid.test_by_chat);
	assert_true(new.compliance_gate && new.user_call_limit);
	assert_true(next.compliance_gate && next.responses_mode);
	assert_false(none.known || none.responses_mode);
	assert_false(bad.known || bad.responses_mode);
	assert_false(host_features_of(NULL).known);
}

static void an_account_proves_more_than_the_version(void **state)
{
	struct host_features says_old = host_features_of("0.1.126");
	struct host_features says_new = host_features_of("0.1.179");
	CLEANUP(answer_done) struct answer new =
		recorded("0.1.129", "19-account-get-after-probe");
	CLEANUP(answer_done) struct answer old =
		recorded("0.1.126", "19-account-get-after-probe");

	(void)state;
	host_features_seen_account(&says_old, host_data(&new));
	assert_true(says_old.responses_mode && says_old.version_segments);
	assert_false(says_old.test_by_chat);
	host_features_seen_account(&says_new, host_data(&old));
	assert_false(says_new.responses_mode || says_new.redacts);
	host_features_seen_account(&says_new, NULL);
	assert_false(says_new.responses_mode);
}

static char *capabilities_of(const struct host_seen *seen)
{
	struct jout out = { .text.max = 64 << 10 };

	host_capabilities_write(&out, seen);
	assert_false(out.text.failed);
	return buf_take(&out.text);
}

static struct host_seen probed(const char *version)
{
	CLEANUP(answer_done) struct answer settings =
		recorded(version, "02-public-settings");
	CLEANUP(answer_done) struct answer groups =
		recorded(version, "72-groups-list");
	CLEANUP(answer_done) struct answer accounts =
		recorded(version, "72-accounts-list");
	CLEANUP(answer_done) struct answer me =
		recorded(version, "05-auth-me");
	struct host_seen seen = { 0 };

	assert_int_equal(host_judge_settings(&settings, &seen), FAILURE_NONE);
	assert_int_equal(host_judge_probe_groups(&groups, &seen),
			 FAILURE_NONE);
	assert_int_equal(host_judge_probe_accounts(&accounts, &seen),
			 FAILURE_NONE);
	assert_int_equal(host_judge_me(&me, &seen), FAILURE_NONE);
	return seen;
}

static void real_hosts_can_be_worked_on(void **state)
{
	(void)state;
	for (size_t v = 0; v < COUNT(versions); v++) {
		struct host_seen seen = probed(versions[v]);
		AUTO_FREE char *text = capabilities_of(&seen);
		json_auto_t *json = json_loads(text, 0, NULL);
		struct host_features back = host_features_read(json);

		assert_string_equal(seen.run_mode, "standard");
		assert_true(seen.admin_ok && !seen.simple_suspected);
		assert_true(seen.accounts > 0);
		assert_null(host_why_not(&seen, "import_subscription"));
		assert_string_equal(json_string_value(json_object_get(
			json, "version")), versions[v]);
		assert_memory_equal(&back, &seen.features, sizeof(back));
	}
}

static void what_a_probe_saw_survives_its_memo(void **state)
{
	struct host_seen seen = probed("0.1.179");
	struct jout out = { .text.max = 4096 };
	json_auto_t *json = NULL;
	struct host_seen back;

	(void)state;
	host_seen_write(&out, NULL, &seen);
	assert_false(out.text.failed);
	json = json_loads(buf_str(&out.text), 0, NULL);
	jout_done(&out);
	host_seen_read(json, &back);
	assert_true(back.admin_ok && back.settings_read);
	assert_int_equal(back.accounts, seen.accounts);
	assert_string_equal(back.run_mode, "standard");
	assert_memory_equal(&back.features, &seen.features,
			    sizeof(back.features));
}

static void a_closed_gate_waits_for_a_person(void **state)
{
	CLEANUP(answer_done) struct answer settings =
		recorded("0.1.179", "02-public-settings");
	CLEANUP(answer_done) struct answer gate =
		recorded("0.1.179", "06-admin-423");
	struct host_seen seen = { 0 };
	AUTO_FREE char *text = NULL;

	(void)state;
	assert_int_equal(host_judge_settings(&settings, &seen), FAILURE_NONE);
	assert_int_equal(host_judge_probe_groups(&gate, &seen),
			 FAILURE_COMPLIANCE_REQUIRED);
	assert_true(seen.compliance_required && !seen.admin_ok);
	assert_non_null(strstr(host_why_not(&seen, "import_subscription"),
			       "compliance"));
	assert_null(host_why_not(&seen, "probe"));
	text = capabilities_of(&seen);
	assert_non_null(strstr(text, "\"compliance\":\"required\""));
	assert_non_null(strstr(text, "v2026.06.10"));
}

static void what_stands_in_the_way_is_named(void **state)
{
	struct host_seen good = probed("0.1.129");
	struct host_seen seen = good;

	(void)state;
	seen.backend_mode = true;
	assert_non_null(strstr(host_why_not(&seen, "import_subscription"),
			       "backend"));
	assert_null(host_why_not(&seen, "read_resources"));
	seen = good;
	seen.captcha = true;
	assert_non_null(host_why_not(&seen, "import_subscription"));
	seen = good;
	snprintf(seen.run_mode, sizeof(seen.run_mode), "simple");
	/* Simple mode is said, and proven in another way. */
	assert_null(host_why_not(&seen, "import_subscription"));
	assert_non_null(host_why_not(&good, "fly"));
}

static void settings_of_a_stranger_are_none(void **state)
{
	static const struct {
		int status;
		const char *body;
	} cases[] = {
		{ 404, "404 page not found" },
		{ 401, "{\"code\":\"UNAUTHORIZED\"}" },
		{ 200, "<html></html>" },
		{ 200, "{\"code\":0,\"data\":{}}" },
		{ 200, "{\"code\":0,\"data\":null}" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		CLEANUP(answer_done) struct answer answer =
			made(cases[i].status, NULL, cases[i].body);
		struct host_seen seen = { 0 };

		assert_int_equal(host_judge_settings(&answer, &seen),
				 FAILURE_HOST_UNSUPPORTED);
		assert_false(seen.settings_read);
	}
}

static void seeded_groups_are_suspicious(void **state)
{
	CLEANUP(answer_done) struct answer answer = made(200, NULL,
		"{\"code\":0,\"data\":{\"items\":[{\"name\":\"openai-default\"},"
		"{\"name\":\"gemini-default\"},{\"name\":\"anthropic-default\"}"
		"],\"total\":3,\"page\":1,\"pages\":1}}");
	struct host_seen seen = { 0 };

	(void)state;
	assert_int_equal(host_judge_probe_groups(&answer, &seen),
			 FAILURE_NONE);
	assert_true(seen.simple_suspected);
}

/* ---- accounts ---- */

static void accounts_are_held_against_what_was_wanted(void **state)
{
	(void)state;
	for (size_t v = 0; v < COUNT(versions); v++) {
		CLEANUP(answer_done) struct answer live =
			recorded(versions[v], "19-account-get-after-probe");
		AUTO_FREE char *file = xasprintf(
			"11-account-create-standard.json");
		json_auto_t *pair = pair_of(versions[v], file);
		json_t *wanted = json_object_get(
			json_object_get(pair, "request"), "body");
		struct host_features features = host_features_of(versions[v]);
		struct host_account_check check = {
			.features = &features, .wanted = wanted,
		};
		char why[200];

		/* On 0.1.126 the probe has set the flag again. */
		assert_int_equal(
			host_account_differs(&check, host_data(&live), why,
					     sizeof(why)),
			!features.responses_mode);
		assert_string_equal(why, features.responses_mode
				    ? "" : "extra.openai_responses_supported");
		assert_true(host_account_flag_seen(host_data(&live)));
		check.only_group = 99999;
		assert_true(host_account_differs(&check, host_data(&live), why,
						 sizeof(why)));
		assert_non_null(strstr(why, "group_ids"));
	}
}

static void every_member_that_differs_is_named(void **state)
{
	json_auto_t *wanted = json_loads(
		"{\"credentials\":{\"base_url\":\"a\",\"model_mapping\":"
		"{\"m\":\"m\"}},\"extra\":{\"openai_responses_mode\":"
		"\"force_chat_completions\"},\"group_ids\":[1,2]}", 0, NULL);
	json_auto_t *good = json_loads(
		"{\"platform\":\"openai\",\"type\":\"apikey\",\"status\":"
		"\"active\",\"schedulable\":true,\"credentials\":"
		"{\"base_url\":\"a\",\"model_mapping\":{\"m\":\"m\",\"x\":"
		"\"y\"}},\"extra\":{\"openai_responses_mode\":"
		"\"force_chat_completions\",\"openai_responses_supported\":"
		"true},\"account_groups\":[{\"group_id\":2},{\"group_id\":1},"
		"{\"group_id\":3}]}", 0, NULL);
	json_auto_t *bad = json_loads(
		"{\"platform\":\"kimi\",\"type\":\"oauth\",\"status\":\"error\""
		",\"schedulable\":false,\"credentials\":{\"base_url\":\"b\","
		"\"model_mapping\":{\"m\":\"n\"}},\"extra\":null,"
		"\"group_ids\":[1]}", 0, NULL);
	struct host_features features = host_features_of("0.1.129");
	struct host_account_check check = {
		.features = &features, .wanted = wanted,
	};
	char why[300];

	(void)state;
	assert_false(host_account_differs(&check, good, why, sizeof(why)));
	assert_true(host_account_differs(&check, bad, why, sizeof(why)));
	assert_string_equal(why,
		"credentials.base_url, credentials.model_mapping, "
		"extra.openai_responses_mode, group_ids, platform, type, "
		"status, schedulable");
	assert_false(host_account_flag_seen(bad));
	assert_true(host_account_flag_seen(good));
	assert_true(host_account_differs(&check, NULL, why, 20));
	assert_true(strlen(why) < 20);
}

static void modes_and_flags_decide_the_protocol(void **state)
{
	static const struct {
		const char *version, *extra;
		bool converts;
	} cases[] = {
		{ "0.1.126", "{}", true },
		{ "0.1.126", "{\"openai_responses_supported\":false}", false },
		{ "0.1.126", "{\"openai_responses_mode\":"
		  "\"force_chat_completions\"}", true },
		{ "0.1.129", "{\"openai_responses_mode\":"
		  "\"force_chat_completions\","
		  "\"openai_responses_supported\":true}", false },
		{ "0.1.129", "{\"openai_responses_mode\":\"force_responses\","
		  "\"openai_responses_supported\":false}", true },
		{ "0.1.179", "{\"openai_responses_mode\":\"auto\","
		  "\"openai_responses_supported\":false}", false },
		{ "0.1.179", "{\"openai_responses_supported\":\"false\"}",
		  true },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct host_features features =
			host_features_of(cases[i].version);
		AUTO_FREE char *text = xasprintf("{\"extra\":%s}",
						 cases[i].extra);
		json_auto_t *live = json_loads(text, 0, NULL);

		assert_int_equal(host_account_converts(&features, live),
				 cases[i].converts);
	}
}

static void benches_are_told_apart(void **state)
{
	static const struct {
		const char *file;
		enum host_bench bench;
		const char *complaint;
	} cases[] = {
		{ "60-up401-account-after", HOST_BENCH_ERROR, "401" },
		{ "60-up403-account-after", HOST_BENCH_TIMED, "403" },
		{ "60-up400-account-after", HOST_BENCH_NONE, NULL },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		CLEANUP(answer_done) struct answer answer =
			recorded("0.1.129", cases[i].file);
		const json_t *live = host_data(&answer);
		AUTO_FREE char *complaint = host_account_complaint(live);
		int64_t until;

		assert_int_equal(host_account_bench(live, 1000, &until),
				 cases[i].bench);
		assert_int_equal(until > 0,
				 cases[i].bench == HOST_BENCH_TIMED);
		if (cases[i].complaint)
			assert_non_null(strstr(complaint, cases[i].complaint));
		else
			assert_null(complaint);
	}
}

static void bulk_updates_name_who_was_changed(void **state)
{
	CLEANUP(answer_done) struct answer good =
		recorded("0.1.129", "73-bulk-update-model-mapping");
	CLEANUP(answer_done) struct answer bad =
		recorded("0.1.129", "73-bulk-update-nothing");
	int64_t id = json_integer_value(answer_at(&good,
						  "/data/success_ids/0"));

	(void)state;
	assert_true(id > 0);
	assert_int_equal(host_judge_account_patch(&good, id), FAILURE_NONE);
	assert_int_equal(host_judge_account_patch(&good, id + 1),
			 FAILURE_HOST_REFUSED);
	assert_int_equal(host_judge_account_patch(&bad, id),
			 FAILURE_HOST_REFUSED);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(versions_have_features),
		cmocka_unit_test(an_account_proves_more_than_the_version),
		cmocka_unit_test(real_hosts_can_be_worked_on),
		cmocka_unit_test(what_a_probe_saw_survives_its_memo),
		cmocka_unit_test(a_closed_gate_waits_for_a_person),
		cmocka_unit_test(what_stands_in_the_way_is_named),
		cmocka_unit_test(settings_of_a_stranger_are_none),
		cmocka_unit_test(seeded_groups_are_suspicious),
		cmocka_unit_test(accounts_are_held_against_what_was_wanted),
		cmocka_unit_test(every_member_that_differs_is_named),
		cmocka_unit_test(modes_and_flags_decide_the_protocol),
		cmocka_unit_test(benches_are_told_apart),
		cmocka_unit_test(bulk_updates_name_who_was_changed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
