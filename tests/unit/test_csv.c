/* Rows of cells, whatever a spreadsheet or a person made of them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#include "shared/csv.h"
#include "shared/table.h"

/* All rows as "line:cell|cell" or "line!", a space between them. */
static char *rows_of(const char *text, char delimiter)
{
	struct buf out = { .max = 1 << 20 };
	struct csv_row row;
	struct csv *csv;

	csv_open(&csv, text, strlen(text), delimiter, 1);
	while (csv_next(csv, &row)) {
		buf_addf(&out, "%s%lld%s", out.len ? " " : "",
			 (long long)row.line, row.problem ? "!" : ":");
		for (size_t i = 0; i < row.count; i++)
			buf_addf(&out, "%s%s", i ? "|" : "", row.cells[i]);
	}
	csv_close(&csv);
	assert_null(csv);
	return buf_take(&out);
}

static void rows(const char *text, const char *wanted)
{
	AUTO_FREE char *got = rows_of(text, ',');

	if (strcmp(got, wanted) != 0)
		fail_msg("of '%s'\ngot    '%s'\nwanted '%s'", text, got,
			 wanted);
}

static void lines_end_in_any_way(void **state)
{
	(void)state;
	rows("", "");
	rows("a,b", "1:a|b");
	rows("a,b\n", "1:a|b");
	rows("a\nb\n", "1:a 2:b");
	rows("a\r\nb\r\n", "1:a 2:b");
	rows("a\rb\rc", "1:a 2:b 3:c");
	rows("a\r\n\rb", "1:a 3:b");
}

static void blank_lines_are_no_rows_but_count(void **state)
{
	(void)state;
	rows("\n\na\n \n\t\nb\n\n", "3:a 6:b");
	rows("\r\n\r\na\r\n", "3:a");
	rows("\n", "");
}

static void cells_are_quoted_where_they_must_be(void **state)
{
	(void)state;
	rows("\"a,b\",c", "1:a,b|c");
	rows("\"a \"\"b\"\" c\",d", "1:a \"b\" c|d");
	rows("\"a\nb\",c\nd,e", "1:a\nb|c 3:d|e");
	rows("\"a\r\n\r\nb\",c\r\nd", "1:a\r\n\r\nb|c 4:d");
	rows("x,\"\n\n\"\ny", "1:x|\n\n 4:y");
	rows("\"\",,\"\"", "1:||");
	rows(" a , b ", "1:a|b");
}

static void a_wrong_row_does_not_sink_the_others(void **state)
{
	(void)state;
	/* A quote where none may stand. */
	rows("a\nb\"c\nd", "1:a 2! 3:d");
	rows("a\n\"b\"c,d\ne", "1:a 2! 3:e");
	/* One that is never closed: what follows is read again. */
	rows("a\n\"b,c\nd,e\nf", "1:a 2! 3:d|e 4:f");
	rows("\"", "1!");
	rows("\"\n\"\n\"", "1:\n 3!");
	rows("a,\"b\n\n\nc,d\n", "1! 4:c|d");
}

static void a_row_has_a_ceiling(void **state)
{
	CLEANUP(buf_done) struct buf text = { .max = 1 << 20 };
	AUTO_FREE char *got = NULL;

	(void)state;
	buf_adds(&text, "a\n");
	for (int i = 0; i < CSV_ROW_MAX; i++)
		buf_adds(&text, "x");
	buf_adds(&text, "\nb\n\"open\n");
	for (int i = 0; i < 3000; i++)
		buf_adds(&text, "cccccc\n");
	got = rows_of(buf_str(&text), ',');
	assert_memory_equal(got, "1:a 2! 3:b 4! 5:cccccc 6:cccccc ", 32);
	assert_non_null(strstr(got, " 3004:cccccc"));
}

static void add_cells(struct buf *text, size_t n)
{
	for (size_t i = 0; i < n; i++)
		buf_adds(text, i + 1 < n ? "a," : "a\n");
}

static void cells_have_a_ceiling(void **state)
{
	CLEANUP(buf_done) struct buf text = { .max = 4096 };
	struct csv_row row;
	struct csv *csv;

	(void)state;
	add_cells(&text, CSV_CELLS_MAX);
	add_cells(&text, CSV_CELLS_MAX + 1);
	add_cells(&text, 1);
	csv_open(&csv, text.text, text.len, ',', 1);
	assert_true(csv_next(csv, &row));
	assert_int_equal(row.count, CSV_CELLS_MAX);
	assert_null(row.problem);
	assert_true(csv_next(csv, &row));
	assert_non_null(row.problem);
	assert_true(csv_next(csv, &row));
	assert_int_equal(row.count, 1);
	assert_int_equal(row.line, 3);
	assert_false(csv_next(csv, &row));
	csv_close(&csv);
}

static void the_sign_between_cells_is_found(void **state)
{
	static const struct {
		const char *text;
		char sign;
		size_t skip;
	} cases[] = {
		{ "url,key", ',', 0 },		{ "url;key;a", ';', 0 },
		{ "url\tkey", '\t', 0 },	{ "url|key", '|', 0 },
		{ "url，key", CSV_NARROW, 0 },
		{ "\"a;b;c\",key", ',', 0 },
		{ "url,key\n;;;;;", ',', 0 },
		{ "url", ',', 0 },		{ "", ',', 0 },
		{ "sep=;\r\nurl;key", ';', 7 },
		{ "sep=\t\nurl,key", '\t', 6 },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		size_t skip;
		bool wide;
		char sign = csv_delimiter(cases[i].text,
					  strlen(cases[i].text), &wide, &skip);

		if (sign != cases[i].sign || skip != cases[i].skip ||
		    wide != (sign == CSV_NARROW))
			fail_msg("'%s': %d", cases[i].text, sign);
	}
}

static void full_width_commas_part_cells_too(void **state)
{
	static const char text[] = "地址，密钥\na，b，\n，\n\"甲，\"，乙\n"
				   "a\"，\nc，d";
	struct buf narrowed = { .max = sizeof(text) };
	AUTO_FREE char *got = NULL;

	(void)state;
	csv_narrow(text, strlen(text), &narrowed);
	got = rows_of(buf_str(&narrowed), CSV_NARROW);
	assert_string_equal(got, "1:地址|密钥 2:a|b| 3:| 4:甲，|乙 5! "
			    "6:c|d");
	buf_done(&narrowed);
}

static void other_signs_part_cells(void **state)
{
	AUTO_FREE char *tab = rows_of("a\tb\n\t c\n", '\t');
	AUTO_FREE char *semicolon = rows_of("a;b,c\n", ';');

	(void)state;
	assert_string_equal(tab, "1:a|b 2:|c");
	assert_string_equal(semicolon, "1:a|b,c");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(lines_end_in_any_way),
		cmocka_unit_test(blank_lines_are_no_rows_but_count),
		cmocka_unit_test(cells_are_quoted_where_they_must_be),
		cmocka_unit_test(a_wrong_row_does_not_sink_the_others),
		cmocka_unit_test(a_row_has_a_ceiling),
		cmocka_unit_test(cells_have_a_ceiling),
		cmocka_unit_test(the_sign_between_cells_is_found),
		cmocka_unit_test(full_width_commas_part_cells_too),
		cmocka_unit_test(other_signs_part_cells),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
