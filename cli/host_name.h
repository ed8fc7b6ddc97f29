/*
 * host_name: hosts by the names that people give them.
 *
 * Where a command wants the id of a host, in a word or an option, it may be
 * called by its name or base URL.  The API knows ids only, so that scripts
 * that name them ask nothing more.
 */
#ifndef CLI_HOST_NAME_H
#define CLI_HOST_NAME_H

#include "cli/command.h"

/*
 * Put ids for the names in call->args; what has the form of an id stays as it
 * is.  ERR_NOT_FOUND if no host is called so, the code of a wrong command
 * line if several are.
 */
int host_name_resolve(struct call *call, struct err *err) MUST_CHECK;

/* Of `hosts`, as the API lists them: for tests.  *ret is borrowed. */
int host_name_find(const json_t *hosts, const char *name, const char **ret,
		   struct err *err) MUST_CHECK;

#endif
