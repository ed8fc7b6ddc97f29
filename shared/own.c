#include "shared/own.h"

#include <stdarg.h>
#include <string.h>

/* The one file that asks the C library for memory; see banned.h. */
#undef calloc
#undef realloc
#undef strdup
#undef strndup

/* gcc's analyzer loses the memory on its way through checked(). */
#ifndef __clang__
#pragma GCC diagnostic ignored "-Wanalyzer-malloc-leak"
#endif

static void *checked(void *memory)
{
	if (memory)
		return memory;
	fputs("<2>out of memory\n", stderr);
	abort();
}

void *xcalloc(size_t count, size_t size)
{
	return checked(calloc(count, size));
}

void *xrealloc(void *old, size_t size)
{
	return checked(realloc(old, size));
}

char *xstrdup(const char *text)
{
	return checked(strdup(text));
}

char *xstrndup(const char *text, size_t len)
{
	return checked(strndup(text, len));
}

char *xasprintf(const char *fmt, ...)
{
	char *text = NULL;
	va_list args;
	int len;

	va_start(args, fmt);
	len = vasprintf(&text, fmt, args);
	va_end(args);
	return checked(len < 0 ? NULL : text);
}

char *xstrdup_null(const char *text)
{
	return text ? xstrdup(text) : NULL;
}

void own_set(char **slot, const char *text)
{
	char *copy = xstrdup_null(text);

	free(*slot);
	*slot = copy;
}

void own_wipe(char **slot)
{
	if (*slot)
		explicit_bzero(*slot, strlen(*slot));
	free(*slot);
	*slot = NULL;
}
