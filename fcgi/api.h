/*
 * api: the tables of routes, each at the end of the file it is named after.
 */
#ifndef FCGI_API_H
#define FCGI_API_H

#include "fcgi/route.h"

extern const struct route api_hosts_routes[];
extern const struct route api_runs_routes[];
extern const struct route api_items_routes[];
extern const struct route api_health_routes[];

/* POST /api/batch-import/runs; the rest of runs is in api_runs.c. */
int api_run_post(const struct request *req, struct reply *reply,
		 struct err *err) MUST_CHECK;

#endif
