/*
 * tokens: who may ask the API.  Only hashes are stored.
 */
#ifndef SHARED_TOKENS_H
#define SHARED_TOKENS_H

#include <stdbool.h>
#include <stdint.h>

#include "shared/db.h"
#include "shared/id.h"
#include "shared/table.h"

/* Each scope holds those before it. */
enum scope { SCOPE_NONE, SCOPE_READ, SCOPE_OPERATE, SCOPE_ADMIN, SCOPE__MAX };

TABLE_ENUM_DECLARE(scope);

struct token {
	char token_id[ID_MAX];
	char *name;
	enum scope scope;
	int64_t created_at;
	int64_t expires_at;	/* 0: never */
	int64_t revoked_at;	/* 0: not */
};

void token_done(struct token *token);

/* "crm_" and 43 characters: 256 bits.  *ret is plaintext: AUTO_WIPE it. */
void token_draw(char **ret);

/* What the caller decides about a new token.  Members are borrowed. */
struct token_spec {
	const char *text;	/* plaintext, stored as its hash only */
	const char *name;
	enum scope scope;
	int64_t expires_at;	/* 0: never */
};

/*
 * Store the hash of `text`.  ERR_CONFLICT if that token is there already,
 * ERR_INVALID if it is shorter than 16 characters.
 */
int tokens_add(struct db *db, const struct token_spec *spec, int64_t now,
	       uint64_t random, char ret_id[ID_MAX], struct err *err)
	MUST_CHECK;

/* Who this token is.  ERR_DENIED if unknown, expired or revoked. */
int tokens_check(struct db *db, const char *text, int64_t now,
		 struct token *ret, struct err *err) MUST_CHECK;

int tokens_list(struct db_rows *rows, struct db *db, const char *after,
		int64_t limit, struct err *err) MUST_CHECK;
int tokens_next(struct db_rows *rows, struct token *token, struct err *err)
	MUST_CHECK;

int tokens_revoke(struct db *db, const char *token_id, int64_t now,
		  struct err *err) MUST_CHECK;

extern const struct db_query *const tokens_queries[];

#endif
