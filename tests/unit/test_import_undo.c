/*
 * Taking back: what is asked of the host, and what is not.
 */
#include "tests/unit/import_fixture.h"

#define NEW "0.1.179"
#define DONE_SO SAYS(200, ENVELOPE("null"))
#define NOT_THERE SAYS(404, REASON(404, "NOT_FOUND"))

/* All was made by this task; nobody else could pass the group. */
static void made_all(struct import *im)
{
	im->memo.created_account = im->memo.created_key = true;
	has(im, IMPORT_GROUP, RESOURCE_MAKING, "7");
	has(im, IMPORT_PROOF_GROUP, RESOURCE_MAKING, "9");
	has(im, IMPORT_ACCOUNT, RESOURCE_MAKING, "5");
	has(im, IMPORT_TOKEN, RESOURCE_PRESENT, NULL);
	has(im, IMPORT_SUBSCRIPTION, RESOURCE_PRESENT, "6");
	has(im, IMPORT_KEY, RESOURCE_PRESENT, "2");
}

/* Began all, and saw no answer. */
static void made_blindly(struct import *im)
{
	has(im, IMPORT_GROUP, RESOURCE_MAKING, NULL);
	has(im, IMPORT_PROOF_GROUP, RESOURCE_MAKING, NULL);
	has(im, IMPORT_ACCOUNT, RESOURCE_MAKING, NULL);
}

static void account_made(struct import *im)
{
	made_all(im);
	im->item.resolution = RESOLUTION_CREATED;
}

static void no_account(const struct import *im)
{
	assert_int_equal(im->item.resolution, RESOLUTION_NONE);
}

/* What was taken back was not made, as far as the item goes. */
static void an_account_taken_back_resolves_nothing(void **state)
{
	static const struct step_case cases[] = {
		{ "taken back", NULL, DONE_SO, ON, no_account },
		{ "not there", NULL, NOT_THERE, ON, no_account },
	};

	(void)state;
	walk(got_undo_account, NEW, account_made, cases, COUNT(cases));
}

static void live_before(struct import *im)
{
	made_all(im);
	im->memo.live = true;
}

static void made_by_another(struct import *im)
{
	made_all(im);
	for (size_t i = 0; i < IMPORT_RESOURCE__MAX; i++)
		if (im->resources[i].made_by)
			own_set(&im->resources[i].made_by, "tsk_2");
}

static void present(struct import *im)
{
	made_all(im);
	has(im, IMPORT_GROUP, RESOURCE_PRESENT, "7");
	has(im, IMPORT_PROOF_GROUP, RESOURCE_PRESENT, "9");
	has(im, IMPORT_ACCOUNT, RESOURCE_PRESENT, "5");
}

static void reused_account(struct import *im)
{
	made_all(im);
	im->memo.created_account = false;
}

static void logged_out(struct import *im)
{
	made_all(im);
	im->resources[IMPORT_TOKEN].state = RESOURCE_WANTED;
}

static void nothing(struct import *im)
{
	(void)im;
}

enum { KEY, FIND_ACCOUNT, ACCOUNT, FIND_PROOF, PROOF, FIND_GROUP, MEMBERS,
       GROUP_KEYS, GROUP_SUBS, GROUP, UNDO_STEPS };

static ask_step *const asks[UNDO_STEPS] = {
	[KEY] = ask_undo_key, [FIND_ACCOUNT] = ask_lost_account,
	[ACCOUNT] = ask_undo_account, [FIND_PROOF] = ask_lost_proof,
	[PROOF] = ask_undo_proof, [FIND_GROUP] = ask_lost_group,
	[MEMBERS] = ask_undo_members, [GROUP_KEYS] = ask_undo_group_keys,
	[GROUP_SUBS] = ask_undo_group_subs, [GROUP] = ask_undo_group,
};
static got_step *const gots[UNDO_STEPS] = {
	[KEY] = got_undo_key, [FIND_ACCOUNT] = got_lost_account,
	[ACCOUNT] = got_undo_account, [FIND_PROOF] = got_lost_proof,
	[PROOF] = got_undo_proof, [FIND_GROUP] = got_lost_group,
	[MEMBERS] = got_undo_members, [GROUP_KEYS] = got_undo_group_keys,
	[GROUP_SUBS] = got_undo_group_subs, [GROUP] = got_undo_group,
};

static const char *const wanted[UNDO_STEPS] = {
	[KEY] = "DELETE https://host.example/api/v1/keys/2",
	[FIND_ACCOUNT] = "GET " ADMIN "/accounts?search=crm-abc123-account1"
		"&page=1&page_size=1000&sort_by=id&sort_order=asc",
	[ACCOUNT] = "DELETE " ADMIN "/accounts/5",
	[FIND_PROOF] = "GET " ADMIN "/groups?search=crm-abc123-proofgrp"
		"&page=1&page_size=100",
	[PROOF] = "DELETE " ADMIN "/groups/9",
	[FIND_GROUP] = "GET " ADMIN "/groups?search=crm-abc123-group111"
		"&page=1&page_size=100",
	[MEMBERS] = "GET " ADMIN "/groups/7",
	[GROUP_KEYS] = "GET " ADMIN "/groups/7/api-keys?page=1"
		"&page_size=1000",
	[GROUP_SUBS] = "GET " ADMIN "/groups/7/subscriptions?page=1"
		"&page_size=1000",
	[GROUP] = "DELETE " ADMIN "/groups/7",
};

#define THE_GROUP \
	[MEMBERS] = true, [GROUP_KEYS] = true, [GROUP_SUBS] = true, \
	[GROUP] = true

static void only_what_is_ours_alone_is_taken_back(void **state)
{
	static const struct {
		void (*prepare)(struct import *im);
		bool asks[UNDO_STEPS];
	} cases[] = {
		{ nothing, { false } },
		{ made_all, { [KEY] = true, [ACCOUNT] = true, [PROOF] = true,
			      THE_GROUP } },
		{ made_blindly, { [FIND_ACCOUNT] = true, [FIND_PROOF] = true,
				  [FIND_GROUP] = true } },
		{ live_before, { [ACCOUNT] = true, [PROOF] = true } },
		{ made_by_another, { false } },
		{ present, { false } },
		{ reused_account, { [KEY] = true, [PROOF] = true,
				    THE_GROUP } },
		{ logged_out, { [ACCOUNT] = true, [PROOF] = true, THE_GROUP } },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++)
		for (size_t k = 0; k < UNDO_STEPS; k++) {
			IMPORT im = import_on(NEW);

			cases[i].prepare(im);
			check_asks(asks[k], im, cases[i].asks[k] ? wanted[k]
								 : "");
			check_unasked("unasked", gots[k], im,
				      (struct verdict)ON);
		}
}

/* ---- what the host says to it ---- */

static void key_gone(const struct import *im)
{
	assert_int_equal(im->resources[IMPORT_KEY].state, RESOURCE_GONE);
	assert_string_equal(noted(im), "removed");
}

static void account_gone(const struct import *im)
{
	assert_int_equal(im->resources[IMPORT_ACCOUNT].state, RESOURCE_GONE);
	assert_string_equal(noted(im), "removed");
}

static void proof_gone(const struct import *im)
{
	assert_int_equal(im->resources[IMPORT_PROOF_GROUP].state,
			 RESOURCE_GONE);
	assert_int_equal(im->resources[IMPORT_GROUP].state, RESOURCE_MAKING);
}

/* Its subscriptions went with it. */
static void group_gone(const struct import *im)
{
	assert_int_equal(im->resources[IMPORT_GROUP].state, RESOURCE_GONE);
	assert_int_equal(im->resources[IMPORT_SUBSCRIPTION].state,
			 RESOURCE_GONE);
	assert_true(im->changed[IMPORT_SUBSCRIPTION]);
}

static void nothing_gone(const struct import *im)
{
	for (size_t i = 0; i < IMPORT_RESOURCE__MAX; i++)
		assert_false(im->changed[i]);
}

/* What cannot be removed is said, and does not keep the rest from going. */
static void left(const struct import *im)
{
	nothing_gone(im);
	assert_string_equal(noted(im), "left");
	assert_non_null(strstr(im->item.warnings, "left_on_host"));
}

static void the_last_attempt(struct import *im)
{
	im->attempt = im->settings->attempts_max - 1;
}

static void removal(size_t which, void (*after)(const struct import *im))
{
	const struct step_case cases[] = {
		{ "removed", NULL, DONE_SO, ON, after },
		{ "gone already", NULL, NOT_THERE, ON, after },
		{ "a stumble", NULL, SAYS(500, REASON(500, "INTERNAL")),
		  AGAIN(FAILURE_HOST_REFUSED, -1), nothing_gone },
		{ "too often", NULL,
		  SAYS_LATER(429, 5000, REASON(429, "SLOW")),
		  AGAIN(FAILURE_RATE_LIMITED, 5000), nothing_gone },
		{ "no token", NULL, SAYS(401, REASON(401, "UNAUTHORIZED")),
		  ON, left },
		{ "too often for good", the_last_attempt,
		  SAYS_LATER(429, 5000, REASON(429, "SLOW")), ON, left },
		{ "a reset", NULL, LOST(TRANSPORT_RESET),
		  AGAIN(FAILURE_RESET, -1), nothing_gone },
	};

	walk(gots[which], NEW, made_all, cases, COUNT(cases));
}

static void what_is_gone_is_taken_back(void **state)
{
	(void)state;
	removal(KEY, key_gone);
	removal(ACCOUNT, account_gone);
	removal(PROOF, proof_gone);
	removal(GROUP, group_gone);
}

/* What others bound to our group would be unbound with it. */
static void a_group_with_members_stays(void **state)
{
	static const struct step_case cases[] = {
		{ "empty", NULL, SAYS(200, ENVELOPE("{\"id\":7}")), ON,
		  nothing_gone },
		{ "somebody is in it", NULL, SAYS(200, ENVELOPE(
		  "{\"id\":7,\"account_count\":1}")), TO("undo.user"), left },
		{ "gone already", NULL, NOT_THERE, ON, nothing_gone },
		{ "a reset", NULL, LOST(TRANSPORT_RESET),
		  AGAIN(FAILURE_RESET, -1), nothing_gone },
		{ "resets for good", the_last_attempt, LOST(TRANSPORT_RESET),
		  TO("undo.user"), left },
	};

	(void)state;
	walk(got_undo_members, NEW, made_all, cases, COUNT(cases));
}

#define LIST(items, page, pages) SAYS(200, ENVELOPE("{\"items\":[" items "]," \
	"\"page\":" #page ",\"pages\":" #pages "}"))
#define OURS "{\"id\":2,\"name\":\"crm-abc123-key11111\"}"
#define MORE { .kind = VERDICT_POLL }

static void on_the_next_page(const struct import *im)
{
	nothing_gone(im);
	check_asks(ask_undo_group_keys, im, "GET " ADMIN "/groups/7/api-keys"
		   "?page=2&page_size=1000");
}

static void at_the_first_page(const struct import *im)
{
	nothing_gone(im);
	check_asks(ask_undo_group_subs, im, wanted[GROUP_SUBS]);
}

static void on_page_2(struct import *im)
{
	im->memo.page = 1;
}

/* They would be unbound, or lose what lets them in. */
static void a_group_that_others_use_stays(void **state)
{
	static const struct step_case keys[] = {
		{ "ours alone", NULL, LIST(OURS, 1, 1), ON, nothing_gone },
		{ "somebody's", NULL, LIST(OURS ",{\"id\":3,\"name\":"
		  "\"mine\"}", 1, 1), TO("undo.user"), left },
		{ "there are more", NULL, LIST(OURS, 1, 2), MORE,
		  on_the_next_page },
		{ "and no more", on_page_2, LIST(OURS, 2, 2), ON,
		  at_the_first_page },
		{ "gone already", NULL, NOT_THERE, ON, nothing_gone },
		{ "resets for good", the_last_attempt, LOST(TRANSPORT_RESET),
		  TO("undo.user"), left },
	};
	static const struct step_case subs[] = {
		{ "ours alone", NULL, LIST("{\"id\":6,\"status\":\"active\","
		  "\"notes\":\"crm-abc123\",\"user\":{\"id\":1}}", 1, 1),
		  ON, nothing_gone },
		{ "somebody's", NULL, LIST("{\"id\":6,\"status\":\"active\","
		  "\"notes\":\"\",\"user\":{\"id\":1}}", 1, 1),
		  TO("undo.user"), left },
	};

	(void)state;
	walk(got_undo_group_keys, NEW, made_all, keys, COUNT(keys));
	walk(got_undo_group_subs, NEW, made_all, subs, COUNT(subs));
}

static void account_found(const struct import *im)
{
	assert_string_equal(im->resources[IMPORT_ACCOUNT].host_resource_id,
			    "5");
	/* Or the next step would not remove it. */
	assert_true(im->memo.created_account);
	check_asks(ask_undo_account, im, wanted[ACCOUNT]);
}

static void proof_found(const struct import *im)
{
	check_asks(ask_undo_proof, im, "DELETE " ADMIN "/groups/5");
}

static void group_found(const struct import *im)
{
	check_asks(ask_undo_group, im, "DELETE " ADMIN "/groups/5");
}

static void a_lost_create_is_looked_for(void **state)
{
#define FOUND(mark) SAYS(200, ENVELOPE("[{\"id\":5,\"name\":\"" mark "\"}]"))
	static const struct {
		size_t which;
		struct step_case found;
	} cases[] = {
		{ FIND_ACCOUNT, { "account", NULL,
		  FOUND("crm-abc123-account1"), TO("undo.account"),
		  account_found } },
		{ FIND_PROOF, { "proof", NULL, FOUND("crm-abc123-proofgrp"),
		  TO("undo.proof_group"), proof_found } },
		{ FIND_GROUP, { "group", NULL, FOUND("crm-abc123-group111"),
		  TO("undo.members"), group_found } },
	};
	static const struct step_case others[] = {
		{ "nothing", NULL, SAYS(200, ENVELOPE("[]")), ON,
		  nothing_gone },
		{ "no token", NULL, SAYS(401, REASON(401, "UNAUTHORIZED")),
		  ON, left },
		{ "a reset", NULL, LOST(TRANSPORT_RESET),
		  AGAIN(FAILURE_RESET, -1), nothing_gone },
		{ "resets for good", the_last_attempt, LOST(TRANSPORT_RESET),
		  ON, left },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		got_step *got = gots[cases[i].which];

		walk(got, NEW, made_blindly, &cases[i].found, 1);
		walk(got, NEW, made_blindly, others, COUNT(others));
	}
}

static void it_ends_with_what_went_wrong_first(void **state)
{
	IMPORT im = import_on(NEW);

	(void)state;
	(flow_import.fail)(im, FAILURE_QUOTA_EXHAUSTED);
	assert_string_equal(im->item.failure_class, "quota_exhausted");
	check_unasked("end", got_undone, im,
		      (struct verdict)FAIL(FAILURE_QUOTA_EXHAUSTED));
}

/* What the proof used is not what the user's steps would take back. */
static void undoing_is_never_for_the_proof_user(void **state)
{
	IMPORT im = import_on(NEW);

	(void)state;
	im->memo.proving = true;
	(flow_import.fail)(im, FAILURE_NO_ACCOUNT);
	assert_false(im->memo.proving);
	assert_int_equal(import_token(im), IMPORT_TOKEN);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_account_taken_back_resolves_nothing),
		cmocka_unit_test(only_what_is_ours_alone_is_taken_back),
		cmocka_unit_test(what_is_gone_is_taken_back),
		cmocka_unit_test(a_group_with_members_stays),
		cmocka_unit_test(a_group_that_others_use_stays),
		cmocka_unit_test(a_lost_create_is_looked_for),
		cmocka_unit_test(it_ends_with_what_went_wrong_first),
		cmocka_unit_test(undoing_is_never_for_the_proof_user),
	};

	return cmocka_run_group_tests(tests, read_settings, drop_settings);
}
