/*
 * csv_rows: whatever bytes are sent as a file of keys, rows come out that may
 * be stored, and every other line is told.
 *
 * The first byte chooses the form; the rest is the file.
 */
#include <assert.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "fcgi/import_rows.h"
#include "fcgi/remark.h"
#include "shared/charset.h"
#include "shared/csv_rows.h"
#include "shared/redact.h"

#define ROWS_MAX 200

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_text(const char *text, size_t max)
{
	size_t n = 0;

	for (; text && *text != '\0'; n++) {
		size_t step = redact_character(text);

		assert(step > 0 && (unsigned char)*text >= 0x20);
		text += step;
	}
	assert(n <= max);
}

static void check_row(const struct import_row *row,
		      const struct import_rows *rows)
{
	AUTO_FREE char *warnings = import_row_warnings(row, NULL);
	json_t *parsed = json_loads(warnings, 0, NULL);

	assert(json_is_array(parsed));
	json_decref(parsed);
	assert(row->endpoint->url && *row->endpoint->key);
	assert(row->key < rows->keys.count && row->line > 0);
	assert(json_is_array(row->models) &&
	       json_array_size(row->models) <= 200);
	check_text(rows->keys.texts[row->key], 4096);
	check_text(row->label, REMARK_LABEL_MAX);
	check_text(row->note, REMARK_NOTE_MAX);
	assert(!*row->account_proxy || remark_is_id(row->account_proxy));
	assert(!*row->adopt_account_id || remark_is_id(row->adopt_account_id));
}

/* Every row became an item, is one again, or was left out. */
static void check_rows(const struct import_rows *rows,
		       const struct file_rows *file)
{
	AUTO_FREE char *told = rejects_json(&rows->rejects);
	json_t *list = json_loads(told, 0, NULL);
	size_t again = 0;

	assert(json_is_array(list) && json_array_size(list) <= REJECTS_MAX);
	json_decref(list);
	for (size_t i = 0; i < rows->count; i++) {
		check_row(&rows->rows[i], rows);
		again += rows->rows[i].nagain;
	}
	assert(rows->count + again + rows->rejects.rows ==
	       json_array_size(file->items));
	for (size_t i = 1; i < json_array_size(file->items); i++)
		assert(file->lines[i] > file->lines[i - 1]);
}

static void read_file(bool csv, const char *text, size_t len)
{
	static struct jdec_problems problems;
	struct import_rows rows;
	struct file_rows file;

	problems.count = 0;
	file_rows_init(&file);
	if (csv)
		csv_rows_read(&file, text, len, ROWS_MAX, &problems);
	else
		file_rows_read_json(&file, text, len, ROWS_MAX);
	assert(json_array_size(file.items) <= ROWS_MAX + 1);
	assert(problems.count == 0 || json_array_size(file.items) == 0);
	import_rows_read(&rows, "items", file.items, file.lines, &problems);
	check_rows(&rows, &file);
	import_rows_done(&rows);
	file_rows_done(&file);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct buf storage = { .max = 4 * size }, whole = { .max = size };
	enum charset charset;
	const char *text;
	struct err err;
	size_t len;

	if (size < 1)
		return 0;
	/* Bodies end in a NUL that is no part of them. */
	buf_add(&whole, data + 1, size - 1);
	if (charset_read(buf_str(&whole), whole.len, &storage, &text, &len,
			 &charset, &err) == 0) {
		assert(!memchr(text, '\0', len) && strlen(text) == len);
		read_file(data[0] % 4, text, len);
	}
	buf_wipe(&storage);
	buf_wipe(&whole);
	return 0;
}
