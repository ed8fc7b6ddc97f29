/*
 * A list with the objects that nobody wants left out: what is left is what a
 * reader of all of it would see, and what is no list is left to him.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include <jansson.h>

#include "schedd/slices.h"
#include "shared/own.h"
#include "shared/table.h"

static bool is_even(const void *subject, int64_t id)
{
	(void)subject;
	return id % 2 == 0;
}

static const struct slices whole = { .wants = is_even };

static const struct slices_member few[] = {
	SLICES_MEMBER("id", NULL), SLICES_MEMBER("a", NULL),
	SLICES_MEMBER("long", "short"), { 0 }
};
static const struct slices some = { .wants = is_even, .reads = few };

static bool keeps(const struct slices *s, const char *text, char **ret)
{
	CLEANUP(buf_done) struct buf out = { .max = strlen(text) };
	bool kept = slices_keep(text, strlen(text), s, NULL, &out);

	*ret = xstrdup(buf_str(&out));
	return kept;
}

static void what_nobody_wants_is_its_id(void **state)
{
	static const struct {
		const char *text, *kept;
	} cases[] = {
		{ "{\"code\":0,\"data\":{\"items\":[{\"id\":1,\"a\":[{}]},"
		  "{\"id\":2,\"a\":{\"id\":3}}],\"total\":2}}",
		  "{\"code\":0,\"data\":{\"items\":[1,"
		  "{\"id\":2,\"a\":{\"id\":3}}],\"total\":2}}" },
		{ "{\"data\":{\"total\":0,\"items\":[]}}",
		  "{\"data\":{\"total\":0,\"items\":[]}}" },
		/* Its own id, not one inside of it; braces inside of texts. */
		{ "{\"data\":{\"items\":[{\"x\":{\"id\":2},\"t\":\"}]\\\"{\","
		  "\"id\":7}]}}",
		  "{\"data\":{\"items\":[7]}}" },
		{ " {\n \"data\" : { \"items\" : [ {\"id\" : 5 } , "
		  "{ \"id\": 6 } ] } } ",
		  " {\n \"data\" : { \"items\" : [5,{ \"id\": 6 }]"
		  " } } " },
		/* A backslash before the quote that ends the text. */
		{ "{\"data\":{\"items\":[{\"t\":\"a\\\\\",\"id\":9}]}}",
		  "{\"data\":{\"items\":[9]}}" },
		/* What has no number for an id is kept as it is. */
		{ "{\"data\":{\"items\":[{\"id\":\"x\"},{\"a\":1},"
		  "{\"id\":3.5}]}}",
		  "{\"data\":{\"items\":[{\"id\":\"x\"},{\"a\":1},"
		  "{\"id\":3.5}]}}" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		AUTO_FREE char *kept = NULL;

		assert_true(keeps(&whole, cases[i].text, &kept));
		assert_string_equal(kept, cases[i].kept);
	}
}

#define LIST(objects) "{\"data\":{\"items\":[" objects "],\"total\":1}}"

static void what_nobody_reads_is_left_out(void **state)
{
	static const struct {
		const char *text, *kept;
	} cases[] = {
		{ LIST("{\"id\":2,\"b\":[{\"a\":1}],\"a\":{\"b\":2},\"c\":null}"),
		  LIST("{\"id\":2,\"a\":{\"b\":2}}") },
		{ LIST("{ \"b\" : \"}\\\"\" , \"a\" : -1.5e3 , \"id\" : 4 }"),
		  LIST("{\"a\" : -1.5e3,\"id\" : 4}") },
		{ LIST("{\"id\":1,\"a\":1}"), LIST("1") },
		/* The last of the same name counts, to whoever reads it. */
		{ LIST("{\"id\":2,\"a\":1,\"b\":0,\"a\":2}"),
		  LIST("{\"id\":2,\"a\":1,\"a\":2}") },
		/* This is "a", written otherwise. */
		{ LIST("{\"id\":2,\"\\u0061\":1,\"aa\":0,\"\":0}"),
		  LIST("{\"id\":2,\"\\u0061\":1}") },
		/* The long form where there is no short one. */
		{ LIST("{\"id\":2,\"long\":[1],\"short\":[]}"),
		  LIST("{\"id\":2}") },
		{ LIST("{\"id\":2,\"long\":[1],\"short\":null}"),
		  LIST("{\"id\":2,\"long\":[1]}") },
		{ LIST("{\"id\":2,\"long\":[1]}"),
		  LIST("{\"id\":2,\"long\":[1]}") },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		AUTO_FREE char *kept = NULL;

		assert_true(keeps(&some, cases[i].text, &kept));
		assert_string_equal(kept, cases[i].kept);
	}
}

/* Nothing that a reader would refuse is mended by leaving it out. */
static void what_is_no_object_is_left_to_the_reader(void **state)
{
	static const char *const texts[] = {
		LIST("{\"id\":2 \"b\":1}"), LIST("{\"id\":2,}"),
		LIST("{\"id\":2,,\"b\":1}"), LIST("{\"id\":2,\"b\"}"),
		LIST("{\"id\":2,\"b\" 1}"), LIST("{\"id\":2,1}"),
		LIST("{\"id\":2,\"b\":1]}"), LIST("{\"id\":2,\"b\":1 2}"),
	};

	(void)state;
	for (size_t i = 0; i < COUNT(texts); i++) {
		AUTO_FREE char *kept = NULL;

		if (keeps(&some, texts[i], &kept))
			assert_string_equal(kept, texts[i]);
	}
}

static void what_is_no_list_is_read_as_a_whole(void **state)
{
	static const char *const texts[] = {
		"", "null", "[]", "{}", "{\"data\":null}", "{\"data\":[]}",
		"{\"data\":{\"items\":null}}", "{\"data\":{\"total\":1}}",
		"{\"data\":{\"items\":[1]}}", "{\"data\":{\"items\":[{\"id\"",
		"{\"data\":{\"items\":[{\"id\":1}", "{\"data\":{\"items\":[",
		"{\"data\":{\"items\":[{\"id\":1}{\"id\":2}]}}",
		"{\"data\":{\"items\":[{\"t\":\"\\", "<html>",
		"{\"data\":{\"items\":[{\"t\":\"",
	};

	(void)state;
	for (size_t i = 0; i < COUNT(texts); i++) {
		AUTO_FREE char *kept = NULL;

		if (keeps(&whole, texts[i], &kept))
			fail_msg("taken for a list: %s", texts[i]);
	}
}

/* The members of `one` that are read are those of `other`. */
static void expect_read_alike(const json_t *one, const json_t *other)
{
	for (const struct slices_member *m = few; m->name; m++) {
		if (m->unless && json_is_array(json_object_get(one, m->unless)))
			continue;
		if (!json_object_get(one, m->name))
			assert_null(json_object_get(other, m->name));
		else
			assert_true(json_equal(json_object_get(one, m->name),
					json_object_get(other, m->name)));
	}
}

static const json_t *items_of(const json_t *page)
{
	return json_object_get(json_object_get(page, "data"), "items");
}

static void expect_not_misread(const struct slices *s, const char *text)
{
	json_auto_t *all = json_loads(text, 0, NULL), *less = NULL;
	AUTO_FREE char *kept = NULL;
	const json_t *one;
	size_t i;

	if (!all || !keeps(s, text, &kept))
		return;
	less = json_loads(kept, 0, NULL);
	assert_non_null(less);
	assert_int_equal(json_array_size(items_of(all)),
			 json_array_size(items_of(less)));
	json_array_foreach(items_of(all), i, one) {
		const json_t *id = json_object_get(one, "id");

		if (json_is_integer(id) && json_integer_value(id) % 2 == 0)
			expect_read_alike(one, json_array_get(items_of(less),
							      i));
	}
}

/* A good page cut off anywhere, or with a byte changed, is never misread. */
static void nothing_is_read_beyond_its_end(void **state)
{
	static const char page[] =
		"{\"code\":0,\"data\":{\"items\":[{\"id\":1,\"t\":\"\\\"}\"},"
		"{\"id\":2,\"b\":0,\"a\":[1,{\"b\":null}],\"long\":[{}],"
		"\"short\":[7]}],\"total\":2}}";
	static const char bytes[] = "\"\\{}[],:1 ";

	(void)state;
	for (size_t len = 0; len < sizeof(page) - 1; len++) {
		/* Of its own length, so that a sanitizer sees what is behind. */
		AUTO_FREE char *text = xstrndup(page, len);
		AUTO_FREE char *kept = NULL, *less = NULL;

		(void)keeps(&whole, text, &kept);
		(void)keeps(&some, text, &less);
	}
	for (size_t at = 0; at < sizeof(page) - 1; at++)
		for (size_t i = 0; i < sizeof(bytes) - 1; i++) {
			AUTO_FREE char *text = xstrdup(page);

			text[at] = bytes[i];
			expect_not_misread(&whole, text);
			expect_not_misread(&some, text);
		}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_nobody_wants_is_its_id),
		cmocka_unit_test(what_nobody_reads_is_left_out),
		cmocka_unit_test(what_is_no_object_is_left_to_the_reader),
		cmocka_unit_test(what_is_no_list_is_read_as_a_whole),
		cmocka_unit_test(nothing_is_read_beyond_its_end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
