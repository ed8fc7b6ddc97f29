#include "shared/secrets.h"

#include <stdio.h>
#include <string.h>

#include "shared/table.h"

#define FINGERPRINT_MIN 20	/* shorter keys could be guessed from it */

static const char *const kind_names[] = {
	[SECRET_HOST_TOKEN]	= "host_token",
	[SECRET_API_KEY]	= "api_key",
	[SECRET_PASSWORD]	= "password",
	[SECRET_JWT]		= "jwt",
	[SECRET_PROXY]		= "proxy",
};
_Static_assert(COUNT(kind_names) == SECRET_KIND__MAX, "name every kind");

static const struct db_query q_add = { "secrets.add",
	"INSERT INTO secrets"
	" (secret_id, kind, sealed, fingerprint, last4, created_at)"
	" VALUES ($1, $2, $3, $4, $5, $6)" };

static const char *text_or_null(const char *text)
{
	return *text ? text : NULL;
}

void secret_sealed_done(struct secret_sealed *sealed)
{
	free(sealed->sealed);
	*sealed = (struct secret_sealed){ 0 };
}

bool secrets_face_of(const struct seal_public *key, const char *api_key,
		     struct secret_face *ret)
{
	if (strlen(api_key) < FINGERPRINT_MIN)
		return false;
	seal_fingerprint(key, api_key, ret->fingerprint);
	seal_last4(api_key, ret->last4);
	return true;
}

void secrets_seal(const struct seal_public *key, enum secret_kind kind,
		  const char *secret, int64_t now, uint64_t random,
		  struct secret_sealed *ret)
{
	struct secret_sealed s = { .kind = kind };
	char label[ID_MAX + 32];

	id_make(s.face.secret_id, "sec", now, random);
	snprintf(label, sizeof(label), "%s:%s", kind_names[kind],
		 s.face.secret_id);
	if (kind != SECRET_API_KEY || !secrets_face_of(key, secret, &s.face))
		s.face.fingerprint[0] = s.face.last4[0] = '\0';
	seal_close(key, label, secret, &s.sealed, &s.len);
	*ret = s;
}

int secrets_store(struct db *db, const struct secret_sealed *sealed,
		  int64_t now, struct err *err)
{
	const struct secret_face *face = &sealed->face;

	if (db_run(db, &q_add, DB_ARGS(DB_TEXT(face->secret_id),
		   DB_TEXT(kind_names[sealed->kind]),
		   DB_BLOB(sealed->sealed, sealed->len),
		   DB_TEXT(text_or_null(face->fingerprint)),
		   DB_TEXT(text_or_null(face->last4)), DB_I64(now)), err))
		return err_wrap(err, "store secret");
	return 0;
}

int secrets_add(struct db *db, const struct seal_public *key,
		enum secret_kind kind, const char *secret, int64_t now,
		uint64_t random, struct secret_face *ret, struct err *err)
{
	CLEANUP(secret_sealed_done) struct secret_sealed sealed = { 0 };

	secrets_seal(key, kind, secret, now, random, &sealed);
	if (secrets_store(db, &sealed, now, err))
		return -1;
	*ret = sealed.face;
	return 0;
}

static const struct db_query q_open = { "secrets.open",
	"SELECT kind, sealed FROM secrets WHERE secret_id = $1" };

int secrets_open(struct db *db, const struct seal_private *key,
		 const char *secret_id, char **ret, struct err *err)
{
	CLEANUP(db_rows_done) struct db_rows rows = { 0 };
	char label[ID_MAX + 32];
	const void *sealed;
	size_t len;
	int more;

	if (db_query(&rows, db, &q_open, DB_ARGS(DB_TEXT(secret_id)), err))
		return -1;
	more = db_next(&rows, err);
	if (more == 0)
		return err_set(err, ERR_NOT_FOUND, "no secret %s", secret_id);
	if (more < 0)
		return -1;
	snprintf(label, sizeof(label), "%s:%s", db_must(&rows, 0), secret_id);
	sealed = db_blob(&rows, 1, &len);
	if (len == 0)
		return err_set(err, ERR_NOT_FOUND, "secret %s was purged",
			       secret_id);
	return seal_open(key, label, sealed, len, ret, err);
}

static const struct db_query q_face = { "secrets.face",
	"SELECT fingerprint, last4 FROM secrets WHERE secret_id = $1" };

int secrets_face(struct db *db, const char *secret_id,
		 struct secret_face *ret, struct err *err)
{
	CLEANUP(db_rows_done) struct db_rows rows = { 0 };
	struct secret_face face = { 0 };
	int more;

	if (db_query(&rows, db, &q_face, DB_ARGS(DB_TEXT(secret_id)), err))
		return -1;
	more = db_next(&rows, err);
	if (more == 0)
		return err_set(err, ERR_NOT_FOUND, "no secret %s", secret_id);
	if (more < 0)
		return -1;
	snprintf(face.secret_id, sizeof(face.secret_id), "%s", secret_id);
	snprintf(face.fingerprint, sizeof(face.fingerprint), "%s",
		 db_must(&rows, 0));
	snprintf(face.last4, sizeof(face.last4), "%s", db_must(&rows, 1));
	*ret = face;
	return 0;
}

static const struct db_query q_delete = { "secrets.delete",
	"DELETE FROM secrets WHERE secret_id = $1" };

int secrets_delete(struct db *db, const char *secret_id, struct err *err)
{
	return db_run(db, &q_delete, DB_ARGS(DB_TEXT(secret_id)), err);
}

static const struct db_query q_forget = { "secrets.forget",
	"DELETE FROM secrets WHERE secret_id = $1"
	" AND NOT EXISTS (SELECT 1 FROM hosts WHERE auth_secret_id = $1)"
	" AND NOT EXISTS (SELECT 1 FROM hosts WHERE session_secret_id = $1)"
	" AND NOT EXISTS (SELECT 1 FROM hosts WHERE proxy_secret_id = $1)"
	" AND NOT EXISTS (SELECT 1 FROM endpoints WHERE proxy_secret_id = $1)"
	" AND NOT EXISTS (SELECT 1 FROM import_runs"
	"  WHERE given_key_secret_id = $1)"
	" AND NOT EXISTS (SELECT 1 FROM import_run_items"
	"  WHERE api_key_secret_id = $1)"
	" AND NOT EXISTS (SELECT 1 FROM managed_resources"
	"  WHERE secret_id = $1)"
	" AND NOT EXISTS (SELECT 1 FROM account_changes"
	"  WHERE new_secret_id = $1)"
	" AND NOT EXISTS (SELECT 1 FROM account_changes"
	"  WHERE old_secret_id = $1)" };

int secrets_forget(struct db *db, const char *secret_id, struct err *err)
{
	if (!secret_id)
		return 0;
	return db_run(db, &q_forget, DB_ARGS(DB_TEXT(secret_id)), err);
}

/*
 * Of an item or a run that still counts, or that is just being changed; or of
 * a thing that is there.
 */
static const struct db_query q_purge = { "secrets.purge",
	"UPDATE secrets SET sealed = x'', purged_at = $2"
	" WHERE secret_id = $1 AND purged_at IS NULL"
	" AND NOT EXISTS (SELECT 1 FROM hosts WHERE auth_secret_id = $1)"
	" AND NOT EXISTS (SELECT 1 FROM hosts WHERE session_secret_id = $1)"
	" AND NOT EXISTS (SELECT 1 FROM hosts WHERE proxy_secret_id = $1)"
	" AND NOT EXISTS (SELECT 1 FROM endpoints WHERE proxy_secret_id = $1)"
	" AND NOT EXISTS (SELECT 1 FROM import_runs q"
	"  CROSS JOIN import_run_items i ON i.run_id = q.run_id"
	"  WHERE q.given_key_secret_id = $1 AND i.rolled_back_at IS NULL)"
	" AND NOT EXISTS (SELECT 1 FROM import_run_items"
	"  WHERE api_key_secret_id = $1 AND rolled_back_at IS NULL)"
	" AND NOT EXISTS (SELECT 1 FROM import_run_items i"
	"  CROSS JOIN account_changes c ON c.item_id = i.item_id"
	"  WHERE i.api_key_secret_id = $1 AND c.state = 'running')"
	" AND NOT EXISTS (SELECT 1 FROM import_runs q"
	"  CROSS JOIN import_run_items i ON i.run_id = q.run_id"
	"  CROSS JOIN account_changes c ON c.item_id = i.item_id"
	"  WHERE q.given_key_secret_id = $1 AND c.state = 'running')"
	" AND NOT EXISTS (SELECT 1 FROM managed_resources"
	"  WHERE secret_id = $1 AND state <> 'gone')"
	" AND NOT EXISTS (SELECT 1 FROM account_changes c JOIN"
	"  managed_resources r ON r.resource_id = c.resource_id"
	"  WHERE c.new_secret_id = $1 AND r.state <> 'gone')"
	" AND NOT EXISTS (SELECT 1 FROM account_changes c JOIN"
	"  managed_resources r ON r.resource_id = c.resource_id"
	"  WHERE c.old_secret_id = $1 AND r.state <> 'gone')" };

int secrets_purge(struct db *db, const char *secret_id, int64_t now,
		  struct err *err)
{
	return db_run(db, &q_purge, DB_ARGS(DB_TEXT(secret_id), DB_I64(now)),
		      err);
}

const struct db_query *const secrets_queries[] = {
	&q_add, &q_open, &q_face, &q_delete, &q_forget, &q_purge, NULL
};
