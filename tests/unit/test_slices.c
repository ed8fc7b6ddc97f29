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

static bool keeps(const char *text, char **ret)
{
	CLEANUP(buf_done) struct buf out = { .max = strlen(text) };
	bool kept = slices_keep(text, strlen(text), is_even, NULL, &out);

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
		  "{\"code\":0,\"data\":{\"items\":[{\"id\":1},"
		  "{\"id\":2,\"a\":{\"id\":3}}],\"total\":2}}" },
		{ "{\"data\":{\"total\":0,\"items\":[]}}",
		  "{\"data\":{\"total\":0,\"items\":[]}}" },
		/* Its own id, not one inside of it; braces inside of texts. */
		{ "{\"data\":{\"items\":[{\"x\":{\"id\":2},\"t\":\"}]\\\"{\","
		  "\"id\":7}]}}",
		  "{\"data\":{\"items\":[{\"id\":7}]}}" },
		{ " {\n \"data\" : { \"items\" : [ {\"id\" : 5 } , "
		  "{ \"id\": 6 } ] } } ",
		  " {\n \"data\" : { \"items\" : [{\"id\":5},{ \"id\": 6 }]"
		  " } } " },
		/* A backslash before the quote that ends the text. */
		{ "{\"data\":{\"items\":[{\"t\":\"a\\\\\",\"id\":9}]}}",
		  "{\"data\":{\"items\":[{\"id\":9}]}}" },
		/* What has no number for an id is kept as it is. */
		{ "{\"data\":{\"items\":[{\"id\":\"x\"},{\"a\":1},"
		  "{\"id\":3.5}]}}",
		  "{\"data\":{\"items\":[{\"id\":\"x\"},{\"a\":1},"
		  "{\"id\":3.5}]}}" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		AUTO_FREE char *kept = NULL;

		assert_true(keeps(cases[i].text, &kept));
		assert_string_equal(kept, cases[i].kept);
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

		if (keeps(texts[i], &kept))
			fail_msg("taken for a list: %s", texts[i]);
	}
}

/* A good page cut off anywhere, or with a byte changed, is never misread. */
static void nothing_is_read_beyond_its_end(void **state)
{
	static const char page[] =
		"{\"code\":0,\"data\":{\"items\":[{\"id\":1,\"t\":\"\\\"}\"},"
		"{\"id\":2,\"a\":[1,{\"b\":null}]}],\"total\":2}}";
	static const char bytes[] = "\"\\{}[],:1 ";

	(void)state;
	for (size_t len = 0; len < sizeof(page) - 1; len++) {
		/* Of its own length, so that a sanitizer sees what is behind. */
		AUTO_FREE char *text = xstrndup(page, len);
		AUTO_FREE char *kept = NULL;

		(void)keeps(text, &kept);
	}
	for (size_t at = 0; at < sizeof(page) - 1; at++)
		for (size_t i = 0; i < sizeof(bytes) - 1; i++) {
			AUTO_FREE char *text = xstrdup(page);
			AUTO_FREE char *kept = NULL;
			json_auto_t *all = NULL, *few = NULL;

			text[at] = bytes[i];
			all = json_loads(text, 0, NULL);
			if (!all || !keeps(text, &kept))
				continue;
			few = json_loads(kept, 0, NULL);
			assert_non_null(few);
			assert_int_equal(json_array_size(json_object_get(
				json_object_get(all, "data"), "items")),
				json_array_size(json_object_get(
				json_object_get(few, "data"), "items")));
		}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_nobody_wants_is_its_id),
		cmocka_unit_test(what_is_no_list_is_read_as_a_whole),
		cmocka_unit_test(nothing_is_read_beyond_its_end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
