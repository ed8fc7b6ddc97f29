/*
 * The steps of a change: what they ask, and what they make of the answers.
 */
#include "tests/unit/import_fixture.h"

#include "schedd/change.h"

#define OLD "0.1.126"
#define NEW "0.1.179"

#define LIVE_WITH(mapping, rest) SAYS(200, ENVELOPE("{\"id\":5," \
	"\"name\":\"crm-abc123-account1\",\"status\":\"active\"," \
	"\"credentials\":{\"model_mapping\":{" mapping "}}," rest "}"))
#define LIVE(mapping) LIVE_WITH(mapping, "\"schedulable\":true," \
				"\"proxy_id\":null")
#define ON_PROXY(id) LIVE_WITH(ONE, "\"schedulable\":true,\"proxy_id\":" id)
#define IS_OFF LIVE_WITH(ONE, "\"schedulable\":false,\"proxy_id\":null")
#define ILL(mapping) SAYS(200, ENVELOPE("{\"id\":5,\"name\":\"x\"," \
	"\"status\":\"error\",\"error_message\":\"no\",\"schedulable\":true," \
	"\"credentials\":{\"model_mapping\":{" mapping "}}}"))
#define GONE SAYS(404, REASON(404, "ACCOUNT_NOT_FOUND"))

#define ONE "\"m-1\":\"m-1\",\"x\":\"y\""
#define TWO ONE ",\"m-2\":\"m-2\""

/* m-2 is added; x is somebody else's. */
#define WANTED "{\"set\":{\"m-1\":\"m-1\",\"m-2\":\"m-2\"},\"drop\":[]," \
	       "\"tries\":[\"m-1\",\"m-2\"]}"

static void changing(struct import *im, enum change_kind kind,
		     const char *wanted)
{
	im->changing = true;
	im->change.kind = kind;
	own_set(&im->change.wanted, wanted);
	has(im, IMPORT_ACCOUNT, RESOURCE_MAKING, "5");
	has(im, IMPORT_KEY, RESOURCE_PRESENT, "9");
	own_set(&im->resources[IMPORT_KEY].secret_id, "sec_9");
}

static void models(struct import *im)
{
	changing(im, CHANGE_MODELS, WANTED);
}

/* Read and planned. */
static void planned(struct import *im)
{
	models(im);
	own_set(&im->change.before, "{\"model_mapping\":{" ONE "},"
		"\"schedulable\":true}");
	own_set(&im->change.after, "{\"model_mapping\":{" TWO "}}");
}

static void proxy(struct import *im)
{
	changing(im, CHANGE_PROXY, "{\"proxy_id\":12,\"tries\":[]}");
}

static void no_proxy(struct import *im)
{
	changing(im, CHANGE_PROXY, "{\"proxy_id\":null,\"tries\":[]}");
}

static void pausing(struct import *im)
{
	changing(im, CHANGE_PAUSE, "{}");
}

static void resuming(struct import *im)
{
	changing(im, CHANGE_RESUME, "{}");
	im->resources[IMPORT_ACCOUNT].paused_at = 7;
}

static void the_account_is_held_from_the_first_step_on(void **state)
{
	IMPORT im = import_on(NEW);
	struct resource_want want = { 0 };

	(void)state;
	models(im);
	own_set(&im->resources[IMPORT_ACCOUNT].lookup, "p|subscription|other");
	check_unasked("take", got_change_begin, im,
		      take_resource(IMPORT_ACCOUNT, "change.proxy"));
	change_want(im, IMPORT_ACCOUNT, &want);
	assert_true(want.hold);
	assert_string_equal(want.lookup, "p|subscription|other");
	im->resources[IMPORT_ACCOUNT].state = RESOURCE_GONE;
	check_unasked("gone", got_change_begin, im,
		      (struct verdict)FAIL(FAILURE_GONE));
}

static void a_proxy_is_looked_up_before_it_is_written(void **state)
{
	static const struct step_case cases[] = {
		{ "there", NULL, SAYS(200, ENVELOPE("{\"id\":12}")), ON,
		  NULL },
		{ "not there", NULL, SAYS(404, REASON(404,
		  "PROXY_NOT_FOUND")), FAIL(FAILURE_ACCOUNT_PROXY_UNKNOWN),
		  NULL },
	};
	IMPORT im = import_on(NEW);
	IMPORT none = import_on(NEW);

	(void)state;
	walk(got_change_proxy, NEW, proxy, cases, COUNT(cases));
	proxy(im);
	check_asks(ask_change_proxy, im, "GET " ADMIN "/proxies/12");
	no_proxy(none);
	check_asks(ask_change_proxy, none, "");
	check_unasked("none", got_change_proxy, none, (struct verdict)ON);
	walk_reader(got_change_proxy, NEW, proxy);
}

static void kept(const struct import *im)
{
	assert_string_equal(im->change.before, "{\"model_mapping\":{\"m-1\":"
		"\"m-1\",\"x\":\"y\"},\"schedulable\":true}");
	assert_string_equal(im->change.after, "{\"model_mapping\":{\"m-1\":"
		"\"m-1\",\"m-2\":\"m-2\",\"x\":\"y\"}}");
}

static void is_to_be_recovered(const struct import *im)
{
	assert_true(im->memo.ill);
}

static void what_is_written_rests_on_what_is_there(void **state)
{
	static const struct step_case cases[] = {
		{ "lacks it", NULL, LIVE(ONE), ON, kept },
		{ "has it already", NULL, LIVE(TWO), TO("change.recover"),
		  NULL },
		{ "leads elsewhere", NULL, LIVE("\"m-1\":\"m-1\","
		  "\"m-2\":\"other\""), ON, NULL },
		{ "ill", NULL, ILL(ONE), ON, is_to_be_recovered },
		{ "gone", NULL, GONE, FAIL(FAILURE_GONE), NULL },
	};
	static const struct step_case proxies[] = {
		{ "none yet", NULL, ON_PROXY("null"), ON, NULL },
		{ "that one", NULL, ON_PROXY("12"), TO("change.recover"),
		  NULL },
	};
	static const struct step_case switches[] = {
		{ "on", NULL, LIVE(ONE), ON, NULL },
		{ "off already", NULL, IS_OFF, TO("change.recover"), NULL },
	};

	(void)state;
	walk(got_change_read, NEW, models, cases, COUNT(cases));
	walk(got_change_read, NEW, proxy, proxies, COUNT(proxies));
	walk(got_change_read, NEW, pausing, switches, COUNT(switches));
	walk_reader(got_change_read, NEW, models);
}

/* The body of the one call that writes. */
static json_t *body_of(struct import *im)
{
	CLEANUP(request_done) struct request request = { 0 };

	check_asks(ask_change_write, im,
		   "POST " ADMIN "/accounts/bulk-update");
	assert_true(ask_change_write(im, &request));
	assert_int_equal(request.nholes, 0);
	return json_loads(buf_str(&request.body.text), 0, NULL);
}

static void check_body(const char *after, const char *want)
{
	IMPORT im = import_on(NEW);
	json_auto_t *wanted = json_loads(want, 0, NULL);
	json_auto_t *body = NULL;

	models(im);
	own_set(&im->change.after, after);
	body = body_of(im);
	assert_true(json_equal(body, wanted));
}

static void one_call_writes_that_and_nothing_else(void **state)
{
	(void)state;
	check_body("{\"model_mapping\":{" TWO "}}", "{\"account_ids\":[5],"
		   "\"credentials\":{\"model_mapping\":{" TWO "}}}");
	check_body("{\"proxy_id\":12}",
		   "{\"account_ids\":[5],\"proxy_id\":12}");
	check_body("{\"proxy_id\":null}",
		   "{\"account_ids\":[5],\"proxy_id\":0}");
	check_body("{\"schedulable\":false}",
		   "{\"account_ids\":[5],\"schedulable\":false}");
}

static void is_bound_now(const struct import *im)
{
	assert_int_equal(im->memo.bound_at, NOW);
}

static void it_is_read_back(void **state)
{
	static const struct step_case writes[] = {
		{ "written", NULL, SAYS(200, ENVELOPE("{\"success_ids\":[5]}")),
		  ON, is_bound_now },
		{ "not this one", NULL, SAYS(200,
		  ENVELOPE("{\"success_ids\":[]}")),
		  AGAIN(FAILURE_HOST_REFUSED, -1), NULL },
	};
	static const struct step_case reads[] = {
		{ "as written", NULL, LIVE(TWO), TO("change.recover"), NULL },
		{ "and more of others", NULL, LIVE(TWO ",\"z\":\"z\""),
		  TO("change.recover"), NULL },
		{ "not as written", NULL, LIVE(ONE),
		  AGAIN(FAILURE_NOT_AS_WRITTEN, 1200), NULL },
		{ "gone", NULL, GONE, FAIL(FAILURE_GONE), NULL },
	};
	static const struct step_case ill[] = {
		{ "ill, where changes get lost", NULL, ILL(TWO),
		  { .kind = VERDICT_GO_TO, .step = "change.recover",
		    .delay_ms = 1300 }, is_to_be_recovered },
	};

	(void)state;
	walk(got_change_write, NEW, planned, writes, COUNT(writes));
	walk(got_change_confirm, NEW, planned, reads, COUNT(reads));
	walk(got_change_confirm, OLD, planned, ill, COUNT(ill));
	walk_reader(got_change_confirm, NEW, planned);
}

static void who_is_ill_is_recovered_but_for_a_pause(void **state)
{
	IMPORT im = import_on(NEW);
	IMPORT off = import_on(NEW);

	(void)state;
	planned(im);
	check_asks(ask_change_recover, im, "");
	im->memo.ill = true;
	check_asks(ask_change_recover, im,
		   "POST " ADMIN "/accounts/5/recover-state");
	pausing(off);
	off->memo.ill = true;
	check_asks(ask_change_recover, off, "");
}

static void written(const char *name, void (*prepare)(struct import *im),
		    int64_t paused_at, struct verdict want,
		    int64_t paused_after)
{
	IMPORT im = import_on(NEW);

	prepare(im);
	im->resources[IMPORT_ACCOUNT].paused_at = paused_at;
	check_unasked(name, got_change_written, im, want);
	assert_int_equal(im->resources[IMPORT_ACCOUNT].paused_at,
			 paused_after);
}

static void what_is_paused_is_not_proven(void **state)
{
	const struct verdict prove = TO("change.models");
	const struct verdict end = END;

	(void)state;
	written("models", planned, 0, prove, 0);
	written("proxy", proxy, 0, prove, 0);
	written("pause", pausing, 0, end, NOW);
	written("pause again", pausing, 7, end, 7);
	written("resume", resuming, 7, prove, 0);
	written("models of a paused one", planned, 7, end, 7);
}

static void a_proof_waits_until_the_scheduler_knows(void **state)
{
	IMPORT im = import_on(NEW);
	IMPORT lost = import_on(NEW);

	(void)state;
	planned(im);
	im->memo.bound_at = NOW - 300;
	check_unasked("soon", got_change_written, im, (struct verdict){
		.kind = VERDICT_GO_TO, .step = "change.models",
		.delay_ms = 1000 });
	im->memo.bound_at = NOW - 5000;
	check_unasked("long ago", got_change_written, im,
		      (struct verdict)TO("change.models"));
	planned(lost);
	own_set(&lost->resources[IMPORT_KEY].secret_id, NULL);
	check_unasked("no key", got_change_written, lost,
		      (struct verdict)FAIL(FAILURE_KEY_REFUSED));
}

static void each_name_is_proven(void **state)
{
	IMPORT im = import_on(NEW);

	(void)state;
	planned(im);
	check_unasked("first", got_change_proven, im,
		      (struct verdict)TO("change.models"));
	check_unasked("second", got_change_proven, im, (struct verdict)END);
	proxy(im);
	im->memo.names_tried = 0;
	check_unasked("a proxy, once", got_change_proven, im,
		      (struct verdict)END);
}

#define COMPLETION "{\"choices\":[{\"message\":{\"content\":\"hi\"}," \
		   "\"finish_reason\":\"stop\"}],\"model\":\"m-1\"}"

static void listed(struct import *im)
{
	planned(im);
	im->memo.models_listed = true;
}

/* What an import would look into, or get anew, is the end of a change. */
static void what_is_not_proven_fails(void **state)
{
	static const struct step_case chats[] = {
		{ "answered", listed, SAYS(200, COMPLETION),
		  TO("change.proven"), NULL },
		{ "a key that is refused", listed, SAYS(401, "{\"code\":"
		  "\"INVALID_API_KEY\",\"message\":\"Invalid API key\"}"),
		  FAIL(FAILURE_KEY_REFUSED), NULL },
	};

	(void)state;
	walk(got_gateway_chat, NEW, listed, chats, COUNT(chats));
}

static void written_back(const struct import *im)
{
	assert_string_equal(im->change.after, "{\"model_mapping\":{\"m-1\":"
		"\"m-1\",\"x\":\"y\"}}");
}

static void switched_on_again(const struct import *im)
{
	assert_string_equal(im->change.after, "{\"model_mapping\":{\"m-1\":"
		"\"m-1\",\"x\":\"y\"},\"schedulable\":true}");
}

static void others_stay(const struct import *im)
{
	assert_string_equal(im->change.after, "{\"model_mapping\":{\"m-1\":"
		"\"m-1\",\"x\":\"y\",\"z\":\"z\"}}");
}

static void models_and_proxies_are_taken_back(void **state)
{
	static const struct step_case cases[] = {
		{ "as written", NULL, LIVE(TWO), ON, written_back },
		{ "off by the proof", NULL, LIVE_WITH(TWO,
		  "\"schedulable\":false"), ON, switched_on_again },
		{ "somebody was there", NULL, LIVE(TWO ",\"z\":\"z\""), ON,
		  others_stay },
		{ "never written", NULL, LIVE(ONE), TO("undo.recover"), NULL },
		{ "gone", NULL, GONE, TO("undo.end"), NULL },
	};
	IMPORT begun = import_on(NEW);
	IMPORT off = import_on(NEW);
	IMPORT via = import_on(NEW);

	(void)state;
	walk(got_undo_read, NEW, planned, cases, COUNT(cases));
	walk_reader(got_undo_read, NEW, planned);
	models(begun);
	check_asks(ask_undo_read, begun, "");
	check_unasked("nothing was read", got_undo_read, begun,
		      (struct verdict)TO("undo.end"));
	/* A pause or a resume that was obeyed stays. */
	resuming(off);
	own_set(&off->change.before, "{\"schedulable\":false}");
	check_asks(ask_undo_read, off, "");
	proxy(via);
	own_set(&via->change.before,
		"{\"proxy_id\":null,\"schedulable\":true}");
	check_asks(ask_undo_read, via, "GET " ADMIN "/accounts/5");
}

static void the_end_says_why(void **state)
{
	IMPORT im = import_on(NEW);

	(void)state;
	planned(im);
	im->memo.failure = FAILURE_MODEL_NOT_FOUND;
	check_unasked("end", got_change_undone, im,
		      (struct verdict)FAIL(FAILURE_MODEL_NOT_FOUND));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_account_is_held_from_the_first_step_on),
		cmocka_unit_test(a_proxy_is_looked_up_before_it_is_written),
		cmocka_unit_test(what_is_written_rests_on_what_is_there),
		cmocka_unit_test(one_call_writes_that_and_nothing_else),
		cmocka_unit_test(it_is_read_back),
		cmocka_unit_test(who_is_ill_is_recovered_but_for_a_pause),
		cmocka_unit_test(what_is_paused_is_not_proven),
		cmocka_unit_test(a_proof_waits_until_the_scheduler_knows),
		cmocka_unit_test(each_name_is_proven),
		cmocka_unit_test(what_is_not_proven_fails),
		cmocka_unit_test(models_and_proxies_are_taken_back),
		cmocka_unit_test(the_end_says_why),
	};

	return cmocka_run_group_tests(tests, read_settings, drop_settings);
}
