/*
 * The calls of a repair, how they are judged, and what is told of them.
 */
#include "tests/unit/mend_fixture.h"

static struct host_mend mend_of(unsigned repairs)
{
	return (struct host_mend){ .repairs = repairs };
}

static void calls_never_make_anything_smaller(void **state)
{
	struct row row = { .change = "{\"group_ids\":[3],\"extra\":{}}",
		.credentials = "{\"model_mapping\":{\"x\":\"y\"}}" };
	json_auto_t *live = changed(&row);
	json_auto_t *wanted = json_loads(WANTED, 0, NULL);
	struct host_features features = host_features_of("0.1.129");
	const struct host_mend_case the = { .features = &features,
		.wanted = wanted, .live = live, .inst = "ab12cd", .now = NOW };
	struct host_mend_plan plan = host_mend_plan(&the);
	struct host_mend mend = mend_of(BIT(HOST_REPAIR_RECOVER));
	CLEANUP(request_done) struct request request = { 0 };

	(void)state;
	assert_true(host_ask_mend(&request, &by_key, &the, &plan.mends[0]));
	CHECK(&request, METHOD_POST, "/api/v1/admin/accounts/bulk-update",
	      "host_token", "{\"account_ids\":[5],\"extra\":{"
	      "\"openai_responses_mode\":\"force_chat_completions\","
	      "\"openai_responses_supported\":false},\"group_ids\":[3,7],"
	      "\"credentials\":{\"model_mapping\":{\"x\":\"y\",\"m\":\"m\","
	      "\"n\":\"n\"}}}");
	assert_true(host_ask_mend(&request, &by_key, &the, &mend));
	CHECK(&request, METHOD_POST, "/api/v1/admin/accounts/5/recover-state",
	      "host_token", "");
	mend = mend_of(BIT(HOST_REPAIR_SWITCH_ON));
	assert_true(host_ask_mend(&request, &by_key, &the, &mend));
	CHECK(&request, METHOD_POST, "/api/v1/admin/accounts/5/schedulable",
	      "host_token", "{\"schedulable\":true}");
	mend = mend_of(BIT(HOST_REPAIR_NUDGE));
	assert_true(host_ask_mend(&request, &by_key, &the, &mend));
	CHECK(&request, METHOD_POST, "/api/v1/admin/accounts/bulk-update",
	      "host_token", "{\"account_ids\":[5],\"priority\":50}");
	mend = mend_of(BIT(HOST_REPAIR_POOL) | BIT(HOST_REPAIR_ERROR_CODES));
	assert_true(host_ask_mend(&request, &by_key, &the, &mend));
	CHECK(&request, METHOD_POST, "/api/v1/admin/accounts/bulk-update",
	      "host_token", "{\"account_ids\":[5],\"credentials\":{"
	      "\"pool_mode\":true,\"pool_mode_retry_count\":0,"
	      "\"custom_error_codes_enabled\":false}}");
	mend = mend_of(BIT(HOST_REPAIR_WAIT));
	assert_false(host_ask_mend(&request, &by_key, &the, &mend));
}

/* A list that is cut would take it out of groups of others. */
static void it_stays_in_all_its_groups_however_many(void **state)
{
	struct buf ids = { .max = 4096 };
	struct row row = { 0 };
	AUTO_FREE char *want = NULL;
	json_auto_t *wanted = json_loads(WANTED, 0, NULL);
	json_auto_t *live = NULL;
	struct host_features features = host_features_of("0.1.129");
	struct host_mend_case the = { .features = &features,
		.wanted = wanted, .inst = "ab12cd", .now = NOW };
	struct host_mend mend = mend_of(BIT(HOST_REPAIR_GROUPS));
	CLEANUP(request_done) struct request request = { 0 };

	(void)state;
	for (int id = 100; id < 400; id++)
		buf_addf(&ids, "%s%d", id > 100 ? "," : "", id);
	want = xasprintf("{\"group_ids\":[%s]}", buf_str(&ids));
	row.change = want;
	the.live = live = changed(&row);
	assert_true(host_ask_mend(&request, &by_key, &the, &mend));
	free(want);
	want = xasprintf("{\"account_ids\":[5],\"group_ids\":[%s,7]}",
			 buf_str(&ids));
	assert_string_equal(buf_str(&request.body.text), want);
	buf_done(&ids);
}

static void answers_of_mends_are_judged(void **state)
{
	CLEANUP(answer_done) struct answer recovered =
		recorded("0.1.179", "62-recover-state-401");
	CLEANUP(answer_done) struct answer no_group =
		recorded("0.1.129", "73-bulk-update-unknown-group");
	CLEANUP(answer_done) struct answer patched =
		recorded("0.1.129", "73-bulk-update-model-mapping");
	json_auto_t *live = json_pack("{s:I}", "id", (json_int_t)
		host_object_id(host_data(&recovered)));
	const struct host_mend_case the = { .live = live };
	struct host_mend mend = mend_of(BIT(HOST_REPAIR_RECOVER));
	const json_t *now_live;

	(void)state;
	assert_int_equal(host_judge_mend(&recovered, &the, &mend, &now_live),
			 FAILURE_NONE);
	assert_true(json_is_false(json_object_get(now_live, "schedulable")));
	mend = mend_of(BIT(HOST_REPAIR_GROUPS));
	assert_int_equal(host_judge_mend(&no_group, &the, &mend, &now_live),
			 FAILURE_GONE);
	assert_null(now_live);
	assert_int_equal(host_judge_mend(&patched, &the, &mend, &now_live),
			 FAILURE_HOST_REFUSED);
}

static void every_repair_says_before_and_after(void **state)
{
	struct row row = { .change = BENCHED };
	json_auto_t *live = changed(&row);
	json_auto_t *wanted = json_loads(WANTED, 0, NULL);
	struct host_features features = host_features_of("0.1.129");
	const struct host_mend_case the = { .features = &features,
		.wanted = wanted, .live = live, .inst = "ab12cd", .now = NOW };
	const struct host_mend all = mend_of(BIT(HOST_REPAIR__MAX) - 1);
	CLEANUP(jout_done) struct jout out = { .text.max = 8192 };
	json_auto_t *json = NULL;
	const json_t *list;

	(void)state;
	jout_object(&out, NULL);
	host_mend_write(&out, &the, &all);
	host_symptoms_write(&out, BIT(HOST_SYMPTOM__MAX) - 1);
	jout_object_end(&out);
	assert_false(out.text.failed);
	json = json_loads(buf_str(&out.text), 0, NULL);
	list = json_object_get(json, "repairs");
	assert_int_equal(json_array_size(list), HOST_REPAIR__MAX);
	for (size_t i = 0; i < HOST_REPAIR__MAX; i++) {
		const json_t *one = json_array_get(list, i);

		assert_true(strlen(host_member_text(one, "before")) > 0);
		assert_true(strlen(host_member_text(one, "after")) > 0);
		assert_non_null(strstr(host_member_text(one, "zh"), "→"));
	}
	assert_int_equal(json_array_size(json_object_get(json, "symptoms")),
			 HOST_SYMPTOM__MAX);
	assert_non_null(strstr(buf_str(&out.text),
			       "until 2026-11-23T00:08:00"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(calls_never_make_anything_smaller),
		cmocka_unit_test(it_stays_in_all_its_groups_however_many),
		cmocka_unit_test(answers_of_mends_are_judged),
		cmocka_unit_test(every_repair_says_before_and_after),
	};

	return cmocka_run_group_tests_name("host_mend_calls", tests, NULL,
					   NULL);
}
