#include "shared/accesses.h"

#include <string.h>

static const struct db_query q_ensure = { "accesses.ensure",
	"INSERT INTO accesses (access_id, host_id, endpoint_key, access_mode,"
	" selector, key_fingerprint, key_resource_id, status, created_at,"
	" updated_at)"
	" VALUES ($1, $2, $3, $4, $5, $6, $7, 'unknown', $8, $8)"
	" ON CONFLICT (host_id, endpoint_key, access_mode, selector)"
	" DO UPDATE SET"
	" key_fingerprint = coalesce($6, accesses.key_fingerprint),"
	" key_resource_id = coalesce($7, accesses.key_resource_id),"
	" updated_at = $8"
	" RETURNING access_id" };

int accesses_ensure(struct db *db, const struct access_spec *spec,
		    int64_t now, uint64_t random, char ret_id[ID_MAX],
		    struct err *err)
{
	CLEANUP(db_rows_done) struct db_rows rows = { 0 };
	char id[ID_MAX];
	int more;

	id_make(id, "acc", now, random);
	if (db_query(&rows, db, &q_ensure, DB_ARGS(DB_TEXT(id),
		     DB_TEXT(spec->host_id), DB_TEXT(spec->endpoint_key),
		     DB_TEXT(access_mode_name(spec->mode)),
		     DB_TEXT(spec->selector), DB_TEXT(spec->key_fingerprint),
		     DB_TEXT(spec->key_resource_id), DB_I64(now)), err))
		return -1;
	more = db_next(&rows, err);
	if (more <= 0)
		return more < 0 ? -1 : err_set(err, ERR_INTERNAL, "access of "
			"'%s' was not stored", spec->selector);
	snprintf(id, sizeof(id), "%s", db_must(&rows, 0));
	if (db_next(&rows, err))
		return -1;
	memcpy(ret_id, id, ID_MAX);
	return 0;
}

static const struct db_query q_proven = { "accesses.proven",
	"UPDATE accesses SET status = $2, last_proof_id = $3, proven_at = $4,"
	" updated_at = $4 WHERE access_id = $1" };

int accesses_proven(struct db *db, const char *access_id,
		    enum access_status status, const char *proof_id,
		    int64_t now, struct err *err)
{
	if (db_run(db, &q_proven, DB_ARGS(DB_TEXT(access_id),
		   DB_TEXT(access_status_name(status)), DB_TEXT(proof_id),
		   DB_I64(now)), err))
		return -1;
	if (db_changes(db) == 0)
		return err_set(err, ERR_NOT_FOUND, "no access %s", access_id);
	return 0;
}

const struct db_query *const accesses_queries[] = {
	&q_ensure, &q_proven, NULL
};
