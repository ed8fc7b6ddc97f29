/* Text files as people save them become UTF-8, or are refused with advice. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "shared/charset.h"

static const char *read_text(const char *text, size_t len, struct buf *storage,
			     enum charset *charset, size_t *ret_len)
{
	const char *ret = NULL;
	struct err err;

	storage->max = 4096;
	if (charset_read(text, len, storage, &ret, ret_len, charset, &err))
		fail_msg("%s", err.msg);
	return ret;
}

static void reads(const char *text, size_t len, const char *wanted,
		  enum charset wanted_charset)
{
	CLEANUP(buf_done) struct buf storage = { 0 };
	enum charset charset;
	size_t n;
	const char *got = read_text(text, len, &storage, &charset, &n);

	assert_int_equal(n, strlen(wanted));
	assert_memory_equal(got, wanted, n);
	assert_int_equal(charset, wanted_charset);
}

#define READS(text, wanted, charset) \
	reads(text, sizeof(text) - 1, wanted, charset)

static void refused(const char *text, size_t len, const char *why)
{
	CLEANUP(buf_done) struct buf storage = { .max = 4096 };
	const char *ret = NULL;
	enum charset charset;
	struct err err;
	size_t n;

	assert_int_equal(charset_read(text, len, &storage, &ret, &n, &charset,
				      &err), -1);
	assert_int_equal(err.kind, ERR_INVALID);
	assert_null(ret);
	if (!strstr(err.msg, why))
		fail_msg("'%s' does not say '%s'", err.msg, why);
}

#define REFUSED(text, why) refused(text, sizeof(text) - 1, why)

static void utf8_stays_as_it_is(void **state)
{
	(void)state;
	READS("", "", CHARSET_UTF8);
	READS("url,key", "url,key", CHARSET_UTF8);
	READS("密钥", "密钥", CHARSET_UTF8);
	READS("\xef\xbb\xbf密钥", "密钥", CHARSET_UTF8);
	READS("\xef\xbb\xbf", "", CHARSET_UTF8);
}

/* "密钥,地址" as a Chinese Excel saves it. */
static void what_a_chinese_excel_saves_is_converted(void **state)
{
	(void)state;
	READS("\xc3\xdc\xd4\xbf,\xb5\xd8\xd6\xb7", "密钥,地址",
	      CHARSET_GB18030);
	/* A character of four bytes, which GBK has not. */
	READS("\xc3\xdc\x82\x35\x8f\x33", "密\xe9\xbe\xa6", CHARSET_GB18030);
}

static void utf16_with_a_mark_is_converted(void **state)
{
	(void)state;
	READS("\xff\xfe" "a\0\xc6\x5b", "a密", CHARSET_UTF16);
	READS("\xfe\xff" "\0a\x5b\xc6", "a密", CHARSET_UTF16);
	READS("\xff\xfe\x3d\xd8\x00\xde", "\xf0\x9f\x98\x80", CHARSET_UTF16);
}

static void what_is_cut_short_is_refused(void **state)
{
	(void)state;
	REFUSED("\xff\xfe" "a", "UTF-16");
	REFUSED("\xff\xfe\x3d\xd8", "UTF-16");
	/* A lead byte of GBK at the end; 0xff begins nothing. */
	REFUSED("\xc3\xdc\xd4", "GB18030");
	REFUSED("a\xff" "b", "GB18030");
}

static void what_is_no_text_is_called_by_name(void **state)
{
	(void)state;
	REFUSED("PK\x03\x04\x14\0", ".xlsx");
	REFUSED("\xd0\xcf\x11\xe0\xa1", ".xls");
	REFUSED("%PDF-1.7", "PDF");
	REFUSED("\x1f\x8b\x08", "compressed");
	REFUSED("a\0b", "NUL");
	/* UTF-16 without a mark has a NUL in every second place. */
	REFUSED("u\0r\0l\0", "NUL");
}

static void a_text_of_any_length_is_converted_whole(void **state)
{
	CLEANUP(buf_done) struct buf storage = { 0 };
	CLEANUP(buf_done) struct buf text = { .max = 64 << 10 };
	enum charset charset;
	const char *got = NULL;
	struct err err;
	size_t n = 0;

	(void)state;
	for (int i = 0; i < 5000; i++)
		buf_adds(&text, i % 7 ? "\xc3\xdc" : "x");
	storage.max = 2 * text.len;
	assert_int_equal(charset_read(text.text, text.len, &storage, &got, &n,
				      &charset, &err), 0);
	assert_int_equal(n, 715 + 3 * 4285);
	assert_memory_equal(got + n - 3, "密", 3);
	/* A ceiling is one. */
	buf_reset(&storage);
	storage.max = text.len;
	assert_int_equal(charset_read(text.text, text.len, &storage, &got, &n,
				      &charset, &err), -1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(utf8_stays_as_it_is),
		cmocka_unit_test(what_a_chinese_excel_saves_is_converted),
		cmocka_unit_test(utf16_with_a_mark_is_converted),
		cmocka_unit_test(what_is_cut_short_is_refused),
		cmocka_unit_test(what_is_no_text_is_called_by_name),
		cmocka_unit_test(a_text_of_any_length_is_converted_whole),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
