/*
 * From an account as it is to what is wrong with it and what is done.
 */
#include "tests/unit/mend_fixture.h"

static char *plan_text(const struct host_mend_plan *plan)
{
	struct buf out = { .max = 400 };

	for (size_t i = 0; i < plan->count; i++) {
		const struct host_mend *mend = &plan->mends[i];
		bool first = true;

		buf_adds(&out, i ? " " : "");
		for (unsigned r = 0; r < HOST_REPAIR__MAX; r++) {
			if (!(mend->repairs & BIT(r)))
				continue;
			buf_addf(&out, "%s%s", first ? "" : "+",
				 host_repair_name(r));
			first = false;
		}
		if (mend->delay_ms)
			buf_addf(&out, "@%lld", (long long)mend->delay_ms);
	}
	return buf_take(&out);
}

static void try_row(const struct row *row)
{
	struct host_features features = host_features_of(
		row->version ? row->version : "0.1.179");
	json_auto_t *wanted = json_loads(WANTED, 0, NULL);
	json_auto_t *live = changed(row);
	json_auto_t *last = row->last ? json_loads(row->last, 0, NULL) : NULL;
	struct host_mend_case the = row->the;
	struct host_mend_plan plan;
	AUTO_FREE char *text = NULL;

	the.features = &features;
	the.wanted = wanted;
	the.live = live;
	the.last = last;
	the.inst = "ab12cd";
	the.now = NOW;
	plan = host_mend_plan(&the);
	text = plan_text(&plan);
	if (plan.symptoms != row->symptoms || plan.class != row->class ||
	    strcmp(text, row->plan) != 0 || plan.ours != (*row->plan != 0))
		fail_msg("%s: symptoms %x class %s plan '%s'", row->name,
			 plan.symptoms, failure_name(plan.class), text);
}

static void try_rows(const struct row *rows, size_t count)
{
	for (size_t i = 0; i < count; i++)
		try_row(&rows[i]);
}

#define S(name) BIT(HOST_SYMPTOM_##name)
#define EXTRA(text) "{\"extra\":" text "}"
#define DIRECT_GOOD .direct_known = true, .direct = FAILURE_NONE

static void what_a_bulk_update_can_do_is_one_call(void **state)
{
	static const struct row rows[] = {
		{ "well", .plan = "" },
		{ "mode removed", NULL, EXTRA("{}"), .plan = "raw_chat",
		  .symptoms = S(CONVERTS), .class = FAILURE_RESPONSES_FORCED },
		{ "flag true beside the mode is no drift", NULL,
		  EXTRA("{\"openai_responses_mode\":\"force_chat_completions\""
			",\"openai_responses_supported\":true}"), .plan = "" },
		{ "the same on 126", "0.1.126",
		  EXTRA("{\"openai_responses_mode\":\"force_chat_completions\""
			",\"openai_responses_supported\":true}"),
		  .plan = "raw_chat", .symptoms = S(CONVERTS),
		  .class = FAILURE_RESPONSES_FORCED },
		{ "mode gone, flag still false", NULL,
		  EXTRA("{\"openai_responses_supported\":false}"),
		  .plan = "raw_chat", .symptoms = S(MODE),
		  .class = FAILURE_NOT_AS_WRITTEN },
		{ "unbound", NULL, "{\"group_ids\":[]}", .plan = "regroup",
		  .symptoms = S(GROUPS), .class = FAILURE_GROUP_EMPTY },
		{ "unbound, list absent", NULL, "{\"group_ids\":null}",
		  .plan = "regroup", .symptoms = S(GROUPS),
		  .class = FAILURE_GROUP_EMPTY },
		{ "mapping lost", NULL, NULL,
		  "{\"model_mapping\":{\"m\":\"m\"}}", .plan = "models",
		  .symptoms = S(MAPPING), .class = FAILURE_MODEL_NOT_LISTED },
		{ "codes", NULL, NULL, "{\"custom_error_codes_enabled\":true,"
		  "\"custom_error_codes\":[401]}", .plan = "error_codes",
		  .symptoms = S(ERROR_CODES),
		  .class = FAILURE_ERROR_CODES_HIDE },
		{ "unarmoured", .the = { .pool_mode = true },
		  .plan = "armour", .symptoms = S(POOL) },
		{ "repeats", NULL, NULL, "{\"pool_mode\":true}",
		  .the = { .pool_mode = true }, .plan = "armour",
		  .symptoms = S(POOL) },
		{ "armoured", NULL, NULL, "{\"pool_mode\":true,"
		  "\"pool_mode_retry_count\":0}",
		  .the = { .pool_mode = true }, .plan = "" },
		{ "much at once", "0.1.129", "{\"extra\":null,\"group_ids\":"
		  "[3]}", "{\"model_mapping\":{}}",
		  .plan = "raw_chat+regroup+models",
		  .symptoms = S(GROUPS) | S(CONVERTS) | S(MAPPING),
		  .class = FAILURE_GROUP_EMPTY },
		{ "once is enough", NULL, EXTRA("{}"),
		  .the = { .done = BIT(HOST_REPAIR_MODE) }, .plan = "",
		  .symptoms = S(CONVERTS), .class = FAILURE_RESPONSES_FORCED },
	};

	(void)state;
	try_rows(rows, COUNT(rows));
}

#define ERRED(off) "{\"status\":\"error\",\"schedulable\":" off "," \
	"\"error_message\":\"Authentication failed (401): no\"}"
#define LIMITED(at) "{\"rate_limit_reset_at\":\"2026-11-23T00:00:" at "Z\"}"

static void an_illness_is_recovered_when_its_cause_is_gone(void **state)
{
	static const struct row rows[] = {
		{ "error on 129", "0.1.129", ERRED("true"),
		  .plan = "recover", .symptoms = S(ERROR),
		  .class = FAILURE_ACCOUNT_ERROR },
		{ "error on 179", "0.1.179", ERRED("false"),
		  .plan = "recover enable", .symptoms = S(ERROR),
		  .class = FAILURE_ACCOUNT_ERROR },
		{ "just changed, 129", "0.1.129", ERRED("true"),
		  .the = { .changed_at = NOW - 200 }, .plan = "recover@1100",
		  .symptoms = S(ERROR), .class = FAILURE_ACCOUNT_ERROR },
		{ "just changed, 179", "0.1.179", BENCHED,
		  .the = { .changed_at = NOW }, .plan = "recover",
		  .symptoms = S(BENCHED), .class = FAILURE_ACCOUNT_BENCHED },
		{ "a clock that jumped", "0.1.129", BENCHED,
		  .the = { .changed_at = NOW + 99999 }, .plan = "recover",
		  .symptoms = S(BENCHED), .class = FAILURE_ACCOUNT_BENCHED },
		{ "shared, 129", "0.1.129", BENCHED, .the = { .shared = true },
		  .plan = "recover nudge@1300", .symptoms = S(BENCHED),
		  .class = FAILURE_ACCOUNT_BENCHED },
		{ "shared, 179", "0.1.179", BENCHED, .the = { .shared = true },
		  .plan = "recover", .symptoms = S(BENCHED),
		  .class = FAILURE_ACCOUNT_BENCHED },
		{ "converted and benched", "0.1.129",
		  "{\"extra\":{},\"temp_unschedulable_until\":"
		  "\"2026-11-23T00:08:00Z\"}", .plan = "raw_chat recover@1300",
		  .symptoms = S(CONVERTS) | S(BENCHED),
		  .class = FAILURE_RESPONSES_FORCED },
		{ "the provider still fails", NULL, ERRED("false"),
		  .the = { .direct_known = true,
			   .direct = FAILURE_KEY_INVALID }, .plan = "",
		  .symptoms = S(ERROR), .class = FAILURE_ACCOUNT_ERROR },
		{ "a short limit", NULL, LIMITED("05"), .plan = "wait@5000",
		  .symptoms = S(BENCHED), .class = FAILURE_ACCOUNT_BENCHED },
		{ "the same, shared", NULL, LIMITED("05"),
		  .the = { .shared = true }, .plan = "wait@5000 nudge@1300",
		  .symptoms = S(BENCHED), .class = FAILURE_ACCOUNT_BENCHED },
		{ "a long limit", NULL, LIMITED("55"), .plan = "recover",
		  .symptoms = S(BENCHED), .class = FAILURE_ACCOUNT_BENCHED },
		{ "a limit of the past", NULL,
		  "{\"rate_limit_reset_at\":\"2026-11-22T23:00:00Z\"}",
		  .plan = "" },
		{ "a model is out", NULL, EXTRA(
		  "{\"openai_responses_mode\":\"force_chat_completions\","
		  "\"model_rate_limits\":{\"m\":{\"rate_limit_reset_at\":"
		  "\"2026-11-23T00:20:00Z\"}}}"), .plan = "recover",
		  .symptoms = S(COOLING), .class = FAILURE_ACCOUNT_BENCHED },
		{ "stale", NULL, NULL,
		  .the = { .gateway = FAILURE_NO_ACCOUNT },
		  .plan = "nudge@1300", .symptoms = S(STALE),
		  .class = FAILURE_NO_ACCOUNT },
		{ "nudged in vain", NULL, NULL,
		  .the = { .gateway = FAILURE_NO_ACCOUNT,
			   .done = BIT(HOST_REPAIR_NUDGE) }, .plan = "",
		  .symptoms = S(STALE), .class = FAILURE_NO_ACCOUNT },
	};

	(void)state;
	try_rows(rows, COUNT(rows));
}

#define OFF "{\"schedulable\":false}"

static void what_a_person_decided_is_left_alone(void **state)
{
	static const struct row rows[] = {
		{ "switched off", NULL, OFF, .plan = "", .symptoms = S(OFF),
		  .class = FAILURE_ACCOUNT_OFF },
		{ "inactive", NULL, "{\"status\":\"inactive\"}", .plan = "",
		  .symptoms = S(OFF), .class = FAILURE_ACCOUNT_OFF },
		{ "off, and more besides", NULL, "{\"schedulable\":false,"
		  "\"extra\":{},\"group_ids\":[]}", .plan = "",
		  .symptoms = S(OFF) | S(GROUPS) | S(CONVERTS),
		  .class = FAILURE_ACCOUNT_OFF },
		{ "off before its error", NULL, ERRED("false"),
		  .last = "{\"status\":\"active\",\"schedulable\":false}",
		  .plan = "", .symptoms = S(OFF) | S(ERROR),
		  .class = FAILURE_ACCOUNT_OFF },
		{ "off on a host that never does that", "0.1.129",
		  ERRED("false"), .plan = "", .symptoms = S(OFF) | S(ERROR),
		  .class = FAILURE_ACCOUNT_OFF },
		{ "recovered by somebody, and still off", NULL, OFF,
		  .last = "{\"status\":\"error\",\"schedulable\":false}",
		  .plan = "recover enable", .symptoms = S(ERROR),
		  .class = FAILURE_ACCOUNT_ERROR },
		{ "made active by somebody, and still off", NULL,
		  "{\"schedulable\":false,\"error_message\":\"Payment\"}",
		  .plan = "recover enable", .symptoms = S(ERROR),
		  .class = FAILURE_ACCOUNT_ERROR },
		{ "off by us", "0.1.129", OFF, .the = { .off_by_us = true },
		  .plan = "recover enable@1300", .symptoms = S(ERROR),
		  .class = FAILURE_ACCOUNT_ERROR },
		{ "paused, and in error before", NULL,
		  "{\"schedulable\":false,\"error_message\":\"Payment\"}",
		  .the = { .paused = true, .off_by_us = true }, .plan = "",
		  .symptoms = S(OFF), .class = FAILURE_ACCOUNT_OFF },
		{ "off by us, and still refused", "0.1.129", OFF,
		  .the = { .off_by_us = true, .direct_known = true,
			   .direct = FAILURE_FORBIDDEN },
		  .plan = "", .symptoms = S(ERROR),
		  .class = FAILURE_ACCOUNT_ERROR },
		{ "another address", NULL, NULL,
		  "{\"base_url\":\"http://evil/v1\"}", .plan = "",
		  .symptoms = S(BASE_URL), .class = FAILURE_NOT_AS_WRITTEN },
		{ "another platform", NULL, "{\"platform\":\"kimi\","
		  "\"extra\":{}}", .plan = "",
		  .symptoms = S(KIND) | S(CONVERTS),
		  .class = FAILURE_RESPONSES_FORCED },
		{ "another model behind a name", NULL, NULL,
		  "{\"model_mapping\":{\"m\":\"cheap\",\"n\":\"n\"}}",
		  .plan = "", .symptoms = S(TARGETS),
		  .class = FAILURE_NOT_AS_WRITTEN },
	};

	(void)state;
	try_rows(rows, COUNT(rows));
}

/* A fingerprint but for its last digit. */
#define PRINT "0123456789abcdef0123456789abcde"

static void another_key_is_told_by_sight_or_by_what_it_does(void **state)
{
	static const struct row rows[] = {
		{ "seen", "0.1.126", "{\"credentials_status\":null}",
		  "{\"api_key\":\"" PRINT "1\"}", .the = { .key = PRINT "2" },
		  .plan = "", .symptoms = S(KEY),
		  .class = FAILURE_KEY_REPLACED },
		{ "seen, and ours", "0.1.126", "{\"credentials_status\":null}",
		  "{\"api_key\":\"" PRINT "2\"}",
		  .the = { .key = PRINT "2", .upstream_status = 401, DIRECT_GOOD },
		  .plan = "" },
		{ "in clear, which nobody looks at", "0.1.126",
		  "{\"credentials_status\":null}",
		  "{\"api_key\":\"sk-0123456789abcdef0123\"}",
		  .the = { .key = PRINT "2" }, .plan = "" },
		{ "refused, while ours is good", NULL, ERRED("false"),
		  .the = { .upstream_status = 401, DIRECT_GOOD }, .plan = "",
		  .symptoms = S(KEY) | S(ERROR),
		  .class = FAILURE_KEY_REPLACED },
		{ "an old error is tried once", NULL, ERRED("false"),
		  .the = { DIRECT_GOOD }, .plan = "recover enable",
		  .symptoms = S(ERROR), .class = FAILURE_ACCOUNT_ERROR },
		{ "and then it is the key", NULL, ERRED("false"),
		  .the = { .done = BIT(HOST_REPAIR_RECOVER), DIRECT_GOOD },
		  .plan = "", .symptoms = S(KEY) | S(ERROR),
		  .class = FAILURE_KEY_REPLACED },
		{ "a conversion explains a 401 as well", NULL,
		  "{\"extra\":{},\"status\":\"error\",\"schedulable\":false,"
		  "\"error_message\":\"Authentication failed (401): x\"}",
		  .the = { .upstream_status = 401, DIRECT_GOOD },
		  .plan = "raw_chat recover enable",
		  .symptoms = S(CONVERTS) | S(ERROR),
		  .class = FAILURE_RESPONSES_FORCED },
		{ "ours is refused too", NULL, ERRED("false"),
		  .the = { .upstream_status = 401, .direct_known = true,
			   .direct = FAILURE_KEY_INVALID }, .plan = "",
		  .symptoms = S(ERROR), .class = FAILURE_ACCOUNT_ERROR },
	};

	(void)state;
	try_rows(rows, COUNT(rows));
}

static void a_deleted_account_is_not_made_again_here(void **state)
{
	struct host_features features = host_features_of("0.1.129");
	const struct host_mend_case the = { .features = &features,
					    .inst = "ab12cd" };
	struct host_mend_plan plan = host_mend_plan(&the);

	(void)state;
	assert_int_equal(plan.symptoms, S(GONE));
	assert_int_equal(plan.class, FAILURE_GONE);
	assert_false(plan.ours);
}

/* ---- accounts of real hosts ---- */

static void recorded_accounts_are_understood(void **state)
{
	static const struct {
		const char *file;
		const char *wanted_extra;
		unsigned symptoms[3];
	} cases[] = {
		{ "60-up400-account-after", "force_chat_completions",
		  { 0, 0, 0 } },
		{ "60-up401-account-after", "force_chat_completions",
		  { S(ERROR), S(ERROR), S(ERROR) } },
		{ "60-up403-account-after", "force_chat_completions",
		  { S(BENCHED), S(BENCHED), S(BENCHED) } },
		{ "60-upmodel404-account-after", "force_chat_completions",
		  { 0, 0, S(COOLING) } },
		{ "62-recover-state-401", "force_chat_completions",
		  { 0, 0, S(OFF) } },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases) * 3; i++) {
		size_t v = i % 3;
		CLEANUP(answer_done) struct answer answer =
			recorded(versions[v], cases[i / 3].file);
		struct host_features features = host_features_of(versions[v]);
		AUTO_FREE char *text = xasprintf("{\"extra\":{\""
			"openai_responses_mode\":\"%s\"}}",
			cases[i / 3].wanted_extra);
		json_auto_t *wanted = json_loads(text, 0, NULL);
		struct host_mend_case the = {
			.features = &features, .wanted = wanted,
			.live = host_data(&answer), .inst = "ab12cd",
			.now = INT64_C(1795391000000),
		};
		struct host_mend_plan plan = host_mend_plan(&the);

		if (plan.symptoms != cases[i / 3].symptoms[v])
			fail_msg("%s %s: %x", versions[v], cases[i / 3].file,
				 plan.symptoms);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_a_bulk_update_can_do_is_one_call),
		cmocka_unit_test(
			an_illness_is_recovered_when_its_cause_is_gone),
		cmocka_unit_test(what_a_person_decided_is_left_alone),
		cmocka_unit_test(
			another_key_is_told_by_sight_or_by_what_it_does),
		cmocka_unit_test(a_deleted_account_is_not_made_again_here),
		cmocka_unit_test(recorded_accounts_are_understood),
	};

	return cmocka_run_group_tests_name("host_mend", tests, NULL, NULL);
}
