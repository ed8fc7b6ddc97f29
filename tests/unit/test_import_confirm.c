/*
 * An account on its way to what it should be: switched, moved, read back.
 */
#include "tests/unit/import_fixture.h"

#define OLD "0.1.126"
#define NEW "0.1.179"

#define WANTED "\"platform\":\"openai\",\"type\":\"apikey\"," \
	"\"credentials\":{\"base_url\":\"https://p.example/v1\"," \
	"\"model_mapping\":{\"m-1\":\"m-1\",\"m-2\":\"m-2\"}}"
#define MODE "\"openai_responses_mode\":\"force_chat_completions\""
#define FLAG "\"openai_responses_supported\":"

/* An account read back, with these members of `extra` and these groups. */
#define LIVE(extra, groups, status) \
	SAYS(200, ENVELOPE("{\"id\":5," WANTED ",\"extra\":{" extra "}," \
	     "\"group_ids\":[" groups "],\"status\":\"" status "\"," \
	     "\"schedulable\":true}"))

#define GONE SAYS(404, REASON(404, "ACCOUNT_NOT_FOUND"))

static void made_account(struct import *im)
{
	has(im, IMPORT_GROUP, RESOURCE_MAKING, "7");
	has(im, IMPORT_PARKING, RESOURCE_PRESENT, "8");
	has(im, IMPORT_PROOF_GROUP, RESOURCE_MAKING, "9");
	has(im, IMPORT_ACCOUNT, RESOURCE_MAKING, "5");
	im->resources[IMPORT_ACCOUNT].wanted_json =
		xstrdup("{" WANTED ",\"extra\":{" MODE "},"
			"\"group_ids\":[7]}");
	im->item.resolution = RESOLUTION_CREATED;
}

/* ---- the flag that an old host writes when its own probe has ended ---- */

static void waits_for_long(struct import *im)
{
	im->memo.polls = 3;
}

static void waited_enough(struct import *im)
{
	im->step_since = NOW - settings.flag_wait_ms;
}

static void waited_almost_enough(struct import *im)
{
	im->memo.polls = 3;
	im->step_since = NOW - settings.flag_wait_ms + 1;
}

static void account_is_gone(const struct import *im)
{
	assert_int_equal(im->resources[IMPORT_ACCOUNT].state, RESOURCE_GONE);
	assert_true(im->changed[IMPORT_ACCOUNT]);
	assert_int_equal(im->memo.doubts, 1);
}

static void an_old_host_is_asked_until_its_probe_has_ended(void **state)
{
	static const struct step_case cases[] = {
		{ "true", NULL, LIVE(FLAG "true", "8", "active"), ON, NULL },
		{ "false", NULL, LIVE(FLAG "false", "8", "active"), ON,
		  NULL },
		{ "not yet", NULL, LIVE(MODE, "8", "active"),
		  WAIT(20, FAILURE_WARMING_UP), NULL },
		{ "still not", waits_for_long, LIVE(MODE, "8", "active"),
		  WAIT(250, FAILURE_WARMING_UP), NULL },
		{ "almost never", waited_almost_enough,
		  LIVE(MODE, "8", "active"), WAIT(250, FAILURE_WARMING_UP),
		  NULL },
		{ "never", waited_enough, LIVE(MODE, "8", "active"), ON,
		  NULL },
		{ "gone", NULL, GONE, LOOK("provision.account", FAILURE_GONE),
		  account_is_gone },
	};
	IMPORT im = import_on(OLD);
	IMPORT new = import_on(NEW);

	(void)state;
	walk(got_flag, OLD, made_account, cases, COUNT(cases));
	walk_reader(got_flag, OLD, made_account);
	made_account(im);
	check_asks(ask_flag, im, "GET " ADMIN "/accounts/5");
	/* A newer host obeys the mode: there is nothing to wait for. */
	check_asks(ask_flag, new, "");
	check_unasked("new", got_flag, new, (struct verdict)ON);
}

/* What a real one of that version shows after its probe. */
static void the_flag_of_a_recorded_account_is_seen(void **state)
{
	IMPORT im = import_on(OLD);
	CLEANUP(answer_done) struct answer answer =
		recorded(OLD, "19-account-get-after-probe");

	(void)state;
	made_account(im);
	check_verdict("recorded", got_flag(im, &answer), (struct verdict)ON);
}

/* ---- the call that switches and moves it ---- */

static void bound_now(const struct import *im)
{
	assert_int_equal(im->memo.bound_at, NOW);
}

static void an_account_is_switched_and_moved(void **state)
{
	static const struct step_case cases[] = {
		{ "done", NULL,
		  SAYS(200, ENVELOPE("{\"success_ids\":[5]}")), ON,
		  bound_now },
		{ "another's", NULL,
		  SAYS(200, ENVELOPE("{\"success_ids\":[6]}")),
		  AGAIN(FAILURE_HOST_REFUSED, -1), NULL },
		{ "never ours", tried_often,
		  SAYS(200, ENVELOPE("{\"success_ids\":[]}")),
		  FAIL(FAILURE_HOST_REFUSED), NULL },
	};

	(void)state;
	walk(got_bind, OLD, made_account, cases, COUNT(cases));
	walk_reader(got_bind, OLD, made_account);
}

/* The group that the body of ask_bind() moves the account to; 0: no call. */
static int64_t group_of_bind(const struct import *im)
{
	CLEANUP(request_done) struct request request = { 0 };
	json_auto_t *body = NULL;

	if (!ask_bind(im, &request))
		return 0;
	body = json_loads(buf_str(&request.body.text), 0, NULL);
	assert_true(json_is_false(json_object_get(json_object_get(body,
			"extra"), "openai_responses_supported")));
	return json_integer_value(json_array_get(json_object_get(body,
			"group_ids"), 0));
}

static void it_is_moved_where_it_is_to_be_called(void **state)
{
	static const struct {
		const char *version;
		bool adopted, live, proven;
		int64_t group;
	} cases[] = {
		{ OLD, false, false, false, 7 },
		{ OLD, false, true, false, 9 },
		{ OLD, false, true, true, 7 },
		/* A new host was told at once; what is found may be anywhere. */
		{ NEW, false, false, false, 0 },
		{ NEW, true, false, false, 7 },
		{ NEW, true, true, false, 9 },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		IMPORT im = import_on(cases[i].version);

		made_account(im);
		im->memo.adopted = cases[i].adopted;
		im->memo.live = cases[i].live;
		im->memo.proven = cases[i].proven;
		assert_int_equal(group_of_bind(im), cases[i].group);
		check_unasked("unasked", got_bind, im, (struct verdict)ON);
	}
}

/* ---- read back ---- */

static void confirmed(const struct import *im)
{
	assert_int_equal(im->item.confirmation, CONFIRMATION_CONFIRMED);
	assert_string_equal(im->item.group_id, "7");
	assert_string_equal(im->item.account_id, "5");
	assert_null(im->item.failure_detail);
}

static void made_not_reused(const struct import *im)
{
	confirmed(im);
	assert_false(im->item.provision_reused);
	assert_string_equal(noted(im), "");
}

static void complained_before(struct import *im)
{
	own_set(&im->item.failure_detail, "group_ids");
}

static void groups_differ(const struct import *im)
{
	assert_string_equal(im->item.failure_detail, "group_ids");
	assert_int_equal(im->item.confirmation, CONFIRMATION_CONFIRMING);
}

static void replaced(const struct import *im)
{
	account_is_gone(im);
	assert_int_equal(im->item.resolution, RESOLUTION_REPLACED);
}

static void an_account_read_back_is_what_was_asked_for(void **state)
{
	static const struct step_case cases[] = {
		{ "as made", NULL, LIVE(MODE, "7", "active"), ON,
		  made_not_reused },
		{ "in more groups", NULL, LIVE(MODE, "3,7", "active"), ON,
		  confirmed },
		{ "right at last", complained_before,
		  LIVE(MODE, "7", "active"), ON, confirmed },
		{ "elsewhere", NULL, LIVE(MODE, "8", "active"),
		  AGAIN(FAILURE_NOT_AS_WRITTEN, 1200), groups_differ },
		{ "benched", NULL, LIVE(MODE, "7", "error"),
		  AGAIN(FAILURE_NOT_AS_WRITTEN, 1200), NULL },
		{ "without its mode", NULL, LIVE("", "7", "active"),
		  AGAIN(FAILURE_NOT_AS_WRITTEN, 1200), NULL },
		{ "gone", NULL, GONE, LOOK("provision.group", FAILURE_GONE),
		  replaced },
	};
	/* There the mode means nothing, and the flag all. */
	static const struct step_case old[] = {
		{ "switched", NULL, LIVE(MODE "," FLAG "false", "7",
					 "active"), ON, confirmed },
		{ "switched back", NULL, LIVE(MODE "," FLAG "true", "7",
					      "active"),
		  AGAIN(FAILURE_NOT_AS_WRITTEN, 1200), NULL },
	};
	IMPORT im = import_on(NEW);

	(void)state;
	walk(got_account, NEW, made_account, cases, COUNT(cases));
	walk(got_account, OLD, made_account, old, COUNT(old));
	walk_reader(got_account, NEW, made_account);
	made_account(im);
	check_asks(ask_account, im, "GET " ADMIN "/accounts/5");
}

static void later_account(struct import *im)
{
	made_account(im);
	has(im, IMPORT_GROUP, RESOURCE_PRESENT, "7");
	im->memo.live = true;
}

static void wants_more(struct import *im)
{
	json_array_append_new(im->models, json_string("m-3"));
}

static void others_want_more(struct import *im)
{
	wants_more(im);
	has(im, IMPORT_ACCOUNT, RESOURCE_PRESENT, "5");
}

static void was_widened(struct import *im)
{
	wants_more(im);
	own_set(&im->resources[IMPORT_ACCOUNT].wanted_json,
		"{\"credentials\":{\"model_mapping\":{\"m-3\":\"m-3\"}}}");
	im->memo.widened = true;
}

/* Once: a host that does not keep what it is told is not told for ever. */
static void a_model_that_is_missing_is_added_once(void **state)
{
	static const struct step_case cases[] = {
		{ "of our own making", wants_more, LIVE(MODE, "7", "active"),
		  TO("widen.read"), NULL },
		{ "of others", others_want_more, LIVE(MODE, "7", "active"),
		  TO("widen.account"), NULL },
		{ "missing still", was_widened, LIVE(MODE, "7", "active"),
		  AGAIN(FAILURE_NOT_AS_WRITTEN, 1200), NULL },
	};

	(void)state;
	walk(got_account, NEW, made_account, cases, COUNT(cases));
}

/* Until it is proven it stands in its proof group, and only there. */
static void a_later_account_is_compared_where_it_is_proven(void **state)
{
	static const struct step_case cases[] = {
		{ "in its proof group", NULL, LIVE(MODE, "9", "active"), ON,
		  confirmed },
		{ "in the live one", NULL, LIVE(MODE, "7", "active"),
		  AGAIN(FAILURE_NOT_AS_WRITTEN, 1200), NULL },
	};

	(void)state;
	walk(got_account, NEW, later_account, cases, COUNT(cases));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
			an_old_host_is_asked_until_its_probe_has_ended),
		cmocka_unit_test(the_flag_of_a_recorded_account_is_seen),
		cmocka_unit_test(an_account_is_switched_and_moved),
		cmocka_unit_test(it_is_moved_where_it_is_to_be_called),
		cmocka_unit_test(an_account_read_back_is_what_was_asked_for),
		cmocka_unit_test(a_model_that_is_missing_is_added_once),
		cmocka_unit_test(
			a_later_account_is_compared_where_it_is_proven),
	};

	return cmocka_run_group_tests(tests, read_settings, drop_settings);
}
