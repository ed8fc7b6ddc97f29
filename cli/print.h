/*
 * print: results on standard output, as table, JSON or YAML.
 */
#ifndef CLI_PRINT_H
#define CLI_PRINT_H

#include <jansson.h>

#include "cli/args.h"
#include "cli/columns.h"
#include "shared/err.h"

enum print_form { PRINT_TABLE, PRINT_JSON, PRINT_YAML, PRINT__MAX };

/* What --output says; the table if it says nothing. */
int print_form_read(const struct args *args, enum print_form *ret,
		    struct err *err) MUST_CHECK;

/* A part of an object that a table shows as a table of its own, below it. */
struct print_part {
	const char *member;	/* an array of objects */
	const struct column *columns;
	size_t ncolumns;
};

/* Fail if standard output cannot take it, so that a script sees it. */
int print_list(enum print_form form, const struct column *columns,
	       size_t ncolumns, json_t *list, struct err *err)
	MUST_CHECK;

/* `parts` ends with a row whose member is NULL; NULL: none. */
int print_object(enum print_form form, json_t *object,
		 const struct print_part *parts, struct err *err) MUST_CHECK;

int print_text(const char *text, struct err *err) MUST_CHECK;

#endif
