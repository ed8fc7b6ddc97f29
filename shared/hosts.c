#include "shared/hosts.h"

#include <assert.h>
#include <string.h>

#include "shared/secrets.h"

const char *const host_auth_names[] = {
	[HOST_AUTH_API_KEY]	= "api_key",
	[HOST_AUTH_BEARER]	= "bearer",
	[HOST_AUTH_PASSWORD]	= "password",
	[HOST_AUTH__MAX]	= NULL,
};
TABLE_ENUM_DEFINE(host_auth, host_auth_names, HOST_AUTH__MAX + 1);

static const char *const state_names[] = {
	[HOST_UNKNOWN]			= "unknown",
	[HOST_READY]			= "ready",
	[HOST_UNREACHABLE]		= "unreachable",
	[HOST_UNAUTHORIZED]		= "unauthorized",
	[HOST_COMPLIANCE_REQUIRED]	= "compliance_required",
	[HOST_UNSUPPORTED]		= "unsupported",
};
TABLE_ENUM_DEFINE(host_state, state_names, HOST_STATE__MAX);

/* What host_read() reads, in its order. */
#define HOST_COLUMNS \
	"h.host_id, h.name, h.base_url, h.public_base_url, h.auth_type," \
	" h.auth_secret_id, h.state, h.reason, h.reason_detail, h.version," \
	" (SELECT s.capabilities FROM host_snapshots s" \
	"  WHERE s.host_id = h.host_id ORDER BY s.taken_at DESC LIMIT 1)," \
	" h.probed_at, h.created_at, h.updated_at, h.admin_email," \
	" h.session_secret_id, h.session_expires_at, h.proxy_secret_id," \
	" h.proxy, h.ca_pem, h.run_mode, h.suspect_class, h.suspect_since," \
	" h.paused_at"

/* How it is reached, and what is thought of it. */
static void host_read_ways(const struct db_rows *rows, struct host *host)
{
	host->admin_email = db_strdup(rows, 14);
	host->session_secret_id = db_strdup(rows, 15);
	host->session_expires_at = db_i64(rows, 16);
	host->proxy_secret_id = db_strdup(rows, 17);
	host->proxy = db_strdup(rows, 18);
	host->ca_pem = db_strdup(rows, 19);
	host->run_mode = db_strdup(rows, 20);
	host->suspect_class = db_strdup(rows, 21);
	host->suspect_since = db_i64(rows, 22);
	host->paused_at = db_i64(rows, 23);
}

static int host_read(const struct db_rows *rows, struct host *ret,
		     struct err *err)
{
	struct host host = { 0 };

	if (!host_auth_parse(db_text(rows, 4), &host.auth_type) ||
	    !host_state_parse(db_text(rows, 6), &host.state))
		return err_set(err, ERR_INTERNAL, "host %s: unknown state",
			       db_must(rows, 0));
	host.host_id = db_strdup(rows, 0);
	host.name = db_strdup(rows, 1);
	host.base_url = db_strdup(rows, 2);
	host.public_base_url = db_strdup(rows, 3);
	host.auth_secret_id = db_strdup(rows, 5);
	host.reason = db_strdup(rows, 7);
	host.reason_detail = db_strdup(rows, 8);
	host.version = db_strdup(rows, 9);
	host.capabilities = db_strdup(rows, 10);
	host.probed_at = db_i64(rows, 11);
	host.created_at = db_i64(rows, 12);
	host.updated_at = db_i64(rows, 13);
	host_read_ways(rows, &host);
	host_done(ret);
	*ret = host;
	return 0;
}

void host_done(struct host *host)
{
	free(host->host_id);
	free(host->name);
	free(host->base_url);
	free(host->public_base_url);
	free(host->auth_secret_id);
	free(host->reason);
	free(host->reason_detail);
	free(host->version);
	free(host->capabilities);
	free(host->admin_email);
	free(host->session_secret_id);
	free(host->proxy_secret_id);
	free(host->proxy);
	free(host->ca_pem);
	free(host->run_mode);
	free(host->suspect_class);
	*host = (struct host){ 0 };
}

static const struct db_query q_add = { "hosts.add",
	"INSERT INTO hosts (host_id, name, base_url, public_base_url,"
	" auth_type, auth_secret_id, admin_email, proxy_secret_id, proxy,"
	" ca_pem, state, created_at, updated_at)"
	" VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, 'unknown', $11,"
	" $11)"
	" ON CONFLICT (base_url) DO NOTHING" };

int hosts_add(struct db *db, const struct host_spec *spec, int64_t now,
	      uint64_t random, char ret_id[ID_MAX], struct err *err)
{
	char id[ID_MAX];

	id_make(id, "hst", now, random);
	if (db_run(db, &q_add, DB_ARGS(DB_TEXT(id), DB_TEXT(spec->name),
		   DB_TEXT(spec->base_url), DB_TEXT(spec->public_base_url),
		   DB_TEXT(host_auth_name(spec->auth_type)),
		   DB_TEXT(spec->auth_secret_id), DB_TEXT(spec->admin_email),
		   DB_TEXT(spec->proxy_secret_id), DB_TEXT(spec->proxy),
		   DB_TEXT(spec->ca_pem), DB_I64(now)), err))
		return err_wrap(err, "add host");
	if (db_changes(db) == 0) {
		err_set(err, ERR_CONFLICT, "a host with the base URL %.200s is"
			" there already", spec->base_url);
		return err_code(err, "host_exists");
	}
	memcpy(ret_id, id, ID_MAX);
	return 0;
}

static const struct db_query q_get = { "hosts.get",
	"SELECT " HOST_COLUMNS " FROM hosts h WHERE h.host_id = $1" };

static int no_host(const char *host_id, struct err *err)
{
	return err_set(err, ERR_NOT_FOUND, "no host %s", host_id);
}

int hosts_get(struct db *db, const char *host_id, struct host *ret,
	      struct err *err)
{
	CLEANUP(db_rows_done) struct db_rows rows = { 0 };
	int more;

	if (db_query(&rows, db, &q_get, DB_ARGS(DB_TEXT(host_id)), err))
		return -1;
	more = db_next(&rows, err);
	if (more == 0)
		return no_host(host_id, err);
	return more < 0 ? -1 : host_read(&rows, ret, err);
}

static const struct db_query q_list = { "hosts.list",
	"SELECT " HOST_COLUMNS " FROM hosts h WHERE h.host_id > $1"
	" ORDER BY h.host_id LIMIT $2" };

int hosts_list(struct db_rows *rows, struct db *db, const char *after,
	       int64_t limit, struct err *err)
{
	return db_query(rows, db, &q_list, DB_ARGS(DB_TEXT(after),
			DB_I64(limit)), err);
}

int hosts_next(struct db_rows *rows, struct host *host, struct err *err)
{
	int more = db_next(rows, err);

	if (more > 0 && host_read(rows, host, err))
		return -1;
	return more;
}

static const struct db_query q_found = { "hosts.found",
	"UPDATE hosts SET state = $2, reason = $3, reason_detail = $4,"
	" version = coalesce($5, version), probed_at = $6, updated_at = $6,"
	" run_mode = coalesce($7, run_mode)"
	" WHERE host_id = $1" };
static const struct db_query q_snapshot = { "hosts.snapshot",
	"INSERT INTO host_snapshots (host_id, taken_at, version, capabilities)"
	" VALUES ($1, $2, $3, $4)"
	" ON CONFLICT (host_id, taken_at) DO UPDATE SET"
	" version = excluded.version, capabilities = excluded.capabilities" };
static const struct db_query q_forget = { "hosts.forget_snapshots",
	"DELETE FROM host_snapshots WHERE host_id = $1 AND taken_at <="
	" (SELECT taken_at FROM host_snapshots WHERE host_id = $1"
	"  ORDER BY taken_at DESC LIMIT 1 OFFSET $2)" };

int hosts_found(struct db *db, const char *host_id,
		const struct host_finding *finding, int64_t now,
		struct err *err)
{
	const struct host_finding *f = finding;

	assert(db_in_tx(db));
	if (db_run(db, &q_found, DB_ARGS(DB_TEXT(host_id),
		   DB_TEXT(host_state_name(f->state)), DB_TEXT(f->reason),
		   DB_TEXT(f->reason_detail), DB_TEXT(f->version),
		   DB_I64(now), DB_TEXT(f->run_mode)), err))
		return -1;
	if (db_changes(db) == 0)
		return no_host(host_id, err);
	if (!f->capabilities)
		return 0;
	if (db_run(db, &q_snapshot, DB_ARGS(DB_TEXT(host_id), DB_I64(now),
		   DB_TEXT(f->version), DB_TEXT(f->capabilities)), err))
		return -1;
	return db_run(db, &q_forget, DB_ARGS(DB_TEXT(host_id),
		      DB_I64(HOST_SNAPSHOTS_KEPT)), err);
}

/* After an update by id: was there such a host? */
static int check_changed(struct db *db, const char *host_id, struct err *err)
{
	return db_changes(db) ? 0 : no_host(host_id, err);
}

static const struct db_query q_session = { "hosts.session",
	"UPDATE hosts SET session_secret_id = $2, session_expires_at = $3,"
	" updated_at = $4 WHERE host_id = $1" };

int hosts_session(struct db *db, const char *host_id, const char *secret_id,
		  int64_t expires_at, int64_t now, struct err *err)
{
	CLEANUP(host_done) struct host old = { 0 };
	const char *kept = expires_at ? secret_id : NULL;

	assert(db_in_tx(db));
	if (hosts_get(db, host_id, &old, err) ||
	    db_run(db, &q_session, DB_ARGS(DB_TEXT(host_id), DB_TEXT(kept),
		   DB_TIME(kept ? expires_at : 0), DB_I64(now)), err) ||
	    secrets_forget(db, old.session_secret_id, err))
		return -1;
	return kept ? 0 : secrets_forget(db, secret_id, err);
}

static const struct db_query q_run_mode = { "hosts.run_mode",
	"UPDATE hosts SET run_mode = $2, updated_at = $3 WHERE host_id = $1"
};

int hosts_run_mode(struct db *db, const char *host_id, const char *run_mode,
		   int64_t now, struct err *err)
{
	if (db_run(db, &q_run_mode, DB_ARGS(DB_TEXT(host_id),
		   DB_TEXT(run_mode), DB_I64(now)), err))
		return -1;
	return check_changed(db, host_id, err);
}

/* A session lives no longer than the password that it was obtained with. */
static const struct db_query q_change = { "hosts.change",
	"UPDATE hosts SET name = coalesce(nullif($2, ''), name),"
	" public_base_url = nullif(coalesce($3, public_base_url), ''),"
	" auth_secret_id = coalesce(nullif($4, ''), auth_secret_id),"
	" proxy_secret_id = nullif(coalesce($5, proxy_secret_id), ''),"
	" proxy = nullif(coalesce($6, proxy), ''),"
	" ca_pem = nullif(coalesce($7, ca_pem), ''),"
	" session_secret_id = CASE WHEN coalesce($4, '') = ''"
	"  THEN session_secret_id END,"
	" session_expires_at = CASE WHEN coalesce($4, '') = ''"
	"  THEN session_expires_at END,"
	" updated_at = $8 WHERE host_id = $1" };

int hosts_change(struct db *db, const char *host_id,
		 const struct host_change *change, int64_t now,
		 struct err *err)
{
	CLEANUP(host_done) struct host old = { 0 };
	const struct host_change *c = change;

	assert(db_in_tx(db));
	if (hosts_get(db, host_id, &old, err) ||
	    db_run(db, &q_change, DB_ARGS(DB_TEXT(host_id), DB_TEXT(c->name),
		   DB_TEXT(c->public_base_url), DB_TEXT(c->auth_secret_id),
		   DB_TEXT(c->proxy_secret_id), DB_TEXT(c->proxy),
		   DB_TEXT(c->ca_pem), DB_I64(now)), err) ||
	    secrets_forget(db, old.auth_secret_id, err) ||
	    secrets_forget(db, old.proxy_secret_id, err))
		return -1;
	return secrets_forget(db, old.session_secret_id, err);
}

static const struct db_query q_suspect = { "hosts.suspect",
	"UPDATE hosts SET suspect_class = $2,"
	" suspect_since = CASE WHEN $2 IS NULL THEN NULL"
	"  ELSE coalesce(suspect_since, $3) END,"
	" updated_at = $3 WHERE host_id = $1" };

int hosts_suspect(struct db *db, const char *host_id, const char *class,
		  int64_t now, struct err *err)
{
	if (db_run(db, &q_suspect, DB_ARGS(DB_TEXT(host_id), DB_TEXT(class),
		   DB_I64(now)), err))
		return -1;
	return check_changed(db, host_id, err);
}

/* One that was never probed has the probe of its making before it. */
static const struct db_query q_unprobed = { "hosts.unprobed",
	"SELECT " HOST_COLUMNS " FROM hosts h WHERE h.probed_at < $1"
	" AND h.paused_at IS NULL"
	" ORDER BY h.probed_at, h.host_id LIMIT $2" };

int hosts_unprobed(struct db_rows *rows, struct db *db, int64_t before,
		   int64_t limit, struct err *err)
{
	return db_query(rows, db, &q_unprobed, DB_ARGS(DB_I64(before),
			DB_I64(limit)), err);
}

static const struct db_query q_oldest_probe = { "hosts.oldest_probe",
	"SELECT coalesce(min(probed_at), 9223372036854775807) FROM hosts"
	" WHERE probed_at > 0 AND paused_at IS NULL" };

int hosts_oldest_probe(struct db *db, int64_t *ret, struct err *err)
{
	return db_number(db, &q_oldest_probe, DB_NO_ARGS, ret, err);
}

static const struct db_query q_runs = { "hosts.count_runs",
	"SELECT count(*) FROM import_runs WHERE host_id = $1" };
static const struct db_query q_resources = { "hosts.count_resources",
	"SELECT count(*) FROM managed_resources"
	" WHERE host_id = $1 AND state <> 'gone'" };

static const struct db_query q_reconciles = { "hosts.count_reconciles",
	"SELECT count(*) FROM reconcile_runs WHERE host_id = $1" };

/* Refuse to remove what somebody rests on. */
static int check_unused(struct db *db, const char *host_id,
			struct host_use *ret_use, struct err *err)
{
	struct host_use use = { 0 };

	if (db_number(db, &q_runs, DB_ARGS(DB_TEXT(host_id)),
		      &use.import_batches, err) ||
	    db_number(db, &q_resources, DB_ARGS(DB_TEXT(host_id)),
		      &use.managed_resources, err))
		return -1;
	if (use.import_batches == 0 && use.managed_resources == 0)
		return 0;
	if (db_number(db, &q_reconciles, DB_ARGS(DB_TEXT(host_id)),
		      &use.reconcile_runs, err))
		return -1;
	*ret_use = use;
	err_set(err, ERR_CONFLICT, "host %s is in use by imports or by what "
		"they made there", host_id);
	return err_code(err, "host_in_use");
}

/* Without a run a host has no tasks but its own. */
static const struct db_query q_delete_tasks = { "hosts.delete_tasks",
	"DELETE FROM tasks WHERE subject_id = $1" };
static const struct db_query q_delete_gone = { "hosts.delete_gone",
	"DELETE FROM managed_resources WHERE host_id = $1 AND state = 'gone'"
};
static const struct db_query q_delete_notices = { "hosts.delete_notices",
	"DELETE FROM notices WHERE host_id = $1" };
static const struct db_query q_delete = { "hosts.delete",
	"DELETE FROM hosts WHERE host_id = $1" };

int hosts_delete(struct db *db, const char *host_id, struct host_use *ret_use,
		 struct err *err)
{
	CLEANUP(host_done) struct host host = { 0 };

	assert(db_in_tx(db));
	if (hosts_get(db, host_id, &host, err) ||
	    check_unused(db, host_id, ret_use, err) ||
	    db_run(db, &q_delete_tasks, DB_ARGS(DB_TEXT(host_id)), err) ||
	    db_run(db, &q_delete_gone, DB_ARGS(DB_TEXT(host_id)), err) ||
	    db_run(db, &q_delete_notices, DB_ARGS(DB_TEXT(host_id)), err) ||
	    db_run(db, &q_delete, DB_ARGS(DB_TEXT(host_id)), err) ||
	    secrets_forget(db, host.auth_secret_id, err) ||
	    secrets_forget(db, host.session_secret_id, err))
		return -1;
	return secrets_forget(db, host.proxy_secret_id, err);
}

const struct db_query *const hosts_queries[] = {
	&q_add, &q_get, &q_list, &q_found, &q_snapshot, &q_forget,
	&q_session, &q_run_mode, &q_change, &q_suspect, &q_unprobed,
	&q_oldest_probe, &q_runs, &q_resources,
	&q_reconciles, &q_delete_tasks, &q_delete_gone, &q_delete_notices,
	&q_delete, NULL
};
