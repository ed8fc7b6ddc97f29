/*
 * A later account of a live group: proven alone, then moved.
 */
#include "tests/unit/import_fixture.h"

#define NEW "0.1.179"
#define MADE(id) SAYS(200, ENVELOPE("{\"id\":" #id "}"))
#define WANTED "\"platform\":\"openai\",\"type\":\"apikey\"," \
	"\"credentials\":{\"base_url\":\"https://p.example/v1\"," \
	"\"model_mapping\":{\"m-1\":\"m-1\"}},\"extra\":{" \
	"\"openai_responses_mode\":\"force_chat_completions\"}"

/* The group was live before us; the account waits in its proof group. */
static void proving(struct import *im)
{
	im->memo.live = im->memo.proving = true;
	has(im, IMPORT_GROUP, RESOURCE_PRESENT, "7");
	has(im, IMPORT_PROOF_GROUP, RESOURCE_MAKING, "9");
	has(im, IMPORT_PROOF_USER, RESOURCE_PRESENT, "4");
	has(im, IMPORT_PROOF_TOKEN, RESOURCE_PRESENT, NULL);
	has(im, IMPORT_PROOF_KEY, RESOURCE_MAKING, "2");
	has(im, IMPORT_ACCOUNT, RESOURCE_MAKING, "5");
	own_set(&im->resources[IMPORT_ACCOUNT].wanted_json,
		"{" WANTED ",\"group_ids\":[7]}");
	own_set(&im->resources[IMPORT_PROOF_GROUP].wanted_json, "{}");
}

static void proof_group_is_9(const struct import *im)
{
	assert_string_equal(
		im->resources[IMPORT_PROOF_GROUP].host_resource_id, "9");
	assert_int_equal(im->resources[IMPORT_PROOF_GROUP].state,
			 RESOURCE_MAKING);
}

static void only_a_live_group_needs_a_proof_group(void **state)
{
	IMPORT first = import_on(NEW);
	IMPORT later = import_on(NEW);

	(void)state;
	check_unasked("first", got_want_proof_group, first,
		      (struct verdict)TO("provision.check_group"));
	later->memo.live = true;
	check_unasked("later", got_want_proof_group, later,
		      take_resource(IMPORT_PROOF_GROUP,
				    "provision.check_group"));
}

static void a_proof_group_is_found_or_made(void **state)
{
	static const struct step_case found[] = {
		{ "ours", NULL, SAYS(200, ENVELOPE("{\"items\":[{\"id\":9,"
			"\"name\":\"CRM proof crm-abc123-proofgrp\"}],"
			"\"page\":1,\"pages\":1}")),
		  TO("provision.check_group"), proof_group_is_9 },
		{ "nothing", NULL, SAYS(200, ENVELOPE("{\"items\":[]}")), ON,
		  NULL },
	};
	static const struct step_case created[] = {
		{ "made", NULL, MADE(9), ON, proof_group_is_9 },
		{ "there already", NULL,
		  SAYS(409, REASON(409, "GROUP_EXISTS")),
		  LOOK("provision.find_proof", FAILURE_HOST_REFUSED), NULL },
	};
	IMPORT im = import_on(NEW);
	IMPORT made = import_on(NEW);

	(void)state;
	walk(got_find_proof, NEW, proving, found, COUNT(found));
	walk_reader(got_find_proof, NEW, proving);
	walk(got_create_proof, NEW, proving, created, COUNT(created));
	walk_maker(got_create_proof, NEW, proving, "provision.find_proof");
	check_asks(ask_find_proof, im, "GET " ADMIN "/groups?search="
		   "crm-abc123-proofgrp&page=1&page_size=100");
	proving(made);
	check_asks(ask_create_proof, made, "POST " ADMIN "/groups");
	check_asks(ask_find_proof, made, "");
	check_unasked("made", got_find_proof, made,
		      (struct verdict)TO("provision.check_group"));
}

static void only_an_account_of_our_making_is_proven_alone(void **state)
{
	static const struct {
		enum resource_state account;
		bool live, proven, proving;
	} cases[] = {
		{ RESOURCE_MAKING,  true,  false, true },
		{ RESOURCE_MAKING,  true,  true,  false },
		{ RESOURCE_MAKING,  false, false, false },
		{ RESOURCE_PRESENT, true,  false, false },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		IMPORT im = import_on(NEW);

		has(im, IMPORT_ACCOUNT, cases[i].account, "5");
		im->memo.live = cases[i].live;
		im->memo.proven = cases[i].proven;
		check_unasked("begin", got_begin_proof, im,
			      (struct verdict)TO("access.user"));
		assert_int_equal(im->memo.proving, cases[i].proving);
	}
}

/* While it is proven, the steps of access work for the proof user. */
static void access_is_the_proof_users(void **state)
{
	IMPORT im = import_on(NEW);

	(void)state;
	proving(im);
	check_unasked("user", got_want_user, im,
		      take_resource(IMPORT_PROOF_USER, "access.login"));
	check_unasked("token", got_want_token, im,
		      take_resource(IMPORT_PROOF_TOKEN,
				    "access.subscription"));
	check_unasked("subscription", got_want_subscribed, im,
		      (struct verdict)TO("prove.assign"));
	check_unasked("key", got_want_proof_key, im,
		      take_resource(IMPORT_PROOF_KEY, "prove.rebind"));
	check_asks(ask_find_user, im, "GET " ADMIN "/users?search="
		   "relay-proof.abc123%40crm.invalid&page=1&page_size=100"
		   "&include_subscriptions=false");
	check_asks(ask_find_key, im, "GET https://host.example/api/v1/keys"
		   "?search=crm-abc123-proofkey&page=1&page_size=100");
}

static void proof_key_is_2(const struct import *im)
{
	const struct resource *r = &im->resources[IMPORT_PROOF_KEY];

	assert_string_equal(r->host_resource_id, "2");
	/* Nobody else may have it before the proof is over. */
	assert_int_equal(r->state, RESOURCE_MAKING);
	assert_false(im->memo.created_key);
}

static void only_the_proofs_own_is_drawn_anew(const struct import *im)
{
	assert_int_equal(im->resources[IMPORT_PROOF_USER].state,
			 RESOURCE_GONE);
	assert_int_equal(im->resources[IMPORT_PROOF_KEY].state,
			 RESOURCE_GONE);
	assert_int_not_equal(im->resources[IMPORT_SUBSCRIPTION].state,
			     RESOURCE_GONE);
}

static void proof_key_is_gone(const struct import *im)
{
	assert_int_equal(im->resources[IMPORT_PROOF_KEY].state,
			 RESOURCE_GONE);
	assert_true(im->changed[IMPORT_PROOF_KEY]);
}

static void what_access_makes_is_the_proofs(void **state)
{
	static const struct step_case keys[] = {
		{ "made", NULL, MADE(2), TO("prove.rebind"), proof_key_is_2 },
		{ "no subscription", NULL,
		  SAYS(403, REASON(403, "GROUP_NOT_ALLOWED")),
		  LOOK("access.subscription", FAILURE_HOST_REFUSED), NULL },
	};
	/* Whatever group the key was bound to: it is moved next. */
	static const struct step_case found[] = {
		{ "elsewhere", NULL, SAYS(200, ENVELOPE("[{\"id\":2,"
			"\"name\":\"crm-abc123-proofkey\",\"group_id\":1,"
			"\"status\":\"active\"}]")), TO("prove.rebind"),
		  proof_key_is_2 },
		{ "nowhere", NULL, SAYS(200, ENVELOPE("[]")),
		  LOOK("prove.key", FAILURE_KEY_REFUSED),
		  proof_key_is_gone },
	};
	static const struct step_case users[] = {
		{ "gone", NULL, SAYS(200, ENVELOPE("[]")), TO("access.user"),
		  only_the_proofs_own_is_drawn_anew },
	};

	(void)state;
	walk(got_create_key, NEW, proving, keys, COUNT(keys));
	walk(got_find_key, NEW, proving, found, COUNT(found));
	walk(got_user_still, NEW, proving, users, COUNT(users));
}

static void the_proof_user_is_assigned(void **state)
{
	static const struct step_case cases[] = {
		{ "assigned", NULL, MADE(6), ON, NULL },
		{ "there on other terms", NULL,
		  SAYS(409, REASON(409, "SUBSCRIPTION_ASSIGN_CONFLICT")), ON,
		  NULL },
	};
	IMPORT im = import_on(NEW);

	(void)state;
	walk(got_proof_assign, NEW, proving, cases, COUNT(cases));
	walk_reader(got_proof_assign, NEW, proving);
	proving(im);
	check_asks(ask_proof_assign, im,
		   "POST " ADMIN "/subscriptions/assign");
}

static void the_proof_key_is_moved_to_the_proof_group(void **state)
{
	static const struct step_case cases[] = {
		{ "moved", NULL,
		  SAYS(200, ENVELOPE("{\"api_key\":{\"group_id\":9}}")), ON,
		  NULL },
		{ "not moved", NULL,
		  SAYS(200, ENVELOPE("{\"api_key\":{\"group_id\":7}}")),
		  AGAIN(FAILURE_NOT_AS_WRITTEN, -1), NULL },
		{ "gone", NULL, SAYS(404, REASON(404, "API_KEY_NOT_FOUND")),
		  LOOK("prove.key", FAILURE_GONE), proof_key_is_gone },
	};
	IMPORT im = import_on(NEW);
	IMPORT none = import_on(NEW);

	(void)state;
	walk(got_rebind, NEW, proving, cases, COUNT(cases));
	walk_reader(got_rebind, NEW, proving);
	proving(im);
	check_asks(ask_rebind, im, "PUT " ADMIN "/api-keys/2");
	check_asks(ask_rebind, none, "");
	check_unasked("none", got_rebind, none,
		      (struct verdict)TO("access.create_key"));
}

static void proven_and_moved(const struct import *im)
{
	assert_true(im->memo.proven);
	assert_int_equal(im->memo.bound_at, NOW);
	assert_int_equal(import_stage_group(im), IMPORT_GROUP);
}

static void the_live_group_is_gone(const struct import *im)
{
	assert_int_equal(im->resources[IMPORT_GROUP].state, RESOURCE_GONE);
	assert_false(im->memo.proven);
	assert_non_null(im->item.failure_detail);
}

static void a_proven_account_is_moved_into_the_live_group(void **state)
{
	static const struct step_case cases[] = {
		{ "moved", NULL, SAYS(200, ENVELOPE("{\"success_ids\":[5]}")),
		  ON, proven_and_moved },
		{ "no such group", NULL,
		  SAYS(404, REASON(404, "GROUP_NOT_FOUND")),
		  FAIL(FAILURE_GONE), the_live_group_is_gone },
	};
	IMPORT im = import_on(NEW);

	(void)state;
	walk(got_move, NEW, proving, cases, COUNT(cases));
	walk_reader(got_move, NEW, proving);
	proving(im);
	check_asks(ask_move, im, "POST " ADMIN "/accounts/bulk-update");
}

/* The list of a call replaces the one that was: others' groups stay in it. */
static void it_leaves_no_group_but_that_of_its_proof(void **state)
{
	static const struct step_case cases[] = {
		{ "read", NULL, SAYS(200, ENVELOPE("{\"id\":5,\"group_ids\":"
						   "[3,9,12]}")), ON, NULL },
	};
	CLEANUP(request_done) struct request request = { 0 };
	IMPORT im = import_on(NEW);

	(void)state;
	walk(got_groups, NEW, proving, cases, COUNT(cases));
	walk_reader(got_groups, NEW, proving);
	proving(im);
	check_asks(ask_groups, im, "GET " ADMIN "/accounts/5");
	snprintf(im->memo.groups, sizeof(im->memo.groups), "3,9,12");
	assert_true(ask_move(im, &request));
	assert_non_null(strstr(buf_str(&request.body.text),
			       "\"group_ids\":[3,12,7]"));
	/* What we made ourselves was read when it was confirmed. */
	im->memo.created_account = true;
	check_asks(ask_groups, im, "");
	check_unasked("unasked", got_groups, im, (struct verdict)ON);
}

static void moved(struct import *im)
{
	proving(im);
	im->memo.proven = true;
}

static void moved_often(struct import *im)
{
	im->memo.moves = 4;
}

static void in_another(struct import *im)
{
	snprintf(im->memo.groups, sizeof(im->memo.groups), "3,9");
}

static void it_is_read_back_where_users_reach_it(void **state)
{
#define LIVE(group) SAYS(200, ENVELOPE("{\"id\":5," WANTED ",\"group_ids\":[" \
	#group "],\"status\":\"active\",\"schedulable\":true}"))
	static const struct step_case cases[] = {
		{ "there", NULL, LIVE(7), ON, NULL },
		{ "still in its proof group", NULL, LIVE(9),
		  TO("prove.groups"), NULL },
		{ "moved away again and again", moved_often, LIVE(9),
		  FAIL(FAILURE_NOT_AS_WRITTEN), NULL },
		{ "out of a group of somebody's", in_another, LIVE(7),
		  TO("prove.groups"), NULL },
	};

	(void)state;
	walk(got_moved, NEW, moved, cases, COUNT(cases));
	walk_reader(got_moved, NEW, moved);
}

static void the_proof_is_over(const struct import *im)
{
	assert_int_equal(im->resources[IMPORT_PROOF_GROUP].state,
			 RESOURCE_GONE);
	assert_int_equal(im->resources[IMPORT_PROOF_KEY].state,
			 RESOURCE_PRESENT);
	assert_false(im->memo.proving);
}

static void the_proof_group_is_dropped_at_the_end(void **state)
{
	static const struct step_case cases[] = {
		{ "dropped", NULL, SAYS(200, ENVELOPE("null")),
		  TO("access.user"), the_proof_is_over },
		{ "gone already", NULL,
		  SAYS(404, REASON(404, "GROUP_NOT_FOUND")),
		  TO("access.user"), the_proof_is_over },
	};
	IMPORT im = import_on(NEW);

	(void)state;
	walk(got_drop_proof, NEW, moved, cases, COUNT(cases));
	walk_reader(got_drop_proof, NEW, moved);
	moved(im);
	check_asks(ask_drop_proof, im, "DELETE " ADMIN "/groups/9");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(only_a_live_group_needs_a_proof_group),
		cmocka_unit_test(a_proof_group_is_found_or_made),
		cmocka_unit_test(
			only_an_account_of_our_making_is_proven_alone),
		cmocka_unit_test(access_is_the_proof_users),
		cmocka_unit_test(what_access_makes_is_the_proofs),
		cmocka_unit_test(the_proof_user_is_assigned),
		cmocka_unit_test(the_proof_key_is_moved_to_the_proof_group),
		cmocka_unit_test(
			a_proven_account_is_moved_into_the_live_group),
		cmocka_unit_test(it_leaves_no_group_but_that_of_its_proof),
		cmocka_unit_test(it_is_read_back_where_users_reach_it),
		cmocka_unit_test(the_proof_group_is_dropped_at_the_end),
	};

	return cmocka_run_group_tests(tests, read_settings, drop_settings);
}
