/*
 * csv_rows: a CSV file as rows of a batch import.
 *
 * The first line that is not blank names the columns, in any order, in Chinese
 * or English (the table in csv_rows.c).  A row becomes the object that a JSON
 * body would have had for it, so that one decoder checks all forms.
 */
#ifndef SHARED_CSV_ROWS_H
#define SHARED_CSV_ROWS_H

#include <stddef.h>

#include "shared/file_rows.h"
#include "shared/jdec.h"

/*
 * Add the rows of `text` (UTF-8, one NUL, behind it), `max` + 1 at most.  What
 * is wrong with the header is added to `problems`; there are no rows then.
 */
void csv_rows_read(struct file_rows *rows, const char *text, size_t len,
		   size_t max, struct jdec_problems *problems);

#endif
