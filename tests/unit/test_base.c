#include "tests/unit/fixture.h"

#include "shared/buf.h"
#include "shared/clock.h"
#include "shared/table.h"

static void taking_a_pointer_leaves_null_behind(void **state)
{
	char *text = xstrdup("mine");
	char *taken = TAKE(text);

	(void)state;
	assert_null(text);
	assert_string_equal(taken, "mine");
	free(taken);
}

static void setting_a_slot_frees_what_was_there(void **state)
{
	AUTO_FREE char *slot = NULL;

	(void)state;
	own_set(&slot, "one");
	own_set(&slot, "two");
	assert_string_equal(slot, "two");
	/* The new text may lie in the old one. */
	own_set(&slot, slot + 1);
	assert_string_equal(slot, "wo");
	own_set(&slot, NULL);
	assert_null(slot);
	assert_null(xstrdup_null(NULL));
}

static void wiping_clears_and_frees(void **state)
{
	char *secret = xstrdup("secret");

	(void)state;
	own_wipe(&secret);
	assert_null(secret);
	own_wipe(&secret);
}

static void an_error_has_kind_code_and_sentence(void **state)
{
	struct err err;

	(void)state;
	assert_int_equal(err_set(&err, ERR_BUSY, "%s is at %d", "it", 7), -1);
	assert_int_equal(err.kind, ERR_BUSY);
	assert_string_equal(err.code, "busy");
	assert_string_equal(err.msg, "it is at 7");
	assert_int_equal(err_code(&err, "its_own"), -1);
	assert_int_equal(err_wrap(&err, "task %d", 3), -1);
	assert_int_equal(err.kind, ERR_BUSY);
	assert_string_equal(err.code, "its_own");
	assert_string_equal(err.msg, "task 3: it is at 7");
}

static void a_long_sentence_is_cut(void **state)
{
	char text[2 * ERR_MSG_MAX];
	struct err err;

	(void)state;
	memset(text, 'x', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	err_set(&err, ERR_INVALID, "%s", text);
	assert_int_equal(strlen(err.msg), ERR_MSG_MAX - 1);
	err_wrap(&err, "%s", text);
	assert_int_equal(strlen(err.msg), ERR_MSG_MAX - 1);
}

static void every_kind_has_a_name(void **state)
{
	(void)state;
	for (int i = 0; i < ERR_KIND__MAX; i++)
		assert_non_null(err_kind_name((enum err_kind)i));
}

static void a_buffer_grows_and_ends_in_nul(void **state)
{
	CLEANUP(buf_done) struct buf buf = { .max = 100000 };

	(void)state;
	assert_string_equal(buf_str(&buf), "");
	for (int i = 0; i < 10000; i++)
		buf_addf(&buf, "%d", i % 10);
	buf_adds(&buf, "");
	buf_add(&buf, NULL, 0);
	assert_false(buf.failed);
	assert_int_equal(buf.len, 10000);
	assert_int_equal(strlen(buf_str(&buf)), 10000);
}

static void what_does_not_fit_is_dropped_for_good(void **state)
{
	CLEANUP(buf_done) struct buf buf = { .max = 5 };

	(void)state;
	buf_adds(&buf, "12345");
	assert_false(buf.failed);
	buf_adds(&buf, "6");
	assert_true(buf.failed);
	assert_string_equal(buf_str(&buf), "12345");
	buf_reset(&buf);
	assert_false(buf.failed);
	buf_addf(&buf, "%s", "123456");
	assert_true(buf.failed);
	buf_adds(&buf, "1");
	assert_string_equal(buf_str(&buf), "");
}

static void a_buffer_gives_its_text_away(void **state)
{
	struct buf buf = { .max = 10 };
	char *text;

	(void)state;
	text = buf_take(&buf);
	assert_string_equal(text, "");
	free(text);
	buf_adds(&buf, "abc");
	text = buf_take(&buf);
	assert_string_equal(text, "abc");
	free(text);
	assert_string_equal(buf_str(&buf), "");
	assert_int_equal(buf.max, 10);
	buf_adds(&buf, "secret");
	buf_wipe(&buf);
	buf_wipe(&buf);
	assert_null(buf.text);
}

static const struct {
	const char *text;
	int64_t at;
} moments[] = {
	{ "1970-01-01T00:00:00Z", 0 },
	{ "1970-01-01T00:00:00.001Z", 1 },
	{ "1969-12-31T23:59:59.999Z", -1 },
	{ "2026-11-23T08:15:00Z", 1795421700000 },
	{ "2026-11-23T08:15:00z", 1795421700000 },
	{ "2026-11-23T16:15:00+08:00", 1795421700000 },
	{ "2026-11-23T04:45:00-03:30", 1795421700000 },
	{ "2026-11-23T08:15:00.5Z", 1795421700500 },
	{ "2026-11-23T08:15:00.123456789Z", 1795421700123 },
	{ "2028-02-29T00:00:00Z", 1835395200000 },
};

static void moments_are_read(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(moments); i++) {
		int64_t at = -7;

		if (!clock_parse(moments[i].text, &at) ||
		    at != moments[i].at)
			fail_msg("%s: %lld", moments[i].text, (long long)at);
	}
}

static void what_is_no_moment_is_refused(void **state)
{
	static const char *const texts[] = {
		"", "x", "2026-11-23", "2026-11-23T08:15:00",
		"2026-11-23 08:15:00Z", "2026-13-01T00:00:00Z",
		"2026-11-23T25:00:00Z", "2026-11-23T08:15:00+08",
		"2026-11-23T08:15:00Zx", "2026-11-23T08:15:00+08:00x",
		"1795421700",
	};
	int64_t at = 7;

	(void)state;
	for (size_t i = 0; i < COUNT(texts); i++)
		if (clock_parse(texts[i], &at))
			fail_msg("taken: %s", texts[i]);
	assert_int_equal(at, 7);
}

static void a_moment_survives_being_written(void **state)
{
	static const int64_t times[] = { 0, 1, -1, -1000, 1795421700123,
					 253402300799999 };
	char text[CLOCK_TEXT_MAX];
	int64_t back;

	(void)state;
	for (size_t i = 0; i < COUNT(times); i++) {
		assert_true(clock_parse(clock_format(times[i], text), &back));
		assert_int_equal(back, times[i]);
	}
	assert_string_equal(clock_format(1795421700123, text),
			    "2026-11-23T08:15:00.123Z");
}

static void clocks_go_forward(void **state)
{
	int64_t us = clock_mono_us(), ms = clock_mono_ms();

	(void)state;
	assert_true(clock_mono_us() >= us);
	assert_true(clock_mono_ms() >= ms);
	assert_true(clock_wall_ms() > INT64_C(1577836800000));
}

static void ids_sort_by_time_and_have_one_length(void **state)
{
	char one[ID_MAX], two[ID_MAX], far[ID_MAX];

	(void)state;
	id_make(one, "run", NOW, UINT64_MAX);
	id_make(two, "run", NOW + 1, 0);
	id_make(far, "run", NOW * 10, 0);
	assert_true(strcmp(one, two) < 0);
	assert_true(strcmp(two, far) < 0);
	assert_int_equal(strlen(one), 4 + 9 + 10);
	assert_int_equal(strlen(far), strlen(one));
	assert_memory_equal(one, "run_", 4);
	assert_string_equal(one + 13, "zzzzzzzzzz");
	assert_string_equal(two + 13, "0000000000");
}

static void random_numbers_make_ids_of_their_own(void **state)
{
	char one[ID_MAX], two[ID_MAX], text[ID_SHORT_MAX];

	(void)state;
	assert_string_not_equal(id_make(one, "x", NOW, 1),
				id_make(two, "x", NOW, 2));
	assert_string_equal(id_short(text, 3, 0), "aaa");
	assert_string_equal(id_short(text, 3, 36 + 35), "9ba");
	assert_string_equal(id_short(text, 0, 1), "");
}

static void names_are_found_in_tables_with_holes(void **state)
{
	static const char *const names[] = { "a", NULL, "c" };
	int found = 7;

	(void)state;
	assert_true(table_find(names, COUNT(names), "c", &found));
	assert_int_equal(found, 2);
	assert_false(table_find(names, COUNT(names), "b", &found));
	assert_false(table_find(names, COUNT(names), NULL, &found));
	assert_int_equal(found, 2);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(taking_a_pointer_leaves_null_behind),
		cmocka_unit_test(setting_a_slot_frees_what_was_there),
		cmocka_unit_test(wiping_clears_and_frees),
		cmocka_unit_test(an_error_has_kind_code_and_sentence),
		cmocka_unit_test(a_long_sentence_is_cut),
		cmocka_unit_test(every_kind_has_a_name),
		cmocka_unit_test(a_buffer_grows_and_ends_in_nul),
		cmocka_unit_test(what_does_not_fit_is_dropped_for_good),
		cmocka_unit_test(a_buffer_gives_its_text_away),
		cmocka_unit_test(moments_are_read),
		cmocka_unit_test(what_is_no_moment_is_refused),
		cmocka_unit_test(a_moment_survives_being_written),
		cmocka_unit_test(clocks_go_forward),
		cmocka_unit_test(ids_sort_by_time_and_have_one_length),
		cmocka_unit_test(random_numbers_make_ids_of_their_own),
		cmocka_unit_test(names_are_found_in_tables_with_holes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
