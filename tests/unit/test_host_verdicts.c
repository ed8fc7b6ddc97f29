/*
 * What a modelled host makes of each upstream status, for an account as it
 * is created, with custom error codes, and in pool mode: observed tables,
 * every cell.
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

#define LINE "group user login key "

/* Statuses of three requests in a row. */
struct three {
	int first;
	int second;
	int third;
};

#define SAME(status) { (status), (status), (status) }
#define THEN_503(status) { (status), 503, 503 }

/* What has become of the account: "": untouched. */
struct cell {
	struct three old;		/* 0.1.126 and 0.1.129 */
	struct three new;		/* 0.1.179 */
	const char *becomes;
};

struct verdict_row {
	const char *up;
	struct cell plain;
	struct cell codes;
	struct cell pool;
};

static const struct verdict_row verdict_rows[] = {
	{ "400", { SAME(400), SAME(400), "" }, { SAME(500), SAME(500), "" },
	  { SAME(400), SAME(400), "" } },
	{ "404", { SAME(404), SAME(404), "" }, { SAME(500), SAME(500), "" },
	  { SAME(404), SAME(404), "" } },
	{ "408", { SAME(408), SAME(408), "" }, { SAME(500), SAME(500), "" },
	  { SAME(408), SAME(408), "" } },
	{ "409", { SAME(409), SAME(409), "" }, { SAME(500), SAME(500), "" },
	  { SAME(409), SAME(409), "" } },
	{ "422", { SAME(422), SAME(422), "" }, { SAME(500), SAME(500), "" },
	  { SAME(422), SAME(422), "" } },
	{ "model404", { SAME(404), THEN_503(502), "" },
	  { SAME(500), SAME(500), "" }, { SAME(404), THEN_503(502), "" } },
	{ "405", { SAME(405), SAME(502), "" }, { SAME(500), SAME(502), "" },
	  { SAME(405), SAME(502), "" } },
	{ "413", { SAME(413), SAME(413), "" }, { SAME(500), SAME(413), "" },
	  { SAME(413), SAME(413), "" } },
	{ "401", { THEN_503(502), THEN_503(502), "error" },
	  { THEN_503(502), THEN_503(502), "error" },
	  { SAME(502), SAME(502), "" } },
	{ "402", { THEN_503(502), THEN_503(502), "error" },
	  { THEN_503(502), THEN_503(502), "error" },
	  { SAME(502), SAME(502), "" } },
	{ "403", { THEN_503(502), THEN_503(502), "bench" },
	  { SAME(502), SAME(502), "" }, { SAME(502), SAME(502), "" } },
	{ "429", { THEN_503(429), THEN_503(429), "limit" },
	  { THEN_503(429), THEN_503(429), "limit" },
	  { SAME(429), SAME(429), "" } },
	{ "500", { SAME(502), { 502, 502, 503 }, "" },
	  { SAME(502), { 502, 502, 503 }, "" },
	  { SAME(502), { 502, 502, 503 }, "" } },
	{ "502", { SAME(502), { 502, 502, 503 }, "" },
	  { SAME(502), { 502, 502, 503 }, "" },
	  { SAME(502), { 502, 502, 503 }, "" } },
	{ "503", { SAME(502), { 502, 502, 503 }, "" },
	  { SAME(502), { 502, 502, 503 }, "" },
	  { SAME(502), { 502, 502, 503 }, "" } },
	{ "504", { SAME(502), { 502, 502, 503 }, "" },
	  { SAME(502), { 502, 502, 503 }, "" },
	  { SAME(502), { 502, 502, 503 }, "" } },
	{ "501", { SAME(502), SAME(502), "" }, { SAME(502), SAME(502), "" },
	  { SAME(502), SAME(502), "" } },
	{ "529", { SAME(503), SAME(503), "overload" },
	  { SAME(503), SAME(503), "" }, { SAME(503), SAME(503), "" } },
	{ "html403", { THEN_503(502), SAME(502), "html" },
	  { SAME(502), SAME(502), "" }, { SAME(502), SAME(502), "" } },
	{ "reset", { SAME(502), SAME(502), "" }, { SAME(502), SAME(502), "" },
	  { SAME(502), SAME(502), "" } },
	{ "html200", { SAME(200), SAME(200), "" }, { SAME(200), SAME(200), "" },
	  { SAME(200), SAME(200), "" } },
};

static bool is_set(const json_t *account, const char *name)
{
	return json_is_string(json_object_get(account, name));
}

/* What is wrong with the account, in one word; "" if nothing. */
static const char *word_for(const json_t *account)
{
	if (strcmp(json_string_value(json_object_get(account, "status")),
		   "error") == 0)
		return "error";
	if (is_set(account, "temp_unschedulable_until"))
		return "bench";
	if (is_set(account, "overload_until"))
		return "overload";
	return is_set(account, "rate_limit_reset_at") ? "limit" : "";
}

static const char *word_wanted(const char *becomes, enum host_version version)
{
	if (strcmp(becomes, "html") != 0)
		return becomes;
	return version == HOST_0_1_179 ? "" : "bench";
}

static void try_cell(const char *up, const char *kind,
		     const struct cell *cell, enum host_version version)
{
	AUTO_FREE char *words = xasprintf(LINE "account=%s wait=2000 up=%s",
					  kind, up);
	struct host_stage *stage = stage_of(version, words);
	const struct three *wanted = version == HOST_0_1_179 ? &cell->new
							     : &cell->old;
	struct three got;
	json_auto_t *account = NULL;

	got.first = stage_chat(stage);
	got.second = stage_chat(stage);
	got.third = stage_chat(stage);
	account = stage_account(stage);
	if (memcmp(&got, wanted, sizeof(got)) != 0)
		fail_msg("%s, %s, upstream %s: %d %d %d",
			 host_version_name(version), kind, up, got.first,
			 got.second, got.third);
	if (strcmp(word_for(account),
		   word_wanted(cell->becomes, version)) != 0)
		fail_msg("%s, %s, upstream %s: the account becomes \"%s\"",
			 host_version_name(version), kind, up,
			 word_for(account));
	stage_finish(stage);
}

static void every_upstream_status_means_what_was_seen(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(verdict_rows); i++) {
		const struct verdict_row *row = &verdict_rows[i];

		for (int v = 0; v < HOST_VERSION__MAX; v++) {
			enum host_version version = (enum host_version)v;

			try_cell(row->up, "forced", &row->plain, version);
			try_cell(row->up, "codes", &row->codes, version);
			try_cell(row->up, "pool", &row->pool, version);
		}
	}
}

/* 3 repeats of half a second each, unless the count says otherwise. */
static void a_pool_without_a_count_repeats(void **state)
{
	struct host_stage *stage = stage_of(HOST_0_1_129,
		LINE "account=forced wait=2000 up=403");
	int64_t before;

	(void)state;
	assert_true(host_stage_bulk(stage,
				    "\"credentials\":{\"pool_mode\":true}"));
	host_driver_wait(stage->driver, 1500);
	before = host_driver_now(stage->driver);
	assert_int_equal(stage_chat(stage), 502);
	assert_in_range(host_driver_now(stage->driver) - before, 1500, 1700);
	assert_int_equal(stage->mock.chat_calls, 4);
	stage_finish(stage);
}

static void pool_mode_works_at_once_and_fails_over(void **state)
{
	struct host_stage *stage = stage_of(HOST_0_1_129,
		LINE "account=pool account=forced wait=2000");
	json_auto_t *account = NULL;

	(void)state;
	assert_true(host_stage_bulk(stage, "\"credentials\":{\"pool_mode\":"
		"true,\"pool_mode_retry_count\":0}"));
	stage_set(stage, "wait=1100 up=403");
	assert_int_equal(stage_chat(stage), 502);
	assert_int_equal(stage->mock.chat_calls, 2);
	account = stage_account(stage);
	assert_string_equal(word_for(account), "");
	stage_finish(stage);
}

static void codes_win_over_the_pool(void **state)
{
	struct host_stage *stage = stage_of(HOST_0_1_129,
		LINE "account=codes wait=2000 up=401");

	(void)state;
	assert_true(host_stage_bulk(stage, "\"credentials\":{\"pool_mode\":"
		"true,\"pool_mode_retry_count\":0}"));
	host_driver_wait(stage->driver, 1100);
	assert_int_equal(stage_chat(stage), 502);
	assert_true(stage_account_is(stage, "status", "error"));
	stage_finish(stage);
}

static void a_listed_404_or_an_empty_list_disables(void **state)
{
	static const struct {
		const char *list;
		const char *up;
		const char *message;
	} rows[] = {
		{ "[401,404]", "404", "Custom error code 404: Not Found" },
		{ "[]", "500", "Custom error code 500: "
		  "Internal upstream error" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		AUTO_FREE char *words = xasprintf(
			LINE "account=codes wait=2000 up=%s", rows[i].up);
		AUTO_FREE char *update = xasprintf("\"credentials\":{"
			"\"custom_error_codes\":%s}", rows[i].list);
		struct host_stage *stage = stage_of(HOST_0_1_129, words);

		assert_true(host_stage_bulk(stage, update));
		host_driver_wait(stage->driver, 1100);
		stage_chat(stage);
		assert_true(stage_account_is(stage, "status", "error"));
		assert_true(stage_account_is(stage, "error_message",
					     rows[i].message));
		stage_finish(stage);
	}
}

static void a_missing_model_rests_for_itself(void **state)
{
	struct host_stage *stage = stage_of(HOST_0_1_179,
		LINE "account=mapped wait=2000 up=model404");
	json_auto_t *account = NULL;
	const json_t *limit;

	(void)state;
	assert_int_equal(stage_chat_with(stage, "pub-a"), 502);
	stage_set(stage, "up=ok");
	assert_int_equal(stage_chat_with(stage, "pub-a"), 503);
	assert_int_equal(stage_chat_with(stage, "pub-b"), 200);
	account = stage_account(stage);
	limit = json_object_get(json_object_get(json_object_get(
		account, "extra"), "model_rate_limits"), "pub-a");
	assert_string_equal(json_string_value(json_object_get(
		limit, "reason")), "upstream_404_model_not_found");
	host_driver_wait(stage->driver, 31 * 60 * 1000);
	assert_int_equal(stage_chat_with(stage, "pub-a"), 200);
	stage_finish(stage);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_upstream_status_means_what_was_seen),
		cmocka_unit_test(a_pool_without_a_count_repeats),
		cmocka_unit_test(pool_mode_works_at_once_and_fails_over),
		cmocka_unit_test(codes_win_over_the_pool),
		cmocka_unit_test(a_listed_404_or_an_empty_list_disables),
		cmocka_unit_test(a_missing_model_rests_for_itself),
	};

	return cmocka_run_group_tests_name("host verdicts", tests, NULL,
					   NULL);
}
