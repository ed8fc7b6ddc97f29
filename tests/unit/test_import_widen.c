/*
 * The same key with other models: its account learns them.
 */
#include "tests/unit/import_fixture.h"

#define NEW "0.1.179"
#define ACCOUNT(mapping) "\"platform\":\"openai\",\"type\":\"apikey\"," \
	"\"credentials\":{\"base_url\":\"https://p.example/v1\"," \
	"\"model_mapping\":{" mapping "}},\"extra\":{" \
	"\"openai_responses_mode\":\"force_chat_completions\"}," \
	"\"group_ids\":[7]"
#define LIVE(mapping) SAYS(200, ENVELOPE("{\"id\":5," ACCOUNT(mapping) \
	",\"status\":\"active\",\"schedulable\":true}"))
#define ONE "\"m-1\":\"m-1\""
#define OTHER "\"x\":\"y\""
#define TWO ONE ",\"m-2\":\"m-2\""

/* The account is there, made by another task for the model m-1. */
static void there(struct import *im)
{
	has(im, IMPORT_GROUP, RESOURCE_PRESENT, "7");
	has(im, IMPORT_ACCOUNT, RESOURCE_PRESENT, "5");
	own_set(&im->resources[IMPORT_ACCOUNT].wanted_json,
		"{" ACCOUNT(ONE) "}");
	im->memo.live = true;
}

static void held(struct import *im)
{
	there(im);
	has(im, IMPORT_ACCOUNT, RESOURCE_MAKING, "5");
	im->memo.widening = true;
}

static void wants_one(struct import *im)
{
	json_array_remove(im->models, 1);
}

/* Somebody was to widen it, and ended before the host was told. */
static void promised_more(struct import *im)
{
	wants_one(im);
	own_set(&im->resources[IMPORT_ACCOUNT].wanted_json,
		"{" ACCOUNT(ONE "," OTHER) "}");
}

static void an_account_that_lacks_models_is_widened(void **state)
{
	static const struct step_case cases[] = {
		{ "lacks one", NULL, LIVE(ONE), TO("widen.account"), NULL },
		{ "has more", NULL, LIVE(TWO "," OTHER), ON, NULL },
		{ "has what is wanted", wants_one, LIVE(ONE), ON, NULL },
		{ "has not what others were promised", promised_more,
		  LIVE(ONE), TO("widen.account"), NULL },
	};

	(void)state;
	walk(got_account, NEW, there, cases, COUNT(cases));
}

static void only_one_widens_at_a_time(void **state)
{
	IMPORT im = import_on(NEW);
	struct resource_want want = { 0 };

	(void)state;
	import_want(im, IMPORT_ACCOUNT, &want);
	assert_false(want.hold);
	check_unasked("take", got_want_widening, im,
		      take_resource(IMPORT_ACCOUNT, "widen.read"));
	import_want(im, IMPORT_ACCOUNT, &want);
	assert_true(want.hold);
	import_want(im, IMPORT_GROUP, &want);
	assert_false(want.hold);
}

static void check_mapping(const struct import *im, const char *json)
{
	json_auto_t *wanted = json_loads(
		im->resources[IMPORT_ACCOUNT].wanted_json, 0, NULL);
	json_auto_t *want = json_loads(json, 0, NULL);

	assert_true(json_equal(json_object_get(json_object_get(wanted,
			"credentials"), "model_mapping"), want));
	assert_true(im->changed[IMPORT_ACCOUNT]);
}

static void all_that_was_and_what_is_wanted(const struct import *im)
{
	check_mapping(im, "{" TWO "," OTHER "}");
}

static void nothing_is_ever_narrowed(void **state)
{
	static const struct step_case cases[] = {
		{ "read", NULL, LIVE(ONE "," OTHER), ON,
		  all_that_was_and_what_is_wanted },
		{ "gone", NULL, SAYS(404, REASON(404, "ACCOUNT_NOT_FOUND")),
		  FAIL(FAILURE_GONE), NULL },
	};

	(void)state;
	walk(got_widening, NEW, held, cases, COUNT(cases));
	walk_reader(got_widening, NEW, held);
}

static void widened(const struct import *im)
{
	assert_false(im->memo.widening);
	assert_int_equal(im->memo.bound_at, NOW);
	assert_int_equal(im->resources[IMPORT_ACCOUNT].state,
			 RESOURCE_PRESENT);
	assert_string_equal(noted(im), "patch_only");
}

static void the_host_is_told(void **state)
{
	static const struct step_case cases[] = {
		{ "done", NULL, SAYS(200, ENVELOPE("{\"success_ids\":[5]}")),
		  TO("confirm.account"), widened },
	};
	CLEANUP(request_done) struct request request = { 0 };
	json_auto_t *body = NULL;
	IMPORT im = import_on(NEW);

	(void)state;
	walk(got_widen, NEW, held, cases, COUNT(cases));
	walk_reader(got_widen, NEW, held);
	held(im);
	check_asks(ask_widen, im, "POST " ADMIN "/accounts/bulk-update");
	assert_true(ask_widen(im, &request));
	body = json_loads(buf_str(&request.body.text), 0, NULL);
	assert_int_equal(json_object_size(json_object_get(json_object_get(
			body, "credentials"), "model_mapping")), 1);
	/* Neither groups nor key are touched. */
	assert_null(json_object_get(body, "group_ids"));
	assert_int_equal(request.nholes, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_account_that_lacks_models_is_widened),
		cmocka_unit_test(only_one_widens_at_a_time),
		cmocka_unit_test(nothing_is_ever_narrowed),
		cmocka_unit_test(the_host_is_told),
	};

	return cmocka_run_group_tests(tests, read_settings, drop_settings);
}
