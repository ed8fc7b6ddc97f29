/*
 * What a row says was written: all that was wanted, as soon as it leaves our
 * hands, and what others had chosen before.
 */
#include "tests/unit/import_fixture.h"

#include "schedd/import_written.h"

#define V "0.1.179"

static const char wanted[] =
	"{\"name\":\"p crm-abc123-account1\",\"notes\":\"crm-abc123-account1\","
	"\"platform\":\"openai\",\"type\":\"apikey\",\"credentials\":{"
	"\"base_url\":\"https://p.example\",\"model_mapping\":{\"m-1\":"
	"\"m-1\"}},\"extra\":{\"openai_responses_mode\":"
	"\"force_chat_completions\"},\"concurrency\":0,\"priority\":50,"
	"\"group_ids\":[7]}";

static json_t *written(const struct import *im, enum import_resource which)
{
	const char *text = im->resources[which].written_json;

	assert_non_null(text);
	return json_loads(text, 0, NULL);
}

static void account(struct import *im, const char *origin)
{
	has(im, IMPORT_ACCOUNT, RESOURCE_PRESENT, "12");
	im->resources[IMPORT_ACCOUNT].type = RESOURCE_ACCOUNT;
	own_set(&im->resources[IMPORT_ACCOUNT].wanted_json, wanted);
	own_set(&im->resources[IMPORT_ACCOUNT].origin, origin);
}

/* How many findings there are, were it shown so. */
static size_t drift(const struct import *im, enum import_resource which,
		    const json_t *live)
{
	const struct resource *row = &im->resources[which];
	json_auto_t *last = written(im, which);
	struct owned_finding found[OWNED_FINDINGS_MAX];
	struct owned_three three = { .type = row->type, .written = last };
	struct owned_case the;
	json_auto_t *is = NULL, *want = NULL;

	owned_case_begin(&the, &im->features, im->inst, row);
	three.live = is = host_owned_live(&the.the, live);
	three.wanted = want = host_owned_wanted(&the.the);
	owned_case_done(&the);
	return owned_compare(&three, found);
}

static void what_was_made_was_written_as_wanted(void **state)
{
	IMPORT im = import_on(V);
	json_auto_t *live = json_loads(wanted, 0, NULL);
	json_auto_t *last = NULL;

	(void)state;
	account(im, "created");
	import_wrote_all(im, IMPORT_ACCOUNT);
	last = written(im, IMPORT_ACCOUNT);
	assert_string_equal(json_string_value(json_object_get(last, "relay")),
			    "raw");
	assert_true(json_is_null(json_object_get(last, "expires_at")));
	assert_null(json_object_get(last, "service"));
	assert_null(json_object_get(last, "key"));
	json_object_set_new(live, "status", json_string("active"));
	json_object_set_new(live, "schedulable", json_true());
	assert_int_equal(drift(im, IMPORT_ACCOUNT, live), 0);
	json_object_set_new(live, "priority", json_integer(1));
	assert_int_equal(drift(im, IMPORT_ACCOUNT, live), 1);
}

/* More is wanted of it later; what was accepted meanwhile stays theirs. */
static void what_is_wanted_besides_is_written_besides(void **state)
{
	IMPORT im = import_on(V);
	json_auto_t *body = json_loads(wanted, 0, NULL);
	json_auto_t *last = NULL;

	(void)state;
	account(im, "created");
	import_wrote_all(im, IMPORT_ACCOUNT);
	import_wrote(im, IMPORT_ACCOUNT, "priority", json_integer(1));
	json_object_set_new(json_object_get(json_object_get(body,
		"credentials"), "model_mapping"), "m-2", json_string("m-2"));
	free(im->resources[IMPORT_ACCOUNT].wanted_json);
	im->resources[IMPORT_ACCOUNT].wanted_json = json_dumps(body, 0);
	import_wrote_all(im, IMPORT_ACCOUNT);
	last = written(im, IMPORT_ACCOUNT);
	assert_int_equal(json_object_size(json_object_get(last,
			 "model_mapping")), 2);
	assert_int_equal(json_integer_value(json_object_get(last,
			 "priority")), 1);
}

static void what_was_theirs_is_known_from_then_on(void **state)
{
	IMPORT im = import_on(V);
	json_auto_t *live = json_loads(wanted, 0, NULL);

	(void)state;
	account(im, "adopted");
	json_object_set_new(live, "status", json_string("active"));
	json_object_set_new(live, "schedulable", json_true());
	json_object_set_new(live, "notes", json_string("mine\ncrm-abc123-x"));
	json_object_set_new(live, "load_factor", json_integer(3));
	json_object_set_new(live, "group_ids", json_pack("[i]", 99));
	import_wrote_over(im, IMPORT_ACCOUNT, live);
	json_object_set_new(live, "group_ids", json_pack("[i,i]", 99, 7));
	import_wrote_all(im, IMPORT_ACCOUNT);
	assert_int_equal(drift(im, IMPORT_ACCOUNT, live), 0);
	json_object_set_new(live, "load_factor", json_integer(4));
	assert_int_equal(drift(im, IMPORT_ACCOUNT, live), 1);
}

static void a_token_is_nothing_that_is_written(void **state)
{
	IMPORT im = import_on(V);

	(void)state;
	has(im, IMPORT_TOKEN, RESOURCE_PRESENT, "1");
	im->resources[IMPORT_TOKEN].type = RESOURCE_USER_TOKEN;
	own_set(&im->resources[IMPORT_TOKEN].wanted_json, "{}");
	import_wrote_all(im, IMPORT_TOKEN);
	assert_null(im->resources[IMPORT_TOKEN].written_json);
}

static void what_is_gone_was_never_written(void **state)
{
	IMPORT im = import_on(V);

	(void)state;
	account(im, "created");
	import_wrote_all(im, IMPORT_ACCOUNT);
	import_gone(im, IMPORT_ACCOUNT);
	assert_null(im->resources[IMPORT_ACCOUNT].written_json);
}

static void a_key_that_is_moved_is_wanted_there(void **state)
{
	IMPORT im = import_on(V);
	json_auto_t *body = NULL;

	(void)state;
	has(im, IMPORT_GROUP, RESOURCE_PRESENT, "7");
	has(im, IMPORT_KEY, RESOURCE_PRESENT, "9");
	own_set(&im->resources[IMPORT_KEY].wanted_json,
		"{\"name\":\"crm-abc123-key11111\",\"group_id\":6}");
	import_bound_key(im);
	body = json_loads(im->resources[IMPORT_KEY].wanted_json, 0, NULL);
	assert_int_equal(json_integer_value(json_object_get(body,
			 "group_id")), 7);
	assert_true(im->changed[IMPORT_KEY]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_was_made_was_written_as_wanted),
		cmocka_unit_test(what_is_wanted_besides_is_written_besides),
		cmocka_unit_test(what_was_theirs_is_known_from_then_on),
		cmocka_unit_test(a_token_is_nothing_that_is_written),
		cmocka_unit_test(what_is_gone_was_never_written),
		cmocka_unit_test(a_key_that_is_moved_is_wanted_there),
	};

	return cmocka_run_group_tests_name("import_written", tests,
					   read_settings, drop_settings);
}
