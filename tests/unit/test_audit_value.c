/* What the cells of the audit log may hold. */
#include "tests/unit/fixture.h"

#include "shared/audit.h"

static void no_value_holds_a_secret(void **state)
{
	static const char secret[] = "sk-abcdef0123456789abcdef";
	AUTO_FREE char *json = xasprintf("{\"name\":\"%s\",\"a\":[{\"b\":"
		"\"Bearer %s\"}],\"password\":\"hunter2\",\"api_key\":\"k\","
		"\"%s\":1,\"id\":\"run_01jdcq4v9xabcdefghi\",\"n\":5}",
		secret, secret, secret);
	AUTO_FREE char *kept = audit_clean(json);
	AUTO_FREE char *words = audit_clean("no JSON, but token=abc123def");

	(void)state;
	assert_null(strstr(kept, secret));
	assert_null(strstr(kept, "hunter2"));
	assert_null(strstr(kept, "\"k\""));
	assert_non_null(strstr(kept, "run_01jdcq4v9xabcdefghi"));
	assert_non_null(strstr(kept, "\"n\":5"));
	assert_null(strstr(words, "abc123def"));
	assert_null(audit_clean(NULL));
	assert_null(audit_clean("{}"));
	assert_null(audit_clean("null"));
}

static void a_value_has_a_ceiling_and_says_so(void **state)
{
	struct buf text = { .max = 1 << 20 };
	AUTO_FREE char *kept = NULL;

	(void)state;
	buf_adds(&text, "{\"first\":1");
	for (int i = 0; i < 500; i++)
		buf_addf(&text, ",\"member%d\":\"a few words to say\"", i);
	buf_adds(&text, "}");
	kept = audit_clean(buf_str(&text));
	assert_true(strlen(kept) <= AUDIT_VALUE_MAX);
	assert_true(strlen(kept) > AUDIT_VALUE_MAX / 2);
	assert_non_null(strstr(kept, "\"first\":1"));
	assert_non_null(strstr(kept, "\"truncated\":true"));
	buf_done(&text);
	text = (struct buf){ .max = 1 << 20 };
	buf_adds(&text, "[");
	for (int i = 0; i < 90000; i++)
		buf_adds(&text, "1,");
	buf_adds(&text, "1]");
	free(TAKE(kept));
	kept = audit_clean(buf_str(&text));
	assert_string_equal(kept, "{\"truncated\":true,\"bytes\":180003}");
	free(TAKE(kept));
	/* Short enough to read, too long to keep, and no object. */
	text.text[20001] = '\0';
	text.text[20000] = ']';
	kept = audit_clean(text.text);
	assert_non_null(strstr(kept, "\"truncated\":true"));
	buf_done(&text);
}

static void only_what_differs_is_kept(void **state)
{
	AUTO_FREE char *before = NULL;
	AUTO_FREE char *after = NULL;

	(void)state;
	audit_differ("{\"a\":1,\"b\":{\"c\":2},\"d\":3}",
		     "{\"a\":1,\"b\":{\"c\":4},\"e\":null}", &before, &after);
	assert_string_equal(before, "{\"b\":{\"c\":2},\"d\":3}");
	assert_string_equal(after, "{\"b\":{\"c\":4},\"e\":null}");
	free(TAKE(before));
	free(TAKE(after));
	audit_differ("{\"a\":1}", "{\"a\":1}", &before, &after);
	assert_null(before);
	assert_null(after);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(no_value_holds_a_secret),
		cmocka_unit_test(a_value_has_a_ceiling_and_says_so),
		cmocka_unit_test(only_what_differs_is_kept),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
