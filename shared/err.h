/*
 * err: why a call failed: a kind for code, a code for clients, a sentence
 * for people.
 *
 * A function that can fail returns 0 or -1 and takes `struct err *` last,
 * never NULL.  It fills the error in exactly when it returns -1, and does not
 * log: who handles the error speaks of it.
 */
#ifndef SHARED_ERR_H
#define SHARED_ERR_H

#include "shared/own.h"

enum err_kind {
	ERR_NONE = 0,
	ERR_INVALID,	/* the input is wrong and stays wrong */
	ERR_NOT_FOUND,	/* there is no such thing */
	ERR_CONFLICT,	/* the present state of the thing forbids it */
	ERR_DENIED,	/* who asks may not */
	ERR_LIMIT,	/* a ceiling was reached */
	ERR_BUSY,	/* later it may work */
	ERR_UPSTREAM,	/* a host or provider did not do its part */
	ERR_INTERNAL,	/* our fault; the sentence goes to the log only */
	ERR_KIND__MAX
};

#define ERR_MSG_MAX 320

struct err {
	enum err_kind kind;
	const char *code;	/* a literal, for clients; never NULL */
	char msg[ERR_MSG_MAX];
};

/*
 * Fill `err` in; its code is the name of the kind until err_code() gives the
 * case one of its own.  All three return -1, for `return err_set(...)`.
 */
int err_set(struct err *err, enum err_kind kind, const char *fmt, ...)
	PRINTF_LIKE(3, 4);
int err_code(struct err *err, const char *code);

/* Put "<fmt>: " before the sentence; kind and code stay. */
int err_wrap(struct err *err, const char *fmt, ...) PRINTF_LIKE(2, 3);

const char *err_kind_name(enum err_kind kind);

#endif
