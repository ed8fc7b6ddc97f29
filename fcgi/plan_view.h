/*
 * plan_view: what an import by provider would do on one host, told from what
 * is stored; nobody is asked and nothing is written.
 */
#ifndef FCGI_PLAN_VIEW_H
#define FCGI_PLAN_VIEW_H

#include "fcgi/provider_request.h"
#include "shared/import_plan.h"

/* One of the things that an import would make, change or use. */
void plan_entry_write(struct jout *out, const struct plan_entry *entry);

/* The plan for the host, as an object. */
int plan_write(const struct request *req, struct jout *out,
	       const struct provider_request *request, const char *host_id,
	       struct err *err) MUST_CHECK;

#endif
