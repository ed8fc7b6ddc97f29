#include "tests/unit/fixture.h"

#include "shared/jdec.h"
#include "shared/table.h"

static const char *const colours[] = { "red", "green", NULL };

struct thing {
	const char *name;
	int64_t size;
	bool loud;
	int colour;
	json_t *tags;
	json_t *parts;
	json_t *extra;
};

static const struct jdec_field fields[] = {
	JDEC_STR(struct thing, name, true, 2, 5),
	JDEC_I64(struct thing, size, false, -3, 10),
	JDEC_FLAG(struct thing, loud, false),
	JDEC_NAME(struct thing, colour, false, colours),
	JDEC_STRS(struct thing, tags, false, 1, 3),
	JDEC_OBJS(struct thing, parts, false, 1, 2),
	{ "extra", JDEC_OBJECT, false, JDEC_AT(struct thing, extra, json_t *),
	  0, 0, NULL },
};

static bool decode(const char *text, json_t **ret_json, struct thing *thing,
		   struct jdec_problems *problems)
{
	*ret_json = json_loads(text, JSON_ALLOW_NUL, NULL);
	assert_non_null(*ret_json);
	*problems = (struct jdec_problems){ 0 };
	return jdec(*ret_json, "", fields, COUNT(fields), thing, problems);
}

static void a_good_object_fills_the_struct(void **state)
{
	struct thing thing = { .size = 4 };
	struct jdec_problems problems;
	json_auto_t *json = NULL;

	(void)state;
	assert_true(decode("{\"name\":\"模型\",\"size\":-3,\"loud\":true,"
			   "\"colour\":\"green\",\"tags\":[\"a\",\"b\"],"
			   "\"parts\":[{}],\"extra\":{\"x\":1}}", &json, &thing,
			   &problems));
	assert_string_equal(thing.name, "模型");
	assert_int_equal(thing.size, -3);
	assert_true(thing.loud);
	assert_int_equal(thing.colour, 1);
	assert_int_equal(json_array_size(thing.tags), 2);
	assert_int_equal(json_array_size(thing.parts), 1);
	assert_int_equal(json_object_size(thing.extra), 1);
	assert_int_equal(problems.count, 0);
}

/* Of an object in an object there is no struct to fill. */
static void a_shape_is_only_checked(void **state)
{
	static const struct jdec_field inner[] = {
		JDEC_STR(struct thing, name, true, 1, 9),
		JDEC_VALUE(struct thing, extra, true),
	};
	static const struct jdec_shape shape = { inner, COUNT(inner) };
	static const struct {
		const char *text;
		size_t problems;
	} cases[] = {
		{ "{\"name\":\"x\",\"extra\":[1]}", 0 },
		{ "{\"name\":\"x\",\"extra\":\"any\"}", 0 },
		{ "{\"name\":7}", 2 },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		json_auto_t *json = json_loads(cases[i].text, 0, NULL);
		struct jdec_problems problems = { 0 };

		assert_int_equal(jdec_check(json, "at", &shape, &problems),
				 cases[i].problems == 0);
		assert_int_equal(problems.count, cases[i].problems);
	}
}

static void what_is_left_out_keeps_its_default(void **state)
{
	struct thing thing = { .size = 4, .colour = 1 };
	struct jdec_problems problems;
	json_auto_t *json = NULL;

	(void)state;
	assert_true(decode("{\"name\":\"ab\",\"size\":null,\"tags\":null}",
			   &json, &thing, &problems));
	assert_int_equal(thing.size, 4);
	assert_int_equal(thing.colour, 1);
	assert_null(thing.tags);
}

/* One wrong member each: which, and a word of the reason. */
static const struct {
	const char *text;
	const char *field;
	const char *why;
} wrongs[] = {
	{ "{}", "name", "is missing" },
	{ "{\"name\":null}", "name", "must be a string" },
	{ "{\"name\":7}", "name", "must be a string" },
	{ "{\"name\":\"a\"}", "name", "2 to 5 characters" },
	{ "{\"name\":\"abcdef\"}", "name", "2 to 5 characters" },
	{ "{\"name\":\"a\\u0000b\"}", "name", "U+0000" },
	{ "{\"name\":\"ab\",\"size\":1.0}", "size", "whole number" },
	{ "{\"name\":\"ab\",\"size\":\"1\"}", "size", "whole number" },
	{ "{\"name\":\"ab\",\"size\":11}", "size", "-3 to 10" },
	{ "{\"name\":\"ab\",\"size\":-4}", "size", "-3 to 10" },
	{ "{\"name\":\"ab\",\"loud\":1}", "loud", "true or false" },
	{ "{\"name\":\"ab\",\"colour\":\"blue\"}", "colour", "red, green" },
	{ "{\"name\":\"ab\",\"colour\":0}", "colour", "red, green" },
	{ "{\"name\":\"ab\",\"tags\":\"a\"}", "tags", "must be an array" },
	{ "{\"name\":\"ab\",\"tags\":[]}", "tags", "1 to 3 elements" },
	{ "{\"name\":\"ab\",\"tags\":[\"a\",\"\"]}", "tags", "element 1" },
	{ "{\"name\":\"ab\",\"tags\":[7]}", "tags", "element 0" },
	{ "{\"name\":\"ab\",\"tags\":[\"a\\u0000\"]}", "tags", "element 0" },
	{ "{\"name\":\"ab\",\"parts\":[{},[]]}", "parts", "element 1" },
	{ "{\"name\":\"ab\",\"parts\":[{},{},{}]}", "parts", "1 to 2" },
	{ "{\"name\":\"ab\",\"extra\":[]}", "extra", "an object" },
	{ "{\"name\":\"ab\",\"nmae\":1}", "nmae", "is not known" },
	{ "[]", "", "JSON object" },
};

static void each_mistake_is_named(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(wrongs); i++) {
		struct thing thing = { 0 };
		struct jdec_problems problems;
		json_auto_t *json = NULL;

		if (decode(wrongs[i].text, &json, &thing, &problems))
			fail_msg("taken: %s", wrongs[i].text);
		assert_int_equal(problems.count, 1);
		assert_string_equal(problems.list[0].field, wrongs[i].field);
		if (!strstr(problems.list[0].why, wrongs[i].why))
			fail_msg("%s: %s", wrongs[i].text,
				 problems.list[0].why);
	}
}

static void all_mistakes_are_collected_with_their_path(void **state)
{
	json_auto_t *json = json_loads("{\"size\":99,\"x\":1,\"loud\":2}", 0,
				       NULL);
	struct jdec_problems problems = { 0 };
	struct thing thing = { 0 };

	(void)state;
	jdec_problem(&problems, "", "before", "was there");
	assert_false(jdec(json, "items[3].", fields, COUNT(fields), &thing,
			  &problems));
	assert_int_equal(problems.count, 5);
	assert_string_equal(problems.list[0].field, "before");
	assert_string_equal(problems.list[1].field, "items[3].name");
	assert_string_equal(problems.list[2].field, "items[3].size");
	assert_string_equal(problems.list[3].field, "items[3].loud");
	assert_string_equal(problems.list[4].field, "items[3].x");
}

static void earlier_problems_do_not_make_a_good_object_bad(void **state)
{
	json_auto_t *json = json_loads("{\"name\":\"ab\"}", 0, NULL);
	struct jdec_problems problems = { .count = 1 };
	struct thing thing = { 0 };

	(void)state;
	assert_true(jdec(json, "", fields, COUNT(fields), &thing, &problems));
}

static void more_problems_than_fit_are_counted(void **state)
{
	struct jdec_problems problems = { 0 };
	char name[300];

	(void)state;
	memset(name, 'x', sizeof(name) - 1);
	name[sizeof(name) - 1] = '\0';
	for (int i = 0; i < JDEC_PROBLEMS_MAX + 5; i++)
		jdec_problem(&problems, "p.", name, "%s", name);
	assert_int_equal(problems.count, JDEC_PROBLEMS_MAX + 5);
	assert_int_equal(strlen(problems.list[JDEC_PROBLEMS_MAX - 1].field),
			 sizeof(problems.list[0].field) - 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_good_object_fills_the_struct),
		cmocka_unit_test(a_shape_is_only_checked),
		cmocka_unit_test(what_is_left_out_keeps_its_default),
		cmocka_unit_test(each_mistake_is_named),
		cmocka_unit_test(all_mistakes_are_collected_with_their_path),
		cmocka_unit_test(
			earlier_problems_do_not_make_a_good_object_bad),
		cmocka_unit_test(more_problems_than_fit_are_counted),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
