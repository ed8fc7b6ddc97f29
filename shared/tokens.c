#include "shared/tokens.h"

#include <assert.h>
#include <string.h>

#include "shared/seal.h"

#define PREFIX		"crm_"
#define RANDOM_CHARS	43	/* of 6 bits */
#define TEXT_MIN	16	/* what is shorter could be guessed */

static const char *const scope_names[] = {
	[SCOPE_NONE]	= "none",
	[SCOPE_READ]	= "read",
	[SCOPE_OPERATE]	= "operate",
	[SCOPE_ADMIN]	= "admin",
};
TABLE_ENUM_DEFINE(scope, scope_names, SCOPE__MAX);

/* What token_read() reads, in its order. */
#define TOKEN_COLUMNS \
	"token_id, name, scope, created_at, expires_at, revoked_at"

static int token_read(const struct db_rows *rows, struct token *ret,
		      struct err *err)
{
	struct token token = { 0 };

	if (!scope_parse(db_text(rows, 2), &token.scope))
		return err_set(err, ERR_INTERNAL, "token %s: unknown scope",
			       db_must(rows, 0));
	snprintf(token.token_id, sizeof(token.token_id), "%s",
		 db_must(rows, 0));
	token.name = db_strdup(rows, 1);
	token.created_at = db_i64(rows, 3);
	token.expires_at = db_i64(rows, 4);
	token.revoked_at = db_i64(rows, 5);
	token_done(ret);
	*ret = token;
	return 0;
}

void token_done(struct token *token)
{
	free(token->name);
	*token = (struct token){ 0 };
}

void token_draw(char **ret)
{
	const size_t prefix = sizeof(PREFIX) - 1;
	char *text = xcalloc(1, prefix + RANDOM_CHARS + 1);

	memcpy(text, PREFIX, prefix);
	seal_random_url_text(text + prefix, RANDOM_CHARS);
	*ret = text;
}

static const struct db_query q_add = { "tokens.add",
	"INSERT INTO tokens (token_id, name, hash, scope, created_at,"
	" expires_at) VALUES ($1, $2, $3, $4, $5, $6)"
	" ON CONFLICT (hash) DO NOTHING" };

int tokens_add(struct db *db, const struct token_spec *spec, int64_t now,
	       uint64_t random, char ret_id[ID_MAX], struct err *err)
{
	char hash[SEAL_HASH_TEXT], id[ID_MAX];

	assert(spec->scope > SCOPE_NONE && spec->scope < SCOPE__MAX);
	if (strlen(spec->text) < TEXT_MIN)
		return err_set(err, ERR_INVALID, "a token must have at least "
			       "%d characters", TEXT_MIN);
	seal_hash_text(spec->text, strlen(spec->text), hash);
	id_make(id, "tok", now, random);
	if (db_run(db, &q_add, DB_ARGS(DB_TEXT(id), DB_TEXT(spec->name),
		   DB_TEXT(hash), DB_TEXT(scope_name(spec->scope)),
		   DB_I64(now), DB_TIME(spec->expires_at)), err))
		return err_wrap(err, "add token");
	if (db_changes(db) == 0)
		return err_set(err, ERR_CONFLICT, "this token is there "
			       "already");
	memcpy(ret_id, id, ID_MAX);
	return 0;
}

static const struct db_query q_check = { "tokens.check",
	"SELECT " TOKEN_COLUMNS " FROM tokens WHERE hash = $1" };

int tokens_check(struct db *db, const char *text, int64_t now,
		 struct token *ret, struct err *err)
{
	CLEANUP(db_rows_done) struct db_rows rows = { 0 };
	CLEANUP(token_done) struct token token = { 0 };
	char hash[SEAL_HASH_TEXT];
	int more;

	seal_hash_text(text, strlen(text), hash);
	if (db_query(&rows, db, &q_check, DB_ARGS(DB_TEXT(hash)), err))
		return -1;
	more = db_next(&rows, err);
	if (more == 0)
		return err_set(err, ERR_DENIED, "the token is not known");
	if (more < 0 || token_read(&rows, &token, err))
		return -1;
	if (token.revoked_at)
		return err_set(err, ERR_DENIED, "the token was revoked");
	if (token.expires_at && token.expires_at <= now)
		return err_set(err, ERR_DENIED, "the token has expired");
	token_done(ret);
	*ret = token;
	token = (struct token){ 0 };
	return 0;
}

static const struct db_query q_list = { "tokens.list",
	"SELECT " TOKEN_COLUMNS " FROM tokens WHERE token_id > $1"
	" ORDER BY token_id LIMIT $2" };

int tokens_list(struct db_rows *rows, struct db *db, const char *after,
		int64_t limit, struct err *err)
{
	return db_query(rows, db, &q_list, DB_ARGS(DB_TEXT(after),
			DB_I64(limit)), err);
}

int tokens_next(struct db_rows *rows, struct token *token, struct err *err)
{
	int more = db_next(rows, err);

	if (more > 0 && token_read(rows, token, err))
		return -1;
	return more;
}

static const struct db_query q_revoke = { "tokens.revoke",
	"UPDATE tokens SET revoked_at = coalesce(revoked_at, $2)"
	" WHERE token_id = $1" };

int tokens_revoke(struct db *db, const char *token_id, int64_t now,
		  struct err *err)
{
	if (db_run(db, &q_revoke, DB_ARGS(DB_TEXT(token_id), DB_I64(now)),
		   err))
		return -1;
	if (db_changes(db) == 0)
		return err_set(err, ERR_NOT_FOUND, "no token %s", token_id);
	return 0;
}

const struct db_query *const tokens_queries[] = {
	&q_add, &q_check, &q_list, &q_revoke, NULL
};
