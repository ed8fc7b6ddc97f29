/*
 * run_end: what is told of a run that was waited for: why items failed, and
 * what comes next.
 */
#ifndef CLI_RUN_END_H
#define CLI_RUN_END_H

#include "cli/command.h"

/*
 * Watch a run until it has ended, tell on standard error why items are broken,
 * and print it, even if it failed.
 */
int run_end_watch(struct call *call, const char *run_id, struct err *err)
	MUST_CHECK;

/*
 * The members of `run` as a table shows them, with the rows that were left
 * out below it.
 */
int run_end_print(struct call *call, json_t *run, struct err *err) MUST_CHECK;

#endif
