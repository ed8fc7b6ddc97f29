/*
 * api_rollbacks: taking back what imports made: of a run, an item, a provider
 * on a host, and an adopted account, which is given back.
 */
#include <string.h>

#include "fcgi/api.h"
#include "fcgi/cursor.h"
#include "fcgi/problem.h"
#include "fcgi/query.h"
#include "fcgi/rollback_view.h"
#include "shared/hosts.h"
#include "shared/pack_providers.h"
#include "shared/pauses.h"
#include "shared/provider_uses.h"

#define FOLDER "/api/rollbacks/"
#define PAGE 50
#define PAGE_MAX 200
#define PARTS 200
#define PARTS_MAX 1000
#define WAIT_S 25

/* ---- one that has begun ---- */

static int show(const struct request *req, const char *rollback_id,
		const struct rollback_view *view, struct reply *reply,
		struct err *err)
{
	CLEANUP(rollback_done) struct rollback rollback = { 0 };

	if (rollbacks_get(req->db, rollback_id, &rollback, err))
		return -1;
	return rollback_write(req, &reply->out, &rollback, view, err);
}

static int show_result(const struct request *req, const char *rollback_id,
		       struct reply *reply, struct err *err)
{
	const struct rollback_view view = { .limit = PARTS };

	reply->status = 200;
	return show(req, rollback_id, &view, reply, err);
}

static int is_over(const struct request *req, const char *rollback_id,
		   bool *ret, struct err *err)
{
	CLEANUP(rollback_done) struct rollback rollback = { 0 };

	if (rollbacks_get(req->db, rollback_id, &rollback, err))
		return -1;
	*ret = !rollback.running;
	return 0;
}

static bool is_part_state(const char *text)
{
	enum rollback_part_state state;

	return rollback_part_state_parse(text, &state);
}

static const struct query_field view_fields[] = {
	{ "state", QUERY_TEXT, offsetof(struct rollback_view, state), 0, 32,
	  is_part_state },
	{ "after", QUERY_INT, offsetof(struct rollback_view, after), 0,
	  INT64_C(1000000000), NULL },
	{ "limit", QUERY_INT, offsetof(struct rollback_view, limit), 1,
	  PARTS_MAX, NULL },
};

static int rollback_show(const struct request *req, struct reply *reply,
			 struct err *err)
{
	AUTO_FREE char *storage = NULL;
	struct rollback_view view = { .limit = PARTS };

	if (query_read(req->query, view_fields, COUNT(view_fields), &view,
		       &storage, err))
		return -1;
	reply->status = 200;
	return show(req, req->ids[0], &view, reply, err);
}

struct list_query {
	const char *host_id;
	int64_t limit;
	const char *cursor;
};

static const struct query_field list_fields[] = {
	{ "host_id", QUERY_TEXT, offsetof(struct list_query, host_id), 0,
	  HTTP_ID_MAX, http_is_id },
	{ "limit", QUERY_INT, offsetof(struct list_query, limit), 1,
	  PAGE_MAX, NULL },
	{ "cursor", QUERY_TEXT, offsetof(struct list_query, cursor), 0,
	  CURSOR_MAX, NULL },
};

static int write_list(const struct request *req,
		      const struct list_query *query, const char *before,
		      struct jout *out, struct err *err)
{
	CLEANUP(db_rows_done) struct db_rows rows = { 0 };
	CLEANUP(rollback_done) struct rollback rollback = { 0 };
	char last[CURSOR_ID_MAX] = "", cursor[CURSOR_MAX];
	int64_t n = 0;
	int more;

	if (rollbacks_list(&rows, req->db, query->host_id, before,
			   query->limit + 1, err))
		return -1;
	jout_array(out, "rollbacks");
	while ((more = rollbacks_next(&rows, &rollback, err)) > 0 &&
	       n++ < query->limit) {
		rollback_brief_write(out, NULL, &rollback);
		snprintf(last, sizeof(last), "%s", rollback.rollback_id);
	}
	jout_array_end(out);
	jout_str(out, "next_cursor",
		 more > 0 ? cursor_make("rollbacks", last, cursor) : NULL);
	return more < 0 ? -1 : 0;
}

static int rollbacks_show(const struct request *req, struct reply *reply,
			  struct err *err)
{
	AUTO_FREE char *storage = NULL;
	struct list_query query = { .limit = PAGE };
	char before[CURSOR_ID_MAX];

	if (query_read(req->query, list_fields, COUNT(list_fields), &query,
		       &storage, err) ||
	    cursor_read("rollbacks", query.cursor, before, err))
		return -1;
	if (query.host_id && !*query.host_id)
		query.host_id = NULL;
	reply->status = 200;
	jout_object(&reply->out, NULL);
	if (write_list(req, &query, before, &reply->out, err))
		return -1;
	jout_object_end(&reply->out);
	return 0;
}

/* ---- beginning one ---- */

struct asked {
	bool apply;
	bool force;		/* what the host does not show is gone */
	bool preview;		/* of v1, where nothing else does not act */
	const char *plan;
	const char *host_id;
	const char *pack_id;
};

#define PLAN_FIELD JDEC_STR(struct asked, plan, false, 1, SEAL_HASH_TEXT - 1)

static const struct jdec_field asked_fields[] = {
	JDEC_FLAG(struct asked, apply, false),
	JDEC_FLAG(struct asked, force, false),
	PLAN_FIELD,
};

static const struct jdec_field v1_fields[] = {
	JDEC_FLAG(struct asked, preview, false),
	JDEC_FLAG(struct asked, apply, false),
	JDEC_FLAG(struct asked, force, false),
	PLAN_FIELD,
};

static const struct jdec_field provider_fields[] = {
	JDEC_FLAG(struct asked, apply, false),
	JDEC_FLAG(struct asked, force, false),
	PLAN_FIELD,
	JDEC_STR(struct asked, host_id, false, 1, HTTP_ID_MAX),
	JDEC_STR(struct asked, pack_id, false, 1, HTTP_ID_MAX),
};

/* Why it cannot begin, with what tells which; 1: answered. */
static int refuse(struct reply *reply, const struct rollback_preview *preview,
		  struct err *err)
{
	problem_begin(reply, err);
	if (strcmp(err->code, "rollback_in_progress") == 0) {
		jout_str(&reply->out, "rollback_id", preview->running);
	} else if (strcmp(err->code, "rollback_items_running") == 0) {
		jout_i64(&reply->out, "items_unfinished",
			 preview->items.unfinished);
		jout_str(&reply->out, "run_id", preview->items.running);
	} else {
		jout_i64(&reply->out, "items_unrecorded",
			 preview->items.unrecorded);
	}
	problem_end(reply);
	return 1;
}

static int check(const struct rollback_preview *preview,
		 struct reply *reply, struct err *err)
{
	if (*preview->running) {
		err_set(err, ERR_CONFLICT, "rollback %s of this host has not "
			"ended", preview->running);
		err_code(err, "rollback_in_progress");
		return refuse(reply, preview, err);
	}
	if (preview->items.unfinished > 0) {
		err_set(err, ERR_CONFLICT, "items are still being imported: "
			"cancel run %s first, or let it end",
			preview->items.running);
		err_code(err, "rollback_items_running");
		return refuse(reply, preview, err);
	}
	if (preview->items.unrecorded > 0 && preview->parts == 0) {
		err_set(err, ERR_CONFLICT, "what these imports made was never "
			"recorded: CRM deletes only what it knows it made");
		err_code(err, "rollback_without_records");
		return refuse(reply, preview, err);
	}
	if (preview->parts <= ROLLBACK_PARTS_MAX)
		return 0;
	err_set(err, ERR_CONFLICT, "more than %d things at once: roll back "
		"run by run", ROLLBACK_PARTS_MAX);
	return err_code(err, "rollback_too_large");
}

static int begin(const struct request *req,
		 const struct rollback_scope *scope,
		 const struct asked *asked, struct reply *reply,
		 struct err *err)
{
	const struct rollback_spec spec = {
		.host_id = scope->host_id,
		.scope = scope->kind,
		.scope_id = scope->id,
		.pack_id = scope->pack_id,
		.requested_by = req->token->token_id,
		.force = asked->force,
	};
	const struct rollback_view view = { .limit = PARTS };
	struct rollback_preview preview;
	char rollback_id[ID_MAX];
	int rc;

	if (rollback_preview_make(req, scope, NULL, &preview, err))
		return -1;
	rc = check(&preview, reply, err);
	if (rc)
		return rc < 0 ? -1 : 0;
	if (asked->plan && strcmp(asked->plan, preview.token) != 0) {
		err_set(err, ERR_CONFLICT, "what the plan rests on has "
			"changed; look at a new preview");
		return err_code(err, "plan_outdated");
	}
	if (pauses_refuse(req->db, scope->host_id, NULL, err) ||
	    rollbacks_add(req->db, &spec, req->now, seal_random(),
			  rollback_id, err))
		return -1;
	reply_locate(reply, 202, FOLDER, rollback_id);
	return show(req, rollback_id, &view, reply, err);
}

static int answer(const struct request *req,
		  const struct rollback_scope *scope,
		  const struct asked *asked, struct reply *reply,
		  struct err *err)
{
	struct rollback_preview preview;

	if (asked->apply)
		return begin(req, scope, asked, reply, err);
	reply->status = 200;
	return rollback_preview_make(req, scope, &reply->out, &preview, err);
}

static int of_run(const struct request *req, enum rollback_scope_kind kind,
		  const char *id, const struct asked *asked,
		  struct reply *reply, struct err *err)
{
	CLEANUP(run_done) struct run run = { 0 };

	if ((asked->apply && request_begin(req, err)) ||
	    runs_get(req->db, req->ids[0], &run, err))
		return -1;
	const struct rollback_scope scope = {
		.kind = kind, .id = id, .host_id = run.host_id,
	};

	return answer(req, &scope, asked, reply, err);
}

static int run_post(const struct request *req, struct reply *reply,
		    struct err *err)
{
	struct jdec_problems problems = { 0 };
	struct asked asked = { 0 };

	if (req->body && !jdec(req->body, "", asked_fields,
			       COUNT(asked_fields), &asked, &problems))
		return problem_refuse(reply, &problems);
	return of_run(req, ROLLBACK_RUN, req->ids[0], &asked, reply, err);
}

/* Old scripts send nothing and mean it. */
static int batch_post(const struct request *req, struct reply *reply,
		      struct err *err)
{
	struct jdec_problems problems = { 0 };
	struct asked asked = { .apply = true };

	if (req->body && !jdec(req->body, "", v1_fields, COUNT(v1_fields),
			       &asked, &problems))
		return problem_refuse(reply, &problems);
	asked.apply = asked.apply && !asked.preview;
	return of_run(req, ROLLBACK_RUN, req->ids[0], &asked, reply, err);
}

static int item_post(const struct request *req, struct reply *reply,
		     struct err *err)
{
	CLEANUP(item_done) struct item item = { 0 };
	struct jdec_problems problems = { 0 };
	struct asked asked = { 0 };

	if (req->body && !jdec(req->body, "", asked_fields,
			       COUNT(asked_fields), &asked, &problems))
		return problem_refuse(reply, &problems);
	if (items_get(req->db, req->ids[0], req->ids[1], &item, err))
		return -1;
	return of_run(req, ROLLBACK_ITEM, item.item_id, &asked, reply, err);
}

/* ---- a provider ---- */

/* A provider of a pack, or the key of an endpoint, and on which host. */
static int find_provider(const struct request *req, const struct asked *asked,
			 struct packs_provider *ret, char ret_host[ID_MAX],
			 struct err *err)
{
	CLEANUP(host_done) struct host host = { 0 };
	bool is_of_pack = packs_provider(req->db, req->ids[0], asked->pack_id,
					 ret, err) == 0;

	if (!is_of_pack && (err->kind != ERR_NOT_FOUND || asked->pack_id))
		return -1;
	*ret_host = '\0';
	if (asked->host_id) {
		if (hosts_get(req->db, asked->host_id, &host, err))
			return -1;
		snprintf(ret_host, ID_MAX, "%s", asked->host_id);
		return 0;
	}
	if (is_of_pack && provider_uses_host(req->db, ret->pack_id,
					     ret->provider_id, ret_host, err))
		return -1;
	if (*ret_host)
		return 0;
	err_set(err, ERR_INVALID, "host_id is required");
	return err_code(err, "host_id_required");
}

static int provider_post(const struct request *req, struct reply *reply,
			 struct err *err)
{
	CLEANUP(packs_provider_done) struct packs_provider provider = { 0 };
	struct jdec_problems problems = { 0 };
	struct asked asked = { 0 };
	char host_id[ID_MAX];

	if (req->body && !jdec(req->body, "", provider_fields,
			       COUNT(provider_fields), &asked, &problems))
		return problem_refuse(reply, &problems);
	if ((asked.apply && request_begin(req, err)) ||
	    find_provider(req, &asked, &provider, host_id, err))
		return -1;
	const struct rollback_scope scope = {
		.kind = ROLLBACK_PROVIDER, .id = req->ids[0],
		.host_id = host_id, .pack_id = provider.pack_id,
	};

	return answer(req, &scope, &asked, reply, err);
}

/* ---- an adopted account ---- */

static int release_post(const struct request *req, struct reply *reply,
			struct err *err)
{
	CLEANUP(resource_done) struct resource row = { 0 };
	struct jdec_problems problems = { 0 };
	struct asked asked = { 0 };

	if (req->body && !jdec(req->body, "", asked_fields,
			       COUNT(asked_fields), &asked, &problems))
		return problem_refuse(reply, &problems);
	if ((asked.apply && request_begin(req, err)) ||
	    resources_get(req->db, req->ids[0], &row, err))
		return -1;
	if (row.type != RESOURCE_ACCOUNT || row.state == RESOURCE_GONE ||
	    !row.origin || strcmp(row.origin, "adopted") != 0) {
		err_set(err, ERR_CONFLICT, "resource %s is no account that "
			"was adopted", row.resource_id);
		return err_code(err, "not_adopted");
	}
	const struct rollback_scope scope = {
		.kind = ROLLBACK_ACCOUNT, .id = row.resource_id,
		.host_id = row.host_id,
	};

	return answer(req, &scope, &asked, reply, err);
}

static const struct waiting begun = { is_over, show_result, 0 };
static const struct waiting begun_v1 = { is_over, show_result, WAIT_S };

#define RUN "/api/batch-import/runs/{run_id}"

const struct route api_rollbacks_routes[] = {
	{ HTTP_POST, RUN "/rollback", SCOPE_OPERATE,
	  .handle = run_post, .body = BODY_OPTIONAL, .waiting = &begun },
	{ HTTP_POST, RUN "/items/{item_id}/rollback", SCOPE_OPERATE,
	  .handle = item_post, .body = BODY_OPTIONAL, .waiting = &begun },
	{ HTTP_POST, "/api/import-batches/{batch_id}/rollback", SCOPE_OPERATE,
	  .handle = batch_post, .body = BODY_OPTIONAL, .waiting = &begun_v1 },
	{ HTTP_POST, "/api/providers/{provider_id}/rollback", SCOPE_OPERATE,
	  .handle = provider_post, .body = BODY_OPTIONAL, .waiting = &begun },
	{ HTTP_POST, "/api/accounts/{resource_id}/release", SCOPE_OPERATE,
	  .handle = release_post, .body = BODY_OPTIONAL, .waiting = &begun },
	{ HTTP_GET, "/api/rollbacks", SCOPE_READ,
	  .handle = rollbacks_show, .takes_query = true },
	{ HTTP_GET, "/api/rollbacks/{rollback_id}", SCOPE_READ,
	  .handle = rollback_show, .takes_query = true },
	{ 0 }
};
