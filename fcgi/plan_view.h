/*
 * plan_view: what an import by provider would do on one host, told from what
 * is stored; nobody is asked and nothing is written.
 */
#ifndef FCGI_PLAN_VIEW_H
#define FCGI_PLAN_VIEW_H

#include "fcgi/provider_request.h"
#include "shared/import_plan.h"
#include "shared/secrets.h"

/* What of a key may be shown; zeroed if it is too short, or NULL. */
struct secret_face plan_face(const struct request *req, const char *api_key);
struct secret_face plan_face_given(const struct request *req,
				   const struct run_terms *terms);

/* One of the things that an import would make, change or use. */
void plan_entry_write(struct jout *out, const struct plan_entry *entry);

/* The member "counts": how many there are of each action. */
void plan_counts_write(struct jout *out, const struct import_plan *plan);

/* A row as an object that is open: the caller says what else there is of it. */
void plan_item_begin(struct jout *out, const struct import_row *row,
		     const struct secret_face *face, const char *plan);

/* The plan for the host, as an object. */
int plan_write(const struct request *req, struct jout *out,
	       const struct provider_request *request, const char *host_id,
	       struct err *err) MUST_CHECK;

#endif
