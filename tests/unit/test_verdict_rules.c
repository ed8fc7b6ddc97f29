#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "shared/table.h"
#include "shared/verdict_rules.h"

/* ---- one form for what is said ---- */

static void codes_and_texts_have_one_form(void **state)
{
	static const struct {
		const char *said, *form;
	} cases[] = {
		{ "InvalidApiKey", "invalid api key\n" },
		{ "invalid_api_key", "invalid api key\n" },
		{ "INVALID-API-KEY", "invalid api key\n" },
		{ "APIKeyInvalid", "api key invalid\n" },
		{ "IDs of APIs", "ids of apis\n" },
		{ "API 密钥 无效。请检查！", "api密钥无效\n请检查\n" },
		{ "ＡＰＩ　密钥：无效", "api密钥无效\n" },
		{ "It doesn't exist; you don’t know.",
		  "it doesnt exist\nyou dont know\n" },
		{ "`gpt-4.1`  is \"gone\"", "gpt 4.1 is gone\n" },
		{ "POST /v1/chat.", "post v1/chat\n" },
		{ "a\xff" "b\x01" "c", "a b c\n" },
		{ "", "" }, { " . ", "" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		CLEANUP(buf_done) struct buf out = { .max = 1000 };

		words_add(&out, cases[i].said);
		assert_string_equal(buf_str(&out), cases[i].form);
	}
}

static const struct words_set some_sets[] = {
	{ "key", "api key|token$|密钥" },
	{ "bad", "invalid|expired|无效" },
};
static const struct words_sets sets = { some_sets, COUNT(some_sets) };

static void phrases_are_found_within_a_sentence(void **state)
{
	static const struct {
		const char *said, *condition;
		bool matches;
	} cases[] = {
		{ "invalid api key", "{bad}..{key}", true },
		{ "the api key is invalid", "{bad}..{key}", false },
		{ "the api key is invalid", "{bad}..{key}|{key}..{bad}", true },
		{ "密钥已无效", "{key}..{bad}", true },
		{ "api key fine. model invalid", "{key}..{bad}", false },
		{ "api key abcdefghijklmnopqrstuvwxyz abcdefghijklmnopqrstuvwxyz"
		  " invalid", "{key}..{bad}", false },
		{ "invalid tokens", "invalid..token$", false },
		{ "invalid token", "invalid..token$", true },
		{ "monkey", "key", false },
		{ "key", "key", true }, { "keys", "key", true },
		{ "invalid key", "{bad}~key", true },
		{ "invalid old key", "{bad}~key", false },
		{ "quota of 60 per minute", "quota & per minute", true },
		{ "quota of 60 per day", "quota & per minute", false },
		{ "quota of 60 per minute", "quota & !per minute|rpm", false },
		{ "quota", "quota & !per minute|rpm", true },
		{ "a b a c", "a..c", true },
		{ "", "a", false }, { "", "!a", true },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		CLEANUP(buf_done) struct buf out = { .max = 1000 };

		words_add(&out, cases[i].said);
		if (words_match(buf_str(&out), cases[i].condition, &sets) !=
		    cases[i].matches)
			fail_msg("%s: %s", cases[i].said, cases[i].condition);
	}
}

/* ---- the tables ---- */

static void malformed_rows_are_refused_with_their_line(void **state)
{
	static const struct {
		const char *text, *why;
	} cases[] = {
		{ "# fine\n*\t*\t*\t-\t-\ttransient\n", "line 2: a row has" },
		{ "*\t*\t*\t-\t-\ttransient\t-\t\t\n", "line 1: a row has" },
		{ "*\t*\t*\t-\t-\tnonsense\t-\t\n", "no such class: nonsense" },
		{ "*\t4x\t*\t-\t-\ttransient\t-\t\n", "no such status: 4x" },
		{ "*\t500-400\t*\t-\t-\ttransient\t-\t\n", "no such status" },
		{ "*\t!\t*\t-\t-\ttransient\t-\t\n", "no such status" },
		{ "*\t\t*\t-\t-\ttransient\t-\t\n", "no such status" },
		{ "*\t*\txml\t-\t-\ttransient\t-\t\n", "no such form: xml" },
		{ "*\t*\t*\t-\t-\ttransient\tsoon\t\n", "no such wait: soon" },
		{ "*\t*\t*\t-\t-\ttransient\t-5\t\n", "no such wait" },
		{ "\t*\t*\t-\t-\ttransient\t-\t\n", "no such family" },
		{ "{who}\t*\t*\t-\t-\ttransient\t-\t\n", "no such family" },
		{ "*\t*\t*\t\t-\ttransient\t-\t\n", "an empty cell" },
		{ "*\t*\t*\t-\tInvalid Key\ttransient\t-\t\n", "not in the form" },
		{ "*\t*\t*\t-\ta||b\ttransient\t-\t\n", "empty or endless" },
		{ "*\t*\t*\t-\t..a\ttransient\t-\t\n", "empty or endless" },
		{ "*\t*\t*\t-\t{none}\ttransient\t-\t\n", "no set {none}" },
		{ "*\t*\t*\t-\t{none\ttransient\t-\t\n", "no set" },
		{ "@a\tb|\\\n\tc\n*\t*\n", "line 3: a row has" },
		{ "*\t*\\\n", "line 2: a row has" },
		{ "@lonely\n", "a set has a name" },
		{ "@\ta\n", "a set has a name" },
	};
	struct rules rules;
	struct err err;

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		assert_int_equal(rules_parse(&rules, cases[i].text, &err), -1);
		assert_int_equal(err.kind, ERR_INVALID);
		if (!strstr(err.msg, cases[i].why) ||
		    strncmp(err.msg, "line ", 5) != 0)
			fail_msg("%s: %s", cases[i].text, err.msg);
	}
}

static int class_of(const struct rules *rules, const char *provider,
		    int status, const char *body)
{
	struct signal signal;
	const struct row *row;

	signal_read(&signal, "application/json", body, strlen(body), NULL);
	row = rules_find(rules, &signal, provider, status);
	signal_done(&signal);
	return row ? (int)row->class : -1;
}

static void rows_ask_for_all_their_cells(void **state)
{
	static const char text[] =
		"@vendor\tzhipu|zai\n"
		"@key\tkey|\\\n\t  token\n"
		"{vendor}\t*\t*\t1113\t-\tquota_exhausted\tnever\tno money\n"
		"?\t429\t*\t1113\t-\toverloaded\t-\t\n"
		"*\t4xx|!404\tjson\tAuth*\tno~{key}\tkey_invalid\t7\t\n"
		"*\t*\tflat\t-\t-\tforbidden\t-\t\n"
		"*\t500-503|529\tempty\t-\t-\ttransient\twindow\t\n";
	CLEANUP(rules_done) struct rules rules = { 0 };
	struct err err;

	(void)state;
	if (rules_parse(&rules, text, &err))
		fail_msg("%s", err.msg);
	assert_int_equal(rules.nrows, 5);
	assert_int_equal(rules.rows[0].wait, ROW_WAIT_NEVER);
	assert_int_equal(rules.rows[2].seconds, 7);
	assert_int_equal(class_of(&rules, "ZAI-coding", 400,
				  "{\"error\":{\"code\":1113}}"),
			 FAILURE_QUOTA_EXHAUSTED);
	assert_int_equal(class_of(&rules, "zaire", 429,
				  "{\"error\":{\"code\":1113}}"), -1);
	assert_int_equal(class_of(&rules, NULL, 429,
				  "{\"error\":{\"code\":1113}}"),
			 FAILURE_OVERLOADED);
	assert_int_equal(class_of(&rules, NULL, 400, "{\"error\":{\"code\":"
				  "\"authFailed\",\"message\":\"no key\"}}"),
			 FAILURE_KEY_INVALID);
	assert_int_equal(class_of(&rules, NULL, 404, "{\"error\":{\"code\":"
				  "\"authFailed\",\"message\":\"no key\"}}"),
			 -1);
	assert_int_equal(class_of(&rules, NULL, 400, "{\"code\":\"X\"}"),
			 FAILURE_FORBIDDEN);
	assert_int_equal(class_of(&rules, NULL, 529, " \n"),
			 FAILURE_TRANSIENT);
	assert_int_equal(class_of(&rules, NULL, 530, ""), -1);
}

static void codes_may_have_open_ends(void **state)
{
	static const struct {
		const char *cell, *code;
		bool matches;
	} cases[] = {
		{ "Auth*", "AuthFailure.X", true }, { "Auth*", "NoAuth", false },
		{ "*_quota", "day_QUOTA", true }, { "*_quota", "day_quota_x", false },
		{ "*Sensitive*", "InputSensitiveText", true },
		{ "*Sensitive*", "Sensitive", true }, { "*Sensitive*", "Sense", false },
		{ "a|b", "b", true }, { "a|b", "ab", false }, { "aa*", "a", false },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		CLEANUP(rules_done) struct rules rules = { 0 };
		AUTO_FREE char *table = xasprintf(
			"*\t*\t*\t%s\t-\ttransient\t-\n", cases[i].cell);
		AUTO_FREE char *body = xasprintf("{\"code\":\"%s\"}",
						 cases[i].code);
		struct err err;

		assert_int_equal(rules_parse(&rules, table, &err), 0);
		assert_int_equal(class_of(&rules, NULL, 400, body),
				 cases[i].matches ? FAILURE_TRANSIENT : -1);
	}
}

/* What no row decides would be a class of nobody. */
static void the_tables_of_the_program_answer_for_every_status(void **state)
{
	const struct rules *providers = rules_of_providers();

	(void)state;
	assert_true(providers->nrows > 150);
	assert_true(rules_of_gateways()->nrows > 30);
	for (int status = 400; status < 600; status++)
		assert_true(class_of(providers, NULL, status, "{}") > 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(codes_and_texts_have_one_form),
		cmocka_unit_test(phrases_are_found_within_a_sentence),
		cmocka_unit_test(malformed_rows_are_refused_with_their_line),
		cmocka_unit_test(rows_ask_for_all_their_cells),
		cmocka_unit_test(codes_may_have_open_ends),
		cmocka_unit_test(
			the_tables_of_the_program_answer_for_every_status),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
