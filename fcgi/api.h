/*
 * api: the tables of routes, each at the end of the file it is named after.
 */
#ifndef FCGI_API_H
#define FCGI_API_H

#include "fcgi/route.h"
#include "shared/accesses.h"

extern const struct route api_hosts_routes[];
extern const struct route api_runs_routes[];
extern const struct route api_run_life_routes[];
extern const struct route api_items_routes[];
extern const struct route api_profile_routes[];
extern const struct route api_item_list_routes[];
extern const struct route api_events_routes[];
extern const struct route api_badges_routes[];
extern const struct route api_changes_routes[];
extern const struct route api_rollbacks_routes[];
extern const struct route api_accounts_routes[];
extern const struct route api_foreign_routes[];
extern const struct route api_accesses_routes[];
extern const struct route api_checks_routes[];
extern const struct route api_endpoints_routes[];
extern const struct route api_pause_routes[];
extern const struct route api_explain_routes[];
extern const struct route api_model_names_routes[];
extern const struct route api_notices_routes[];
extern const struct route api_packs_routes[];
extern const struct route api_providers_routes[];
extern const struct route api_provider_import_routes[];
extern const struct route api_provider_views_routes[];
extern const struct route api_import_batches_routes[];
extern const struct route api_audit_routes[];
extern const struct route api_plans_routes[];
extern const struct route api_site_routes[];
extern const struct route api_reconcile_routes[];
extern const struct route api_health_routes[];

/* The part of hosts that writes: api_host_write.c. */
int api_host_post(const struct request *req, struct reply *reply,
		  struct err *err) MUST_CHECK;
int api_host_patch(const struct request *req, struct reply *reply,
		   struct err *err) MUST_CHECK;

/* Both begin a probe, and answer 202 with the host: api_hosts.c. */
int api_host_probe(const struct request *req, const char *host_id,
		   struct err *err) MUST_CHECK;
int api_host_later(const struct request *req, const char *host_id,
		   struct reply *reply, struct err *err) MUST_CHECK;

/* The row of an access, left open; api_accesses.c. */
int api_access_begin(const struct request *req, const char *name,
		     const struct access *access, struct jout *out,
		     struct err *err) MUST_CHECK;

/* GET of an item: api_items.c. */
int api_item_show(const struct request *req, struct reply *reply,
		  struct err *err) MUST_CHECK;

/* Is nothing of the run left to do?  For those who wait; api_runs.c. */
int api_run_is_over(const struct request *req, const char *run_id, bool *ret,
		    struct err *err) MUST_CHECK;

/* POST /api/batch-import/runs, and its preview; the rest of runs is in api_runs.c. */
int api_run_post(const struct request *req, struct reply *reply,
		 struct err *err) MUST_CHECK;
int api_run_preview(const struct request *req, struct reply *reply,
		    struct err *err) MUST_CHECK;

#endif
