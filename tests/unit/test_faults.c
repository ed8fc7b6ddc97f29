#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include <jansson.h>

#include "shared/table.h"
#include "tests/model/faults.h"

static enum fault_kind met(struct faults *faults, const char *method,
			   const char *target)
{
	CLEANUP(model_request_done) struct model_request request = {
		.method = xstrdup(method),
		.target = xstrdup(target),
	};
	const struct fault_rule *rule = faults_match(faults, &request);

	return rule ? rule->kind : FAULT_NONE;
}

static const char *add(struct faults *faults, const char *text)
{
	json_auto_t *rules = json_loads(text, 0, NULL);

	assert_non_null(rules);
	return faults_add_json(faults, rules);
}

static void an_empty_script_lets_everything_pass(void **state)
{
	CLEANUP(faults_free) struct faults *faults = faults_new();

	(void)state;
	assert_int_equal(met(faults, "GET", "/"), FAULT_NONE);
}

static void a_rule_hits_by_method_and_prefix(void **state)
{
	CLEANUP(faults_free) struct faults *faults = faults_new();

	(void)state;
	assert_null(add(faults, "[{\"kind\":\"reset\",\"method\":\"POST\","
			"\"path\":\"/v1/chat\"}]"));
	assert_int_equal(met(faults, "GET", "/v1/chat"), FAULT_NONE);
	assert_int_equal(met(faults, "POST", "/v1/models"), FAULT_NONE);
	assert_int_equal(met(faults, "POST", "/v1/chat/completions"),
			 FAULT_RESET);
	assert_int_equal(met(faults, "POST", "http://127.0.0.1:1/v1/chat?a"),
			 FAULT_RESET);
}

static void a_rule_skips_then_hits_then_ends(void **state)
{
	CLEANUP(faults_free) struct faults *faults = faults_new();
	static const enum fault_kind wanted[] = {
		FAULT_NONE, FAULT_NONE, FAULT_LOST, FAULT_LOST, FAULT_LOST,
		FAULT_NONE, FAULT_NONE,
	};

	(void)state;
	assert_null(add(faults,
			"[{\"kind\":\"lost\",\"skip\":2,\"count\":3}]"));
	for (size_t i = 0; i < COUNT(wanted); i++)
		assert_int_equal(met(faults, "GET", "/"), wanted[i]);
}

static void the_first_rule_that_is_due_wins(void **state)
{
	CLEANUP(faults_free) struct faults *faults = faults_new();

	(void)state;
	assert_null(add(faults, "[{\"kind\":\"cut\",\"count\":1},"
			"{\"kind\":\"hang\",\"count\":1}]"));
	assert_int_equal(met(faults, "GET", "/"), FAULT_CUT);
	assert_int_equal(met(faults, "GET", "/"), FAULT_HANG);
	assert_int_equal(met(faults, "GET", "/"), FAULT_NONE);
}

static void a_cleared_script_is_as_new(void **state)
{
	CLEANUP(faults_free) struct faults *faults = faults_new();

	(void)state;
	faults_add(faults, &(struct fault_rule){ .kind = FAULT_TWICE });
	assert_int_equal(met(faults, "GET", "/"), FAULT_TWICE);
	faults_clear(faults);
	assert_int_equal(met(faults, "GET", "/"), FAULT_NONE);
}

static void a_wrong_script_is_refused_as_a_whole(void **state)
{
	CLEANUP(faults_free) struct faults *faults = faults_new();
	static const char *const wrong[] = {
		"{}",
		"[1]",
		"[{}]",
		"[{\"kind\":\"explode\"}]",
		"[{\"kind\":\"cut\",\"pth\":\"/\"}]",
		"[{\"kind\":\"cut\",\"path\":1}]",
		"[{\"kind\":\"cut\",\"skip\":-1}]",
		"[{\"kind\":\"cut\",\"count\":-1}]",
		"[{\"kind\":\"status\"}]",
		"[{\"kind\":\"status\",\"status\":99}]",
		"[{\"kind\":\"delay\"}]",
		"[{\"kind\":\"reset\"},{\"kind\":\"explode\"}]",
	};

	(void)state;
	for (size_t i = 0; i < COUNT(wrong); i++)
		assert_non_null(add(faults, wrong[i]));
	assert_int_equal(met(faults, "GET", "/"), FAULT_NONE);
}

static void a_status_rule_replaces_the_answer(void **state)
{
	CLEANUP(model_answer_done) struct model_answer answer = { 0 };
	AUTO_FREE char *body = xstrdup("<p>down</p>");
	struct fault_rule rule = {
		.kind = FAULT_STATUS,
		.status = 503,
		.body = body,
		.delay_ms = 7,
	};

	(void)state;
	fault_apply(&rule, &answer);
	assert_int_equal(answer.end, MODEL_END_COMPLETE);
	assert_int_equal(answer.status, 503);
	assert_int_equal(answer.delay_ms, 7);
	assert_string_equal(answer.body, "<p>down</p>");
	assert_string_equal(model_answer_header(&answer, "content-type"),
			    "text/html");
}

static void every_kind_changes_the_answer_as_it_says(void **state)
{
	static const struct {
		enum fault_kind kind;
		enum model_end end;
		int status;
		const char *body;
	} rows[] = {
		{ FAULT_NONE,  MODEL_END_COMPLETE, 201, "[1,2]" },
		{ FAULT_DELAY, MODEL_END_COMPLETE, 201, "[1,2]" },
		{ FAULT_TWICE, MODEL_END_COMPLETE, 201, "[1,2]" },
		{ FAULT_CUT,   MODEL_END_CUT,      201, "[1" },
		{ FAULT_LOST,  MODEL_END_RESET,    0,   "" },
		{ FAULT_RESET, MODEL_END_RESET,    0,   "" },
		{ FAULT_HANG,  MODEL_END_HANG,     0,   "" },
		{ FAULT_HALF,  MODEL_END_COMPLETE, 201, "[1" },
		{ FAULT_ABANDON, MODEL_END_RESET,  0,   "" },
		{ FAULT_ABANDON_EARLY, MODEL_END_RESET, 0, "" },
		{ FAULT_INSERTED, MODEL_END_COMPLETE, 201, "[1,2]" },
		{ FAULT_REMOVED, MODEL_END_COMPLETE, 201, "[1,2]" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		CLEANUP(model_answer_done) struct model_answer answer = { 0 };
		struct fault_rule rule = { .kind = rows[i].kind,
					   .delay_ms = 30 };

		model_answer_set(&answer, 201, "application/json", "[1,2]");
		answer.delay_ms = 5;
		fault_apply(&rule, &answer);
		assert_int_equal(answer.end, rows[i].end);
		assert_int_equal(answer.status, rows[i].status);
		assert_string_equal(answer.body, rows[i].body);
		assert_int_equal(answer.body_len, strlen(rows[i].body));
		assert_int_equal(answer.delay_ms, 35);
	}
}

static void garbage_is_no_json(void **state)
{
	CLEANUP(model_answer_done) struct model_answer answer = { 0 };
	struct fault_rule rule = { .kind = FAULT_GARBAGE };

	(void)state;
	model_answer_set(&answer, 201, "application/json", "[1,2]");
	fault_apply(&rule, &answer);
	assert_int_equal(answer.status, 200);
	assert_null(json_loadb(answer.body, answer.body_len, 0, NULL));
}

static void a_pattern_may_stand_for_the_middle_of_a_path(void **state)
{
	CLEANUP(faults_free) struct faults *faults = faults_new();

	(void)state;
	assert_null(add(faults, "[{\"kind\":\"hang\","
			"\"path\":\"/admin/accounts/*/test*\"}]"));
	assert_int_equal(met(faults, "POST", "/admin/accounts/7/test"),
			 FAULT_HANG);
	assert_int_equal(met(faults, "POST", "/admin/accounts/7/test?a=b"),
			 FAULT_HANG);
	assert_int_equal(met(faults, "POST", "/admin/accounts/7"),
			 FAULT_NONE);
}

static void a_rewriting_kind_changes_the_json_and_nothing_else(void **state)
{
	static const struct {
		enum fault_kind kind;
		const char *before;
		const char *after;
	} rows[] = {
		{ FAULT_NULLS, "{\"data\":{\"items\":[],\"n\":[[]]}}",
		  "{\"data\":{\"items\":null,\"n\":[[]]}}" },
		{ FAULT_CODE_TEXT, "{\"code\":404,\"data\":{\"code\":0}}",
		  "{\"code\":\"404\",\"data\":{\"code\":\"0\"}}" },
		{ FAULT_CODE_NUMBER, "{\"code\":\"FORBIDDEN\"}",
		  "{\"code\":1}" },
		{ FAULT_NULLS, "no json", "no json" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		CLEANUP(model_answer_done) struct model_answer answer = { 0 };
		struct fault_rule rule = { .kind = rows[i].kind };

		model_answer_set(&answer, 404, "application/json",
				 rows[i].before);
		fault_apply(&rule, &answer);
		assert_int_equal(answer.status, 404);
		assert_string_equal(answer.body, rows[i].after);
		assert_int_equal(answer.body_len, strlen(rows[i].after));
	}
}

static void html_stands_in_the_place_of_json(void **state)
{
	CLEANUP(model_answer_done) struct model_answer answer = { 0 };
	struct fault_rule rule = { .kind = FAULT_HTML };

	(void)state;
	model_answer_set(&answer, 201, "application/json", "[1,2]");
	fault_apply(&rule, &answer);
	assert_int_equal(answer.status, 200);
	assert_int_equal(strncmp(model_answer_header(&answer, "Content-Type"),
				 "text/html", 9), 0);
}

static void only_what_the_model_must_know_marks_a_request(void **state)
{
	static const struct {
		enum fault_kind kind;
		const char *name;
		const char *value;
	} rows[] = {
		{ FAULT_ABANDON, FAULT_HEADER_ABANDONED, "made" },
		{ FAULT_ABANDON_EARLY, FAULT_HEADER_ABANDONED, "unmade" },
		{ FAULT_INSERTED, FAULT_HEADER_SHIFT, "-1" },
		{ FAULT_REMOVED, FAULT_HEADER_SHIFT, "1" },
	};

	(void)state;
	for (int kind = 0; kind < FAULT_KIND__MAX; kind++) {
		CLEANUP(model_request_done) struct model_request request = {
			.body = xstrdup(""),
		};
		struct fault_rule rule = { .kind = (enum fault_kind)kind };
		size_t i = 0;

		fault_mark(&rule, &request);
		while (i < COUNT(rows) && (int)rows[i].kind != kind)
			i++;
		assert_int_equal(request.nheaders, i < COUNT(rows));
		if (i < COUNT(rows))
			assert_string_equal(model_request_header(
				&request, rows[i].name), rows[i].value);
	}
}

static void what_never_came_cannot_be_cut(void **state)
{
	CLEANUP(model_answer_done) struct model_answer answer = {
		.end = MODEL_END_HANG,
	};
	struct fault_rule rule = { .kind = FAULT_CUT };

	(void)state;
	fault_apply(&rule, &answer);
	assert_int_equal(answer.end, MODEL_END_HANG);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_empty_script_lets_everything_pass),
		cmocka_unit_test(a_rule_hits_by_method_and_prefix),
		cmocka_unit_test(a_rule_skips_then_hits_then_ends),
		cmocka_unit_test(
			the_first_rule_that_is_due_wins),
		cmocka_unit_test(a_cleared_script_is_as_new),
		cmocka_unit_test(a_wrong_script_is_refused_as_a_whole),
		cmocka_unit_test(a_status_rule_replaces_the_answer),
		cmocka_unit_test(every_kind_changes_the_answer_as_it_says),
		cmocka_unit_test(garbage_is_no_json),
		cmocka_unit_test(a_pattern_may_stand_for_the_middle_of_a_path),
		cmocka_unit_test(
			a_rewriting_kind_changes_the_json_and_nothing_else),
		cmocka_unit_test(html_stands_in_the_place_of_json),
		cmocka_unit_test(only_what_the_model_must_know_marks_a_request),
		cmocka_unit_test(what_never_came_cannot_be_cut),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
