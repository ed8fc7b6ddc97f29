#include "tests/unit/fixture.h"

#include "shared/clock.h"
#include "shared/jout.h"
#include "shared/table.h"

#define ROOM 4000

static void members_and_elements_get_their_commas(void **state)
{
	CLEANUP(jout_done) struct jout out = { .text.max = ROOM };

	(void)state;
	jout_object(&out, NULL);
	jout_object(&out, "empty");
	jout_object_end(&out);
	jout_array(&out, "list");
	jout_i64(&out, NULL, 0);
	jout_array(&out, NULL);
	jout_array_end(&out);
	jout_bool(&out, NULL, true);
	jout_array_end(&out);
	jout_bool(&out, "no", false);
	jout_null(&out, "nothing");
	jout_str(&out, "absent", NULL);
	jout_str(&out, "text", "a");
	jout_object_end(&out);
	assert_false(out.text.failed);
	assert_string_equal(buf_str(&out.text),
		"{\"empty\":{},\"list\":[0,[],true],\"no\":false,"
		"\"nothing\":null,\"absent\":null,\"text\":\"a\"}");
}

/* Texts are looked at eight bytes at once. */
static void what_needs_an_escape_is_found_wherever_it_stands(void **state)
{
	(void)state;
	for (int c = 0; c < 256; c++) {
		CLEANUP(buf_done) struct buf alone = { .max = ROOM };
		const char byte = (char)c;

		jout_quoted(&alone, &byte, 1);
		for (size_t at = 0; at < 19; at++) {
			CLEANUP(buf_done) struct buf is = { .max = ROOM };
			CLEANUP(buf_done) struct buf want = { .max = ROOM };
			char text[19];

			memset(text, 'a', sizeof(text));
			text[at] = byte;
			jout_quoted(&is, text, sizeof(text));
			text[at] = 'a';
			buf_addf(&want, "\"%.*s", (int)at, text);
			buf_add(&want, alone.text + 1, alone.len - 2);
			buf_addf(&want, "%.*s\"", (int)(18 - at), text);
			assert_string_equal(buf_str(&is), buf_str(&want));
		}
	}
}

/* Models of a provider are names, too. */
static void names_are_escaped_like_texts(void **state)
{
	CLEANUP(jout_done) struct jout out = { .text.max = ROOM };

	(void)state;
	jout_object(&out, NULL);
	jout_i64(&out, "a\"b\\", 1);
	jout_i64(&out, "\xff", 2);
	jout_object_end(&out);
	assert_string_equal(buf_str(&out.text),
		"{\"a\\\"b\\\\\":1,\"\xef\xbf\xbd\":2}");
}

static void numbers_are_written_to_their_ends(void **state)
{
	static const struct {
		int64_t number;
		const char *want;
	} cases[] = {
		{ 0, "0" }, { 7, "7" }, { -7, "-7" }, { 1000, "1000" },
		{ INT64_MAX, "9223372036854775807" },
		{ INT64_MIN, "-9223372036854775808" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		CLEANUP(jout_done) struct jout out = { .text.max = ROOM };

		jout_i64(&out, NULL, cases[i].number);
		assert_string_equal(buf_str(&out.text), cases[i].want);
	}
}

static void moments_are_text_and_none_is_null(void **state)
{
	CLEANUP(jout_done) struct jout out = { .text.max = ROOM };

	(void)state;
	jout_array(&out, NULL);
	jout_time(&out, NULL, 0);
	jout_time(&out, NULL, INT64_C(1795421700123));
	jout_array_end(&out);
	assert_string_equal(buf_str(&out.text),
			    "[null,\"2026-11-23T08:15:00.123Z\"]");
}

static void every_ascii_character_survives(void **state)
{
	CLEANUP(jout_done) struct jout out = { .text.max = ROOM };
	json_auto_t *back = NULL;
	char all[129] = "";

	(void)state;
	for (int i = 0; i < 128; i++)
		all[i] = (char)i;
	jout_strn(&out, NULL, all, 128);
	back = json_loads(buf_str(&out.text), JSON_DECODE_ANY |
			  JSON_ALLOW_NUL, NULL);
	assert_non_null(back);
	assert_int_equal(json_string_length(back), 128);
	assert_memory_equal(json_string_value(back), all, 128);
}

/* UTF-8 passes; what is none becomes U+FFFD, and always JSON. */
static const struct {
	const char *text;
	const char *want;
} texts[] = {
	{ "", "" },
	{ "模型 k2.6", "模型 k2.6" },
	{ "\xc3\xa4\xf0\x9f\x98\x80", "\xc3\xa4\xf0\x9f\x98\x80" },
	{ "\xf4\x8f\xbf\xbf", "\xf4\x8f\xbf\xbf" },
	{ "a\xff" "b", "a\xef\xbf\xbd" "b" },
	{ "\x80", "\xef\xbf\xbd" },
	{ "\xc3", "\xef\xbf\xbd" },
	{ "\xe6\xa8", "\xef\xbf\xbd\xef\xbf\xbd" },
	{ "\xc0\xaf", "\xef\xbf\xbd\xef\xbf\xbd" },
	{ "\xed\xa0\x80", "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd" },
	{ "\xe0\x80\x80", "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd" },
	{ "\xf4\x90\x80\x80",
	  "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd" },
};

static void what_is_no_utf8_is_replaced(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(texts); i++) {
		CLEANUP(jout_done) struct jout out = { .text.max = ROOM };
		json_auto_t *back = NULL;

		jout_str(&out, NULL, texts[i].text);
		back = json_loads(buf_str(&out.text), JSON_DECODE_ANY, NULL);
		if (!back)
			fail_msg("case %zu: %s", i, buf_str(&out.text));
		assert_string_equal(json_string_value(back), texts[i].want);
	}
}

static void random_bytes_never_break_the_json(void **state)
{
	uint64_t random = 1;

	(void)state;
	for (int round = 0; round < 2000; round++) {
		CLEANUP(jout_done) struct jout out = { .text.max = ROOM };
		json_auto_t *back = NULL;
		char text[40];

		for (size_t i = 0; i < sizeof(text); i++) {
			random = random * UINT64_C(6364136223846793005) + 1;
			text[i] = (char)(random >> 56);
		}
		jout_strn(&out, NULL, text, (size_t)round % sizeof(text));
		back = json_loads(buf_str(&out.text), JSON_DECODE_ANY |
				  JSON_ALLOW_NUL, NULL);
		assert_non_null(back);
	}
}

static void values_of_others_are_passed_on(void **state)
{
	CLEANUP(jout_done) struct jout out = { .text.max = ROOM };
	json_auto_t *value = json_pack("{s:[i,n]}", "a", 1);

	(void)state;
	jout_object(&out, NULL);
	jout_json(&out, "tree", value);
	jout_json(&out, "none", NULL);
	jout_raw(&out, "raw", "[1, 2]");
	jout_raw(&out, "no_raw", NULL);
	jout_raw(&out, "empty", "");
	jout_lead(&out, "mine");
	buf_adds(&out.text, "7");
	jout_object_end(&out);
	assert_string_equal(buf_str(&out.text),
		"{\"tree\":{\"a\":[1,null]},\"none\":null,\"raw\":[1, 2],"
		"\"no_raw\":null,\"empty\":null,\"mine\":7}");
}

static void a_ceiling_fails_for_good(void **state)
{
	CLEANUP(jout_done) struct jout out = { .text.max = 6 };

	(void)state;
	jout_array(&out, NULL);
	jout_str(&out, NULL, "12345");
	jout_array_end(&out);
	assert_true(out.text.failed);
	assert_true(out.text.len <= 6);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(members_and_elements_get_their_commas),
		cmocka_unit_test(
			what_needs_an_escape_is_found_wherever_it_stands),
		cmocka_unit_test(names_are_escaped_like_texts),
		cmocka_unit_test(numbers_are_written_to_their_ends),
		cmocka_unit_test(moments_are_text_and_none_is_null),
		cmocka_unit_test(every_ascii_character_survives),
		cmocka_unit_test(what_is_no_utf8_is_replaced),
		cmocka_unit_test(random_bytes_never_break_the_json),
		cmocka_unit_test(values_of_others_are_passed_on),
		cmocka_unit_test(a_ceiling_fails_for_good),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
