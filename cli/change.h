/*
 * change: what becomes of an account, looked at first and then done.
 */
#ifndef CLI_CHANGE_H
#define CLI_CHANGE_H

#include "cli/command.h"

/*
 * POST to `path` what `write` makes of the options, without a plan: show what
 * it would come to.  With --apply do just that, and show the change.
 */
int change_preview_and_apply(struct call *call, const char *path,
			     int (*write)(struct jout *body,
					  const struct args *args,
					  const char *plan, struct err *err),
			     struct err *err) MUST_CHECK;

#endif
