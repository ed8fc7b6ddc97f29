/*
 * What a check in a private group finds there of one before it: it goes only
 * if it is ours, as the host may be another one since.
 */
#include "tests/unit/import_fixture.h"

#include "schedd/check.h"

#define NEW "0.1.179"
#define NOT_THERE SAYS(404, REASON(404, "NOT_FOUND"))

static void left_behind(struct import *im)
{
	has(im, IMPORT_PROOF_GROUP, RESOURCE_MAKING, "9");
	has(im, IMPORT_CLONE, RESOURCE_MAKING, "5");
}

static void nothing_gone(const struct import *im)
{
	assert_int_not_equal(im->resources[IMPORT_PROOF_GROUP].state,
			     RESOURCE_GONE);
	assert_int_not_equal(im->resources[IMPORT_CLONE].state,
			     RESOURCE_GONE);
}

static void group_gone(const struct import *im)
{
	assert_int_equal(im->resources[IMPORT_PROOF_GROUP].state,
			 RESOURCE_GONE);
}

static void clone_gone(const struct import *im)
{
	assert_int_equal(im->resources[IMPORT_CLONE].state, RESOURCE_GONE);
}

static void what_was_left_behind_is_looked_at(void **state)
{
	static const struct step_case groups[] = {
		{ "ours", NULL, SAYS(200, ENVELOPE("{\"id\":9,\"name\":"
		  "\"proof crm-abc123-proofgrp\"}")), ON, nothing_gone },
		{ "somebody's by now", NULL, SAYS(200, ENVELOPE("{\"id\":9,"
		  "\"name\":\"theirs\"}")), TO("private.begin"), group_gone },
		{ "gone", NULL, NOT_THERE, TO("private.begin"), group_gone },
	};
	static const struct step_case clones[] = {
		{ "ours", NULL, SAYS(200, ENVELOPE("{\"id\":5,\"name\":"
		  "\"p crm-abc123-clone111\"}")), ON, nothing_gone },
		{ "renamed", NULL, SAYS(200, ENVELOPE("{\"id\":5,\"name\":"
		  "\"x\",\"notes\":\"crm-abc123-clone111\"}")), ON,
		  nothing_gone },
		{ "somebody's by now", NULL, SAYS(200, ENVELOPE("{\"id\":5,"
		  "\"name\":\"theirs\",\"notes\":\"\"}")),
		  TO("private.clone"), clone_gone },
		{ "gone", NULL, NOT_THERE, TO("private.clone"), clone_gone },
	};
	IMPORT im = import_on(NEW);

	(void)state;
	check_asks(ask_old_group, im, "");
	check_asks(ask_old_clone, im, "");
	check_unasked("no group", got_old_group, im,
		      (struct verdict)TO("private.find_group"));
	check_unasked("no copy", got_old_clone, im,
		      (struct verdict)TO("private.find_clone"));
	left_behind(im);
	check_asks(ask_old_group, im, "GET " ADMIN "/groups/9");
	check_asks(ask_old_clone, im, "GET " ADMIN "/accounts/5");
	walk(got_old_group, NEW, left_behind, groups, COUNT(groups));
	walk(got_old_clone, NEW, left_behind, clones, COUNT(clones));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_was_left_behind_is_looked_at),
	};

	return cmocka_run_group_tests(tests, read_settings, drop_settings);
}
