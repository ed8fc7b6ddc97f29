/*
 * pack_providers: what is in the versions that count: lists of providers, and
 * the documents themselves.  Versions come and go by shared/packs.h.
 */
#ifndef SHARED_PACK_PROVIDERS_H
#define SHARED_PACK_PROVIDERS_H

#include <stdint.h>

#include "shared/db.h"

/* pack.json of a version, and its manifests: column 0, in order of ids. */
int packs_document(struct db *db, const char *pack_id, const char *version,
		   char **ret, struct err *err) MUST_CHECK;
int packs_manifests(struct db_rows *rows, struct db *db, const char *pack_id,
		    const char *version, struct err *err) MUST_CHECK;

/*
 * The manifest of one provider in this version, whether it counts or not: as
 * JSON text, which the caller frees.  ERR_NOT_FOUND.
 */
int packs_manifest(struct db *db, const char *pack_id, const char *version,
		   const char *provider_id, char **ret, struct err *err)
	MUST_CHECK;

/*
 * What a pack, in the version that counts, has of a vendor: ids and manifests,
 * columns 0 and 1.
 */
int packs_of_vendor(struct db_rows *rows, struct db *db, const char *vendor,
		    const char *pack_id, struct err *err) MUST_CHECK;

/* Texts are NULL or "" where they do not matter. */
struct packs_filter {
	const char *pack_id;
	const char *vendor;
	const char *plan;
	const char *region;
	const char *status;
	const char *q;		/* start of the id or of a name, any case */
	const char *after_id, *after_pack;	/* the last one that was read */
};

/*
 * Providers of the versions that count, by provider_id and pack_id: columns
 * 0 and 1; column 2 is the row as JSON.
 */
int packs_providers(struct db_rows *rows, struct db *db,
		    const struct packs_filter *filter, int64_t limit,
		    struct err *err) MUST_CHECK;

/* A provider of a version that counts.  Release: packs_provider_done(). */
struct packs_provider {
	char *pack_id;
	char *version;
	char *provider_id;
	char *manifest;		/* JSON text */
	char *endpoint_key;	/* or NULL */
};

void packs_provider_done(struct packs_provider *provider);

/*
 * `pack_id` may be NULL.  ERR_NOT_FOUND; ERR_INVALID, code pack_id_required,
 * if several packs have it.
 */
int packs_provider(struct db *db, const char *provider_id,
		   const char *pack_id, struct packs_provider *ret,
		   struct err *err) MUST_CHECK;

extern const struct db_query *const pack_providers_queries[];

#endif
