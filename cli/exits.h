/*
 * exits: how crmctl ends, for scripts; docs/exit-codes.md says it to people.
 *
 * Most statuses follow from the kind of an error.  Where the kind does not
 * say enough, the error carries one of the codes below.
 */
#ifndef CLI_EXITS_H
#define CLI_EXITS_H

#include <stdbool.h>

#include "shared/err.h"

enum exits {
	EXITS_OK,
	EXITS_FAILED,		/* what was asked for did not succeed */
	EXITS_USAGE,
	EXITS_DATABASE,
	EXITS_KEYS,
	EXITS_UNREACHABLE,	/* nobody answers, or not like the API */
	EXITS_DENIED,
	EXITS_NOT_FOUND,
	EXITS_CONFLICT,
	EXITS_INVALID,
	EXITS_TIMEOUT,
	EXITS_DEGRADED,		/* of an access that was checked */
	EXITS_BROKEN,
	EXITS__MAX
};

#define EXITS_CODE_FAILED "failed"
#define EXITS_CODE_USAGE "usage"
#define EXITS_CODE_DATABASE "database"
#define EXITS_CODE_KEYS "keys"
#define EXITS_CODE_DEGRADED "degraded"
#define EXITS_CODE_BROKEN "broken"

/* `local`: the command worked on the machine itself, not through the API. */
enum exits exits_of(const struct err *err, bool local);

/* One line for people; the tests compare the page in docs/ with these. */
const char *exits_meaning(enum exits status);

#endif
