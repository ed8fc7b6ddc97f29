/*
 * columns: JSON values as aligned text for people.
 *
 * Chinese characters are two columns wide, and control characters, which a
 * peer may have sent to play with the terminal, are written as escapes.
 */
#ifndef CLI_COLUMNS_H
#define CLI_COLUMNS_H

#include <stddef.h>

#include <jansson.h>

#include "shared/buf.h"

struct column {
	const char *title;
	const char *member;	/* of each element */
};

/* A line of titles and one for each element of `list`. */
void columns_list(struct buf *out, const struct column *columns,
		  size_t ncolumns, const json_t *list);

/* A line for each member: its name and its value. */
void columns_object(struct buf *out, json_t *object);

/* Columns that `text` takes on a terminal, escapes included. */
size_t columns_width(const char *text);

/* Add `text` with its control characters as escapes. */
void columns_text(struct buf *out, const char *text);

/* A value in one line; "-" for null and what is not there. */
void columns_value(struct buf *out, const json_t *value);

#endif
