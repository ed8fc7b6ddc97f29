/*
 * The key's account is there already: what is made of how it looks, and what
 * is done about it.
 */
#include "schedd/host/mend.h"
#include "tests/unit/import_fixture.h"

#define OLD "0.1.126"
#define NEW "0.1.179"
#define PRINT "0123456789abcdef0123456789abcdef"

#define MAPPING(map) "\"credentials\":{\"base_url\":\"https://p.example/v1\"," \
	"\"model_mapping\":{" map "}}"
#define KIND "\"id\":5,\"name\":\"p crm-abc123-account1\"," \
	"\"platform\":\"openai\",\"type\":\"apikey\","
#define MODE ",\"extra\":{\"openai_responses_mode\":" \
	"\"force_chat_completions\"}"
#define BOTH "\"m-1\":\"m-1\",\"m-2\":\"m-2\""
#define OF(map, groups, status, on, more) SAYS(200, ENVELOPE("{" KIND \
	MAPPING(map) MODE ",\"group_ids\":[" groups "],\"status\":\"" status \
	"\",\"schedulable\":" on more "}"))
#define WELL OF(BOTH, "7", "active", "true", "")
#define GONE SAYS(404, REASON(404, "ACCOUNT_NOT_FOUND"))

/* Made by another run, and proven. */
static void there(struct import *im)
{
	has(im, IMPORT_GROUP, RESOURCE_PRESENT, "7");
	has(im, IMPORT_ACCOUNT, RESOURCE_PRESENT, "5");
	own_set(&im->resources[IMPORT_ACCOUNT].lookup,
		"p-example-1|subscription|" PRINT);
	own_set(&im->item.api_key_fingerprint, PRINT);
	own_set(&im->resources[IMPORT_ACCOUNT].wanted_json,
		"{" MAPPING(BOTH) MODE ",\"group_ids\":[7]}");
	im->memo.live = true;
}

static void is(const struct import *im, enum account_resolution resolution,
	       enum account_match match, bool same, const char *event)
{
	assert_int_equal(im->item.resolution, resolution);
	assert_int_equal(im->item.match, match);
	assert_int_equal(im->item.provision_reused, same);
	if (same)
		assert_string_equal(im->item.reused_from_account_id, "5");
	else
		assert_null(im->item.reused_from_account_id);
	assert_string_equal(noted(im), event);
}

static void reused(const struct import *im)
{
	is(im, RESOLUTION_REUSED, MATCH_ACTIVE, true, "reused");
	assert_int_equal(im->item.confirmation, CONFIRMATION_CONFIRMED);
	assert_string_equal(im->item.reused_from_provider_id, "p-example-1");
}

static void told_and_reused(const struct import *im)
{
	reused(im);
	assert_non_null(strstr(im->item.warnings, "mapping_changed"));
}

static void widened(const struct import *im)
{
	is(im, RESOLUTION_REUSED, MATCH_ACTIVE, true, "");
}

static void patched(const struct import *im)
{
	is(im, RESOLUTION_REUSED, MATCH_ACTIVE, true, "patch_only");
}

static void disabled(const struct import *im)
{
	is(im, RESOLUTION_REACTIVATED, MATCH_DISABLED, true, "reactivated");
	assert_non_null(strstr(im->events[0].detail, "\"was\":{"));
}

static void deprecated(const struct import *im)
{
	is(im, RESOLUTION_REACTIVATED, MATCH_DEPRECATED, true,
	   "reactivated");
}

static void broken(const struct import *im)
{
	is(im, RESOLUTION_REACTIVATED, MATCH_BROKEN, true, "reactivated");
}

static void replaced(const struct import *im)
{
	is(im, RESOLUTION_REPLACED, MATCH_BROKEN, false, "replaced");
	assert_int_equal(im->resources[IMPORT_ACCOUNT].state, RESOURCE_GONE);
	assert_int_equal(im->memo.retire, 0);
}

static void let_go(const struct import *im)
{
	is(im, RESOLUTION_REPLACED, MATCH_BROKEN, false, "replaced");
	assert_int_equal(im->memo.retire, 5);
	assert_string_equal(im->memo.retire_row,
			    im->resources[IMPORT_ACCOUNT].resource_id);
	assert_non_null(strstr(im->item.warnings, "account_let_go"));
}

static void paused(struct import *im)
{
	im->resources[IMPORT_ACCOUNT].paused_at = NOW - 1;
}

static void off_by_us(struct import *im)
{
	im->resources[IMPORT_ACCOUNT].off_by_us = true;
}

static void by_proxy(struct import *im)
{
	own_set(&im->item.account_proxy, "3");
}

static void wants_more(struct import *im)
{
	json_array_append_new(im->models, json_string("m-3"));
}

static void how_it_looks_decides(void **state)
{
	static const struct step_case cases[] = {
		{ "well", NULL, WELL, ON, reused },
		{ "in more groups, with more models", NULL,
		  OF(BOTH ",\"x\":\"y\"", "3,7", "active", "true", ""), ON,
		  reused },
		{ "of a name that leads elsewhere", NULL,
		  OF("\"m-1\":\"z\",\"m-2\":\"m-2\"", "7", "active", "true",
		     ""), ON, told_and_reused },
		{ "lacks a model", wants_more, WELL, TO("widen.account"),
		  widened },
		{ "by another proxy", by_proxy, WELL, TO("reuse.hold"),
		  patched },
		{ "by this proxy", by_proxy,
		  OF(BOTH, "7", "active", "true", ",\"proxy_id\":3"), ON,
		  reused },
		{ "not schedulable", NULL,
		  OF(BOTH, "7", "active", "false", ""), TO("reuse.hold"),
		  disabled },
		{ "inactive", NULL, OF(BOTH, "7", "inactive", "true", ""),
		  TO("reuse.hold"), disabled },
		{ "paused", paused, OF(BOTH, "7", "active", "false", ""),
		  TO("reuse.hold"), disabled },
		{ "off by us", off_by_us,
		  OF(BOTH, "7", "active", "false", ""), TO("reuse.hold"),
		  disabled },
		{ "off by us, and on again", off_by_us, WELL, ON, reused },
		{ "expired", NULL,
		  OF(BOTH, "7", "active", "true", ",\"expires_at\":1700000000"),
		  TO("reuse.hold"), deprecated },
		{ "not yet expired", NULL,
		  OF(BOTH, "7", "active", "true", ",\"expires_at\":1999999999"),
		  ON, reused },
		{ "in no group", NULL, OF(BOTH, "", "active", "true", ""),
		  TO("reuse.hold"), deprecated },
		{ "in another's", NULL, OF(BOTH, "3", "active", "true", ""),
		  TO("reuse.hold"), deprecated },
		{ "in error", NULL, OF(BOTH, "7", "error", "true", ""),
		  TO("reuse.hold"), broken },
		{ "benched", NULL, OF(BOTH, "7", "active", "true",
			",\"temp_unschedulable_until\":"
			"\"2099-01-01T00:00:00Z\""),
		  TO("reuse.hold"), broken },
		{ "gone", NULL, GONE, LOOK("provision.group", FAILURE_GONE),
		  replaced },
		{ "of another type", NULL,
		  SAYS(200, ENVELOPE("{\"id\":5,\"platform\":\"openai\","
			"\"type\":\"oauth\"," MAPPING(BOTH) MODE ","
			"\"group_ids\":[7],\"status\":\"active\","
			"\"schedulable\":true}")),
		  LOOK("provision.group", FAILURE_GONE), let_go },
	};

	(void)state;
	walk(got_account, NEW, there, cases, COUNT(cases));
	walk_reader(got_account, NEW, there);
}

/* Seen only where a host shows keys, as fingerprints by then. */
static void a_key_that_somebody_replaced_is_seen(void **state)
{
#define KEYED(key) SAYS(200, ENVELOPE("{" KIND "\"credentials\":{" \
	"\"base_url\":\"https://p.example/v1\",\"api_key\":\"" key "\"," \
	"\"model_mapping\":{" BOTH "}},\"extra\":{\"openai_responses_mode\":" \
	"\"force_chat_completions\",\"openai_responses_supported\":false}," \
	"\"group_ids\":[7],\"status\":\"active\",\"schedulable\":true}"))
	static const struct step_case cases[] = {
		{ "ours", NULL, KEYED(PRINT), ON, reused },
		{ "another", NULL, KEYED("ffffffffffffffffffffffffffffffff"),
		  LOOK("provision.group", FAILURE_GONE), let_go },
	};

	(void)state;
	walk(got_account, OLD, there, cases, COUNT(cases));
}

/* ---- held, and put right ---- */

static void held(struct import *im)
{
	there(im);
	has(im, IMPORT_ACCOUNT, RESOURCE_MAKING, "5");
	im->memo.reviving = true;
}

static void it_is_held_until_it_is_proven(void **state)
{
	struct resource_want want = { 0 };
	IMPORT im = import_on(NEW);

	(void)state;
	there(im);
	import_want(im, IMPORT_ACCOUNT, &want);
	assert_false(want.hold);
	check_unasked("take", got_hold, im,
		      take_resource(IMPORT_ACCOUNT, "reuse.read"));
	import_want(im, IMPORT_ACCOUNT, &want);
	assert_true(want.hold);
}

static void one_call_plans_all(const struct import *im)
{
	assert_int_equal(im->memo.mend, 1 << HOST_REPAIR_ACTIVATE |
			 1 << HOST_REPAIR_GROUPS | 1 << HOST_REPAIR_MAPPING);
	assert_true(im->memo.was_inactive);
	assert_true(im->memo.was_unschedulable);
}

static void called_where_it_was(const struct import *im)
{
	assert_true(im->memo.proven);
	assert_int_equal(import_stage_group(im), IMPORT_GROUP);
	assert_true(import_holds(im, IMPORT_ACCOUNT));
}

static void ended_first(const struct import *im)
{
	assert_int_equal(im->memo.mend, 1 << HOST_REPAIR_EXTEND);
}

static void recovered_first(const struct import *im)
{
	assert_int_equal(im->memo.mend, 1 << HOST_REPAIR_RECOVER);
	assert_false(im->memo.was_unschedulable);
}

static void back_after_a_bench(struct import *im)
{
	im->memo.done = 1 << HOST_REPAIR_RECOVER;
	im->memo.calls = 1;
}

static void nudged(const struct import *im)
{
	assert_int_equal(im->memo.mend, 1 << HOST_REPAIR_NUDGE);
}

static void too_many_calls(struct import *im)
{
	im->memo.calls = 12;
}

static void it_is_read_and_planned_upon(void **state)
{
	static const struct step_case cases[] = {
		{ "off, out of its group, without its models", NULL,
		  OF("\"x\":\"y\"", "3", "inactive", "false", ""), ON,
		  one_call_plans_all },
		{ "expired", NULL, OF(BOTH, "7", "active", "false",
				      ",\"expires_at\":1700000000"), ON,
		  ended_first },
		{ "in error", NULL, OF(BOTH, "7", "error", "false", ""), ON,
		  recovered_first },
		{ "well", NULL, WELL, TO("confirm.account"),
		  called_where_it_was },
		{ "back among others", back_after_a_bench, WELL,
		  { .kind = VERDICT_GO_ON, .delay_ms = HOST_MEND_GAP_MS },
		  nudged },
		{ "no end of it", too_many_calls,
		  OF(BOTH, "7", "inactive", "false", ""),
		  TO("confirm.account"), NULL },
		{ "gone", NULL, GONE, LOOK("provision.group", FAILURE_GONE),
		  NULL },
	};

	(void)state;
	walk(got_reuse_read, NEW, held, cases, COUNT(cases));
	walk_reader(got_reuse_read, NEW, held);
}

/* The account is read; what the next step asks is about that. */
static struct import *planned(const struct said *said)
{
	struct import *im = import_on(NEW);
	CLEANUP(answer_done) struct answer answer = answer_made(said);

	held(im);
	got_reuse_read(im, &answer);
	free(im->resources[IMPORT_ACCOUNT].live_json);
	im->resources[IMPORT_ACCOUNT].live_json =
		xstrdup_null(im->watched.live_json);
	im->nevents = 0;
	return im;
}

static void what_is_planned_is_asked_in_one_call(void **state)
{
	static const struct said off = OF("\"x\":\"y\"", "3", "inactive",
					  "false", "");
	static const struct said right = SAYS(200,
		ENVELOPE("{\"success_ids\":[5]}"));
	CLEANUP(request_done) struct request request = { 0 };
	CLEANUP(answer_done) struct answer answer = answer_made(&right);
	json_auto_t *body = NULL;
	json_auto_t *want = json_loads("{\"account_ids\":[5],"
		"\"group_ids\":[3,7],\"credentials\":{\"model_mapping\":"
		"{\"x\":\"y\"," BOTH "}},\"status\":\"active\","
		"\"schedulable\":true}", 0, NULL);
	IMPORT im = planned(&off);

	(void)state;
	assert_true(ask_reuse_act(im, &request));
	body = json_loads(buf_str(&request.body.text), 0, NULL);
	assert_true(json_equal(body, want));
	check_verdict("done", got_reuse_act(im, &answer),
		      (struct verdict)TO("reuse.read"));
	assert_string_equal(noted(im), "patch_only");
	assert_non_null(strstr(im->events[0].detail, "\"before\""));
	assert_int_equal(im->memo.changed_at, NOW);
}

/* Group and account are made in one order: the account is put back first. */
static void a_group_that_is_gone_is_made_anew(void **state)
{
	static const struct said off = OF(BOTH, "", "active", "true", "");
	static const struct said none = SAYS(404,
					     REASON(404, "GROUP_NOT_FOUND"));
	CLEANUP(answer_done) struct answer answer = answer_made(&none);
	IMPORT im = planned(&off);

	(void)state;
	check_verdict("gone", got_reuse_act(im, &answer),
		      (struct verdict)LOOK("provision.group", FAILURE_GONE));
	assert_int_equal(im->resources[IMPORT_GROUP].state, RESOURCE_GONE);
	assert_int_equal(im->resources[IMPORT_ACCOUNT].state,
			 RESOURCE_PRESENT);
	assert_false(im->memo.reviving);
}

/* Somebody undoes it as often as it is done. */
static void an_account_that_is_never_right_ends_it(void **state)
{
	static const struct said off = OF(BOTH, "7", "inactive", "true", "");
	CLEANUP(answer_done) struct answer answer = answer_made(&off);
	struct verdict v = { 0 };
	IMPORT im = import_on(NEW);

	(void)state;
	held(im);
	for (int i = 0; i < 10 && v.kind != VERDICT_FAILED; i++)
		v = got_account(im, &answer);
	assert_int_equal(v.failure, FAILURE_NOT_AS_WRITTEN);
}

static void a_failure_switches_off_what_was_off(void **state)
{
	CLEANUP(request_done) struct request request = { 0 };
	static const struct step_case cases[] = {
		{ "done", NULL, SAYS(200, ENVELOPE("{\"success_ids\":[5]}")),
		  ON, NULL },
	};
	IMPORT im = import_on(NEW);

	(void)state;
	held(im);
	check_asks(ask_undo_switch, im, "");	/* nothing was done */
	im->memo.calls = 1;
	check_asks(ask_undo_switch, im, "");	/* it was on */
	im->memo.was_unschedulable = true;
	assert_true(ask_undo_switch(im, &request));
	assert_non_null(strstr(buf_str(&request.body.text),
			       "\"schedulable\":false"));
	assert_null(strstr(buf_str(&request.body.text), "status"));
	walk(got_undo_switch, NEW, held, cases, COUNT(cases));
	/* Not any more: others rest on it by now. */
	has(im, IMPORT_ACCOUNT, RESOURCE_PRESENT, "5");
	check_asks(ask_undo_switch, im, "");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(how_it_looks_decides),
		cmocka_unit_test(a_key_that_somebody_replaced_is_seen),
		cmocka_unit_test(it_is_held_until_it_is_proven),
		cmocka_unit_test(it_is_read_and_planned_upon),
		cmocka_unit_test(what_is_planned_is_asked_in_one_call),
		cmocka_unit_test(a_group_that_is_gone_is_made_anew),
		cmocka_unit_test(an_account_that_is_never_right_ends_it),
		cmocka_unit_test(a_failure_switches_off_what_was_off),
	};

	return cmocka_run_group_tests(tests, read_settings, drop_settings);
}
