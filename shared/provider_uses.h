/*
 * provider_uses: where the provider of a pack was imported to: hosts, and the
 * endpoints by which it is reached there.  Read from the runs.
 */
#ifndef SHARED_PROVIDER_USES_H
#define SHARED_PROVIDER_USES_H

#include "shared/db.h"
#include "shared/endpoint.h"
#include "shared/id.h"

/*
 * The host of the provider; "" if no run of it was ever begun.  ERR_INVALID,
 * code host_id_required, if there are several.
 */
int provider_uses_host(struct db *db, const char *pack_id,
		       const char *provider_id, char ret_host_id[ID_MAX],
		       struct err *err) MUST_CHECK;

/*
 * The endpoint behind `after` ("": the first) by which runs of the provider
 * reached it on this host; "" at the end.
 */
int provider_uses_endpoint(struct db *db, const char *pack_id,
			   const char *provider_id, const char *host_id,
			   const char *after, char ret[ENDPOINT_KEY_MAX],
			   struct err *err) MUST_CHECK;

/* The newest run of the provider on this host; "" if there is none. */
int provider_uses_newest(struct db *db, const char *pack_id,
			 const char *provider_id, const char *host_id,
			 char ret_run_id[ID_MAX], struct err *err) MUST_CHECK;

extern const struct db_query *const provider_uses_queries[];

#endif
