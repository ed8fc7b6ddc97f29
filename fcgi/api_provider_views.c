/*
 * api_provider_views: a provider on one host: how it is, what CRM made for it
 * there, and who gets in.  Read from runs, resources, accesses and proofs.
 */
#include <string.h>

#include "fcgi/api.h"
#include "fcgi/batch_view.h"
#include "fcgi/provider_place.h"
#include "fcgi/query.h"
#include "fcgi/rollback_view.h"
#include "shared/item_list.h"
#include "shared/lookup.h"
#include "shared/provider_status.h"
#include "shared/provider_uses.h"
#include "shared/resources.h"

#define SHOWN_MAX 1000		/* resources of one type, accesses */

#define AT(member) offsetof(struct place_query, member)

static const struct query_field place_fields[] = {
	{ "host_id", QUERY_TEXT, AT(host_id), 0, HTTP_ID_MAX, http_is_id },
	{ "pack_id", QUERY_TEXT, AT(pack_id), 0, HTTP_ID_MAX, http_is_id },
};

static int find_place(const struct request *req, struct provider_place *ret,
		      struct err *err)
{
	AUTO_FREE char *storage = NULL;
	struct place_query query = { 0 };

	if (query_read(req->query, place_fields, COUNT(place_fields), &query,
		       &storage, err))
		return -1;
	return provider_place_find(req, req->ids[0], &query, ret, err);
}

static void place_begin(struct jout *out,
			const struct provider_place *place)
{
	jout_object(out, NULL);
	jout_str(out, "provider_id", place->provider.provider_id);
	jout_str(out, "pack_id", place->provider.pack_id);
	jout_str(out, "pack_version", place->provider.version);
	jout_str(out, "host_id", *place->host_id ? place->host_id : NULL);
	jout_array(out, "endpoint_keys");
	for (size_t i = 0; i < place->nkeys; i++)
		jout_str(out, NULL, place->keys[i]);
	jout_array_end(out);
}

struct tallies {
	struct status_tally all;
	struct status_tally by_mode[ACCESS_MODE__MAX];
};

static int count_access(const struct request *req, void *arg,
			const struct access *access, struct err *err)
{
	struct tallies *tallies = arg;

	(void)req;
	(void)err;
	status_count(&tallies->all, access->status);
	status_count(&tallies->by_mode[access->mode], access->status);
	return 0;
}

static bool is_empty(const struct status_tally *tally)
{
	for (int i = 0; i < ACCESS_STATUS__MAX; i++)
		if (tally->of[i])
			return false;
	return true;
}

/* Before anything was proven, the newest batch is all that is known. */
static int count_items(const struct request *req, const char *run_id,
		       struct tallies *tallies, struct err *err)
{
	struct item_counts counts = { 0 };

	if (!*run_id || !is_empty(&tallies->all))
		return 0;
	if (item_list_counts(req->db, run_id, &counts, err))
		return -1;
	for (int i = 0; i < ACCESS_STATUS__MAX; i++)
		tallies->all.of[i] += counts.by_access[i];
	return 0;
}

static int write_newest(const struct request *req, const char *run_id,
			struct jout *out, struct err *err)
{
	CLEANUP(run_done) struct run run = { 0 };

	if (!*run_id) {
		jout_null(out, "latest_batch");
		jout_null(out, "latest_rollback");
		return 0;
	}
	if (runs_get(req->db, run_id, &run, err))
		return -1;
	batch_brief_write(out, "latest_batch", &run);
	return rollback_write_newest(req, out, "latest_rollback", run_id,
				     err);
}

static int status_show(const struct request *req, struct reply *reply,
		       struct err *err)
{
	CLEANUP(provider_place_done) struct provider_place place = { 0 };
	struct tallies tallies = { 0 };
	struct jout *out = &reply->out;
	char newest[ID_MAX] = "";

	if (find_place(req, &place, err) ||
	    provider_uses_newest(req->db, place.provider.pack_id,
				 place.provider.provider_id, place.host_id,
				 newest, err) ||
	    provider_place_accesses(req, &place, count_access, &tallies, err) ||
	    count_items(req, newest, &tallies, err))
		return -1;
	reply->status = 200;
	place_begin(out, &place);
	jout_str(out, "provider_status",
		 access_status_name(provider_status_of(&tallies.all)));
	jout_str(out, "access_status", provider_access_name(
		provider_access_of(tallies.by_mode)));
	if (write_newest(req, newest, out, err))
		return -1;
	jout_object_end(out);
	return 0;
}

static void write_resource(struct jout *out, const struct resource *row)
{
	jout_object(out, NULL);
	jout_str(out, "resource_id", row->resource_id);
	jout_str(out, "resource_type", resource_type_name(row->type));
	jout_str(out, "host_id", row->host_id);
	jout_str(out, "host_resource_id", row->host_resource_id);
	jout_str(out, "mark", row->mark);
	jout_str(out, "lookup", row->lookup);
	jout_str(out, "state", resource_state_name(row->state));
	jout_str(out, "origin", row->origin);
	jout_str(out, "failure_class", row->failure_class);
	jout_object_end(out);
}

/* All whose lookup is of this place. */
static int write_of_type(const struct request *req,
			 const struct provider_place *place, const char *at,
			 enum resource_type type,
			 struct jout *out, struct err *err)
{
	CLEANUP(db_rows_done) struct db_rows rows = { 0 };
	CLEANUP(resource_done) struct resource row = { 0 };
	AUTO_FREE char *prefix = xasprintf("%s|", at);
	int more;

	if (resources_with_prefix(&rows, req->db, place->host_id, type, prefix,
				  SHOWN_MAX, err))
		return -1;
	while ((more = resources_next(&rows, &row, err)) > 0)
		write_resource(out, &row);
	return more;
}

struct users {
	struct jout *out;
	json_t *seen;		/* lookups that were written; owned */
};

/* A managed user serves many providers: it is there once. */
static int write_user(const struct request *req, void *arg,
		      const struct access *access, struct err *err)
{
	struct users *users = arg;
	CLEANUP(resource_done) struct resource row = { 0 };
	AUTO_FREE char *lookup = lookup_user(access->mode, access->selector);

	if (json_object_get(users->seen, lookup))
		return 0;
	json_object_set_new(users->seen, lookup, json_true());
	if (resources_find(req->db, access->host_id, RESOURCE_USER, lookup,
			   &row, err))
		return err->kind == ERR_NOT_FOUND ? 0 : -1;
	write_resource(users->out, &row);
	return 0;
}

static int write_at(const struct request *req,
		    const struct provider_place *place, const char *at,
		    struct jout *out, struct err *err)
{
	static const enum resource_type types[] = {
		RESOURCE_GROUP, RESOURCE_CHANNEL, RESOURCE_ACCOUNT,
		RESOURCE_SUBSCRIPTION, RESOURCE_USER_KEY,
	};

	for (size_t t = 0; t < COUNT(types); t++)
		if (write_of_type(req, place, at, types[t], out, err))
			return -1;
	return 0;
}

static int write_resources(const struct request *req,
			   const struct provider_place *place, struct jout *out,
			   struct err *err)
{
	json_auto_t *seen = json_object();
	struct users users = { out, seen };

	for (size_t i = 0; i < place->nkeys; i++) {
		for (size_t k = 0; k < place->nplans; k++) {
			AUTO_FREE char *at = lookup_place(place->keys[i],
							  place->plans[k]);

			if (write_at(req, place, at, out, err))
				return -1;
		}
	}
	return provider_place_accesses(req, place, write_user, &users, err);
}

static int resources_show(const struct request *req, struct reply *reply,
			  struct err *err)
{
	CLEANUP(provider_place_done) struct provider_place place = { 0 };
	struct jout *out = &reply->out;

	if (find_place(req, &place, err))
		return -1;
	reply->status = 200;
	place_begin(out, &place);
	jout_array(out, "resources");
	if (write_resources(req, &place, out, err))
		return -1;
	jout_array_end(out);
	jout_object_end(out);
	return 0;
}

static int write_access(const struct request *req, void *arg,
			const struct access *access, struct err *err)
{
	return batch_access_write(req, arg, access, err);
}

static int access_show(const struct request *req, struct reply *reply,
		       struct err *err)
{
	CLEANUP(provider_place_done) struct provider_place place = { 0 };
	struct tallies tallies = { 0 };
	struct jout *out = &reply->out;

	if (find_place(req, &place, err) ||
	    provider_place_accesses(req, &place, count_access, &tallies, err))
		return -1;
	reply->status = 200;
	place_begin(out, &place);
	jout_str(out, "access_status", provider_access_name(
		provider_access_of(tallies.by_mode)));
	jout_array(out, "access");
	if (provider_place_accesses(req, &place, write_access, out, err))
		return -1;
	jout_array_end(out);
	jout_object_end(out);
	return 0;
}

const struct route api_provider_views_routes[] = {
	{ HTTP_GET, "/api/providers/{provider_id}/status", SCOPE_READ,
	  .handle = status_show, .takes_query = true },
	{ HTTP_GET, "/api/providers/{provider_id}/resources", SCOPE_READ,
	  .handle = resources_show, .takes_query = true },
	{ HTTP_GET, "/api/providers/{provider_id}/access", SCOPE_READ,
	  .handle = access_show, .takes_query = true },
	{ 0 }
};
