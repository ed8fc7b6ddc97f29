/*
 * packs: the versions of packs that were installed, which one counts, and
 * the providers in them.
 *
 * What is installed never changes.  Writing functions need a transaction.
 */
#ifndef SHARED_PACKS_H
#define SHARED_PACKS_H

#include <stdbool.h>
#include <stdint.h>

#include "shared/db.h"
#include "shared/pack.h"

#define PACKS_VERSIONS_MAX 200	/* of one pack */

/* A version.  Release with packs_row_done(). */
struct packs_row {
	char *pack_id;
	char *version;
	char *name_zh;
	char *name_en;
	char *min_host_version;		/* or NULL */
	char *max_host_version;		/* or NULL */
	int64_t providers;
	char *content_sha256;
	char *bundle_sha256;
	char *signed_by;		/* public key, or NULL */
	char *installed_by;
	int64_t installed_at;
	bool active;
	bool previous;			/* what a rollback goes back to */
};

void packs_row_done(struct packs_row *row);

/* Which of the versions is to count after an install. */
enum packs_choice {
	PACKS_NEWEST,		/* the new one, unless a later one counts */
	PACKS_ACTIVATE,
	PACKS_KEEP,		/* the one that counts now, if there is one */
};

struct packs_spec {
	const struct bundle *files;
	const struct pack *pack;	/* read from `files` */
	const char *bundle_sha256;
	const char *signed_by;		/* or NULL */
	const char *installed_by;
	enum packs_choice choice;
};

/*
 * *ret_new is false if this very version with this content is there already:
 * nothing is changed then.  ERR_CONFLICT, code pack_version_exists, if it is
 * there with another content; ERR_LIMIT, code too_many_versions.
 */
int packs_install(struct db *db, const struct packs_spec *spec, int64_t now,
		  bool *ret_new, struct err *err) MUST_CHECK;

/* ERR_NOT_FOUND if there is no such version. */
int packs_activate(struct db *db, const char *pack_id, const char *version,
		   int64_t now, struct err *err) MUST_CHECK;

/* To the one that counted before.  ERR_CONFLICT, code no_previous_version. */
int packs_rollback(struct db *db, const char *pack_id, int64_t now,
		   struct err *err) MUST_CHECK;

/* ERR_CONFLICT, code pack_in_use, if it counts or a run used it. */
int packs_remove(struct db *db, const char *pack_id, const char *version,
		 struct err *err) MUST_CHECK;

int packs_get(struct db *db, const char *pack_id, const char *version,
	      struct packs_row *ret, struct err *err) MUST_CHECK;

/* The versions that count, behind `after` ("": from the first), by pack. */
int packs_list(struct db_rows *rows, struct db *db, const char *after,
	       int64_t limit, struct err *err) MUST_CHECK;

/* All versions of one pack, the last installed first. */
int packs_versions(struct db_rows *rows, struct db *db, const char *pack_id,
		   struct err *err) MUST_CHECK;
int packs_next(struct db_rows *rows, struct packs_row *row, struct err *err)
	MUST_CHECK;

extern const struct db_query *const packs_queries[];

#endif
