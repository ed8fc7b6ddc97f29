/*
 * exchange: one request to somebody else than the API, straight from this
 * machine: no redirect is followed, no proxy of the environment used, and no
 * address asked that shared/address.h forbids.
 */
#ifndef CLI_EXCHANGE_H
#define CLI_EXCHANGE_H

#include <stdbool.h>
#include <stdint.h>

#include <jansson.h>

#include "shared/err.h"
#include "shared/failure.h"
#include "shared/jout.h"

struct exchange_ask {
	const char *url;
	const char *key;	/* "Authorization: Bearer ..." */
	const json_t *headers;	/* {name: value}; or NULL */
	const char *accept;
	const struct jout *body;	/* POST; NULL: GET */
	const char *ca_file;	/* NULL: the system's */
	bool private_ok;	/* loopback and private addresses are meant */
};

/* Release with exchange_answer_done(). */
struct exchange_answer {
	enum failure delivery;	/* why no answer came, or is worth nothing */
	int status;		/* 0: none came */
	char *content_type;	/* lower case, without parameters; or NULL */
	struct buf body;
	int64_t retry_after_ms;	/* -1: not said */
	int64_t ms;
};

void exchange_answer_done(struct exchange_answer *answer);

/* Fails only if nothing could be asked at all. */
int exchange_make(const struct exchange_ask *ask, struct exchange_answer *ret,
		    struct err *err) MUST_CHECK;

#endif
