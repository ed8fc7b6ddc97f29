/* api_providers: the providers that the packs in force know. */
#include <string.h>

#include "fcgi/api.h"
#include "fcgi/cursor.h"
#include "fcgi/query.h"
#include "shared/pack_providers.h"

#define PAGE 50
#define PAGE_MAX 500
#define TEXT_MAX 128

struct providers_query {
	const char *pack_id;
	const char *vendor;
	const char *plan;
	const char *region;
	const char *status;
	const char *q;
	int64_t limit;
	const char *cursor;
};

#define TEXT_FIELD(member, max, is_valid) \
	{ #member, QUERY_TEXT, offsetof(struct providers_query, member), 0, \
	  max, is_valid }

static const struct query_field providers_fields[] = {
	TEXT_FIELD(pack_id, HTTP_ID_MAX, http_is_id),
	TEXT_FIELD(vendor, TEXT_MAX, NULL),
	TEXT_FIELD(plan, TEXT_MAX, NULL),
	TEXT_FIELD(region, TEXT_MAX, NULL),
	TEXT_FIELD(status, TEXT_MAX, NULL),
	TEXT_FIELD(q, TEXT_MAX, NULL),
	TEXT_FIELD(cursor, CURSOR_MAX, NULL),
	{ "limit", QUERY_INT, offsetof(struct providers_query, limit), 1,
	  PAGE_MAX, NULL },
};

/* A place in the list: the id of a provider and the pack it is in. */
struct place {
	char id[CURSOR_ID_MAX];
	char pack[CURSOR_ID_MAX];
};

/* Ids have no '_', so one tells the two apart. */
static int read_place(const char *cursor, struct place *ret, struct err *err)
{
	char *both = ret->id, *between;

	ret->pack[0] = '\0';
	if (cursor_read("providers", cursor, both, err))
		return -1;
	between = strchr(both, '_');
	if (!between)
		return 0;
	snprintf(ret->pack, sizeof(ret->pack), "%s", between + 1);
	*between = '\0';
	return 0;
}

static int write_providers(const struct request *req,
			   const struct packs_filter *filter, int64_t limit,
			   struct jout *out, struct err *err)
{
	CLEANUP(db_rows_done) struct db_rows rows = { 0 };
	char last[CURSOR_ID_MAX] = "", cursor[CURSOR_MAX];
	const void *row;
	int64_t n = 0;
	size_t len;
	int more;

	if (packs_providers(&rows, req->db, filter, limit + 1, err))
		return -1;
	jout_array(out, "providers");
	while ((more = db_next(&rows, err)) > 0 && n < limit) {
		row = db_blob(&rows, 2, &len);
		jout_lead(out, NULL);	/* as it is, without a copy between */
		buf_add(&out->text, row, len);
		if (++n == limit)
			snprintf(last, sizeof(last), "%s_%s",
				 db_must(&rows, 0), db_must(&rows, 1));
	}
	jout_array_end(out);
	jout_str(out, "next_cursor",
		 more > 0 ? cursor_make("providers", last, cursor) : NULL);
	return more < 0 ? -1 : 0;
}

static int providers_show(const struct request *req, struct reply *reply,
			  struct err *err)
{
	AUTO_FREE char *storage = NULL;
	struct providers_query query = { .limit = PAGE };
	struct place after;

	if (query_read(req->query, providers_fields, COUNT(providers_fields),
		       &query, &storage, err) ||
	    read_place(query.cursor, &after, err))
		return -1;
	const struct packs_filter filter = {
		.pack_id = query.pack_id,
		.vendor = query.vendor,
		.plan = query.plan,
		.region = query.region,
		.status = query.status,
		.q = query.q,
		.after_id = after.id,
		.after_pack = after.pack,
	};
	reply->status = 200;
	jout_object(&reply->out, NULL);
	if (write_providers(req, &filter, query.limit, &reply->out, err))
		return -1;
	jout_object_end(&reply->out);
	return 0;
}

struct provider_query {
	const char *pack_id;
};

static const struct query_field provider_fields[] = {
	{ "pack_id", QUERY_TEXT, offsetof(struct provider_query, pack_id), 0,
	  HTTP_ID_MAX, http_is_id },
};

static int provider_show(const struct request *req, struct reply *reply,
			 struct err *err)
{
	CLEANUP(packs_provider_done) struct packs_provider provider = { 0 };
	AUTO_FREE char *storage = NULL;
	struct provider_query query = { 0 };
	struct jout *out = &reply->out;

	if (query_read(req->query, provider_fields, COUNT(provider_fields),
		       &query, &storage, err) ||
	    packs_provider(req->db, req->ids[0], query.pack_id, &provider,
			   err))
		return -1;
	reply->status = 200;
	jout_object(out, NULL);
	jout_str(out, "provider_id", provider.provider_id);
	jout_str(out, "pack_id", provider.pack_id);
	jout_str(out, "pack_version", provider.version);
	jout_str(out, "endpoint_key", provider.endpoint_key);
	jout_raw(out, "manifest", provider.manifest);
	jout_object_end(out);
	return 0;
}

const struct route api_providers_routes[] = {
	{ HTTP_GET, "/api/providers", SCOPE_READ,
	  .handle = providers_show, .takes_query = true },
	{ HTTP_GET, "/api/providers/{provider_id}", SCOPE_READ,
	  .handle = provider_show, .takes_query = true },
	{ 0 }
};
