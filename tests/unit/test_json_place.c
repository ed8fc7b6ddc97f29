/* The line of a member, by the path that decoders give it. */
#include "tests/unit/fixture.h"

#include <jansson.h>

#include "shared/json_place.h"
#include "shared/table.h"

static const char text[] =
	"\n"						/* 1 */
	"{\n"						/* 2 */
	"  \"a\": \"x \\\"b\\\": {\",\n"		/* 3 */
	"  \"list\": [\n"				/* 4 */
	"    { \"k\": 1, \"deep\": [1, [2, 3],\n"	/* 5 */
	"      4] },\n"					/* 6 */
	"    {\n"					/* 7 */
	"      \"k\":\n"				/* 8 */
	"        2\n"					/* 9 */
	"    }\n"					/* 10 */
	"  ],\n"					/* 11 */
	"  \"b\": { \"c\": null,\n"			/* 12 */
	"    \"d\": true }\n"				/* 13 */
	"}\n";						/* 14 */

static const struct {
	const char *path;
	int line;
} cases[] = {
	{ "", 2 },		{ "a", 3 },
	{ "list", 4 },		{ "list[0]", 5 },
	{ "list[0].k", 5 },	{ "list[0].deep[2]", 6 },
	{ "list[1]", 7 },	{ "list[1].k", 8 },
	{ "b", 12 },		{ "b.c", 12 },
	{ "b.d", 13 },
	/* What is not there: the innermost that is. */
	{ "nothing", 2 },	{ "list[7].k", 4 },
	{ "list[1].none", 7 },	{ "b.c.e", 12 },
	{ "a[3]", 3 },
};

static void every_path_has_its_line(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++)
		if (json_place_line(text, cases[i].path) != cases[i].line)
			fail_msg("%s: %d, not %d", cases[i].path,
				 json_place_line(text, cases[i].path),
				 cases[i].line);
}

/* Whatever comes, it ends and stays inside. */
static void a_text_that_is_cut_anywhere_does_no_harm(void **state)
{
	(void)state;
	for (size_t n = 0; n < sizeof(text); n++) {
		AUTO_FREE char *cut = xstrdup(text);

		cut[n] = '\0';
		for (size_t i = 0; i < COUNT(cases); i++)
			assert_in_range(json_place_line(cut, cases[i].path),
					1, 15);
	}
}

/* As jansson says it of real texts. */
static void a_comma_is_hinted_at(void **state)
{
	static const struct {
		const char *text, *hint;
	} wrong[] = {
		{ "{\"a\":1,}", "too many" },
		{ "{\"a\":1,,\"b\":2}", "too many" },
		{ "[1,]", "too many" },
		{ "{\"a\":1 \"b\":2}", "missing" },
		{ "[1 2]", "missing" },
		{ "[{} {}]", "missing" },
		{ "{\"a\":1", "" },
		{ "{oops}", "" },
		{ "{\"a\":1,\"a\":2}", "" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(wrong); i++) {
		json_error_t at;
		const char *hint;

		assert_null(json_loads(wrong[i].text, JSON_REJECT_DUPLICATES,
				       &at));
		hint = json_place_hint(at.text);
		assert_int_equal(*hint != '\0', *wrong[i].hint != '\0');
		assert_non_null(strstr(hint, wrong[i].hint));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_path_has_its_line),
		cmocka_unit_test(a_comma_is_hinted_at),
		cmocka_unit_test(a_text_that_is_cut_anywhere_does_no_harm),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
