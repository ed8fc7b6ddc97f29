/*
 * import_written: what CRM wrote of a resource last, in its row.
 */
#ifndef SCHEDD_IMPORT_WRITTEN_H
#define SCHEDD_IMPORT_WRITTEN_H

#include "schedd/host/owned_view.h"
#include "schedd/import.h"

/* A row, to be read flat by schedd/host/owned_view.h. */
struct owned_case {
	struct host_owned_case the;	/* borrows from this and the row */
	json_t *body;			/* of wanted_json; or NULL */
};

void owned_case_begin(struct owned_case *ret,
		      const struct host_features *features, const char *inst,
		      const struct resource *row);
void owned_case_done(struct owned_case *the);

/*
 * Is what the host shows the thing of the row?  A host whose database was put
 * back gives its ids anew: ours carries our mark, or is called as it was when
 * that was accepted.  What shows no name tells nothing, and passes.
 */
bool owned_is_ours(const struct resource *row, const json_t *live);

/* The host has it as it is wanted. */
void import_wrote_all(struct import *im, enum import_resource which);

/* One field of it is so by our doing, or by the host's. */
void import_wrote(struct import *im, enum import_resource which,
		  const char *field, json_t *take_value);

/* Somebody else's, as it is now that we have written what we want of it. */
void import_wrote_over(struct import *im, enum import_resource which,
		       const json_t *live);

#endif
