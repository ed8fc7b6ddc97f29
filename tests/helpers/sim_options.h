/*
 * sim_options: the command line of a simulator, from a table.
 *
 * "--name VALUE" and "--name=VALUE" both do.  --help prints the table.
 */
#ifndef TESTS_HELPERS_SIM_OPTIONS_H
#define TESTS_HELPERS_SIM_OPTIONS_H

#include <stdbool.h>
#include <stdint.h>

#include "shared/err.h"

enum sim_option_kind {
	SIM_FLAG,	/* bool */
	SIM_NUMBER,	/* int64_t, not negative */
	SIM_TEXT,	/* const char *, borrowed from the command line */
	SIM_FILE,	/* char *, the first line of the named file; owned */
};

struct sim_option {
	const char *name;
	enum sim_option_kind kind;
	void *to;
	const char *help;
};

/* `options` ends with a row without a name. */
int sim_options_read(const struct sim_option *options, char **argv,
		     struct err *err) MUST_CHECK;

void sim_options_print(const struct sim_option *options, const char *program);

#endif
