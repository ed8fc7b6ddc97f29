#include "shared/file_rows.h"

#include <stdio.h>
#include <string.h>

#include "shared/own.h"

#define LINE_MAX_BYTES (64 << 10)
#define WHY_MAX 128

void file_rows_init(struct file_rows *rows)
{
	*rows = (struct file_rows){ .items = json_array() };
}

void file_rows_done(struct file_rows *rows)
{
	json_decref(rows->items);
	free(rows->lines);
	*rows = (struct file_rows){ 0 };
}

void file_rows_add(struct file_rows *rows, json_t *item, int64_t line)
{
	size_t n = json_array_size(rows->items);

	if (n == rows->room) {
		rows->room = rows->room ? 2 * rows->room : 64;
		rows->lines = xrealloc(rows->lines,
				       rows->room * sizeof(*rows->lines));
	}
	rows->lines[n] = line;
	if (json_array_append_new(rows->items, item))
		abort();
}

void file_rows_add_bad(struct file_rows *rows, const char *why, int64_t line)
{
	file_rows_add(rows, json_string_nocheck(why), line);
}

/*
 * jansson's sentence ends in `near '...'` with a piece of the line, which may
 * be a key: it is cut off.
 */
static void add_malformed(struct file_rows *rows, const json_error_t *at,
			  int64_t line)
{
	const char *near = strstr(at->text, " near ");
	int len = near ? (int)(near - at->text) : (int)strlen(at->text);
	char why[WHY_MAX];

	snprintf(why, sizeof(why), "is not JSON: column %d: %.*s", at->column,
		 len, at->text);
	file_rows_add_bad(rows, why, line);
}

static void add_line(struct file_rows *rows, const char *text, size_t len,
		     int64_t line)
{
	json_error_t at;
	json_t *item;

	if (len > LINE_MAX_BYTES) {
		file_rows_add_bad(rows, "is longer than 64 KiB", line);
		return;
	}
	item = json_loadb(text, len, JSON_REJECT_DUPLICATES | JSON_DECODE_ANY,
			  &at);
	if (!item) {
		add_malformed(rows, &at, line);
	} else if (!json_is_object(item)) {
		json_decref(item);
		file_rows_add_bad(rows, "must be a JSON object", line);
	} else {
		file_rows_add(rows, item, line);
	}
}

static bool is_blank(const char *text, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if (!strchr(" \t\r", text[i]))
			return false;
	return true;
}

void file_rows_read_json(struct file_rows *rows, const char *text, size_t len,
			 size_t max)
{
	size_t at = 0, n;

	for (int64_t line = 1; at < len; line++, at += n + 1) {
		const char *end = memchr(text + at, '\n', len - at);

		n = end ? (size_t)(end - (text + at)) : len - at;
		if (is_blank(text + at, n))
			continue;
		if (json_array_size(rows->items) > max)
			break;
		add_line(rows, text + at, n, line);
	}
}
