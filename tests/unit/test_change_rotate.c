/*
 * The steps of another key: what is proven where, and what it comes to.
 */
#include "tests/unit/import_fixture.h"

#include "schedd/change.h"

#define OLD "0.1.126"
#define NEW "0.1.179"

#define LIVE_WITH(rest) SAYS(200, ENVELOPE("{\"id\":5," \
	"\"name\":\"crm-abc123-account1\",\"credentials\":{\"model_mapping\"" \
	":{\"m-1\":\"m-1\",\"x\":\"y\",\"alias\":\"m-1\",\"w-*\":\"w-*\"}}," \
	rest "}"))
#define LIVE LIVE_WITH("\"status\":\"active\",\"schedulable\":true")
#define DEAD LIVE_WITH("\"status\":\"error\",\"error_message\":\"401\"," \
		       "\"schedulable\":false")
#define WANTED(revoked) "{\"new_key\":{\"fingerprint\":\"new\"}," \
	"\"old_key\":{\"fingerprint\":\"old\"},\"overlap_s\":60," \
	"\"old_key_revoked\":" revoked ",\"tries\":[]}"

static struct settings ours;

static void rotating(struct import *im)
{
	ours = settings;
	ours.probe_from = (char *)(uintptr_t)"auto";
	im->settings = &ours;
	im->changing = true;
	im->change.kind = CHANGE_ROTATE_KEY;
	own_set(&im->change.wanted, WANTED("false"));
	own_set(&im->change.before, "{\"schedulable\":true,\"models\":"
		"[\"m-1\",\"y\"]}");
	own_set(&im->change.after, "{\"api_key\":{\"fingerprint\":\"new\"}}");
	has(im, IMPORT_ACCOUNT, RESOURCE_MAKING, "5");
	own_set(&im->resources[IMPORT_ACCOUNT].wanted_json, "{}");
	has(im, IMPORT_NEW_KEY, RESOURCE_MAKING, NULL);
	has(im, IMPORT_KEY, RESOURCE_PRESENT, "9");
	own_set(&im->resources[IMPORT_KEY].secret_id, "sec_9");
}

static struct verdict read_live(struct import *im, struct said said)
{
	CLEANUP(answer_done) struct answer answer = answer_made(&said);

	return got_change_read(im, &answer);
}

static void what_is_mapped_is_to_be_served(void **state)
{
	IMPORT im = import_on(NEW);
	json_auto_t *before = NULL;

	(void)state;
	rotating(im);
	assert_string_equal(read_live(im, (struct said)LIVE).step, "rotate.place");
	before = json_loads(im->change.before, 0, NULL);
	/* Each once, the proof's first, and no patterns. */
	assert_int_equal(json_array_size(json_object_get(before, "models")),
			 2);
	assert_string_equal(json_string_value(json_array_get(json_object_get(
		before, "models"), 0)), "m-1");
	assert_false(im->memo.late);
	assert_false(im->memo.relight);
}

static void a_dead_account_makes_it_late(void **state)
{
	IMPORT im = import_on(NEW);

	(void)state;
	rotating(im);
	read_live(im, (struct said)DEAD);
	assert_true(im->memo.late);
	assert_true(im->memo.relight);
	assert_true(im->memo.ill);
}

static void an_operators_pause_stays(void **state)
{
	IMPORT im = import_on(NEW);

	(void)state;
	rotating(im);
	im->resources[IMPORT_ACCOUNT].paused_at = 7;
	read_live(im, (struct said)DEAD);
	assert_false(im->memo.relight);
	assert_string_equal(got_change_written(im, NULL).step,
			    "rotate.settle");
}

static void the_place_of_the_key_may_be_taken(void **state)
{
	IMPORT im = import_on(NEW);

	(void)state;
	rotating(im);
	check_unasked("take", got_rotate_place, im,
		      take_resource(IMPORT_NEW_KEY, "rotate.taken"));
	check_unasked("ours", got_rotate_taken, im, go_on());
	has(im, IMPORT_NEW_KEY, RESOURCE_PRESENT, "77");
	check_unasked("another account's", got_rotate_taken, im,
		      (struct verdict)FAIL(FAILURE_BAD_REQUEST));
	assert_non_null(strstr(im->item.failure_detail, "77"));
}

static void what_is_not_listed_is_tried(void **state)
{
	IMPORT im = import_on(NEW);
	const struct said list = SAYS(200, "{\"object\":\"list\",\"data\":"
				      "[{\"id\":\"m-1\"},{\"id\":\"z\"}]}");
	CLEANUP(answer_done) struct answer answer = answer_made(&list);

	(void)state;
	rotating(im);
	assert_string_equal(got_rotate_list(im, &answer).step, "rotate.chat");
	assert_non_null(strstr(im->change.before,
			       "\"tried_directly\":[\"m-1\",\"y\"]"));
	check_asks(ask_rotate_chat, im,
		   "POST https://p.example/v1/chat/completions");
	im->memo.chat_model = 2;
	check_asks(ask_rotate_chat, im, "");
	assert_string_equal(got_rotate_chat(im, NULL).step, "rotate.alone");
}

static void the_provider_ends_it(void **state)
{
	static const struct step_case cases[] = {
		{ "refused", NULL, SAYS(401, "{\"error\":{\"message\":"
		  "\"Incorrect API key provided\",\"code\":"
		  "\"invalid_api_key\"}}"), FAIL(FAILURE_KEY_INVALID), NULL },
	};

	(void)state;
	walk(got_rotate_list, NEW, rotating, cases, COUNT(cases));
	walk(got_rotate_chat, NEW, rotating, cases, COUNT(cases));
}

static void it_is_proven_alone_where_that_is_possible(void **state)
{
	IMPORT im = import_on(NEW);
	IMPORT simple = import_on(NEW);
	IMPORT old = import_on(OLD);

	(void)state;
	rotating(im);
	check_unasked("alone", got_rotate_alone, im,
		      (struct verdict)TO("private.begin"));
	assert_true(im->memo.live);
	im->memo.late = true;
	check_unasked("late", got_rotate_alone, im,
		      (struct verdict)TO("rotate.ready"));
	im->memo.indirect = true;
	check_unasked("late, and never proven", got_rotate_alone, im,
		      (struct verdict)TO("private.begin"));
	rotating(simple);
	simple->simple = true;
	check_unasked("nobody is", got_rotate_alone, simple,
		      (struct verdict)TO("rotate.ready"));
	simple->memo.indirect = true;
	check_unasked("then not at all", got_rotate_alone, simple,
		      (struct verdict)FAIL(FAILURE_HOST_UNSUPPORTED));
	rotating(old);
	check_unasked("no place to wait", got_rotate_alone, old,
		      (struct verdict)TO("rotate.ready"));
}

static void one_call_changes_the_key_alone(void **state)
{
	IMPORT im = import_on(NEW);
	CLEANUP(request_done) struct request request = { 0 };

	(void)state;
	rotating(im);
	check_unasked("from here on", got_rotate_ready, im,
		      (struct verdict)TO("change.write"));
	assert_true(im->memo.switching);
	assert_true(ask_change_write(im, &request));
	assert_string_equal(buf_str(&request.body.text), "{\"account_ids\":"
		"[5],\"credentials\":{\"api_key\":}}");
	assert_int_equal(request.nholes, 1);
	assert_int_equal(request.holes[0].slot, SLOT_PROVIDER_KEY);
}

static void it_is_recovered_when_the_host_knows_the_key(void **state)
{
	IMPORT im = import_on(NEW);
	CLEANUP(answer_done) struct answer answer = { 0 };
	const struct said dead = DEAD, ok = SAYS(200, ENVELOPE("{}"));
	struct verdict v;

	(void)state;
	rotating(im);
	im->memo.relight = true;
	answer = answer_made(&dead);
	v = got_change_confirm(im, &answer);
	assert_string_equal(v.step, "change.recover");
	assert_true(v.delay_ms >= 1200);
	answer_done(&answer);
	answer = answer_made(&ok);
	assert_string_equal(got_change_recover(im, &answer).step,
			    "rotate.light");
	check_asks(ask_rotate_light, im, "POST " ADMIN
		   "/accounts/5/schedulable");
	assert_string_equal(got_rotate_light(im, &answer).step,
			    "change.written");
	assert_true(im->resumed);
}

static void another_of_the_group_may_have_answered(void **state)
{
	static const struct step_case cases[] = {
		{ "well", NULL, LIVE, ON, NULL },
		{ "in error", NULL, DEAD, FAIL(FAILURE_ACCOUNT_ERROR), NULL },
	};

	(void)state;
	walk(got_rotate_look, NEW, rotating, cases, COUNT(cases));
}

static void the_old_key_is_kept_for_a_while(void **state)
{
	IMPORT im = import_on(NEW);
	struct verdict v;

	(void)state;
	rotating(im);
	own_set(&im->resources[IMPORT_NEW_KEY].lookup,
		"p-example-1~plan|subscription|new");
	v = got_rotate_settle(im, NULL);
	assert_string_equal(v.step, "rotate.over");
	assert_int_equal(v.delay_ms, 60000);
	assert_int_equal(im->change.state, CHANGE_OVERLAP);
	assert_int_equal(im->change.old_key_free_at, NOW + 60000);
	assert_int_equal(im->resources[IMPORT_ACCOUNT].state,
			 RESOURCE_PRESENT);
	assert_string_equal(im->resources[IMPORT_ACCOUNT].lookup,
			    "p-example-1~plan|subscription|new");
	assert_int_equal(im->resources[IMPORT_NEW_KEY].state, RESOURCE_GONE);
	check_unasked("over", got_rotate_over, im, done());
}

static void it_goes_back_only_if_it_was_set(void **state)
{
	IMPORT im = import_on(NEW);
	const struct said live = LIVE;
	CLEANUP(answer_done) struct answer answer = answer_made(&live);

	(void)state;
	rotating(im);
	own_set(&im->change.before, "{\"schedulable\":true,\"api_key\":"
		"{\"fingerprint\":\"old\"}}");
	check_asks(ask_undo_read, im, "");
	check_asks(ask_rotate_again, im, "");
	im->memo.switching = true;
	im->memo.failure = FAILURE_UPSTREAM_AUTH;
	check_asks(ask_undo_read, im, "GET " ADMIN "/accounts/5");
	/* That it has the old one already could not be seen. */
	assert_int_equal(got_undo_read(im, &answer).kind, VERDICT_GO_ON);
	assert_non_null(strstr(im->change.after, "\"old\""));
	check_asks(ask_rotate_again, im,
		   "POST https://host.example/v1/chat/completions");
	im->memo.late = true;
	check_asks(ask_rotate_again, im, "");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_mapped_is_to_be_served),
		cmocka_unit_test(a_dead_account_makes_it_late),
		cmocka_unit_test(an_operators_pause_stays),
		cmocka_unit_test(the_place_of_the_key_may_be_taken),
		cmocka_unit_test(what_is_not_listed_is_tried),
		cmocka_unit_test(the_provider_ends_it),
		cmocka_unit_test(it_is_proven_alone_where_that_is_possible),
		cmocka_unit_test(one_call_changes_the_key_alone),
		cmocka_unit_test(it_is_recovered_when_the_host_knows_the_key),
		cmocka_unit_test(another_of_the_group_may_have_answered),
		cmocka_unit_test(the_old_key_is_kept_for_a_while),
		cmocka_unit_test(it_goes_back_only_if_it_was_set),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
