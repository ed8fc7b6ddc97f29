/*
 * plan_file: a plan in a file, and the secrets that it names.
 */
#ifndef CLI_PLAN_FILE_H
#define CLI_PLAN_FILE_H

#include <jansson.h>

#include "cli/args.h"
#include "shared/err.h"

/* To a new file, or with NULL to standard output. */
int plan_file_write(const char *path, const json_t *plan, struct err *err)
	MUST_CHECK;

/* *ret is the caller's to release. */
int plan_file_read(const char *path, json_t **ret, struct err *err) MUST_CHECK;

/*
 * The secrets of its request, by place, from where it says that they are.
 * *ret holds plaintext: release it with plan_secrets_wipe().
 */
int plan_file_secrets(const json_t *plan, json_t **ret, struct err *err)
	MUST_CHECK;
void plan_secrets_wipe(json_t **secrets);

/* Where the options say that the secrets of an import are, by place. */
int plan_file_from(const struct args *args, json_t **ret, struct err *err)
	MUST_CHECK;

/*
 * The same of an import by URL.  In a file of keys each is found by its JSON
 * pointer, for which lines count as an array.
 */
int plan_file_run_from(const struct args *args, json_t **ret, struct err *err)
	MUST_CHECK;

#endif
