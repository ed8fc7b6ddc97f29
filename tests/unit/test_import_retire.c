/*
 * An account whose place another took leaves our group, and comes back to it
 * if the other does not do.
 */
#include "schedd/host/mend.h"
#include "tests/unit/import_fixture.h"

#define NEW "0.1.179"
#define GONE SAYS(404, REASON(404, "ACCOUNT_NOT_FOUND"))

static void taken_over(struct import *im)
{
	has(im, IMPORT_GROUP, RESOURCE_PRESENT, "7");
	im->memo.retire = 4;
}

/* Nothing is to be ours again that the host has no more. */
static void nobody_to_come_back(const struct import *im)
{
	assert_int_equal(im->memo.retire, 0);
}

static void keeps_others(const struct import *im)
{
	CLEANUP(request_done) struct request request = { 0 };

	assert_true(ask_retire(im, &request));
	assert_non_null(strstr(buf_str(&request.body.text),
			       "\"account_ids\":[4]"));
	assert_non_null(strstr(buf_str(&request.body.text),
			       "\"group_ids\":[3]"));
}

static void left_with_a_warning(const struct import *im)
{
	assert_non_null(strstr(im->item.warnings, "left_on_host"));
}

static void it_leaves_our_group_and_no_other(void **state)
{
	static const struct step_case reads[] = {
		{ "there", NULL, SAYS(200, ENVELOPE("{\"id\":4,\"group_ids\":"
						    "[3,7]}")), ON,
		  keeps_others },
		{ "elsewhere", NULL, SAYS(200, ENVELOPE("{\"id\":4,"
			"\"group_ids\":[3]}")), TO("access.user"), NULL },
		{ "gone", NULL, GONE, TO("access.user"), nobody_to_come_back },
		{ "refused", NULL, SAYS(400, REASON(400, "BAD")),
		  TO("access.user"), left_with_a_warning },
	};
	static const struct step_case writes[] = {
		{ "done", NULL, SAYS(200, ENVELOPE("{\"success_ids\":[4]}")),
		  { .kind = VERDICT_GO_TO, .step = "access.user",
		    .delay_ms = HOST_MEND_GAP_MS }, NULL },
		{ "refused", NULL, SAYS(400, REASON(400, "BAD")),
		  TO("access.user"), left_with_a_warning },
	};

	(void)state;
	walk(got_retire_read, NEW, taken_over, reads, COUNT(reads));
	walk(got_retire, NEW, taken_over, writes, COUNT(writes));
}

static void retired(struct import *im)
{
	taken_over(im);
	im->memo.retired = true;
	snprintf(im->memo.groups, sizeof(im->memo.groups), "3,7");
}

static void back_beside_others(const struct import *im)
{
	CLEANUP(request_done) struct request request = { 0 };

	assert_true(ask_undo_retired(im, &request));
	assert_non_null(strstr(buf_str(&request.body.text),
			       "\"group_ids\":[3,9,7]"));
}

/* What others did with it meanwhile stays. */
static void it_comes_back_to_the_groups_that_it_is_in_by_now(void **state)
{
	static const struct step_case reads[] = {
		{ "bound elsewhere", NULL, SAYS(200, ENVELOPE("{\"id\":4,"
			"\"group_ids\":[3,9]}")), ON, back_beside_others },
		{ "gone", NULL, GONE, TO("undo.switch"), NULL },
	};
	IMPORT im = import_on(NEW);

	(void)state;
	walk(got_retired_now, NEW, retired, reads, COUNT(reads));
	retired(im);
	check_asks(ask_retired_now, im,
		   "GET https://host.example/api/v1/admin/accounts/4");
	im->memo.retired = false;
	check_asks(ask_retired_now, im, "");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(it_leaves_our_group_and_no_other),
		cmocka_unit_test(it_comes_back_to_the_groups_that_it_is_in_by_now),
	};

	return cmocka_run_group_tests(tests, read_settings, drop_settings);
}
