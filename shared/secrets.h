/*
 * secrets: the table of sealed secrets.
 *
 * A secret is sealed under the label "kind:secret_id", so a row cannot be
 * passed off as another.  fcgi adds, schedd alone opens.
 */
#ifndef SHARED_SECRETS_H
#define SHARED_SECRETS_H

#include <stdbool.h>
#include <stdint.h>

#include "shared/db.h"
#include "shared/id.h"
#include "shared/seal.h"

/* What a secret is.  Only API keys get a fingerprint and last four. */
enum secret_kind {
	SECRET_HOST_TOKEN,	/* admin key or JWT of a host */
	SECRET_API_KEY,		/* of a provider, or of a user of a host */
	SECRET_PASSWORD,	/* of a managed user */
	SECRET_JWT,		/* of a managed user */
	SECRET_PROXY,		/* URL of a proxy with its credentials */
	SECRET_KIND__MAX
};

/* What may be shown of a secret.  Empty strings where nothing may. */
struct secret_face {
	char secret_id[ID_MAX];
	char fingerprint[SEAL_FINGERPRINT_TEXT];
	char last4[5];
};

/* Sealed, but not stored yet.  Release with secret_sealed_done(). */
struct secret_sealed {
	enum secret_kind kind;
	struct secret_face face;
	unsigned char *sealed;
	size_t len;
};

void secret_sealed_done(struct secret_sealed *sealed);

/* Fingerprint and last four of a key; false: it is too short to show any. */
bool secrets_face_of(const struct seal_public *key, const char *api_key,
		     struct secret_face *ret) MUST_CHECK;

/*
 * Sealing costs many times what storing does: who has a transaction to hold
 * seals before it and stores inside.  `random` makes the id.
 */
void secrets_seal(const struct seal_public *key, enum secret_kind kind,
		  const char *secret, int64_t now, uint64_t random,
		  struct secret_sealed *ret);
int secrets_store(struct db *db, const struct secret_sealed *sealed,
		  int64_t now, struct err *err) MUST_CHECK;

/* Seal and store. */
int secrets_add(struct db *db, const struct seal_public *key,
		enum secret_kind kind, const char *secret, int64_t now,
		uint64_t random, struct secret_face *ret, struct err *err)
	MUST_CHECK;

/* *ret is plaintext: AUTO_WIPE it.  ERR_NOT_FOUND if there is no such row. */
int secrets_open(struct db *db, const struct seal_private *key,
		 const char *secret_id, char **ret, struct err *err)
	MUST_CHECK;

/* Fingerprint and last four of a stored secret. */
int secrets_face(struct db *db, const char *secret_id,
		 struct secret_face *ret, struct err *err) MUST_CHECK;

/* Forget a secret that nothing refers to any more. */
int secrets_delete(struct db *db, const char *secret_id, struct err *err)
	MUST_CHECK;

/* The same, unless somebody still refers to it; NULL: there is none. */
int secrets_forget(struct db *db, const char *secret_id, struct err *err)
	MUST_CHECK;

/*
 * Overwrite a secret that nothing rests on any more: what it looked like
 * stays, it cannot be opened again.
 */
int secrets_purge(struct db *db, const char *secret_id, int64_t now,
		  struct err *err) MUST_CHECK;

extern const struct db_query *const secrets_queries[];

#endif
