/* reconcile_view: how a reconcile and what it found look. */
#ifndef FCGI_RECONCILE_VIEW_H
#define FCGI_RECONCILE_VIEW_H

#include "fcgi/http.h"
#include "shared/findings.h"
#include "shared/reconciles.h"

void reconcile_write(struct jout *out, const char *name,
		     const struct reconcile_run *run);

/* The same, left open for what the caller adds. */
void reconcile_begin(struct jout *out, const char *name,
		     const struct reconcile_run *run);

void finding_write(struct jout *out, const char *name,
		   const struct finding *finding);

/* The newest few of a batch, as the member "reconcile_runs". */
int reconcile_batch_write(const struct request *req, const char *run_id,
			  struct jout *out, struct err *err) MUST_CHECK;

#endif
