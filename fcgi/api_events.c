/* api_events: what happens in a run, and to an item, from a number on. */
#include "fcgi/api.h"
#include "fcgi/query.h"
#include "fcgi/view.h"
#include "shared/item_list.h"
#include "shared/run_events.h"

#define PAGE 100
#define PAGE_MAX 500
#define GATHER_MS 200	/* so many answers in a second, at most five */

struct events_query {
	int64_t after;
	int64_t limit;
};

#define AT(member) offsetof(struct events_query, member)

static const struct query_field events_query_fields[] = {
	{ "after", QUERY_INT, AT(after), 0, INT64_MAX, NULL },
	{ "limit", QUERY_INT, AT(limit), 1, PAGE_MAX, NULL },
};

static int read_query(const struct request *req, struct events_query *ret,
		      struct err *err)
{
	AUTO_FREE char *storage = NULL;

	*ret = (struct events_query){ .limit = PAGE };
	return query_read(req->query, events_query_fields,
			  COUNT(events_query_fields), ret, &storage, err);
}

/* *after becomes the number of the last one; *ret_count is how many. */
static int write_run_events(const struct request *req, int64_t limit,
			    int64_t *after, int64_t *ret_count,
			    struct jout *out, struct err *err)
{
	CLEANUP(db_rows_done) struct db_rows rows = { 0 };
	CLEANUP(run_event_done) struct run_event event = { 0 };
	int more;

	*ret_count = 0;
	if (run_events_list(&rows, req->db, req->ids[0], *after, limit, err))
		return -1;
	jout_array(out, "events");
	while ((more = run_events_next(&rows, &event, err)) > 0) {
		run_event_write(out, NULL, &event);
		*after = event.seq;
		(*ret_count)++;
	}
	jout_array_end(out);
	return more;
}

/*
 * The run is read before the events: one that is over is not told before the
 * last of them.
 */
static int run_events_show(const struct request *req, struct reply *reply,
			   struct err *err)
{
	CLEANUP(run_done) struct run run = { 0 };
	struct item_counts counts;
	struct events_query query;
	int64_t count, last;

	if (read_query(req, &query, err) ||
	    runs_get(req->db, req->ids[0], &run, err) ||
	    item_list_counts(req->db, req->ids[0], &counts, err) ||
	    run_events_last(req->db, req->ids[0], &last, err))
		return -1;
	reply->status = 200;
	jout_object(&reply->out, NULL);
	if (write_run_events(req, query.limit, &query.after, &count,
			     &reply->out, err))
		return -1;
	jout_i64(&reply->out, "next_after", query.after);
	jout_i64(&reply->out, "last", last);
	jout_str(&reply->out, "state", run_state_name(run.state));
	run_write(&reply->out, "run", &run);
	view_item_counts(&reply->out, "counts", &counts);
	jout_object_end(&reply->out);
	reply->is_early = run.state == RUN_RUNNING && count < query.limit;
	return 0;
}

/* Is there something new to say? */
static int has_news(const struct request *req, const char *subject, bool *ret,
		    struct err *err)
{
	CLEANUP(run_done) struct run run = { 0 };
	struct events_query query;
	int64_t last;

	(void)subject;
	if (read_query(req, &query, err) ||
	    run_events_last(req->db, req->ids[0], &last, err) ||
	    runs_get(req->db, req->ids[0], &run, err))
		return -1;
	*ret = last > query.after || run.state != RUN_RUNNING;
	return 0;
}

static int show_news(const struct request *req, const char *subject,
		     struct reply *reply, struct err *err)
{
	(void)subject;
	return run_events_show(req, reply, err);
}

static const struct waiting news = { has_news, show_news, 0, GATHER_MS };

static int item_events_show(const struct request *req, struct reply *reply,
			    struct err *err)
{
	CLEANUP(db_rows_done) struct db_rows rows = { 0 };
	CLEANUP(event_done) struct event event = { 0 };
	CLEANUP(item_done) struct item item = { 0 };
	struct events_query query;
	int more;

	if (read_query(req, &query, err) ||
	    items_get(req->db, req->ids[0], req->ids[1], &item, err) ||
	    events_list(&rows, req->db, item.item_id, query.after, query.limit,
			err))
		return -1;
	reply->status = 200;
	jout_object(&reply->out, NULL);
	jout_array(&reply->out, "events");
	while ((more = events_next(&rows, &event, err)) > 0) {
		event_write(&reply->out, NULL, &event);
		query.after = event.seq;
	}
	jout_array_end(&reply->out);
	jout_i64(&reply->out, "next_after", query.after);
	jout_object_end(&reply->out);
	return more;
}

const struct route api_events_routes[] = {
	{ HTTP_GET, "/api/batch-import/runs/{run_id}/events", SCOPE_READ,
	  .handle = run_events_show, .takes_query = true, .waiting = &news },
	{ HTTP_GET,
	  "/api/batch-import/runs/{run_id}/items/{item_id}/events",
	  SCOPE_READ, .handle = item_events_show, .takes_query = true },
	{ 0 }
};
