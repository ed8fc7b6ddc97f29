/*
 * The log of what upstreams did wrong, by which the real status of a
 * failure is found behind the one that the client got.
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

#define OPS "/api/v1/admin/ops/upstream-errors"
#define LINE "group user login key account=forced wait=2000 "

/* The rows that a query finds; a new reference. */
static json_t *find(struct host_stage *stage, const char *query)
{
	AUTO_FREE char *path = xasprintf(OPS "?%s", query);
	json_auto_t *answer = host_stage_ask(stage, "GET", path,
					     stage->admin_token, NULL);
	const json_t *data = json_object_get(answer, "data");
	json_t *items = json_object_get(data, "items");

	assert_int_equal(json_integer_value(json_object_get(data, "total")),
			 json_array_size(items));
	return json_incref(items);
}

static json_t *show(struct host_stage *stage, const json_t *row)
{
	AUTO_FREE char *path = xasprintf(OPS "/%" JSON_INTEGER_FORMAT,
		json_integer_value(json_object_get(row, "id")));
	json_auto_t *answer = host_stage_ask(stage, "GET", path,
					     stage->admin_token, NULL);

	return json_incref(json_object_get(answer, "data"));
}

static const char *text(const json_t *row, const char *name)
{
	const char *value = json_string_value(json_object_get(row, name));

	assert_non_null(value);
	return value;
}

static void a_failure_is_found_by_its_request_id_a_little_later(void **state)
{
	(void)state;
	for (uint64_t seed = 1; seed <= 20; seed++) {
		AUTO_FREE char *words = xasprintf("seed=%" PRIu64 " " LINE
			"up=403 chat-as=crm-probe-1", seed);
		struct host_stage *stage = stage_of(HOST_0_1_129, words);
		int64_t waited = 0;
		json_t *rows = find(stage, "q=crm-probe-1");

		assert_int_equal(json_array_size(rows), 0);
		while (json_array_size(rows) == 0) {
			json_decref(rows);
			host_driver_wait(stage->driver, 20);
			waited += 20;
			rows = find(stage, "q=crm-probe-1");
			assert_true(waited < 1500);
		}
		assert_true(waited >= 150);
		json_decref(rows);
		stage_finish(stage);
	}
}

static void the_row_has_the_status_that_the_client_did_not_see(void **state)
{
	static const struct {
		const char *up;
		int status;
		const char *message;
	} rows[] = {
		{ "401", 401, "Incorrect API key provided" },
		{ "402", 402, "Insufficient Balance" },
		{ "403", 403, "Access denied for this endpoint" },
		{ "404", 404, "Not Found" },
		{ "422", 422, "Unprocessable" },
		{ "429", 429, "Rate limit reached" },
		{ "500", 500, "Internal upstream error" },
		{ "529", 529, "Overloaded" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		AUTO_FREE char *words = xasprintf(LINE "up=%s chat-as=crm-x "
			"wait=1300", rows[i].up);
		struct host_stage *stage = stage_of(HOST_0_1_179, words);
		json_auto_t *found = find(stage, "q=crm-x");
		json_auto_t *whole = show(stage, json_array_get(found, 0));

		assert_int_equal(json_array_size(found), 1);
		assert_int_equal(json_integer_value(json_object_get(
			whole, "status_code")), rows[i].status);
		assert_int_equal(json_integer_value(json_object_get(
			whole, "upstream_status_code")), rows[i].status);
		assert_string_equal(text(whole, "upstream_error_message"),
				    rows[i].message);
		assert_non_null(strstr(text(whole, "upstream_error_detail"),
				       rows[i].message));
		assert_string_equal(text(whole, "upstream_endpoint"),
				    "/v1/responses");
		stage_finish(stage);
	}
}

static void what_the_codes_hide_is_in_the_log(void **state)
{
	struct host_stage *stage = stage_of(HOST_0_1_129,
		"group user login key account=codes wait=2000 up=422 "
		"chat-as=crm-y wait=1300");
	json_auto_t *found = find(stage, "q=crm-y");
	const json_t *row = json_array_get(found, 0);

	(void)state;
	assert_int_equal(json_integer_value(json_object_get(
		row, "status_code")), 422);
	assert_string_equal(text(row, "message"), "Upstream gateway error");
	stage_finish(stage);
}

static void a_silent_upstream_has_no_status(void **state)
{
	struct host_stage *stage = stage_of(HOST_0_1_129, LINE
		"up=refused chat-as=crm-z wait=1300");
	json_auto_t *found = find(stage, "q=crm-z");
	json_auto_t *whole = show(stage, json_array_get(found, 0));

	(void)state;
	assert_true(json_is_null(json_object_get(
		whole, "upstream_status_code")));
	assert_int_equal(json_integer_value(json_object_get(
		whole, "status_code")), 502);
	assert_non_null(strstr(text(whole, "upstream_error_message"),
			       "connection refused"));
	stage_finish(stage);
}

static void what_went_well_or_never_left_is_not_logged(void **state)
{
	struct host_stage *stage = stage_of(HOST_0_1_129, LINE
		"chat-as=crm-fine up=403 chat-as=crm-first chat-as=crm-benched "
		"wait=1300");
	json_auto_t *fine = find(stage, "q=crm-fine");
	json_auto_t *benched = find(stage, "q=crm-benched");
	json_auto_t *all = find(stage, "page_size=5");
	json_auto_t *other = find(stage, "account_id=4711");

	(void)state;
	assert_int_equal(json_array_size(fine), 0);
	assert_int_equal(json_array_size(benched), 0);
	assert_int_equal(json_array_size(all), 1);
	assert_int_equal(json_array_size(other), 0);
	stage_finish(stage);
}

static void the_list_goes_back_an_hour(void **state)
{
	struct host_stage *stage = stage_of(HOST_0_1_129, LINE
		"up=403 chat-as=crm-old wait=3700000");
	json_auto_t *recent = find(stage, "q=crm-old");
	json_auto_t *all = find(stage, "q=crm-old&time_range=24h");

	(void)state;
	assert_int_equal(json_array_size(recent), 0);
	assert_int_equal(json_array_size(all), 1);
	stage_finish(stage);
}

static void an_unknown_row_is_not_found(void **state)
{
	struct host_stage *stage = stage_of(HOST_0_1_129, "");
	int status;

	(void)state;
	json_decref(host_stage_ask_status(stage, "GET", OPS "/99",
					  stage->admin_token, NULL, &status));
	assert_int_equal(status, 404);
	json_decref(host_stage_ask_status(stage, "GET", OPS, NULL, NULL,
					  &status));
	assert_int_equal(status, 401);
	stage_finish(stage);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
			a_failure_is_found_by_its_request_id_a_little_later),
		cmocka_unit_test(
			the_row_has_the_status_that_the_client_did_not_see),
		cmocka_unit_test(what_the_codes_hide_is_in_the_log),
		cmocka_unit_test(a_silent_upstream_has_no_status),
		cmocka_unit_test(what_went_well_or_never_left_is_not_logged),
		cmocka_unit_test(the_list_goes_back_an_hour),
		cmocka_unit_test(an_unknown_row_is_not_found),
	};

	return cmocka_run_group_tests_name("host ops", tests, NULL, NULL);
}
