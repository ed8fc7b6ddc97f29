/*
 * plan_host: the host of a preview: what the last probe found it can do.
 */
#ifndef FCGI_PLAN_HOST_H
#define FCGI_PLAN_HOST_H

#include <jansson.h>

#include "shared/hosts.h"
#include "shared/jout.h"
#include "shared/manifest.h"
#include "shared/runs.h"

/* Release with plan_host_done(). */
struct plan_host {
	struct host host;
	json_t *seen;			/* capabilities; or NULL */
};

int plan_host_read(struct db *db, const char *host_id, struct plan_host *ret,
		   struct err *err) MUST_CHECK;
void plan_host_done(struct plan_host *host);

/* Does it need a parking group?  One that is not known is the oldest. */
bool plan_host_parks(const struct plan_host *host);

/* The member "host": can it be imported to in this way? */
void plan_host_write(struct jout *out, const struct plan_host *host,
		     enum access_mode mode);

/* The member "host_limits": what it cannot do, as the last probe said. */
void plan_host_limits_write(struct jout *out, const struct plan_host *host);

/*
 * The member "overlay": null unless nothing that can be done from outside
 * would do for this provider.
 */
void plan_host_overlay_write(struct jout *out, const struct plan_host *host,
			     const struct manifest_provider *provider);

#endif
