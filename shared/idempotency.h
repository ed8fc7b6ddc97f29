/*
 * idempotency: what a POST with an Idempotency-Key answered.
 *
 * Looked up before the handler runs and written in the handler's own
 * transaction, so that the work is done at most once whatever dies when.
 */
#ifndef SHARED_IDEMPOTENCY_H
#define SHARED_IDEMPOTENCY_H

#include <stdbool.h>
#include <stdint.h>

#include "shared/db.h"

struct idempotency {
	int status;
	char *location;		/* or NULL */
	char *body;
};

void idempotency_done(struct idempotency *record);

/*
 * What this key answered before.  ERR_NOT_FOUND if it is new; ERR_CONFLICT,
 * code idempotency_key_reused, if it came with another request.
 */
int idempotency_find(struct db *db, const char *token_id, const char *key,
		     const char *request_hash, int64_t now,
		     struct idempotency *ret, struct err *err) MUST_CHECK;

/* ERR_BUSY if an answer was stored for this key since it was looked up. */
int idempotency_store(struct db *db, const char *token_id, const char *key,
		      const char *request_hash,
		      const struct idempotency *record, int64_t now,
		      int64_t expires_at, struct err *err) MUST_CHECK;

/* Forget a few that have expired. */
int idempotency_expire(struct db *db, int64_t now, struct err *err) MUST_CHECK;

extern const struct db_query *const idempotency_queries[];

#endif
