/*
 * import_mend: the account that is looked at, as schedd/host/mend.h wants it.
 */
#ifndef SCHEDD_IMPORT_MEND_H
#define SCHEDD_IMPORT_MEND_H

#include "schedd/host/mend.h"
#include "schedd/import.h"

/* Release with import_case_done(). */
struct import_case {
	struct host_mend_case the;	/* borrows from the others */
	json_t *wanted;
	json_t *seen;			/* what live_json holds */
};

/*
 * `live` is the account as the host shows it now; NULL: as it was seen last,
 * in this run of the flow.
 */
void import_case(const struct import *im, const struct resource *account,
		 const json_t *live, struct import_case *ret);
void import_case_done(struct import_case *the);

/*
 * Keep how it looks now with its row, for the steps that follow: all of it, if
 * it has `symptoms` (bits of enum host_symptom).  That its key seems to be
 * another one is kept until it is well.
 */
void import_keep_seen(struct import *im, const struct resource *account,
		      const json_t *live, unsigned symptoms);

/* Plan from `live` what is to be done about the account that is looked at. */
struct host_mend_plan import_plan(struct import *im, const json_t *live);

/* The provider answered us with the key of the account, not long ago. */
bool import_direct_works(const struct import *im);

/* It is dealt with, in this run of the flow. */
void import_looked_at(struct import *im);
bool import_was_looked_at(const struct import *im,
			  const struct resource *account);

/* The account of this id in a listing; NULL if it is not there. */
const json_t *import_listed(const json_t *items, const char *id);

/*
 * The account that a listing shows to be worst off, of those that were not
 * looked at and can be to blame; NULL: none.  *ret is what would be done.
 */
const struct resource *import_worst(const struct import *im,
				    const json_t *items,
				    struct host_mend_plan *ret);

/* Is there room for one more?  A group may hold hundreds that are out. */
bool import_can_look(const struct import *im);

/* To the proof, as soon as the host knows what was changed. */
struct verdict import_prove_again(const struct import *im);

/* Did nobody undo our repairs too often? */
bool import_may_mend(const struct import *im);

#endif
