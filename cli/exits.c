#include "cli/exits.h"

#include <string.h>

#include "shared/table.h"

static const struct {
	const char *code;
	enum exits status;
} codes[] = {
	{ EXITS_CODE_FAILED,	EXITS_FAILED },
	{ EXITS_CODE_USAGE,	EXITS_USAGE },
	{ EXITS_CODE_DATABASE,	EXITS_DATABASE },
	{ EXITS_CODE_KEYS,	EXITS_KEYS },
	{ EXITS_CODE_DEGRADED,	EXITS_DEGRADED },
	{ EXITS_CODE_BROKEN,	EXITS_BROKEN },
};

static const struct {
	enum exits api, local;
} kinds[] = {
	[ERR_NONE]	= { EXITS_OK,		EXITS_OK },
	[ERR_INVALID]	= { EXITS_INVALID,	EXITS_INVALID },
	[ERR_NOT_FOUND]	= { EXITS_NOT_FOUND,	EXITS_NOT_FOUND },
	[ERR_CONFLICT]	= { EXITS_CONFLICT,	EXITS_CONFLICT },
	[ERR_DENIED]	= { EXITS_DENIED,	EXITS_DENIED },
	[ERR_LIMIT]	= { EXITS_INVALID,	EXITS_DATABASE },
	[ERR_BUSY]	= { EXITS_TIMEOUT,	EXITS_DATABASE },
	[ERR_UPSTREAM]	= { EXITS_UNREACHABLE,	EXITS_FAILED },
	[ERR_INTERNAL]	= { EXITS_FAILED,	EXITS_DATABASE },
};

_Static_assert(COUNT(kinds) == ERR_KIND__MAX, "a status for every kind");

enum exits exits_of(const struct err *err, bool local)
{
	for (size_t i = 0; i < COUNT(codes); i++)
		if (strcmp(codes[i].code, err->code) == 0)
			return codes[i].status;
	return local ? kinds[err->kind].local : kinds[err->kind].api;
}

static const char *const meanings[] = {
	[EXITS_OK]	    = "done",
	[EXITS_FAILED]	    = "what was asked for did not succeed",
	[EXITS_USAGE]	    = "wrong command line or settings",
	[EXITS_DATABASE]    = "state database missing, old, newer or unusable",
	[EXITS_KEYS]	    = "key files missing or unusable",
	[EXITS_UNREACHABLE] = "the API cannot be reached",
	[EXITS_DENIED]	    = "the token is missing or may not do this",
	[EXITS_NOT_FOUND]   = "there is no such thing",
	[EXITS_CONFLICT]    = "the present state forbids it",
	[EXITS_INVALID]	    = "the input was refused",
	[EXITS_TIMEOUT]	    = "not finished in time",
	[EXITS_DEGRADED]    = "the access that was checked is degraded",
	[EXITS_BROKEN]	    = "the access that was checked is broken",
};

_Static_assert(COUNT(meanings) == EXITS__MAX, "a meaning for every status");

const char *exits_meaning(enum exits status)
{
	return meanings[status];
}
