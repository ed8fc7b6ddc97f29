#include "shared/provider_uses.h"

#include <stdio.h>
#include <string.h>

/* Each is one step along import_runs_by_provider. */

static const struct db_query q_host = { "provider_uses.host",
	"SELECT host_id FROM import_runs WHERE pack_provider_id = $1"
	" AND pack_id = $2 AND host_id > $3 ORDER BY host_id LIMIT 1" };

/* "" if no row comes. */
static int first_text(struct db_rows *rows, char *ret, size_t size,
		      struct err *err)
{
	int more = db_next(rows, err);

	snprintf(ret, size, "%s", more > 0 ? db_must(rows, 0) : "");
	return more < 0 ? -1 : 0;
}

static int host_behind(struct db *db, const char *pack_id,
		       const char *provider_id, const char *after,
		       char ret[ID_MAX], struct err *err)
{
	CLEANUP(db_rows_done) struct db_rows rows = { 0 };

	if (db_query(&rows, db, &q_host, DB_ARGS(DB_TEXT(provider_id),
		     DB_TEXT(pack_id), DB_TEXT(after)), err))
		return -1;
	return first_text(&rows, ret, ID_MAX, err);
}

int provider_uses_host(struct db *db, const char *pack_id,
		       const char *provider_id, char ret_host_id[ID_MAX],
		       struct err *err)
{
	char host[ID_MAX], other[ID_MAX] = "";

	if (host_behind(db, pack_id, provider_id, "", host, err) ||
	    (*host && host_behind(db, pack_id, provider_id, host, other, err)))
		return -1;
	if (*other) {
		err_set(err, ERR_INVALID, "provider exists on multiple hosts; "
			"host_id is required");
		return err_code(err, "host_id_required");
	}
	snprintf(ret_host_id, ID_MAX, "%s", host);
	return 0;
}

static const struct db_query q_endpoint = { "provider_uses.endpoint",
	"SELECT endpoint_key FROM import_runs WHERE pack_provider_id = $1"
	" AND pack_id = $2 AND host_id = $3 AND endpoint_key > $4"
	" ORDER BY endpoint_key LIMIT 1" };

int provider_uses_endpoint(struct db *db, const char *pack_id,
			   const char *provider_id, const char *host_id,
			   const char *after, char ret[ENDPOINT_KEY_MAX],
			   struct err *err)
{
	CLEANUP(db_rows_done) struct db_rows rows = { 0 };

	if (db_query(&rows, db, &q_endpoint, DB_ARGS(DB_TEXT(provider_id),
		     DB_TEXT(pack_id), DB_TEXT(host_id), DB_TEXT(after)), err))
		return -1;
	return first_text(&rows, ret, ENDPOINT_KEY_MAX, err);
}

/* The newest run of each endpoint, and of these the newest. */
static const struct db_query q_newest = { "provider_uses.newest",
	"SELECT run_id FROM import_runs WHERE pack_provider_id = $1"
	" AND pack_id = $2 AND host_id = $3 AND endpoint_key = $4"
	" ORDER BY run_id DESC LIMIT 1" };

static int newest_of(struct db *db, const char *pack_id,
		     const char *provider_id, const char *host_id,
		     const char *endpoint_key, char ret[ID_MAX],
		     struct err *err)
{
	CLEANUP(db_rows_done) struct db_rows rows = { 0 };

	if (db_query(&rows, db, &q_newest, DB_ARGS(DB_TEXT(provider_id),
		     DB_TEXT(pack_id), DB_TEXT(host_id),
		     DB_TEXT(endpoint_key)), err))
		return -1;
	return first_text(&rows, ret, ID_MAX, err);
}

int provider_uses_newest(struct db *db, const char *pack_id,
			 const char *provider_id, const char *host_id,
			 char ret_run_id[ID_MAX], struct err *err)
{
	char key[ENDPOINT_KEY_MAX] = "", run[ID_MAX], best[ID_MAX] = "";

	for (;;) {
		if (provider_uses_endpoint(db, pack_id, provider_id, host_id,
					   key, key, err))
			return -1;
		if (!*key)
			break;
		if (newest_of(db, pack_id, provider_id, host_id, key, run,
			      err))
			return -1;
		if (strcmp(run, best) > 0)
			snprintf(best, sizeof(best), "%s", run);
	}
	snprintf(ret_run_id, ID_MAX, "%s", best);
	return 0;
}

const struct db_query *const provider_uses_queries[] = {
	&q_host, &q_endpoint, &q_newest, NULL
};
