/* api_items: the items of a run, and proofs. */
#include "fcgi/api.h"
#include "fcgi/cursor.h"
#include "fcgi/query.h"
#include "fcgi/view.h"

#define PAGE 50
#define PAGE_MAX 200
#define ROWS_MAX 1000		/* looked at for one page */
#define PROOFS_MAX 50		/* shown with an item */
#define TEXT_MAX 64

static bool is_stage(const char *text)
{
	enum item_stage stage;

	return item_stage_parse(text, &stage);
}

static bool is_confirmation(const char *text)
{
	enum confirmation confirmation;

	return confirmation_parse(text, &confirmation);
}

static bool is_access(const char *text)
{
	enum access_status access;

	return access_status_parse(text, &access);
}

struct items_query {
	struct item_filter filter;
	int64_t limit;
	const char *cursor;
};

#define AT(member) offsetof(struct items_query, member)

static const struct query_field items_query_fields[] = {
	{ "current_stage", QUERY_TEXT, AT(filter.current_stage), 0, TEXT_MAX,
	  is_stage },
	{ "confirmation_status", QUERY_TEXT, AT(filter.confirmation_status),
	  0, TEXT_MAX, is_confirmation },
	{ "access_status", QUERY_TEXT, AT(filter.access_status), 0, TEXT_MAX,
	  is_access },
	{ "warning", QUERY_FLAG, AT(filter.warning), 0, 0, NULL },
	{ "limit", QUERY_INT, AT(limit), 1, PAGE_MAX, NULL },
	{ "cursor", QUERY_TEXT, AT(cursor), 0, CURSOR_MAX, NULL },
};

/* Leaves the item open. */
static int begin_item(const struct request *req, const struct item *item,
		      const struct run *run, struct jout *out,
		      struct err *err)
{
	CLEANUP(db_rows_done) struct db_rows rows = { 0 };
	CLEANUP(proof_done) struct proof newest = { 0 };

	if (proofs_list(&rows, req->db, item->item_id, 1, err) ||
	    proofs_next(&rows, &newest, err) < 0)
		return -1;
	item_begin(out, NULL, item, &(struct item_view){
		   .run = run, .proof = &newest, .now = req->now });
	return 0;
}

/*
 * Filters are looked at row by row: a page may be short, and still have a
 * cursor behind the last row that was looked at.
 */
static int write_items(const struct request *req, const struct run *run,
		       const struct items_query *query, const char *after,
		       struct jout *out, struct err *err)
{
	CLEANUP(db_rows_done) struct db_rows rows = { 0 };
	CLEANUP(item_done) struct item item = { 0 };
	char last[CURSOR_ID_MAX] = "", cursor[CURSOR_MAX];
	int64_t written = 0, seen = 0;
	int more;

	if (items_list(&rows, req->db, req->ids[0], after, ROWS_MAX + 1, err))
		return -1;
	jout_array(out, "items");
	while ((more = items_next(&rows, &item, err)) > 0) {
		if (written == query->limit || seen++ == ROWS_MAX)
			break;
		snprintf(last, sizeof(last), "%s", item.item_id);
		if (!item_matches(&item, &query->filter))
			continue;
		if (begin_item(req, &item, run, out, err))
			return -1;
		item_end(out);
		written++;
	}
	jout_array_end(out);
	jout_str(out, "next_cursor",
		 more > 0 ? cursor_make("items", last, cursor) : NULL);
	return more < 0 ? -1 : 0;
}

static int items_show(const struct request *req, struct reply *reply,
		      struct err *err)
{
	CLEANUP(run_done) struct run run = { 0 };
	AUTO_FREE char *storage = NULL;
	struct items_query query = { .limit = PAGE };
	char after[CURSOR_ID_MAX];

	if (query_read(req->query, items_query_fields,
		       COUNT(items_query_fields), &query, &storage, err) ||
	    cursor_read("items", query.cursor, after, err) ||
	    runs_get(req->db, req->ids[0], &run, err))
		return -1;
	reply->status = 200;
	jout_object(&reply->out, NULL);
	if (write_items(req, &run, &query, after, &reply->out, err))
		return -1;
	jout_object_end(&reply->out);
	return 0;
}

static int write_events(const struct request *req, const char *item_id,
			struct jout *out, struct err *err)
{
	CLEANUP(db_rows_done) struct db_rows rows = { 0 };
	CLEANUP(event_done) struct event event = { 0 };
	int more;

	if (events_list(&rows, req->db, item_id, -1, EVENTS_MAX, err))
		return -1;
	jout_array(out, "events");
	while ((more = events_next(&rows, &event, err)) > 0)
		event_write(out, NULL, &event);
	jout_array_end(out);
	return more;
}

static int write_proofs(const struct request *req, const char *item_id,
			struct jout *out, struct err *err)
{
	CLEANUP(db_rows_done) struct db_rows rows = { 0 };
	CLEANUP(proof_done) struct proof proof = { 0 };
	int more;

	if (proofs_list(&rows, req->db, item_id, PROOFS_MAX, err))
		return -1;
	jout_array(out, "proofs");
	while ((more = proofs_next(&rows, &proof, err)) > 0)
		proof_write(out, NULL, &proof);
	jout_array_end(out);
	return more;
}

/* The money behind the key; a key too short for a fingerprint has none. */
static int write_balance(const struct request *req, const struct item *item,
			 struct jout *out, struct err *err)
{
	CLEANUP(balance_done) struct balance balance = { 0 };

	if (item->api_key_fingerprint &&
	    balances_get(req->db, item->endpoint_key,
			 item->api_key_fingerprint, &balance, err))
		return -1;
	balance_write(out, "balance", &balance);
	return 0;
}

static int item_show(const struct request *req, struct reply *reply,
		     struct err *err)
{
	CLEANUP(item_done) struct item item = { 0 };
	CLEANUP(run_done) struct run run = { 0 };
	struct jout *out = &reply->out;

	if (items_get(req->db, req->ids[0], req->ids[1], &item, err) ||
	    runs_get(req->db, req->ids[0], &run, err))
		return -1;
	reply->status = 200;
	if (begin_item(req, &item, &run, out, err) ||
	    write_balance(req, &item, out, err) ||
	    write_events(req, item.item_id, out, err) ||
	    write_proofs(req, item.item_id, out, err))
		return -1;
	item_end(out);
	return 0;
}

static int proof_show(const struct request *req, struct reply *reply,
		      struct err *err)
{
	CLEANUP(proof_done) struct proof proof = { 0 };

	if (proofs_get(req->db, req->ids[0], &proof, err))
		return -1;
	reply->status = 200;
	proof_write(&reply->out, NULL, &proof);
	return 0;
}

const struct route api_items_routes[] = {
	{ HTTP_GET, "/api/batch-import/runs/{run_id}/items", SCOPE_READ,
	  .handle = items_show, .takes_query = true },
	{ HTTP_GET, "/api/batch-import/runs/{run_id}/items/{item_id}",
	  SCOPE_READ, .handle = item_show },
	{ HTTP_GET, "/api/proofs/{proof_id}", SCOPE_READ,
	  .handle = proof_show },
	{ 0 }
};
