#include "shared/proofs.h"

#include <string.h>

static const char *const kind_names[] = {
	[PROOF_ACCOUNT]	= "account",
	[PROOF_ACCESS]	= "access",
	[PROOF_SURFACE]	= "surface",
};
TABLE_ENUM_DEFINE(proof_kind, kind_names, PROOF_KIND__MAX);

/* What proof_read() reads, in its order. */
#define PROOF_COLUMNS \
	"proof_id, item_id, access_id, host_id, kind, ok, group_id," \
	" account_id, model, models_status, models_listed, completion_ok," \
	" completion_status, completion_type, completion_preview," \
	" latency_ms, first_token_ms, key_source, key_fingerprint," \
	" request_json, answer_json, failure_class, at, expires_at," \
	" check_id, surface, requested_key"

static int proof_read(const struct db_rows *rows, struct proof *ret,
		      struct err *err)
{
	enum proof_kind kind;

	if (!proof_kind_parse(db_text(rows, 4), &kind))
		return err_set(err, ERR_INTERNAL, "proof %s: unknown kind",
			       db_must(rows, 0));
	proof_done(ret);
	*ret = (struct proof){
		.proof_id = db_strdup(rows, 0),
		.item_id = db_strdup(rows, 1),
		.access_id = db_strdup(rows, 2),
		.host_id = db_strdup(rows, 3),
		.kind = kind,
		.ok = db_i64(rows, 5) != 0,
		.group_id = db_strdup(rows, 6),
		.account_id = db_strdup(rows, 7),
		.model = db_strdup(rows, 8),
		.models_status = db_i64(rows, 9),
		.models_listed = db_i64(rows, 10) != 0,
		.completion_ok = db_i64(rows, 11) != 0,
		.completion_status = db_i64(rows, 12),
		.completion_type = db_strdup(rows, 13),
		.completion_preview = db_strdup(rows, 14),
		.latency_ms = db_i64(rows, 15),
		.first_token_ms = db_i64(rows, 16),
		.key_source = db_strdup(rows, 17),
		.key_fingerprint = db_strdup(rows, 18),
		.request_json = db_strdup(rows, 19),
		.answer_json = db_strdup(rows, 20),
		.failure_class = db_strdup(rows, 21),
		.at = db_i64(rows, 22),
		.expires_at = db_i64(rows, 23),
		.check_id = db_strdup(rows, 24),
		.surface = db_strdup(rows, 25),
		.requested_key = db_strdup(rows, 26),
	};
	return 0;
}

void proof_done(struct proof *proof)
{
	free(proof->proof_id);
	free(proof->item_id);
	free(proof->access_id);
	free(proof->host_id);
	free(proof->group_id);
	free(proof->account_id);
	free(proof->model);
	free(proof->completion_type);
	free(proof->completion_preview);
	free(proof->key_source);
	free(proof->key_fingerprint);
	free(proof->request_json);
	free(proof->answer_json);
	free(proof->failure_class);
	free(proof->check_id);
	free(proof->surface);
	free(proof->requested_key);
	*proof = (struct proof){ 0 };
}

static const struct db_query q_add = { "proofs.add",
	"INSERT INTO proofs (" PROOF_COLUMNS ")"
	" VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13,"
	" $14, $15, $16, $17, $18, $19, $20, $21, $22, $23, $24, $25, $26,"
	" $27)" };

int proofs_add(struct db *db, const struct proof *proof, uint64_t random,
	       char ret_id[ID_MAX], struct err *err)
{
	const struct proof *p = proof;
	char id[ID_MAX];

	id_make(id, "prf", p->at, random);
	if (db_run(db, &q_add, DB_ARGS(DB_TEXT(id), DB_TEXT(p->item_id),
		   DB_TEXT(p->access_id), DB_TEXT(p->host_id),
		   DB_TEXT(proof_kind_name(p->kind)), DB_I64(p->ok),
		   DB_TEXT(p->group_id), DB_TEXT(p->account_id),
		   DB_TEXT(p->model), DB_TIME(p->models_status),
		   DB_I64(p->models_listed), DB_I64(p->completion_ok),
		   DB_TIME(p->completion_status),
		   DB_TEXT(p->completion_type),
		   DB_TEXT(p->completion_preview), DB_TIME(p->latency_ms),
		   DB_TIME(p->first_token_ms), DB_TEXT(p->key_source),
		   DB_TEXT(p->key_fingerprint), DB_TEXT(p->request_json),
		   DB_TEXT(p->answer_json), DB_TEXT(p->failure_class),
		   DB_I64(p->at), DB_I64(p->expires_at),
		   DB_TEXT(p->check_id), DB_TEXT(p->surface),
		   DB_TEXT(p->requested_key)), err))
		return err_wrap(err, "add proof of item %s", p->item_id);
	memcpy(ret_id, id, ID_MAX);
	return 0;
}

static const struct db_query q_get = { "proofs.get",
	"SELECT " PROOF_COLUMNS " FROM proofs WHERE proof_id = $1" };

int proofs_get(struct db *db, const char *proof_id, struct proof *ret,
	       struct err *err)
{
	CLEANUP(db_rows_done) struct db_rows rows = { 0 };
	int more;

	if (db_query(&rows, db, &q_get, DB_ARGS(DB_TEXT(proof_id)), err))
		return -1;
	more = db_next(&rows, err);
	if (more == 0)
		return err_set(err, ERR_NOT_FOUND, "no proof %s", proof_id);
	return more < 0 ? -1 : proof_read(&rows, ret, err);
}

static const struct db_query q_list = { "proofs.list",
	"SELECT " PROOF_COLUMNS " FROM proofs WHERE item_id = $1"
	" ORDER BY proof_id DESC LIMIT $2" };

int proofs_list(struct db_rows *rows, struct db *db, const char *item_id,
		int64_t limit, struct err *err)
{
	return db_query(rows, db, &q_list, DB_ARGS(DB_TEXT(item_id),
			DB_I64(limit)), err);
}

/* '~' stands behind every character of an id. */
static const struct db_query q_list_access = { "proofs.list_access",
	"SELECT " PROOF_COLUMNS " FROM proofs WHERE access_id = $1"
	" AND proof_id < $2 ORDER BY proof_id DESC LIMIT $3" };

int proofs_list_access(struct db_rows *rows, struct db *db,
		       const char *access_id, const char *before,
		       int64_t limit, struct err *err)
{
	return db_query(rows, db, &q_list_access, DB_ARGS(DB_TEXT(access_id),
			DB_TEXT(before && *before ? before : "~"),
			DB_I64(limit)), err);
}

int proofs_next(struct db_rows *rows, struct proof *proof, struct err *err)
{
	int more = db_next(rows, err);

	if (more > 0 && proof_read(rows, proof, err))
		return -1;
	return more;
}

const struct db_query *const proofs_queries[] = {
	&q_add, &q_get, &q_list, &q_list_access, NULL
};
