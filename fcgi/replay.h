/*
 * replay: an Idempotency-Key makes a POST happen once.
 *
 * What the POST answers is written in its own transaction; whoever sends the
 * same key and request again gets that answer.  Failures are not remembered:
 * what failed may be tried again under the same key.
 */
#ifndef FCGI_REPLAY_H
#define FCGI_REPLAY_H

#include "fcgi/route.h"

/* A key and what it came with. */
struct replay {
	const char *key;	/* borrowed; NULL: there is none */
	char hash[SEAL_HASH_TEXT];
};

/* Code invalid_idempotency_key unless it is 1 to 128 visible characters. */
int replay_init(struct replay *replay, const struct wire *wire,
		struct err *err) MUST_CHECK;

/*
 * Answer as before.  ERR_NOT_FOUND if the key is new; code
 * idempotency_key_reused if it came with another request.
 */
int replay_find(const struct replay *replay, const struct request *req,
		struct reply *reply, struct err *err) MUST_CHECK;

/* Remember the reply, inside the transaction of the request. */
int replay_store(const struct replay *replay, const struct request *req,
		 const struct reply *reply, struct err *err) MUST_CHECK;

#endif
