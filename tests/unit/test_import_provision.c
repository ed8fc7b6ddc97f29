/*
 * Group and account: what each step makes of a host's answers.
 */
#include "tests/unit/import_fixture.h"

#define OLD "0.1.126"
#define NEW "0.1.179"

#define FOUND(name, id) \
	SAYS(200, ENVELOPE("{\"items\":[{\"id\":9,\"name\":\"other\"}," \
	     "{\"id\":" #id ",\"name\":\"x " name "\"}],\"total\":2," \
	     "\"page\":1,\"page_size\":100,\"pages\":1}"))
#define NOTHING_FOUND \
	SAYS(200, ENVELOPE("{\"items\":[],\"total\":0,\"page\":1," \
	     "\"page_size\":100,\"pages\":0}"))
#define MORE_PAGES \
	SAYS(200, ENVELOPE("{\"items\":[{\"id\":1,\"name\":\"x\"}]," \
	     "\"total\":2000,\"page\":1,\"page_size\":1000,\"pages\":2}"))
#define MADE(id) SAYS(200, ENVELOPE("{\"id\":" #id ",\"name\":\"x\"}"))
#define TAKEN(reason) SAYS(409, REASON(409, reason))

/* ---- group ---- */

static void making_group(struct import *im)
{
	has(im, IMPORT_GROUP, RESOURCE_MAKING, NULL);
	im->resources[IMPORT_GROUP].wanted_json = xstrdup("{\"name\":\"g\"}");
}

static void group_is_7(const struct import *im)
{
	const struct resource *r = &im->resources[IMPORT_GROUP];

	assert_string_equal(r->host_resource_id, "7");
	assert_string_equal(r->origin, "created");
	assert_true(im->changed[IMPORT_GROUP]);
	/* It is not for others before an account in it is proven. */
	assert_int_equal(r->state, RESOURCE_MAKING);
}

static void one_doubt(const struct import *im)
{
	assert_int_equal(im->memo.doubts, 1);
}

static void last_doubt(struct import *im)
{
	im->memo.doubts = ATTEMPTS;
}

static void it_says_why(const struct import *im)
{
	assert_non_null(im->item.failure_detail);
}

static void a_group_is_found_by_its_mark(void **state)
{
	static const struct step_case cases[] = {
		{ "ours", NULL, FOUND("crm-abc123-group111", 7),
		  TO("provision.parking"), group_is_7 },
		{ "another's", NULL, FOUND("crm-abc123-group11", 7), ON,
		  NULL },
		{ "nothing", NULL, NOTHING_FOUND, ON, NULL },
	};
	IMPORT im = import_on(NEW);

	(void)state;
	walk(got_find_group, NEW, making_group, cases, COUNT(cases));
	walk_reader(got_find_group, NEW, making_group);
	making_group(im);
	check_asks(ask_find_group, im, "GET " ADMIN "/groups?search="
		   "crm-abc123-group111&page=1&page_size=100");
	/* Made before, by one who gave up: nothing to look for. */
	own_set(&im->resources[IMPORT_GROUP].host_resource_id, "7");
	check_asks(ask_find_group, im, "");
	check_unasked("made", got_find_group, im,
		      (struct verdict)TO("provision.known_group"));
}

/* ---- a group that was made before ---- */

#define GROUP(name, description) SAYS(200, ENVELOPE("{\"id\":7,\"name\":\"" \
	name "\",\"description\":\"" description "\"}"))
#define GROUP_GONE SAYS(404, REASON(404, "GROUP_NOT_FOUND"))

static void group_was_made(struct import *im)
{
	has(im, IMPORT_GROUP, RESOURCE_PRESENT, "7");
}

static void its_name_was_accepted(struct import *im)
{
	group_was_made(im);
	own_set(&im->resources[IMPORT_GROUP].written_json,
		"{\"name\":\"VIP\",\"description\":\"\"}");
}

static void is_ours(const struct import *im)
{
	assert_true(im->memo.group_seen);
	assert_string_equal(im->item.warnings, "[]");
}

static void is_made_anew(const struct import *im)
{
	assert_int_equal(im->resources[IMPORT_GROUP].state, RESOURCE_GONE);
	assert_false(im->memo.group_seen);
}

static void is_left_alone(const struct import *im)
{
	is_made_anew(im);
	assert_non_null(strstr(im->item.warnings, "group_not_ours"));
	assert_non_null(strstr(im->item.warnings, "group 7 of the host"));
}

/* A host that was put back to an old backup gives its ids once more. */
static void a_group_of_somebody_with_our_groups_id_is_not_used(void **state)
{
	static const struct step_case cases[] = {
		{ "ours", NULL, GROUP("g crm-abc123-group111", ""),
		  TO("provision.parking"), is_ours },
		{ "renamed", NULL, GROUP("VIP", "mine crm-abc123-group111"),
		  TO("provision.parking"), is_ours },
		{ "renamed, and that was accepted", its_name_was_accepted,
		  GROUP("VIP", ""), TO("provision.parking"), is_ours },
		{ "no name is shown", NULL, SAYS(200, ENVELOPE("{\"id\":7}")),
		  TO("provision.parking"), is_ours },
		{ "somebody's", NULL, GROUP("VIP", "theirs"),
		  LOOK("provision.group", FAILURE_GONE), is_left_alone },
		{ "another of ours", NULL, GROUP("g crm-abc123-group222", ""),
		  LOOK("provision.group", FAILURE_GONE), is_left_alone },
		{ "gone", NULL, GROUP_GONE,
		  LOOK("provision.group", FAILURE_GONE), is_made_anew },
	};
	IMPORT im = import_on(NEW);

	(void)state;
	walk(got_known_group, NEW, group_was_made, cases, COUNT(cases));
	walk_reader(got_known_group, NEW, group_was_made);
	group_was_made(im);
	check_unasked("want", got_want_group, im,
		      take_resource(IMPORT_GROUP, "provision.known_group"));
	check_asks(ask_known_group, im, "GET " ADMIN "/groups/7");
	im->memo.group_seen = true;
	check_asks(ask_known_group, im, "");
	check_unasked("seen", got_known_group, im,
		      (struct verdict)TO("provision.parking"));
}

static void a_group_is_made(void **state)
{
	static const struct step_case cases[] = {
		{ "made", NULL, MADE(7), ON, group_is_7 },
		{ "there already", NULL, TAKEN("GROUP_EXISTS"),
		  LOOK("provision.find_group", FAILURE_HOST_REFUSED),
		  one_doubt },
		{ "there and not to be found", last_doubt,
		  TAKEN("GROUP_EXISTS"), FAIL(FAILURE_HOST_REFUSED),
		  it_says_why },
		{ "another conflict", NULL, TAKEN("SOMETHING_ELSE"),
		  FAIL(FAILURE_HOST_REFUSED), it_says_why },
		{ "without an id", NULL, SAYS(200, ENVELOPE("{}")),
		  AGAIN(FAILURE_HOST_UNSUPPORTED, -1), NULL },
	};
	IMPORT im = import_on(NEW);

	(void)state;
	walk(got_create_group, NEW, making_group, cases, COUNT(cases));
	walk(got_create_group, NEW, making_group, refusals, COUNT(refusals));
	walk_maker(got_create_group, NEW, making_group,
		   "provision.find_group");
	making_group(im);
	check_asks(ask_create_group, im, "POST " ADMIN "/groups");
}

static void each_doubt_waits_longer_than_the_last(void **state)
{
	IMPORT im = import_on(NEW);

	(void)state;
	for (int i = 0; i < ATTEMPTS; i++)
		check_verdict("doubt", import_doubt(im, "x.y", FAILURE_RESET),
			      (struct verdict){ .kind = VERDICT_GO_TO,
				.step = "x.y", .failure = FAILURE_RESET,
				.delay_ms = FIRST_MS << i });
	check_verdict("enough", import_doubt(im, "x.y", FAILURE_RESET),
		      (struct verdict)FAIL(FAILURE_RESET));
}

/* ---- the parking group of an old host ---- */

static void making_parking(struct import *im)
{
	has(im, IMPORT_PARKING, RESOURCE_MAKING, NULL);
	im->resources[IMPORT_PARKING].wanted_json =
		xstrdup("{\"name\":\"p\"}");
}

static void parking_is_there(const struct import *im)
{
	const struct resource *r = &im->resources[IMPORT_PARKING];

	assert_string_equal(r->host_resource_id, "7");
	assert_int_equal(r->state, RESOURCE_PRESENT);
	assert_string_equal(noted(im), "created");
}

static void only_old_hosts_need_a_parking_group(void **state)
{
	IMPORT old = import_on(OLD);
	IMPORT new = import_on(NEW);
	struct verdict take = take_resource(IMPORT_PARKING,
					    "provision.account");

	(void)state;
	check_unasked("nobody has looked yet", got_want_parking, new,
		      (struct verdict)TO("foreign.claim"));
	old->memo.looked = new->memo.looked = true;
	check_unasked("new", got_want_parking, new,
		      (struct verdict)TO("provision.account"));
	assert_false(new->memo.live);
	has(old, IMPORT_GROUP, RESOURCE_PRESENT, "7");
	check_unasked("old", got_want_parking, old, take);
	/* The group had a proven account before us: it is live. */
	assert_true(old->memo.live);
}

static void a_parking_group_is_found_or_made(void **state)
{
	static const struct step_case found[] = {
		{ "ours", NULL, FOUND("crm-abc123-parking1", 7),
		  TO("provision.account"), parking_is_there },
		{ "nothing", NULL, NOTHING_FOUND, ON, NULL },
	};
	static const struct step_case created[] = {
		{ "made", NULL, MADE(7), ON, parking_is_there },
		{ "there already", NULL, TAKEN("GROUP_EXISTS"),
		  LOOK("provision.find_parking", FAILURE_HOST_REFUSED),
		  one_doubt },
	};
	IMPORT im = import_on(OLD);

	(void)state;
	walk(got_find_parking, OLD, making_parking, found, COUNT(found));
	walk_reader(got_find_parking, OLD, making_parking);
	walk(got_create_parking, OLD, making_parking, created,
	     COUNT(created));
	walk_maker(got_create_parking, OLD, making_parking,
		   "provision.find_parking");
	making_parking(im);
	check_asks(ask_find_parking, im, "GET " ADMIN "/groups?search="
		   "crm-abc123-parking1&page=1&page_size=100");
	check_asks(ask_create_parking, im, "POST " ADMIN "/groups");
}

/* ---- account ---- */

static void making_account(struct import *im)
{
	has(im, IMPORT_GROUP, RESOURCE_MAKING, "7");
	has(im, IMPORT_PARKING, RESOURCE_PRESENT, "8");
	has(im, IMPORT_ACCOUNT, RESOURCE_MAKING, NULL);
	im->resources[IMPORT_ACCOUNT].wanted_json = xstrdup("{\"name\":\"a\","
		"\"platform\":\"openai\",\"type\":\"apikey\","
		"\"credentials\":{\"base_url\":\"https://p.example/v1\","
		"\"model_mapping\":{\"m-1\":\"m-1\"}},\"extra\":{"
		"\"openai_responses_mode\":\"force_chat_completions\"},"
		"\"group_ids\":[7]}");
}

static void account_is_5(const struct import *im)
{
	assert_string_equal(im->resources[IMPORT_ACCOUNT].host_resource_id,
			    "5");
	assert_int_equal(im->item.resolution, RESOLUTION_CREATED);
	assert_true(im->memo.created_account);
	assert_int_equal(im->memo.page, 0);
}

static void account_is_adopted(const struct import *im)
{
	account_is_5(im);
	assert_true(im->memo.adopted);
}

static void account_is_bound(const struct import *im)
{
	account_is_5(im);
	assert_false(im->memo.adopted);
	assert_int_equal(im->memo.bound_at, NOW);
}

static void second_page(const struct import *im)
{
	assert_int_equal(im->memo.page, 1);
}

static void new_generation(const struct import *im)
{
	assert_int_equal(im->resources[IMPORT_ACCOUNT].generation, 1);
	assert_true(im->changed[IMPORT_ACCOUNT]);
}

static void looked_twice(struct import *im)
{
	im->memo.doubts = 2;
}

static void same_generation(const struct import *im)
{
	assert_int_equal(im->resources[IMPORT_ACCOUNT].generation, 0);
	assert_false(im->memo.created_account);
}

static void an_account_is_found_by_its_mark(void **state)
{
	static const struct step_case cases[] = {
		{ "ours", NULL, FOUND("crm-abc123-account1", 5),
		  TO("provision.proof_group"), account_is_adopted },
		{ "nothing", NULL, NOTHING_FOUND, ON, NULL },
		{ "not on this page", NULL, MORE_PAGES, WAIT(0, FAILURE_NONE),
		  second_page },
	};
	IMPORT im = import_on(NEW);

	(void)state;
	walk(got_find_account, NEW, making_account, cases, COUNT(cases));
	walk_reader(got_find_account, NEW, making_account);
	im->memo.page = 1;
	check_asks(ask_find_account, im, "GET " ADMIN "/accounts?search="
		   "crm-abc123-account1&page=2&page_size=1000&sort_by=id"
		   "&sort_order=asc");
}

static void an_account_is_made(void **state)
{
	static const struct step_case cases[] = {
		{ "made", NULL, MADE(5), ON, account_is_bound },
		{ "the key belongs to another body", NULL,
		  TAKEN("IDEMPOTENCY_KEY_CONFLICT"),
		  LOOK("provision.find_account", FAILURE_HOST_REFUSED),
		  new_generation },
		{ "the first is still under way", NULL,
		  SAYS_LATER(409, 30000,
			     REASON(409, "IDEMPOTENCY_IN_PROGRESS")),
		  LOOK("provision.find_account", FAILURE_TRANSIENT),
		  same_generation },
		{ "still under way, and looked for in vain", looked_twice,
		  SAYS_LATER(409, 30000,
			     REASON(409, "IDEMPOTENCY_IN_PROGRESS")),
		  { .kind = VERDICT_GO_TO, .step = "provision.find_account",
		    .failure = FAILURE_TRANSIENT, .delay_ms = 4 * FIRST_MS },
		  new_generation },
	};
	IMPORT im = import_on(NEW);

	(void)state;
	walk(got_create_account, NEW, making_account, cases, COUNT(cases));
	walk(got_create_account, NEW, making_account, refusals,
	     COUNT(refusals));
	walk_maker(got_create_account, NEW, making_account,
		   "provision.find_account");
	making_account(im);
	check_asks(ask_create_account, im, "POST " ADMIN "/accounts");
	own_set(&im->resources[IMPORT_ACCOUNT].wanted_json, "?");
	check_asks(ask_create_account, im, "");
	check_unasked("no body", got_create_account, im,
		      (struct verdict)FAIL(FAILURE_INTERNAL));
}

static void features_are_learned_from_the_account_made(void **state)
{
	IMPORT im = import_on("");
	static const struct said said =
		SAYS(200, ENVELOPE("{\"id\":5,\"credentials_status\":{}}"));
	CLEANUP(answer_done) struct answer answer = answer_made(&said);

	(void)state;
	making_account(im);
	assert_false(im->features.responses_mode);
	got_create_account(im, &answer);
	assert_true(im->features.responses_mode);
}

/* Who makes the group anew may wait for it, and we for him. */
static void the_account_is_let_go_of(const struct import *im)
{
	const struct resource *r = &im->resources[IMPORT_ACCOUNT];

	assert_int_equal(r->state, RESOURCE_WANTED);
	assert_true(im->changed[IMPORT_ACCOUNT]);
}

static void the_group_is_looked_at_before_an_account_is_made(void **state)
{
	static const struct step_case cases[] = {
		{ "there", NULL, GROUP("g crm-abc123-group111", ""), ON, NULL },
		{ "gone", NULL, GROUP_GONE,
		  LOOK("provision.group", FAILURE_GONE),
		  the_account_is_let_go_of },
		{ "another's by now", NULL, GROUP("VIP", ""),
		  LOOK("provision.group", FAILURE_GONE),
		  the_account_is_let_go_of },
	};
	static const char *const versions_asked[][2] = {
		{ NEW, "GET " ADMIN "/groups/7" },
		{ OLD, "GET " ADMIN "/groups/8" },
	};

	(void)state;
	walk(got_group_still, NEW, making_account, cases, COUNT(cases));
	walk_reader(got_group_still, NEW, making_account);
	for (size_t i = 0; i < COUNT(versions_asked); i++) {
		IMPORT im = import_on(versions_asked[i][0]);
		static const struct said gone =
			SAYS(404, REASON(404, "GROUP_NOT_FOUND"));
		CLEANUP(answer_done) struct answer answer =
			answer_made(&gone);

		making_account(im);
		check_asks(ask_group_still, im, versions_asked[i][1]);
		got_group_still(im, &answer);
		assert_int_equal(im->resources[i ? IMPORT_PARKING
			: IMPORT_GROUP].state, RESOURCE_GONE);
	}
}

static void an_adopted_account_is_not_made_again(void **state)
{
	IMPORT im = import_on(NEW);

	(void)state;
	making_account(im);
	im->memo.adopted = true;
	check_asks(ask_group_still, im, "");
	check_unasked("adopted", got_group_still, im,
		      (struct verdict)TO("confirm.flag"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_group_is_found_by_its_mark),
		cmocka_unit_test(
			a_group_of_somebody_with_our_groups_id_is_not_used),
		cmocka_unit_test(a_group_is_made),
		cmocka_unit_test(each_doubt_waits_longer_than_the_last),
		cmocka_unit_test(only_old_hosts_need_a_parking_group),
		cmocka_unit_test(a_parking_group_is_found_or_made),
		cmocka_unit_test(an_account_is_found_by_its_mark),
		cmocka_unit_test(an_account_is_made),
		cmocka_unit_test(features_are_learned_from_the_account_made),
		cmocka_unit_test(
			the_group_is_looked_at_before_an_account_is_made),
		cmocka_unit_test(an_adopted_account_is_not_made_again),
	};

	return cmocka_run_group_tests(tests, read_settings, drop_settings);
}
