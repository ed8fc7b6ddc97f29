/*
 * csv: rows of cells out of a text, by libcsv (RFC 4180).
 *
 * Cells may be quoted, hold ends of lines and "" for a quote; lines end in LF,
 * CRLF or CR; blank lines are no rows.  A row that is wrong does not sink the
 * others: after a quote that is never closed, or stands where none may,
 * reading goes on at the line after the one where that row began.  Nothing
 * here knows what cells mean.
 */
#ifndef SHARED_CSV_H
#define SHARED_CSV_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "shared/buf.h"

#define CSV_CELLS_MAX 64
#define CSV_ROW_MAX (16 << 10)	/* bytes of a row */

struct csv;			/* opaque: libcsv is behind it */

/* Everything is borrowed until the next row. */
struct csv_row {
	int64_t line;			/* where it began, from 1 */
	const char *problem;		/* NULL, or why there are no cells */
	size_t count;
	const char *cells[CSV_CELLS_MAX];
};

/*
 * The sign that parts the cells of the first line: comma, semicolon, tab,
 * bar or, in Chinese files, the full-width comma.  For that one *ret_wide is
 * true, and the text must go through csv_narrow() first.  A first line
 * "sep=;", which Excel writes and reads, is obeyed; *ret_skip is how many
 * bytes it has, else 0.
 */
char csv_delimiter(const char *text, size_t len, bool *ret_wide,
		   size_t *ret_skip);

/*
 * `text` with a sign of its own, CSV_NARROW, for each full-width comma that is
 * not in quotes.
 */
#define CSV_NARROW '\x1f'
void csv_narrow(const char *text, size_t len, struct buf *ret);

/* `text` is borrowed and has no NUL.  `line` is the number of its first. */
void csv_open(struct csv **ret, const char *text, size_t len, char delimiter,
	      int64_t line);

/* False at the end. */
bool csv_next(struct csv *csv, struct csv_row *ret);

/* Cells may have held secrets: their memory is wiped. */
void csv_close(struct csv **csv);

#endif
