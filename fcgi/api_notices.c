/* api_notices: what an operator should hear of without asking. */
#include "fcgi/api.h"
#include "fcgi/cursor.h"
#include "fcgi/query.h"
#include "fcgi/view.h"

#define PAGE 50
#define PAGE_MAX 200

struct notices_query {
	const char *host_id;
	int64_t limit;
	const char *cursor;
};

static const struct query_field notices_query_fields[] = {
	{ "host_id", QUERY_TEXT, offsetof(struct notices_query, host_id), 0,
	  HTTP_ID_MAX, http_is_id },
	{ "limit", QUERY_INT, offsetof(struct notices_query, limit), 1,
	  PAGE_MAX, NULL },
	{ "cursor", QUERY_TEXT, offsetof(struct notices_query, cursor), 0,
	  CURSOR_MAX, NULL },
};

/* Where a page stands: among those that hold, or behind them all. */
struct place {
	struct notice_filter filter;
	int64_t left;			/* rows that still fit */
	char before[CURSOR_ID_MAX];
	bool more;			/* than fit */
};

static const char *list_of(const struct place *place)
{
	return place->filter.open ? "notices-open" : "notices-ended";
}

static int read_place(const struct notices_query *query, struct place *ret,
		      struct err *err)
{
	struct err ignored;

	*ret = (struct place){
		.filter = { .open = true, .host_id = query->host_id },
		.left = query->limit,
	};
	if (cursor_read(list_of(ret), query->cursor, ret->before,
			&ignored) == 0)
		return 0;
	ret->filter.open = false;
	return cursor_read(list_of(ret), query->cursor, ret->before, err);
}

static int write_some(const struct request *req, struct place *place,
		      struct jout *out, struct err *err)
{
	CLEANUP(db_rows_done) struct db_rows rows = { 0 };
	CLEANUP(notice_done) struct notice notice = { 0 };
	int more;

	if (notices_list(&rows, req->db, &place->filter, place->before,
			 place->left + 1, err))
		return -1;
	while ((more = notices_next(&rows, &notice, err)) > 0 &&
	       place->left > 0) {
		notice_write(out, NULL, &notice);
		snprintf(place->before, sizeof(place->before), "%s",
			 notice.notice_id);
		place->left--;
	}
	place->more = more > 0;
	return more < 0 ? -1 : 0;
}

/* Behind the id of every notice, and an id itself, so that cursors take it. */
#define BEHIND_ALL "zzz"

static int write_notices(const struct request *req, struct place *place,
			 struct jout *out, struct err *err)
{
	char cursor[CURSOR_MAX];

	jout_array(out, "notices");
	if (write_some(req, place, out, err))
		return -1;
	if (place->filter.open && !place->more) {
		place->filter.open = false;
		snprintf(place->before, sizeof(place->before), "%s",
			 BEHIND_ALL);
		if (write_some(req, place, out, err))
			return -1;
	}
	jout_array_end(out);
	jout_str(out, "next_cursor", place->more
		 ? cursor_make(list_of(place), place->before, cursor) : NULL);
	return 0;
}

static int notices_show(const struct request *req, struct reply *reply,
			struct err *err)
{
	AUTO_FREE char *storage = NULL;
	struct notices_query query = { .limit = PAGE };
	struct place place;

	if (query_read(req->query, notices_query_fields,
		       COUNT(notices_query_fields), &query, &storage, err) ||
	    read_place(&query, &place, err))
		return -1;
	reply->status = 200;
	jout_object(&reply->out, NULL);
	if (write_notices(req, &place, &reply->out, err))
		return -1;
	jout_object_end(&reply->out);
	return 0;
}

const struct route api_notices_routes[] = {
	{ HTTP_GET, "/api/notices", SCOPE_READ,
	  .handle = notices_show, .takes_query = true },
	{ 0 }
};
