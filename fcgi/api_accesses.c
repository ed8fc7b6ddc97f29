/* api_accesses: what keys give access to, and what happened to it. */
#include "fcgi/api.h"
#include "fcgi/cursor.h"
#include "fcgi/query.h"
#include "fcgi/view.h"

#define PAGE 50
#define PAGE_MAX 200
#define TEXT_MAX 64
#define SHOWN 20	/* events and proofs, with a single access */

static bool is_status(const char *text)
{
	enum access_status status;

	return access_status_parse(text, &status);
}

static bool is_mode(const char *text)
{
	enum access_mode mode;

	return access_mode_parse(text, &mode);
}

struct accesses_query {
	struct access_filter filter;
	int64_t limit;
	const char *cursor;
};

#define AT(member) offsetof(struct accesses_query, member)

static const struct query_field accesses_query_fields[] = {
	{ "host_id", QUERY_TEXT, AT(filter.host_id), 0, HTTP_ID_MAX,
	  http_is_id },
	{ "provider_id", QUERY_TEXT, AT(filter.endpoint_key), 0,
	  ENDPOINT_KEY_MAX, http_is_key },
	{ "status", QUERY_TEXT, AT(filter.status), 0, TEXT_MAX, is_status },
	{ "access_mode", QUERY_TEXT, AT(filter.access_mode), 0, TEXT_MAX,
	  is_mode },
	{ "limit", QUERY_INT, AT(limit), 1, PAGE_MAX, NULL },
	{ "cursor", QUERY_TEXT, AT(cursor), 0, CURSOR_MAX, NULL },
};

int api_access_begin(const struct request *req, const char *name,
		     const struct access *access, struct jout *out,
		     struct err *err)
{
	struct access_view view = { .now = req->now };
	enum access_mode other = access->mode == ACCESS_SUBSCRIPTION
		? ACCESS_SELF_SERVICE : ACCESS_SUBSCRIPTION;

	if (accesses_active(req->db, access->host_id, access->endpoint_key,
			    access->plan, other, &view.other_active, err))
		return -1;
	access_write_begin(out, name, access, &view);
	return 0;
}

/* One row more than the page has tells whether there is another page. */
static int write_accesses(const struct request *req,
			  const struct accesses_query *query,
			  const char *after, struct jout *out,
			  struct err *err)
{
	CLEANUP(db_rows_done) struct db_rows rows = { 0 };
	CLEANUP(access_done) struct access access = { 0 };
	char last[CURSOR_ID_MAX] = "", cursor[CURSOR_MAX];
	int64_t n = 0;
	int more;

	if (accesses_list(&rows, req->db, &query->filter, after,
			  query->limit + 1, err))
		return -1;
	jout_array(out, "accesses");
	while ((more = accesses_next(&rows, &access, err)) > 0 &&
	       n++ < query->limit) {
		if (api_access_begin(req, NULL, &access, out, err))
			return -1;
		access_write_end(out);
		snprintf(last, sizeof(last), "%s", access.access_id);
	}
	jout_array_end(out);
	jout_str(out, "next_cursor",
		 more > 0 ? cursor_make("accesses", last, cursor) : NULL);
	return more < 0 ? -1 : 0;
}

static int accesses_show(const struct request *req, struct reply *reply,
			 struct err *err)
{
	AUTO_FREE char *storage = NULL;
	struct accesses_query query = { .limit = PAGE };
	char after[CURSOR_ID_MAX];

	if (query_read(req->query, accesses_query_fields,
		       COUNT(accesses_query_fields), &query, &storage, err) ||
	    cursor_read("accesses", query.cursor, after, err))
		return -1;
	reply->status = 200;
	jout_object(&reply->out, NULL);
	if (write_accesses(req, &query, after, &reply->out, err))
		return -1;
	jout_object_end(&reply->out);
	return 0;
}

/* A page of what belongs to an access, newest first. */
struct page {
	const char *access_id;
	int64_t limit;
	const char *cursor;
	char before[CURSOR_ID_MAX];
};

static const struct query_field page_fields[] = {
	{ "limit", QUERY_INT, offsetof(struct page, limit), 1, PAGE_MAX,
	  NULL },
	{ "cursor", QUERY_TEXT, offsetof(struct page, cursor), 0, CURSOR_MAX,
	  NULL },
};

/* So few are kept that all of them are read for a page. */
static int write_events(const struct request *req, const struct page *page,
			struct jout *out, struct err *err)
{
	CLEANUP(db_rows_done) struct db_rows rows = { 0 };
	CLEANUP(access_event_done) struct access_event event = { 0 };
	int64_t before = *page->before ? strtoll(page->before, NULL, 10)
				       : INT64_MAX;
	char last[CURSOR_ID_MAX] = "", cursor[CURSOR_MAX];
	int64_t n = 0;
	int more;

	if (access_events_list(&rows, req->db, page->access_id,
			       ACCESS_EVENTS_KEPT, err))
		return -1;
	jout_array(out, "events");
	while ((more = access_events_next(&rows, &event, err)) > 0) {
		if (event.seq >= before)
			continue;
		if (n++ == page->limit)
			break;
		access_event_write(out, NULL, &event);
		snprintf(last, sizeof(last), "%lld", (long long)event.seq);
	}
	jout_array_end(out);
	jout_str(out, "next_cursor", more > 0
		 ? cursor_make("access-events", last, cursor) : NULL);
	return more < 0 ? -1 : 0;
}

static int write_proofs(const struct request *req, const struct page *page,
			struct jout *out, struct err *err)
{
	CLEANUP(db_rows_done) struct db_rows rows = { 0 };
	CLEANUP(proof_done) struct proof proof = { 0 };
	char last[CURSOR_ID_MAX] = "", cursor[CURSOR_MAX];
	int64_t n = 0;
	int more;

	if (proofs_list_access(&rows, req->db, page->access_id, page->before,
			       page->limit + 1, err))
		return -1;
	jout_array(out, "proofs");
	while ((more = proofs_next(&rows, &proof, err)) > 0 &&
	       n++ < page->limit) {
		proof_write(out, NULL, &proof);
		snprintf(last, sizeof(last), "%s", proof.proof_id);
	}
	jout_array_end(out);
	jout_str(out, "next_cursor", more > 0
		 ? cursor_make("access-proofs", last, cursor) : NULL);
	return more < 0 ? -1 : 0;
}

/* A list that belongs to the access of the path. */
static int show_page(const struct request *req, struct reply *reply,
		     const char *list,
		     int (*write)(const struct request *req,
				  const struct page *page, struct jout *out,
				  struct err *err), struct err *err)
{
	CLEANUP(access_done) struct access access = { 0 };
	struct page page = { .access_id = req->ids[0], .limit = PAGE };
	AUTO_FREE char *storage = NULL;

	if (query_read(req->query, page_fields, COUNT(page_fields), &page,
		       &storage, err) ||
	    cursor_read(list, page.cursor, page.before, err) ||
	    accesses_get(req->db, page.access_id, &access, err))
		return -1;
	reply->status = 200;
	jout_object(&reply->out, NULL);
	if (write(req, &page, &reply->out, err))
		return -1;
	jout_object_end(&reply->out);
	return 0;
}

static int events_show(const struct request *req, struct reply *reply,
		       struct err *err)
{
	return show_page(req, reply, "access-events", write_events, err);
}

static int proofs_show(const struct request *req, struct reply *reply,
		       struct err *err)
{
	return show_page(req, reply, "access-proofs", write_proofs, err);
}

/* The newest events and proofs; their own lists have the rest. */
static int write_newest(const struct request *req, const char *access_id,
			struct jout *out, struct err *err)
{
	CLEANUP(db_rows_done) struct db_rows events = { 0 }, proofs = { 0 };
	CLEANUP(access_event_done) struct access_event event = { 0 };
	CLEANUP(proof_done) struct proof proof = { 0 };
	int more;

	if (access_events_list(&events, req->db, access_id, SHOWN, err) ||
	    proofs_list_access(&proofs, req->db, access_id, "", SHOWN, err))
		return -1;
	jout_array(out, "events");
	while ((more = access_events_next(&events, &event, err)) > 0)
		access_event_write(out, NULL, &event);
	if (more < 0)
		return -1;
	jout_array_end(out);
	jout_array(out, "proofs");
	while ((more = proofs_next(&proofs, &proof, err)) > 0)
		proof_write(out, NULL, &proof);
	jout_array_end(out);
	return more;
}

static int access_show(const struct request *req, struct reply *reply,
		       struct err *err)
{
	CLEANUP(access_done) struct access access = { 0 };

	if (accesses_get(req->db, req->ids[0], &access, err))
		return -1;
	reply->status = 200;
	if (api_access_begin(req, NULL, &access, &reply->out, err) ||
	    write_newest(req, access.access_id, &reply->out, err))
		return -1;
	access_write_end(&reply->out);
	return 0;
}

const struct route api_accesses_routes[] = {
	{ HTTP_GET, "/api/accesses", SCOPE_READ,
	  .handle = accesses_show, .takes_query = true },
	{ HTTP_GET, "/api/accesses/{access_id}", SCOPE_READ,
	  .handle = access_show },
	{ HTTP_GET, "/api/accesses/{access_id}/events", SCOPE_READ,
	  .handle = events_show, .takes_query = true },
	{ HTTP_GET, "/api/accesses/{access_id}/proofs", SCOPE_READ,
	  .handle = proofs_show, .takes_query = true },
	{ 0 }
};
