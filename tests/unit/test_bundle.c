/* Bundles: what goes in comes out, the same each time; bad paths do not. */
#include "tests/unit/fixture.h"

#include "shared/bundle.h"
#include "shared/table.h"
#include "tests/unit/pack_fixture.h"

static void what_was_written_is_read(void **state)
{
	CLEANUP(bundle_done) struct bundle files = { 0 };
	CLEANUP(bundle_done) struct bundle again = { 0 };
	CLEANUP(buf_done) struct buf bytes = { .max = BUNDLE_BYTES };
	struct err err;

	(void)state;
	OK(bundle_add(&files, "z/empty", "", 0, &err));
	OK(bundle_add(&files, "a.tsv", "with\0nul", 8, &err));
	OK(bundle_add(&files, "pack.json", "{}", 2, &err));
	OK(bundle_sort(&files, &err));
	OK(bundle_write(&files, &bytes, &err));
	OK(bundle_read(bytes.text, bytes.len, &again, &err));
	assert_int_equal(again.count, 3);
	assert_string_equal(again.files[0].path, "a.tsv");
	assert_int_equal(again.files[0].len, 8);
	assert_memory_equal(again.files[0].bytes, "with\0nul", 9);
	assert_non_null(bundle_find(&again, "pack.json"));
	assert_null(bundle_find(&again, "pack"));
	assert_int_equal(again.total, 10);
}

static void the_order_of_adding_does_not_matter(void **state)
{
	static const char *const paths[] = { "c", "a", "b/x" };
	CLEANUP(buf_done) struct buf first = { .max = BUNDLE_BYTES };
	CLEANUP(buf_done) struct buf second = { .max = BUNDLE_BYTES };
	CLEANUP(bundle_done) struct bundle one = { 0 };
	CLEANUP(bundle_done) struct bundle other = { 0 };
	struct err err;

	(void)state;
	for (size_t i = 0; i < COUNT(paths); i++) {
		pack_file(&one, paths[i], paths[i]);
		pack_file(&other, paths[2 - i], paths[2 - i]);
	}
	OK(bundle_sort(&one, &err));
	OK(bundle_sort(&other, &err));
	OK(bundle_write(&one, &first, &err));
	OK(bundle_write(&other, &second, &err));
	assert_int_equal(first.len, second.len);
	assert_memory_equal(first.text, second.text, first.len);
}

static void paths_that_lead_elsewhere_are_refused(void **state)
{
	static const char *const bad[] = {
		"", "/", "/etc/passwd", "..", "../a", "a/..", "a/../b", "a//b",
		"a/", "./a", "a/./b", ".a", "a\\b", "a b", "a\nb", "\xe7\x94",
		"a/.git/config", "~a:b",
	};
	struct err err;

	(void)state;
	for (size_t i = 0; i < COUNT(bad); i++) {
		if (bundle_check_path(bad[i], &err) == 0)
			fail_msg("'%s' was taken", bad[i]);
		assert_int_equal(err.kind, ERR_INVALID);
	}
	OK(bundle_check_path("providers/a-b_c.1.json", &err));
}

static void one_path_has_one_file(void **state)
{
	CLEANUP(bundle_done) struct bundle files = { 0 };
	struct err err;

	(void)state;
	pack_file(&files, "a", "1");
	pack_file(&files, "a", "2");
	REFUSED(bundle_sort(&files, &err), ERR_INVALID);
	assert_string_equal(err.msg, "a: is there twice");
}

static void files_have_ceilings(void **state)
{
	CLEANUP(bundle_done) struct bundle files = { 0 };
	AUTO_FREE char *large = xcalloc(1, BUNDLE_FILE_MAX + 1);
	struct err err;

	(void)state;
	REFUSED(bundle_add(&files, "a", large, BUNDLE_FILE_MAX + 1, &err),
		ERR_INVALID);
	for (int i = 0; i < BUNDLE_FILES_MAX; i++) {
		char path[16];

		snprintf(path, sizeof(path), "f%d", i);
		OK(bundle_add(&files, path, "", 0, &err));
	}
	REFUSED(bundle_add(&files, "one-more", "", 0, &err), ERR_INVALID);
	bundle_done(&files);
	for (size_t n = 0; n < BUNDLE_TOTAL_MAX; n += BUNDLE_FILE_MAX) {
		char path[32];

		snprintf(path, sizeof(path), "f%zu", n);
		OK(bundle_add(&files, path, large, BUNDLE_FILE_MAX, &err));
	}
	REFUSED(bundle_add(&files, "one-more", "x", 1, &err), ERR_INVALID);
}

/* Every prefix, and every byte turned, is read or refused, and no more. */
static void damage_is_refused_or_harmless(void **state)
{
	CLEANUP(buf_done) struct buf bytes = pack_bytes("sample", "1.0.0", 2,
							"");
	struct err err;

	(void)state;
	for (size_t i = 0; i < bytes.len; i++) {
		CLEANUP(bundle_done) struct bundle cut = { 0 };
		CLEANUP(bundle_done) struct bundle turned = { 0 };
		int rc = bundle_read(bytes.text, i, &cut, &err);

		assert_true(rc == 0 || err.kind == ERR_INVALID);
		bytes.text[i] ^= 0x20;
		rc = bundle_read(bytes.text, bytes.len, &turned, &err);
		assert_true(rc == 0 || err.kind == ERR_INVALID);
		bytes.text[i] ^= 0x20;
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_was_written_is_read),
		cmocka_unit_test(the_order_of_adding_does_not_matter),
		cmocka_unit_test(paths_that_lead_elsewhere_are_refused),
		cmocka_unit_test(one_path_has_one_file),
		cmocka_unit_test(files_have_ceilings),
		cmocka_unit_test(damage_is_refused_or_harmless),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
