/*
 * Channels of a modelled host: whom they keep from which models.
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

#define CHANNELS "/api/v1/admin/channels"
#define LINE "group user login key account=forced wait=2000"

static int ask(struct host_stage *stage, const char *method,
	       const char *path, const char *body)
{
	int status;

	json_decref(host_stage_ask_status(stage, method, path,
					  stage->admin_token, body, &status));
	return status;
}

static int make(struct host_stage *stage, const char *rest)
{
	AUTO_FREE char *body = xasprintf(
		"{\"name\":\"c\",\"group_ids\":[%" PRId64 "]%s}",
		host_stage_group(stage), rest);

	return ask(stage, "POST", CHANNELS, body);
}

#define PRICED(platform, models) \
	",\"restrict_models\":true,\"model_pricing\":[{" platform \
	"\"models\":[" models "],\"input_price\":0.000001}]"

static void only_a_price_for_openai_opens_a_restricted_channel(void **state)
{
	static const struct {
		const char *rest;
		int status;
	} rows[] = {
		{ "", 200 },
		{ ",\"restrict_models\":true", 503 },
		{ PRICED("\"platform\":\"openai\",", "\"mock-a\""), 200 },
		{ PRICED("\"platform\":\"openai\",", "\"mock-*\""), 200 },
		{ PRICED("\"platform\":\"openai\",", "\"other\""), 503 },
		{ PRICED("", "\"mock-a\""), 503 },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		for (int v = 0; v < HOST_VERSION__MAX; v++) {
			struct host_stage *stage = stage_of(
				(enum host_version)v, LINE);

			assert_int_equal(make(stage, rows[i].rest), 200);
			assert_int_equal(stage_chat(stage), rows[i].status);
			stage_finish(stage);
		}
	}
}

static void a_channel_is_shown_changed_and_deleted(void **state)
{
	struct host_stage *stage = stage_of(HOST_0_1_129, LINE);

	(void)state;
	assert_int_equal(make(stage, ",\"restrict_models\":true"), 200);
	assert_int_equal(ask(stage, "GET", CHANNELS "/1", NULL), 200);
	assert_int_equal(ask(stage, "GET", CHANNELS "/2", NULL), 404);
	assert_int_equal(stage_chat(stage), 503);
	assert_int_equal(ask(stage, "PUT", CHANNELS "/1",
			     "{\"status\":\"inactive\"}"), 400);
	assert_int_equal(ask(stage, "PUT", CHANNELS "/1",
			     "{\"status\":\"disabled\"}"), 200);
	assert_int_equal(stage_chat(stage), 200);
	assert_int_equal(ask(stage, "PUT", CHANNELS "/1",
			     "{\"status\":\"active\"}"), 200);
	assert_int_equal(stage_chat(stage), 503);
	assert_int_equal(ask(stage, "PUT", CHANNELS "/1",
			     "{\"restrict_models\":false}"), 200);
	assert_int_equal(stage_chat(stage), 200);
	assert_int_equal(ask(stage, "DELETE", CHANNELS "/1", NULL), 200);
	assert_int_equal(ask(stage, "DELETE", CHANNELS "/1", NULL), 404);
	stage_finish(stage);
}

static void a_group_has_one_channel(void **state)
{
	struct host_stage *stage = stage_of(HOST_0_1_129, LINE);
	AUTO_FREE char *body = xasprintf("{\"group_ids\":[%" PRId64 "]}",
					 host_stage_group(stage));

	(void)state;
	assert_int_equal(make(stage, ""), 200);
	assert_int_equal(make(stage, ""), 409);
	assert_int_equal(ask(stage, "POST", CHANNELS, "{\"name\":\"d\"}"),
			 200);
	assert_int_equal(ask(stage, "PUT", CHANNELS "/2", body), 409);
	assert_int_equal(ask(stage, "PUT", CHANNELS "/1", body), 200);
	stage_finish(stage);
}

/* So that a create whose answer was lost is told from somebody's channel. */
static void a_name_is_compared_before_the_groups(void **state)
{
	struct host_stage *stage = stage_of(HOST_0_1_129, LINE);
	AUTO_FREE char *body = xasprintf("{\"name\":\"d\",\"group_ids\":"
					 "[%" PRId64 "]}",
					 host_stage_group(stage));
	json_auto_t *answer = NULL;

	(void)state;
	assert_int_equal(ask(stage, "POST", CHANNELS, body), 200);
	answer = host_stage_ask(stage, "POST", CHANNELS, stage->admin_token,
				body);
	assert_string_equal(json_string_value(json_object_get(answer,
							      "reason")),
			    "CHANNEL_EXISTS");
	assert_int_equal(ask(stage, "POST", CHANNELS, "{\"name\":\"d\"}"),
			 409);
	assert_int_equal(ask(stage, "POST", CHANNELS, "{\"name\":\"e\"}"),
			 200);
	assert_int_equal(ask(stage, "PUT", CHANNELS "/2",
			     "{\"name\":\"d\"}"), 409);
	assert_int_equal(ask(stage, "PUT", CHANNELS "/2",
			     "{\"name\":\"e\"}"), 200);
	stage_finish(stage);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
			only_a_price_for_openai_opens_a_restricted_channel),
		cmocka_unit_test(a_channel_is_shown_changed_and_deleted),
		cmocka_unit_test(a_group_has_one_channel),
		cmocka_unit_test(a_name_is_compared_before_the_groups),
	};

	return cmocka_run_group_tests_name("host channels", tests, NULL,
					   NULL);
}
