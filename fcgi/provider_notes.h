/*
 * provider_notes: what an operator should hear before, and after, an import
 * by provider: terms of the plan, versions that the pack is not for, keys
 * that look like another plan's.
 */
#ifndef FCGI_PROVIDER_NOTES_H
#define FCGI_PROVIDER_NOTES_H

#include <jansson.h>

#include "shared/db.h"
#include "shared/hosts.h"
#include "shared/jout.h"
#include "shared/manifest.h"
#include "shared/pack_providers.h"
#include "shared/packs.h"
#include "shared/provider_plan.h"

/* Prefixes of keys of a vendor's plans.  Release with key_hints_done(). */
struct key_hints {
	json_t *prefixes;	/* {prefix: provider_id} of the others; owned */
	const json_t *own;	/* array; borrowed from the manifest */
};

/* `m` must outlive the hints. */
int key_hints_read(struct db *db, const char *pack_id,
		   const struct manifest_provider *m, struct key_hints *ret,
		   struct err *err) MUST_CHECK;
void key_hints_done(struct key_hints *hints);

/*
 * A sentence if the key begins as those of another plan of the vendor do and,
 * as far as that goes, not as those of this one; NULL if not.  The caller
 * frees it.  `hints` is a struct key_hints.
 */
char *key_hint(const void *hints, const char *key);

/* The member "warnings": {code, detail, detail_zh}. */
void provider_warnings_write(struct jout *out,
			     const struct manifest_provider *m,
			     const struct packs_row *pack,
			     const struct host *host,
			     const struct provider_plan *plan);

/* The same, in two: what is the provider's, and what is the host's. */
void provider_own_warnings_write(struct jout *out,
				 const struct manifest_provider *m,
				 const struct packs_row *pack,
				 const struct host *host,
				 const struct provider_plan *plan);
void host_warnings_write(struct jout *out, const struct host *host);

#endif
