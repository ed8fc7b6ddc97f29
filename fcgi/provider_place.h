/*
 * provider_place: a provider of a pack on one host, and the endpoints by which
 * it is reached there.
 */
#ifndef FCGI_PROVIDER_PLACE_H
#define FCGI_PROVIDER_PLACE_H

#include "fcgi/http.h"
#include "shared/accesses.h"
#include "shared/lookup.h"
#include "shared/pack_providers.h"

#define PROVIDER_ENDPOINTS_MAX 50	/* of one provider on a host */
#define PROVIDER_PLANS_MAX 4	/* places of an endpoint where it has accounts */

/* What a caller says beside the provider; NULL or "": nothing. */
struct place_query {
	const char *host_id;
	const char *pack_id;
};

/* Release with provider_place_done(). */
struct provider_place {
	struct packs_provider provider;
	char host_id[ID_MAX];		/* "": it is on none */
	char keys[PROVIDER_ENDPOINTS_MAX][ENDPOINT_KEY_MAX];
	size_t nkeys;
	char plans[PROVIDER_PLANS_MAX][LOOKUP_PLAN_MAX];	/* at one or another */
	size_t nplans;
};

void provider_place_done(struct provider_place *place);

/*
 * ERR_INVALID, code ambiguous, if it is on several hosts, or in several packs,
 * and nothing says which is meant.
 */
int provider_place_find(const struct request *req, const char *provider_id,
			const struct place_query *query,
			struct provider_place *ret, struct err *err)
	MUST_CHECK;

/* Each access of the provider there; `look` may fail. */
typedef int (*provider_place_look)(const struct request *req, void *arg,
				   const struct access *access,
				   struct err *err);
int provider_place_accesses(const struct request *req,
			    const struct provider_place *place,
			    provider_place_look look, void *arg,
			    struct err *err) MUST_CHECK;

#endif
