#include "fcgi/provider_place.h"

#include <stdio.h>
#include <string.h>

#include "shared/hosts.h"
#include "shared/items.h"
#include "shared/pack_match.h"
#include "shared/provider_uses.h"

#define SHOWN_MAX 1000		/* accesses of an endpoint */

void provider_place_done(struct provider_place *place)
{
	packs_provider_done(&place->provider);
}

static void add_key(struct provider_place *place, const char *key)
{
	for (size_t i = 0; i < place->nkeys; i++)
		if (strcmp(place->keys[i], key) == 0)
			return;
	snprintf(place->keys[place->nkeys++], ENDPOINT_KEY_MAX, "%s", key);
}

/* The one that the pack knows, and those that imports named. */
static int find_keys(const struct request *req, struct provider_place *place,
		     struct err *err)
{
	const struct packs_provider *p = &place->provider;
	char key[ENDPOINT_KEY_MAX] = "";

	if (p->endpoint_key)
		add_key(place, p->endpoint_key);
	while (place->nkeys < PROVIDER_ENDPOINTS_MAX) {
		if (provider_uses_endpoint(req->db, p->pack_id, p->provider_id,
					   place->host_id, key, key, err))
			return -1;
		if (!*key)
			break;
		add_key(place, key);
	}
	return 0;
}

static void add_plan(struct provider_place *place, const char *plan)
{
	for (size_t i = 0; i < place->nplans; i++)
		if (strcmp(place->plans[i], plan) == 0)
			return;
	if (place->nplans < PROVIDER_PLANS_MAX)
		snprintf(place->plans[place->nplans++], LOOKUP_PLAN_MAX, "%s",
			 plan);
}

/* Each access at the provider's endpoints, whatever its place. */
static int for_all_accesses(const struct request *req,
			    const struct provider_place *place, provider_place_look look,
			    void *arg, struct err *err)
{
	for (size_t i = 0; i < place->nkeys; i++) {
		const struct access_filter filter = {
			.host_id = place->host_id,
			.endpoint_key = place->keys[i],
		};
		CLEANUP(db_rows_done) struct db_rows rows = { 0 };
		CLEANUP(access_done) struct access access = { 0 };
		int more;

		if (accesses_list(&rows, req->db, &filter, "", SHOWN_MAX, err))
			return -1;
		while ((more = accesses_next(&rows, &access, err)) > 0)
			if (look(req, arg, &access, err))
				return -1;
		if (more < 0)
			return -1;
	}
	return 0;
}

/* Another's place may have accounts of keys that were there before. */
static int see_access(const struct request *req, void *arg,
		      const struct access *access, struct err *err)
{
	struct provider_place *place = arg;
	CLEANUP(item_done) struct item item = { 0 };

	if (!access->item_id)
		return 0;
	if (items_get(req->db, NULL, access->item_id, &item, err))
		return err->kind == ERR_NOT_FOUND ? 0 : -1;
	if (item.pack_provider_id && strcmp(item.pack_provider_id,
					    place->provider.provider_id) == 0)
		add_plan(place, item.plan);
	return 0;
}

/* What the manifest says, and what imports found. */
static int find_plans(const struct request *req, struct provider_place *place,
		      struct err *err)
{
	const struct packs_provider *p = &place->provider;
	json_auto_t *manifest = json_loads(p->manifest, 0, NULL);
	CLEANUP(pack_candidates_done) struct pack_candidates others = { 0 };
	const char *plan = json_string_value(json_object_get(manifest,
							     "plan"));
	char mirrored[LOOKUP_PLAN_MAX], own[LOOKUP_PLAN_MAX];

	if (p->endpoint_key &&
	    pack_candidates_read(req->db, p->endpoint_key, &others, err))
		return -1;
	pack_match_place(&others, plan ? plan : "", false, own);
	pack_match_place(&others, plan ? plan : "", true, mirrored);
	add_plan(place, own);
	add_plan(place, mirrored);
	return for_all_accesses(req, place, see_access, place, err);
}

/* Each access of the provider here. */
struct looking {
	const struct provider_place *place;
	provider_place_look look;
	void *arg;
};

static int look_in_place(const struct request *req, void *arg,
			 const struct access *access, struct err *err)
{
	const struct looking *looking = arg;

	for (size_t i = 0; i < looking->place->nplans; i++)
		if (strcmp(looking->place->plans[i], access->plan) == 0)
			return looking->look(req, looking->arg, access, err);
	return 0;
}

int provider_place_accesses(const struct request *req,
			    const struct provider_place *place,
			    provider_place_look look, void *arg,
			    struct err *err)
{
	struct looking looking = { place, look, arg };

	return for_all_accesses(req, place, look_in_place, &looking, err);
}

int provider_place_find(const struct request *req, const char *provider_id,
			const struct place_query *query,
			struct provider_place *ret, struct err *err)
{
	CLEANUP(host_done) struct host host = { 0 };

	if (packs_provider(req->db, provider_id, query->pack_id,
			   &ret->provider, err))
		return -1;
	if (!query->host_id || !*query->host_id) {
		if (provider_uses_host(req->db, ret->provider.pack_id,
				       ret->provider.provider_id,
				       ret->host_id, err))
			return -1;
	} else {
		if (hosts_get(req->db, query->host_id, &host, err))
			return -1;
		snprintf(ret->host_id, ID_MAX, "%s", query->host_id);
	}
	if (!*ret->host_id)
		return 0;
	return find_keys(req, ret, err) || find_plans(req, ret, err) ? -1 : 0;
}
