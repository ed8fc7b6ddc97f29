/*
 * provider_request: an import that names a provider of a pack, as it came.
 *
 * What is particular to it (the pack, the hosts, the keys as texts) is taken
 * out; what is left is the body of a run as any other, whose rows get the base
 * URL that the pack knows.
 */
#ifndef FCGI_PROVIDER_REQUEST_H
#define FCGI_PROVIDER_REQUEST_H

#include "fcgi/new_run.h"
#include "shared/manifest.h"
#include "shared/pack_providers.h"

#define PROVIDER_HOSTS_MAX 50

/* Release with provider_request_done(). */
struct provider_request {
	struct packs_provider provider;
	json_t *document;		/* the manifest; owned */
	struct manifest_provider manifest;	/* borrowed from it */
	char *base_url;			/* that the keys are for; or NULL */
	json_t *hosts;			/* array of ids; owned */
	bool mirrored;			/* base_url is not the vendor's own */
	char plan[LOOKUP_PLAN_MAX];	/* where its accounts go */
	bool accept_plan_terms;
	json_t *own;			/* the members that are only ours */
	json_t *body;			/* of the run; owned */
	struct new_run run;
};

/*
 * Find all that is wrong at once, as new_run_read() does.  ERR_NOT_FOUND if
 * no pack has this provider; ERR_INVALID, code pack_id_required, if several
 * have it and the body does not say which.
 */
int provider_request_read(const struct request *req, const char *provider_id,
			  struct provider_request *ret,
			  struct jdec_problems *problems,
			  struct jdec_problems *of_rows, struct err *err)
	MUST_CHECK;
void provider_request_done(struct provider_request *request);

#endif
