/*
 * run_rows: the rows of a file of keys, read here.
 *
 * Imports send CSV and JSON lines as they are.  What has to find a key of a
 * file again needs its rows, though, and reads them as the API does: an array
 * with the objects that a body of JSON would have.
 */
#ifndef CLI_RUN_ROWS_H
#define CLI_RUN_ROWS_H

#include <jansson.h>

#include "cli/args.h"
#include "shared/err.h"

#define RUN_ROWS_MAX (64 << 20)		/* bytes of a file */

/*
 * In which form the file of --file is, by --form, else by the ending of its
 * name: "csv", "jsonl", or NULL for JSON, which everything else is taken for.
 */
int run_rows_form(const struct args *args, const char **ret, struct err *err)
	MUST_CHECK;

/* The media type of what run_rows_form() tells; NULL of JSON. */
const char *run_rows_type(const char *form);

/*
 * What a file in that form holds: for JSON whatever it says, else an array.
 * Lines that are no rows are told on standard error, all of them.  *ret has
 * keys: release it with run_rows_wipe().
 */
int run_rows_read(const char *path, const char *form, json_t **ret,
		  struct err *err) MUST_CHECK;
void run_rows_wipe(json_t **rows);

/* To standard error, if a file was not UTF-8: what it was taken for. */
void run_rows_charset(const char *charset);

#endif
