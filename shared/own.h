/*
 * own: who owns what, visible in declarations.
 *
 * `char *` owns, `const char *` borrows.  What must be released is declared
 * together with its release, so that returning early is always right.
 * Running out of memory ends the program: it must survive SIGKILL anyway.
 */
#ifndef SHARED_OWN_H
#define SHARED_OWN_H

#include <stddef.h>
#include <stdlib.h>

/* Call fn(&variable) when the variable goes out of scope. */
#define CLEANUP(fn) __attribute__((cleanup(fn)))

/* Ignoring the result is a compile error. */
#define MUST_CHECK __attribute__((warn_unused_result))

#define PRINTF_LIKE(format_arg, first_arg) \
	__attribute__((format(printf, format_arg, first_arg)))

/* Give a pointer away: the expression is its value, the variable is NULL. */
#define TAKE(pointer) \
	({ \
		__typeof__(pointer) *from_ = &(pointer); \
		__typeof__(pointer) value_ = *from_; \
		*from_ = NULL; \
		value_; \
	})

/* Tells gcc -fanalyzer that free() is due; clang has no such attribute. */
#ifdef __clang__
#define GIVES_MEMORY
#else
#define GIVES_MEMORY __attribute__((__malloc__(free, 1), returns_nonnull))
#endif

void *xcalloc(size_t count, size_t size) GIVES_MEMORY;
void *xrealloc(void *old, size_t size);
char *xstrdup(const char *text) GIVES_MEMORY;
char *xstrndup(const char *text, size_t len) GIVES_MEMORY;
char *xasprintf(const char *fmt, ...) GIVES_MEMORY PRINTF_LIKE(1, 2);

/* A copy, or NULL of NULL. */
char *xstrdup_null(const char *text);

/* Free *slot and put a copy of `text` (or NULL) there. */
void own_set(char **slot, const char *text);

static inline void own_free(void *slot)
{
	free(*(void **)slot);
}

#define AUTO_FREE CLEANUP(own_free)

/* A plaintext secret: wiped before it is freed. */
void own_wipe(char **slot);

#define AUTO_WIPE CLEANUP(own_wipe)

#endif
