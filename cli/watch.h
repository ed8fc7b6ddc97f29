/*
 * watch: show on standard error what happens in a run until it has ended.
 */
#ifndef CLI_WATCH_H
#define CLI_WATCH_H

#include "cli/command.h"

/*
 * call->reply is then the run.  ERR_BUSY if it has not ended in time, and
 * the code of a failure if it ended failed or cancelled.
 */
int watch_run(struct call *call, const char *run_id, struct err *err)
	MUST_CHECK;

#endif
