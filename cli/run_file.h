/*
 * run_file: a file of keys, sent as it is.
 *
 * CSV and JSON lines are the API's to read: what is wrong is told with the
 * line in the file.  What the options say of the run becomes parameters.
 */
#ifndef CLI_RUN_FILE_H
#define CLI_RUN_FILE_H

#include <stdbool.h>

#include "cli/api.h"

/*
 * What to send.  `query` is released with api_filters_done(); `body` holds
 * keys: release it with run_body_done().
 */
int run_file_read(const struct args *args, struct jout *body,
		  struct api_filters *query, struct err *err) MUST_CHECK;

/*
 * To standard error: the rows that were left out, as a table with their
 * lines, and which character set the file was taken for.
 */
void run_file_report(const json_t *run);

/* A file to begin with, columns and an example, in "zh" or "en". */
const char *run_file_template(const char *language);

#endif
