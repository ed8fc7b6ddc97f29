/*
 * file_rows: the rows of a body that is a file of lines.
 *
 * `items` has an element a row: an object as a JSON body has it, or a string
 * that says why the line is no row.  Release with file_rows_done().
 */
#ifndef SHARED_FILE_ROWS_H
#define SHARED_FILE_ROWS_H

#include <stddef.h>
#include <stdint.h>

#include <jansson.h>

#include "shared/jdec.h"

struct file_rows {
	json_t *items;			/* array, owned */
	int64_t *lines;			/* where each began */
	size_t room;
};

void file_rows_init(struct file_rows *rows);
void file_rows_done(struct file_rows *rows);

/* `item` is taken. */
void file_rows_add(struct file_rows *rows, json_t *item, int64_t line);

/* The same for a line that is no row. */
void file_rows_add_bad(struct file_rows *rows, const char *why, int64_t line);

/*
 * JSON lines: an object a line, blank lines are left out; `max` + 1 at most.
 * `text` is UTF-8.
 */
void file_rows_read_json(struct file_rows *rows, const char *text, size_t len,
			 size_t max);

#endif
