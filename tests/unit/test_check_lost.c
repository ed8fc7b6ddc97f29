/*
 * A check of what others took apart on the host: it comes to an end.
 */
#include "tests/unit/play.h"

#include "schedd/check.h"
#include "schedd/host/mend.h"

#define NEW "0.1.179"
#define GROUP_GONE SAYS(404, REASON(404, "GROUP_NOT_FOUND"))

#define OURS static const int ours[] = { 5 }; \
	ROWS rows = account_rows(ours, COUNT(ours))

static struct verdict begin(struct import *im)
{
	return flow_step(&flow_check, CHECK_FIRST_STEP)->answer(im, NULL);
}

/* Its row was closed by a check that could not get another one. */
static void a_key_that_is_not_there_is_got_first(void **state)
{
	OURS;
	IMPORT im = check_on(NEW, CHECK_BY_WATCH, rows.list, rows.n);
	struct verdict v;

	(void)state;
	has(im, IMPORT_KEY, RESOURCE_PRESENT, "2");
	assert_int_equal(begin(im).kind, VERDICT_GO_ON);
	resource_done(&im->resources[IMPORT_KEY]);
	im->resources[IMPORT_KEY] = (struct resource){ 0 };
	v = begin(im);
	assert_int_equal(v.kind, VERDICT_GO_TO);
	assert_string_equal(v.step, "access.user");
	/* Somebody real has his own. */
	im->run.given_key = GIVEN_KEY_PROBE;
	assert_int_equal(begin(im).kind, VERDICT_GO_ON);
}

/* The account is there; the group that it is to be put into is not. */
static void a_repair_that_finds_no_group_counts(void **state)
{
	OURS;
	IMPORT im = check_on(NEW, CHECK_BY_WATCH, rows.list, rows.n);
	static const struct said said = GROUP_GONE;
	CLEANUP(answer_done) struct answer answer = answer_made(&said);
	struct verdict v;

	(void)state;
	im->suspect = (struct resource){
		.resource_id = xstrdup("res_1"), .type = RESOURCE_ACCOUNT,
		.mark = xstrdup("crm-abc123-account1"),
		.lookup = xstrdup("p-example-1|subscription|0123abcd"),
		.host_resource_id = xstrdup("5"),
		.wanted_json = xstrdup("{}"),
	};
	im->memo.mend = 1 << HOST_REPAIR_GROUPS;
	v = got_mend_act(im, &answer);
	assert_int_equal(v.kind, VERDICT_GO_TO);
	assert_string_equal(v.step, "mend.read");
	assert_int_equal(im->memo.mends, 1);
	assert_int_equal(im->memo.mend, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_key_that_is_not_there_is_got_first),
		cmocka_unit_test(a_repair_that_finds_no_group_counts),
	};

	return cmocka_run_group_tests(tests, read_settings, drop_settings);
}
