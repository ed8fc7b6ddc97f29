/*
 * Another key for an account whose old one is dead already: step by step, what
 * is asked, and what an answer leads to.  There is nothing left to protect, so
 * the key is proven at the provider, and then at once on the account.
 */
#include "tests/unit/play.h"

#include "schedd/change.h"

#define ACCOUNT(rest) SAYS(200, ENVELOPE("{\"id\":5," \
	"\"name\":\"crm-abc123-account1\",\"credentials\":{\"model_mapping\"" \
	":{\"m-1\":\"m-1\",\"x\":\"m-2\"}}," rest "}"))
#define WELL ACCOUNT("\"status\":\"active\",\"schedulable\":true")
#define DEAD ACCOUNT("\"status\":\"error\",\"error_message\":\"401 of it\"," \
		     "\"schedulable\":false")
#define GONE SAYS(404, REASON(404, "ACCOUNT_NOT_FOUND"))
#define DONE_IT SAYS(200, ENVELOPE("{\"success_ids\":[5]}"))
#define FINE SAYS(200, ENVELOPE("{}"))

#define READ "GET /api/v1/admin/accounts/5"
#define WRITE "POST /api/v1/admin/accounts/bulk-update"
#define RECOVER "POST /api/v1/admin/accounts/5/recover-state"
#define LIGHT "POST /api/v1/admin/accounts/5/schedulable"
#define LIST "GET p.example/v1/models"

#define KEY_REFUSED SAYS(401, "{\"error\":{\"message\":\"Incorrect API key" \
	" provided\",\"code\":\"invalid_api_key\"}}")
#define NO_MONEY SAYS(402, "{\"error\":{\"message\":\"Insufficient" \
	" Balance\",\"code\":\"invalid_request_error\"}}")

static struct settings ours;

#define WANTED(revoked) "{\"new_key\":{\"fingerprint\":\"new\"}," \
	"\"old_key\":{\"fingerprint\":\"old\"},\"overlap_s\":0," \
	"\"old_key_revoked\":" revoked ",\"tries\":[]}"

static void rotate(struct import *im)
{
	ours = settings;
	ours.probe_from = (char *)(uintptr_t)"auto";
	im->settings = &ours;
	im->changing = true;
	im->change.kind = CHANGE_ROTATE_KEY;
	own_set(&im->change.wanted, WANTED("false"));
	has(im, IMPORT_ACCOUNT, RESOURCE_MAKING, "5");
	own_set(&im->resources[IMPORT_ACCOUNT].wanted_json, "{}");
	has(im, IMPORT_NEW_KEY, RESOURCE_GONE, NULL);
	has(im, IMPORT_KEY, RESOURCE_PRESENT, "9");
	own_set(&im->resources[IMPORT_KEY].secret_id, "sec_9");
}

static struct import *rotation(void)
{
	struct import *im = import_on("0.1.179");

	rotate(im);
	return im;
}

#define PLAYED(im, from, list) play_flow(im, &flow_change, from, list, \
					 COUNT(list))

static bool went_by(const struct play *play, const char *step)
{
	return strstr(play->path, step) != NULL;
}

static void a_dead_account_gets_its_key_without_a_copy(void **state)
{
	static const struct exchange list[] = {
		{ READ, DEAD },
		{ LIST, LISTED },
		{ DIRECTLY, WORD },
		{ WRITE, DONE_IT },
		{ READ, DEAD },
		{ RECOVER, FINE },
		{ LIGHT, FINE },
		{ MODELS, LISTED },
		{ CHAT, WORD },
		{ READ, WELL },
	};
	IMPORT im = rotation();
	PLAY play = PLAYED(im, "change.read", list);

	(void)state;
	assert_int_equal(play.end.kind, VERDICT_DONE);
	assert_non_null(strstr(play.events, "not_proven_alone"));
	assert_false(went_by(&play, "private."));
	assert_true(went_by(&play, "rotate.settle"));
	/* The scheduler knows the new key before it is recovered and tried. */
	assert_true(play.waited_ms >= 1200);
	assert_true(im->resumed);
	assert_int_equal(im->resources[IMPORT_ACCOUNT].state,
			 RESOURCE_PRESENT);
}

/* It answers still, but the operator knows that it will not for long. */
static void a_key_that_is_said_to_be_revoked_is_enough(void **state)
{
	static const struct exchange list[] = {
		{ READ, WELL },
		{ LIST, LISTED },
		{ DIRECTLY, WORD },
		{ WRITE, DONE_IT },
		{ READ, WELL },
		{ MODELS, LISTED },
		{ CHAT, WORD },
		{ READ, WELL },
	};
	IMPORT im = rotation();

	(void)state;
	own_set(&im->change.wanted, WANTED("true"));
	PLAY play = PLAYED(im, "change.read", list);

	assert_int_equal(play.end.kind, VERDICT_DONE);
	assert_false(went_by(&play, "private."));
	assert_false(went_by(&play, "rotate.light"));
}

/* A dead key is no reason to put another dead one in its place. */
static void a_key_that_is_refused_is_not_written(void **state)
{
	static const struct {
		const struct exchange list[3];
		size_t n;
		enum failure why;
	} cases[] = {
		{ { { READ, DEAD }, { LIST, KEY_REFUSED } }, 2,
		  FAILURE_KEY_INVALID },
		{ { { READ, DEAD }, { LIST, LISTED },
		    { DIRECTLY, KEY_REFUSED } }, 3, FAILURE_KEY_INVALID },
		{ { { READ, DEAD }, { LIST, LISTED },
		    { DIRECTLY, NO_MONEY } }, 3, FAILURE_QUOTA_EXHAUSTED },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		IMPORT im = rotation();
		PLAY play = play_flow(im, &flow_change, "change.read",
				      cases[i].list, cases[i].n);

		check_verdict("refused", play.end,
			      (struct verdict)FAIL(cases[i].why));
		assert_false(im->memo.switching);
		check_asks(ask_undo_read, im, "");
	}
}

/* ---- what the provider may say ---- */

static void late(struct import *im)
{
	rotate(im);
	own_set(&im->change.before, "{\"schedulable\":false,\"models\":"
		"[\"m-1\",\"m-2\"],\"tried_directly\":[\"m-1\"]}");
	im->memo.late = true;
}

static void tried_twice(struct import *im)
{
	im->attempt = 2;
}

static void is_indirect(const struct import *im)
{
	assert_true(im->memo.indirect);
	assert_string_equal(noted(im), "not_proven_directly");
}

/* A list proves nothing: without one the key is tried all the same. */
static void a_list_that_cannot_be_had_does_no_harm(void **state)
{
	static const struct step_case cases[] = {
		{ "too often", NULL, SAYS_LATER(429, 7000, "{}"),
		  AGAIN(FAILURE_RATE_LIMITED, 7000), NULL },
		{ "too often, again and again", tried_twice,
		  SAYS_LATER(429, 7000, "{}"), TO("rotate.chat"), NULL },
		{ "down", NULL, SAYS(503, "{}"),
		  AGAIN(FAILURE_OVERLOADED, -1), NULL },
		{ "down, again and again", tried_twice, SAYS(503, "{}"),
		  TO("rotate.chat"), NULL },
		{ "no such path", NULL, SAYS(404, "{}"),
		  WAIT(0, FAILURE_NONE), NULL },
		{ "silence", NULL, LOST(TRANSPORT_TIMEOUT),
		  AGAIN(FAILURE_TIMEOUT, -1), NULL },
		{ "silence, again and again", tried_twice,
		  LOST(TRANSPORT_TIMEOUT), TO("rotate.chat"), NULL },
	};

	(void)state;
	walk(got_rotate_list, "0.1.179", late, cases, COUNT(cases));
}

/* What does not speak of the key: the host may have another way. */
static void a_way_that_is_barred_to_us_may_be_open_to_the_host(void **state)
{
	static const struct step_case cases[] = {
		{ "too often", tried_twice, SAYS_LATER(429, 7000, "{}"),
		  AGAIN(FAILURE_RATE_LIMITED, 7000), NULL },
		{ "silence", NULL, LOST(TRANSPORT_TIMEOUT),
		  AGAIN(FAILURE_TIMEOUT, -1), NULL },
		{ "silence, again and again", tried_twice,
		  LOST(TRANSPORT_TIMEOUT), TO("rotate.alone"), is_indirect },
		{ "a bad certificate", NULL, LOST(TRANSPORT_TLS),
		  TO("rotate.alone"), is_indirect },
	};

	(void)state;
	walk(got_rotate_chat, "0.1.179", late, cases, COUNT(cases));
}

/* ---- what the host may say, once the key is to be written ---- */

static void a_host_is_asked_again_or_it_ends(void **state)
{
	static const struct step_case confirms[] = {
		{ "gone", NULL, GONE, FAIL(FAILURE_GONE), NULL },
	};

	(void)state;
	walk_reader(got_change_confirm, "0.1.179", late);
	walk_reader(got_rotate_light, "0.1.179", late);
	walk_reader(got_rotate_look, "0.1.179", late);
	walk(got_change_confirm, "0.1.179", late, confirms, COUNT(confirms));
}

/*
 * The host accepts it, and the account errs on: the old one goes back, as
 * whoever revoked it is to find things as they were; it is not tried.
 */
static void what_was_dead_before_is_not_tried_again(void **state)
{
	static const struct exchange there[] = {
		{ WRITE, DONE_IT },
		{ READ, DEAD },
		{ RECOVER, FINE },
		{ LIGHT, FINE },
		{ MODELS, LISTED },
		{ CHAT, WORD },	/* another account of the group did */
		{ READ, DEAD },
	};
	static const struct exchange back[] = {
		{ READ, DEAD },
		{ WRITE, DONE_IT },
		{ READ, DEAD },
		{ RECOVER, FINE },
	};
	IMPORT im = rotation();

	(void)state;
	own_set(&im->change.before, "{\"api_key\":{\"fingerprint\":\"old\"},"
		"\"schedulable\":false}");
	own_set(&im->change.after, "{\"api_key\":{\"fingerprint\":\"new\"}}");
	im->memo.late = im->memo.relight = true;
	has(im, IMPORT_NEW_KEY, RESOURCE_MAKING, NULL);
	{
		PLAY play = PLAYED(im, "rotate.ready", there);

		check_verdict("in error", play.end,
			      (struct verdict)FAIL(FAILURE_ACCOUNT_ERROR));
	}
	im->memo.failure = FAILURE_ACCOUNT_ERROR;
	{
		PLAY play = PLAYED(im, "undo.read", back);

		check_verdict("as it was", play.end,
			      (struct verdict)FAIL(FAILURE_ACCOUNT_ERROR));
		assert_string_equal(play.step ? play.step : "", "");
		assert_true(went_by(&play, "undo.again"));
	}
	assert_non_null(strstr(im->change.after, "\"old\""));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_dead_account_gets_its_key_without_a_copy),
		cmocka_unit_test(a_key_that_is_said_to_be_revoked_is_enough),
		cmocka_unit_test(a_key_that_is_refused_is_not_written),
		cmocka_unit_test(a_list_that_cannot_be_had_does_no_harm),
		cmocka_unit_test(
			a_way_that_is_barred_to_us_may_be_open_to_the_host),
		cmocka_unit_test(a_host_is_asked_again_or_it_ends),
		cmocka_unit_test(what_was_dead_before_is_not_tried_again),
	};

	return cmocka_run_group_tests(tests, read_settings, drop_settings);
}
