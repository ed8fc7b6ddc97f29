#include "shared/err.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "shared/table.h"

static const char *const kind_names[] = {
	[ERR_NONE]	= "none",
	[ERR_INVALID]	= "invalid",
	[ERR_NOT_FOUND]	= "not_found",
	[ERR_CONFLICT]	= "conflict",
	[ERR_DENIED]	= "denied",
	[ERR_LIMIT]	= "limit",
	[ERR_BUSY]	= "busy",
	[ERR_UPSTREAM]	= "upstream",
	[ERR_INTERNAL]	= "internal",
};
_Static_assert(COUNT(kind_names) == ERR_KIND__MAX, "name every kind");

const char *err_kind_name(enum err_kind kind)
{
	return kind_names[kind];
}

int err_set(struct err *err, enum err_kind kind, const char *fmt, ...)
{
	va_list args;

	err->kind = kind;
	err->code = kind_names[kind];
	va_start(args, fmt);
	vsnprintf(err->msg, sizeof(err->msg), fmt, args);
	va_end(args);
	return -1;
}

int err_code(struct err *err, const char *code)
{
	err->code = code;
	return -1;
}

int err_wrap(struct err *err, const char *fmt, ...)
{
	char before[ERR_MSG_MAX];
	char whole[2 * ERR_MSG_MAX + 4];
	va_list args;

	va_start(args, fmt);
	vsnprintf(before, sizeof(before), fmt, args);
	va_end(args);
	snprintf(whole, sizeof(whole), "%s: %s", before, err->msg);
	snprintf(err->msg, sizeof(err->msg), "%.*s", ERR_MSG_MAX - 1, whole);
	return -1;
}
