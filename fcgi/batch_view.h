/*
 * batch_view: a run as the API by provider tells of it.
 *
 * batch_id is the run's id.  What a batch, its provider and the access to it
 * are called is derived in shared/provider_status.h.
 */
#ifndef FCGI_BATCH_VIEW_H
#define FCGI_BATCH_VIEW_H

#include "fcgi/http.h"
#include "shared/accesses.h"
#include "shared/runs.h"

/* What a list tells of it: rows of the run alone. */
void batch_brief_write(struct jout *out, const char *name,
		       const struct run *run);

/* All of it: statuses, warnings, items, accesses with their proofs. */
int batch_write(const struct request *req, struct jout *out,
		const struct run *run, struct err *err) MUST_CHECK;

/*
 * An access with its newest proof, as an object: what was asked for and what
 * it was proven with.  `now` dates it.
 */
int batch_access_write(const struct request *req, struct jout *out,
		       const struct access *access, struct err *err)
	MUST_CHECK;

#endif
