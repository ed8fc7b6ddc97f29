/*
 * proofs: dated evidence that a user's key got a model, or that it did not.
 */
#ifndef SHARED_PROOFS_H
#define SHARED_PROOFS_H

#include <stdbool.h>
#include <stdint.h>

#include "shared/db.h"
#include "shared/id.h"
#include "shared/table.h"

enum proof_kind {
	PROOF_ACCOUNT,
	PROOF_ACCESS,
	PROOF_SURFACE,		/* one way of calling, tried on request */
	PROOF_KIND__MAX
};

TABLE_ENUM_DECLARE(proof_kind);

/* A row.  Release with proof_done(). */
struct proof {
	char *proof_id;
	char *item_id;
	char *access_id;		/* or NULL */
	char *check_id;			/* or NULL: made by an import */
	char *host_id;
	enum proof_kind kind;
	char *surface;			/* of PROOF_SURFACE, or NULL */
	bool ok;
	char *group_id;			/* of the host, or NULL */
	char *account_id;		/* of the host, or NULL */
	char *model;
	int64_t models_status;
	bool models_listed;
	bool completion_ok;
	int64_t completion_status;
	char *completion_type;		/* or NULL */
	char *completion_preview;	/* or NULL */
	int64_t latency_ms;
	int64_t first_token_ms;
	char *key_source;		/* "managed_subscription" ... */
	char *key_fingerprint;		/* or NULL */
	char *requested_key;		/* fingerprint of a given key, or NULL */
	char *request_json;		/* what was asked, no secret in it */
	char *answer_json;		/* what came back, redacted, cut */
	char *failure_class;		/* or NULL */
	int64_t at;
	int64_t expires_at;
};

void proof_done(struct proof *proof);

/* Store it under a new id; `proof->proof_id` is not looked at. */
int proofs_add(struct db *db, const struct proof *proof, uint64_t random,
	       char ret_id[ID_MAX], struct err *err) MUST_CHECK;
int proofs_get(struct db *db, const char *proof_id, struct proof *ret,
	       struct err *err) MUST_CHECK;

/* Newest first. */
int proofs_list(struct db_rows *rows, struct db *db, const char *item_id,
		int64_t limit, struct err *err) MUST_CHECK;
/* Of an access: those older than `before` ("": the first page). */
int proofs_list_access(struct db_rows *rows, struct db *db,
		       const char *access_id, const char *before,
		       int64_t limit, struct err *err) MUST_CHECK;
int proofs_next(struct db_rows *rows, struct proof *proof, struct err *err)
	MUST_CHECK;

extern const struct db_query *const proofs_queries[];

#endif
