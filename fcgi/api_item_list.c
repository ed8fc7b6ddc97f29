/* api_item_list: items of one run or of all runs, as pages or as a report. */
#include "fcgi/accept.h"
#include "fcgi/api.h"
#include "fcgi/cursor.h"
#include "fcgi/problem.h"
#include "fcgi/query.h"
#include "fcgi/report.h"
#include "fcgi/view.h"
#include "shared/failure.h"

#define PAGE 50
#define PAGE_MAX 200
#define TEXT_MAX 128
#define LABEL_MAX 256
#define PART_ROWS 200		/* of a report, read and sent at once */

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

static bool is_class(const char *text)
{
	enum failure failure;

	return failure_parse(text, &failure) && failure != FAILURE_NONE;
}

static bool is_format(const char *text)
{
	return strcmp(text, "json") == 0 || strcmp(text, "csv") == 0;
}

static bool is_lang(const char *text)
{
	return strcmp(text, "zh") == 0 || strcmp(text, "en") == 0;
}

static bool is_view(const char *text)
{
	return strcmp(text, "full") == 0 || strcmp(text, "brief") == 0;
}

struct items_query {
	struct item_filter filter;
	int64_t limit;
	const char *cursor;
	const char *format;
	const char *view;
	const char *lang;
};

#define AT(member) offsetof(struct items_query, member)
#define TEXT_FIELD(name, member, max, is_valid) \
	{ name, QUERY_TEXT, AT(member), 0, max, is_valid }

static const struct query_field items_query_fields[] = {
	TEXT_FIELD("current_stage", filter.current_stage, TEXT_MAX, is_stage),
	TEXT_FIELD("confirmation_status", filter.confirmation_status,
		   TEXT_MAX, is_confirmation),
	TEXT_FIELD("access_status", filter.access_status, TEXT_MAX, is_access),
	TEXT_FIELD("class", filter.class, TEXT_MAX, is_class),
	TEXT_FIELD("provider_id", filter.provider_id, ENDPOINT_KEY_MAX,
		   http_is_key),
	TEXT_FIELD("q", filter.label, LABEL_MAX, NULL),
	{ "warning", QUERY_FLAG, AT(filter.warning), 0, 0, NULL },
	{ "limit", QUERY_INT, AT(limit), 1, PAGE_MAX, NULL },
	TEXT_FIELD("cursor", cursor, CURSOR_MAX, NULL),
	TEXT_FIELD("format", format, TEXT_MAX, is_format),
	TEXT_FIELD("view", view, TEXT_MAX, is_view),
	TEXT_FIELD("lang", lang, TEXT_MAX, is_lang),
	/* Last: the items of one run know their host. */
	TEXT_FIELD("host_id", filter.host_id, TEXT_MAX, http_is_id),
};

/* `run` is NULL in a list of all runs: then the row knows. */
static void write_row(const struct request *req, const struct run *run,
		      const struct item_row *row, struct jout *out)
{
	const struct run known = {
		.host_id = row->host_id,
		.given_key_fingerprint = row->given_key_fingerprint,
	};
	const struct proof newest = {
		.key_source = row->key_source,
		.key_fingerprint = row->key_fingerprint,
	};

	item_begin(out, NULL, &row->item, &(struct item_view){
		   .run = run ? run : &known, .proof = &newest, .now = req->now });
	item_end(out);
}

/* Where a page writes its rows. */
struct page {
	const struct request *req;
	const struct run *run;		/* NULL: of all runs */
	int64_t limit;
	struct jout *out;
};

static int write_full(const struct page *page, struct walk *walk,
		      struct item_row *row, bool is_shown, struct err *err)
{
	int more = item_list_next(walk, row, err);

	if (more > 0 && is_shown)
		write_row(page->req, page->run, row, page->out);
	return more;
}

static int write_brief(const struct page *page, struct walk *walk,
		       bool is_shown, struct err *err)
{
	struct item_brief brief;
	int more = item_list_next_brief(walk, &brief, err);

	if (more > 0 && is_shown)
		item_brief_write(page->out, NULL, &brief);
	return more;
}

/*
 * One row more than the page has tells whether there is another.  A page may
 * be short and have a cursor all the same, see walk.h.
 */
static int write_page(const struct page *page,
		      const struct item_filter *filter, struct err *err)
{
	CLEANUP(walk_done) struct walk walk = { 0 };
	CLEANUP(item_row_done) struct item_row row = { 0 };
	char last[WALK_ID_MAX] = "";
	int64_t n = 0;
	int more = 1;

	if (item_list(&walk, page->req->db, filter, err))
		return -1;
	jout_array(page->out, "items");
	for (; more > 0 && n <= page->limit; n++) {
		bool is_shown = n < page->limit;

		more = filter->brief
			? write_brief(page, &walk, is_shown, err)
			: write_full(page, &walk, &row, is_shown, err);
		if (more > 0 && is_shown)
			snprintf(last, sizeof(last), "%s", walk.last);
	}
	jout_array_end(page->out);
	if (more < 0)
		return -1;
	cursor_write(page->out, "items", &walk, more > 0, last);
	return 0;
}

static int write_counts(const struct request *req, const char *run_id,
			struct jout *out, struct err *err)
{
	struct item_counts counts;

	if (item_list_counts(req->db, run_id, &counts, err))
		return -1;
	view_item_counts(out, "counts", &counts);
	return 0;
}

/* A report on its way: where it is, and what it is of. */
struct report {
	struct reply_source source;	/* first: it is what others know */
	struct db *db;
	struct item_filter filter;
	char *storage;			/* of the filter's texts */
	char run_id[HTTP_ID_TEXT];
	char host_id[HTTP_ID_TEXT];	/* of the run */
	char lang[3];
	char last[WALK_ID_MAX];
	bool is_over;
};

static void report_free(struct reply_source *source)
{
	struct report *report = (struct report *)source;

	free(report->storage);
	free(report);
}

/* No row is left open while what was read is sent. */
static int report_next(struct reply_source *source, struct buf *out,
		       struct err *err)
{
	struct report *report = (struct report *)source;
	CLEANUP(walk_done) struct walk walk = { 0 };
	CLEANUP(item_row_done) struct item_row row = { 0 };
	int n = 0, more;

	if (report->is_over)
		return 0;
	report->filter.cursor = report->last;
	if (item_list(&walk, report->db, &report->filter, err))
		return -1;
	while ((more = item_list_next(&walk, &row, err)) > 0) {
		if (!row.host_id)
			row.host_id = xstrdup(report->host_id);
		report_row(out, &row, report->lang);
		if (++n == PART_ROWS)
			break;
	}
	if (more < 0)
		return -1;
	snprintf(report->last, sizeof(report->last), "%s", walk.last);
	report->is_over = more == 0 && !walk_was_cut(&walk);
	return 1;
}

static void begin_report(const struct request *req, const char *host_id,
			 const struct items_query *query, char **storage,
			 struct reply *reply)
{
	struct report *report = xcalloc(1, sizeof(*report));
	const char *lang = query->lang ? query->lang
				       : accept_lang(req->accept_language);

	report->source = (struct reply_source){ report_next, report_spoil,
						report_free };
	report->db = req->db;
	report->filter = query->filter;
	report->storage = TAKE(*storage);
	snprintf(report->run_id, sizeof(report->run_id), "%s", req->ids[0]);
	report->filter.run_id = report->run_id;
	snprintf(report->host_id, sizeof(report->host_id), "%s", host_id);
	snprintf(report->lang, sizeof(report->lang), "%s", lang);
	snprintf(report->last, sizeof(report->last), "%s",
		 query->filter.cursor ? query->filter.cursor : "");
	report_head(&reply->out.text, report->lang);
	reply->source = &report->source;
	reply->media_type = "text/csv; charset=utf-8";
	snprintf(reply->attachment, sizeof(reply->attachment), "%s.csv",
		 *req->ids[0] ? req->ids[0] : "items");
}

static bool wants_report(const struct request *req,
			 const struct items_query *query)
{
	if (query->format)
		return strcmp(query->format, "csv") == 0;
	return accept_is_csv(req->accept);
}

static int items_show(const struct request *req, struct reply *reply,
		      struct err *err)
{
	bool of_run = *req->ids[0] != '\0';
	size_t nfields = COUNT(items_query_fields) - of_run;
	CLEANUP(run_done) struct run run = { 0 };
	AUTO_FREE char *storage = NULL;
	struct items_query query = { .limit = PAGE };
	char last[CURSOR_ID_MAX];

	if (query_read(req->query, items_query_fields, nfields, &query,
		       &storage, err) ||
	    cursor_read("items", query.cursor, last, err) ||
	    (of_run && runs_get(req->db, req->ids[0], &run, err)))
		return -1;
	query.filter.run_id = req->ids[0];
	query.filter.cursor = last;
	reply->status = 200;
	if (wants_report(req, &query)) {
		begin_report(req, of_run ? run.host_id : "", &query, &storage,
			     reply);
		return 0;
	}
	query.filter.brief = query.view && strcmp(query.view, "brief") == 0;
	const struct page page = {
		.req = req,
		.run = of_run ? &run : NULL,
		.limit = query.limit,
		.out = &reply->out,
	};
	jout_object(&reply->out, NULL);
	if (write_page(&page, &query.filter, err) ||
	    (of_run && write_counts(req, req->ids[0], &reply->out, err)))
		return -1;
	jout_object_end(&reply->out);
	return 0;
}

const struct route api_item_list_routes[] = {
	{ HTTP_GET, "/api/batch-import/runs/{run_id}/items", SCOPE_READ,
	  .handle = items_show, .takes_query = true },
	{ HTTP_GET, "/api/batch-import/items", SCOPE_READ,
	  .handle = items_show, .takes_query = true },
	{ 0 }
};
