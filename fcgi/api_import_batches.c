/* api_import_batches: runs, as the API by provider lists them. */
#include "fcgi/api.h"
#include "fcgi/batch_view.h"
#include "fcgi/cursor.h"
#include "fcgi/query.h"
#include "shared/provider_status.h"
#include "shared/run_list.h"

#define PAGE 50
#define PAGE_MAX 200
#define TEXT_MAX 64

static bool is_status(const char *text)
{
	enum batch_status status;

	return batch_status_parse(text, &status);
}

struct batches_query {
	struct run_filter filter;
	const char *batch_status;
	int64_t limit;
	const char *cursor;
};

#define AT(member) offsetof(struct batches_query, member)

static const struct query_field batches_fields[] = {
	{ "batch_status", QUERY_TEXT, AT(batch_status), 0, TEXT_MAX,
	  is_status },
	{ "state", QUERY_TEXT, AT(batch_status), 0, TEXT_MAX, is_status },
	{ "host_id", QUERY_TEXT, AT(filter.host_id), 0, HTTP_ID_MAX,
	  http_is_id },
	{ "provider_id", QUERY_TEXT, AT(filter.pack_provider_id), 0,
	  HTTP_ID_MAX, http_is_id },
	{ "pack_id", QUERY_TEXT, AT(filter.pack_id), 0, HTTP_ID_MAX,
	  http_is_id },
	{ "limit", QUERY_INT, AT(limit), 1, PAGE_MAX, NULL },
	{ "cursor", QUERY_TEXT, AT(cursor), 0, CURSOR_MAX, NULL },
};

static bool is_wanted(const struct batches_query *query, const struct run *run)
{
	return !walk_given(query->batch_status) ||
	       strcmp(query->batch_status, batch_status_name(
			batch_status_of(run->state, &run->counts))) == 0;
}

/* A page may be short, and still have a cursor behind the row looked at last. */
static int write_batches(const struct request *req,
			 const struct batches_query *query, struct jout *out,
			 struct err *err)
{
	CLEANUP(walk_done) struct walk walk = { 0 };
	CLEANUP(run_done) struct run run = { 0 };
	char last[WALK_ID_MAX] = "";
	int64_t n = 0;
	int more;

	if (run_list(&walk, req->db, &query->filter, err))
		return -1;
	jout_array(out, "import_batches");
	while ((more = run_list_next(&walk, &run, err)) > 0) {
		if (!is_wanted(query, &run))
			continue;
		if (n++ == query->limit)
			break;
		batch_brief_write(out, NULL, &run);
		snprintf(last, sizeof(last), "%s", run.run_id);
	}
	jout_array_end(out);
	if (more < 0)
		return -1;
	cursor_write(out, "batches", &walk, more > 0, last);
	return 0;
}

static int batches_show(const struct request *req, struct reply *reply,
			struct err *err)
{
	AUTO_FREE char *storage = NULL;
	struct batches_query query = { .limit = PAGE };
	char before[CURSOR_ID_MAX];

	if (query_read(req->query, batches_fields, COUNT(batches_fields),
		       &query, &storage, err) ||
	    cursor_read("batches", query.cursor, before, err))
		return -1;
	query.filter.before = before;
	reply->status = 200;
	jout_object(&reply->out, NULL);
	if (write_batches(req, &query, &reply->out, err))
		return -1;
	jout_object_end(&reply->out);
	return 0;
}

static int batch_show(const struct request *req, struct reply *reply,
		      struct err *err)
{
	CLEANUP(run_done) struct run run = { 0 };

	if (runs_get(req->db, req->ids[0], &run, err))
		return -1;
	reply->status = 200;
	return batch_write(req, &reply->out, &run, err);
}

const struct route api_import_batches_routes[] = {
	{ HTTP_GET, "/api/import-batches", SCOPE_READ,
	  .handle = batches_show, .takes_query = true },
	{ HTTP_GET, "/api/import-batches/{batch_id}", SCOPE_READ,
	  .handle = batch_show },
	{ 0 }
};
