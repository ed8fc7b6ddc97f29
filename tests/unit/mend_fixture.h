/*
 * mend_fixture: accounts with something wrong, and what is to come of it.
 */
#ifndef TESTS_UNIT_MEND_FIXTURE_H
#define TESTS_UNIT_MEND_FIXTURE_H

#include "tests/unit/recorded.h"
#include "tests/unit/host_request.h"

#include "schedd/host/mend.h"

#define NOW INT64_C(1795392000000)	/* 2026-11-23T00:00:00Z */
#define BIT(n) (1u << (n))

#define WANTED "{\"credentials\":{\"base_url\":\"http://u/v1\"," \
	"\"model_mapping\":{\"m\":\"m\",\"n\":\"n\"}},\"extra\":" \
	"{\"openai_responses_mode\":\"force_chat_completions\"}," \
	"\"group_ids\":[7]}"

/* A well account; what a case says comes on top of it. */
#define WELL "{\"id\":5,\"name\":\"p crm-ab12cd-qwertyui\",\"platform\":" \
	"\"openai\",\"type\":\"apikey\",\"status\":\"active\"," \
	"\"schedulable\":true,\"priority\":50,\"error_message\":\"\"," \
	"\"credentials\":{\"base_url\":\"http://u/v1\",\"model_mapping\":" \
	"{\"m\":\"m\",\"n\":\"n\",\"x\":\"y\"}},\"credentials_status\":" \
	"{\"has_api_key\":true},\"extra\":{\"openai_responses_mode\":" \
	"\"force_chat_completions\",\"openai_responses_supported\":false}," \
	"\"group_ids\":[3,7]}"

struct row {
	const char *name;
	const char *version;
	const char *change;	/* members of the account */
	const char *credentials;	/* members of its credentials */
	struct host_mend_case the;
	const char *last;	/* JSON, or NULL */
	unsigned symptoms;
	enum failure class;
	const char *plan;	/* "mode+groups recover@1300 ..." */
};

static json_t *changed(const struct row *row)
{
	json_t *live = json_loads(WELL, 0, NULL);
	json_auto_t *more = json_loads(row->change ? row->change : "{}", 0,
				       NULL);
	json_auto_t *credentials = json_loads(
		row->credentials ? row->credentials : "{}", 0, NULL);

	assert_non_null(more);
	assert_non_null(credentials);
	json_object_update(live, more);
	json_object_update(json_object_get(live, "credentials"), credentials);
	return live;
}

#define BENCHED "{\"temp_unschedulable_until\":\"2026-11-23T00:08:00Z\"," \
	"\"temp_unschedulable_reason\":\"OpenAI 403\"}"

#endif
