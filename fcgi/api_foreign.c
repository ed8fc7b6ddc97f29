/*
 * api_foreign: what is on a host, not ours, and looks like a provider import;
 * and taking it over, looked at first.
 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "fcgi/adopt_preview.h"
#include "fcgi/api.h"
#include "fcgi/cursor.h"
#include "fcgi/problem.h"
#include "fcgi/query.h"
#include "shared/foreign_found.h"
#include "shared/hosts.h"
#include "shared/jdec.h"
#include "shared/pauses.h"
#include "shared/seal.h"

#define PAGE 50
#define PAGE_MAX 200
#define WAIT_S 25
#define FOLDER "/api/hosts/"

struct page {
	int64_t limit;
	const char *cursor;
};

static const struct query_field page_fields[] = {
	{ "limit", QUERY_INT, offsetof(struct page, limit), 1, PAGE_MAX,
	  NULL },
	{ "cursor", QUERY_TEXT, offsetof(struct page, cursor), 0, CURSOR_MAX,
	  NULL },
};

static void facts_write(struct jout *out, const struct foreign_found *row)
{
	jout_i64(out, "account_id", row->account_id);
	jout_str(out, "kind", row->kind);
	jout_str(out, "name", row->name);
	jout_str(out, "status", row->status);
	jout_str(out, "base_url", row->base_url);
	jout_str(out, "endpoint_key", row->endpoint_key);
	jout_str(out, "pack_id", row->pack_id);
	jout_str(out, "provider_id", row->provider_id);
	jout_str(out, "why", row->provider_id ? "known_endpoint"
					      : "not_openai");
	jout_str(out, "api_key_fingerprint", row->key_fingerprint);
	jout_raw(out, "models", row->models);
	jout_raw(out, "group_ids", row->group_ids);
}

static void row_write(struct jout *out, const char *name,
		      const struct foreign_found *row)
{
	jout_object(out, name);
	facts_write(out, row);
	jout_time(out, "first_seen_at", row->first_seen_at);
	jout_time(out, "seen_at", row->seen_at);
	jout_object_end(out);
}

static void look_write(struct jout *out, const struct foreign_look *look)
{
	jout_object(out, "look");
	jout_str(out, "state", *look->state ? look->state : "never");
	jout_time(out, "began_at", look->began_at);
	jout_time(out, "ended_at", look->ended_at);
	jout_str(out, "failure_class", *look->failure_class
		 ? look->failure_class : NULL);
	jout_bool(out, "cut", look->cut);
	jout_object_end(out);
}

static int write_page(const struct request *req, const char *host_id,
		      const char *after, int64_t limit, struct jout *out,
		      struct err *err)
{
	CLEANUP(db_rows_done) struct db_rows rows = { 0 };
	struct foreign_found row = { 0 };
	char last[24] = "", cursor[CURSOR_MAX];
	int64_t n = 0;
	int more;

	if (foreign_found_list(&rows, req->db, host_id,
			       strtoll(after, NULL, 10), limit + 1, err))
		return -1;
	jout_array(out, "accounts");
	while ((more = foreign_found_next(&rows, &row, err)) > 0 &&
	       n++ < limit) {
		row_write(out, NULL, &row);
		snprintf(last, sizeof(last), "%" PRId64, row.account_id);
	}
	jout_array_end(out);
	jout_str(out, "next_cursor",
		 more > 0 ? cursor_make("foreign", last, cursor) : NULL);
	return more < 0 ? -1 : 0;
}

static int show(const struct request *req, const char *host_id,
		const char *after, int64_t limit, struct reply *reply,
		struct err *err)
{
	CLEANUP(host_done) struct host host = { 0 };
	struct foreign_look look;

	if (hosts_get(req->db, host_id, &host, err) ||
	    foreign_look_get(req->db, host_id, &look, err))
		return -1;
	jout_object(&reply->out, NULL);
	look_write(&reply->out, &look);
	if (write_page(req, host_id, after, limit, &reply->out, err))
		return -1;
	jout_object_end(&reply->out);
	return 0;
}

static int foreign_show(const struct request *req, struct reply *reply,
			struct err *err)
{
	AUTO_FREE char *storage = NULL;
	struct page page = { .limit = PAGE };
	char after[CURSOR_ID_MAX];

	if (query_read(req->query, page_fields, COUNT(page_fields), &page,
		       &storage, err) ||
	    cursor_read("foreign", page.cursor, after, err))
		return -1;
	reply->status = 200;
	return show(req, req->ids[0], after, page.limit, reply, err);
}

static int look_is_over(const struct request *req, const char *host_id,
			bool *ret, struct err *err)
{
	struct foreign_look look;

	if (foreign_look_get(req->db, host_id, &look, err))
		return -1;
	*ret = strcmp(look.state, "running") != 0;
	return 0;
}

static int show_looked(const struct request *req, const char *host_id,
		       struct reply *reply, struct err *err)
{
	reply->status = 200;
	return show(req, host_id, "", PAGE, reply, err);
}

static int look_post(const struct request *req, struct reply *reply,
		     struct err *err)
{
	CLEANUP(host_done) struct host host = { 0 };
	const char *host_id = req->ids[0];

	if (request_begin(req, err) ||
	    hosts_get(req->db, host_id, &host, err) ||
	    pauses_refuse(req->db, host_id, NULL, err) ||
	    foreign_look_begin(req->db, host_id, req->now, seal_random(), err))
		return -1;
	reply_locate(reply, 202, FOLDER, host_id);
	return show(req, host_id, "", PAGE, reply, err);
}

/* ---- taking one over ---- */

struct adopt_body {
	const char *api_key;
	const char *access_mode;
	json_t *subscription_users;
	json_t *requested_models;
	bool force;
	bool apply;
	const char *plan;
};

#define USERS_MAX 100
#define MODELS_MAX 100

static const struct jdec_field adopt_fields[] = {
	JDEC_STR(struct adopt_body, api_key, true, 8, SEAL_SECRET_MAX),
	JDEC_STR(struct adopt_body, access_mode, false, 1, 64),
	JDEC_STRS(struct adopt_body, subscription_users, false, 1, USERS_MAX),
	JDEC_STRS(struct adopt_body, requested_models, false, 1, MODELS_MAX),
	JDEC_FLAG(struct adopt_body, force, false),
	JDEC_FLAG(struct adopt_body, apply, false),
	JDEC_STR(struct adopt_body, plan, false, 1, SEAL_HASH_TEXT - 1),
};

/* As an import names it: this key, for this account. */
static json_t *run_of(const struct foreign_found *row,
		      const struct adopt_body *body)
{
	AUTO_FREE char *id = xasprintf("%" PRId64, row->account_id);
	json_t *item = json_pack("{s:s, s:s, s:s}", "base_url", row->base_url,
				 "api_key", body->api_key, "adopt_account_id",
				 id);
	json_t *run = json_pack("{s:s, s:[o]}", "host_id", row->host_id,
				"items", item);

	/* No record is left of it: there is nobody to be asked. */
	if (body->force || strcmp(row->kind, FOREIGN_KIND_UNRECORDED) == 0)
		json_object_set_new(item, "adopt_force", json_true());
	if (body->requested_models)
		json_object_set(item, "requested_models",
				body->requested_models);
	if (body->access_mode)
		json_object_set_new(run, "access_mode",
				    json_string(body->access_mode));
	if (body->subscription_users)
		json_object_set(run, "subscription_users",
				body->subscription_users);
	return run;
}

/* An adoption that is looked at before it is done. */
struct adoption {
	const struct foreign_found *row;
	const struct adopt_body *body;
	const struct new_run *run;
	char plan[SEAL_HASH_TEXT];	/* of all that is shown */
};

/* What was asked for, but the key: what that changes is shown. */
static void wish_write(struct jout *out, const struct adopt_body *body)
{
	jout_str(out, "access_mode", body->access_mode);
	jout_json(out, "subscription_users", body->subscription_users);
	jout_json(out, "requested_models", body->requested_models);
}

static int seal_plan(const struct request *req, struct adoption *adoption,
		     struct err *err)
{
	CLEANUP(jout_done) struct jout out = { .text.max = HTTP_REPLY_MAX };
	const struct adopt_preview preview = {
		.row = adoption->row, .run = adoption->run,
	};

	jout_object(&out, NULL);
	jout_str(&out, "host_id", adoption->row->host_id);
	facts_write(&out, adoption->row);
	wish_write(&out, adoption->body);
	if (adopt_preview_write(req, &out, &preview, err))
		return -1;
	jout_object_end(&out);
	if (out.text.failed)
		return err_set(err, ERR_LIMIT, "the preview is too large");
	seal_hash_text(buf_str(&out.text), out.text.len, adoption->plan);
	return 0;
}

/* What would change on the account, and what would be made beside it. */
static int write_preview(const struct request *req,
			 const struct adoption *adoption, struct jout *out,
			 struct err *err)
{
	const struct adopt_preview preview = {
		.row = adoption->row, .run = adoption->run,
	};

	jout_object(out, NULL);
	jout_bool(out, "applied", false);
	jout_str(out, "plan", adoption->plan);
	row_write(out, "account", adoption->row);
	if (adopt_preview_write(req, out, &preview, err))
		return -1;
	jout_object_end(out);
	return 0;
}

/* The preview, or *ret if it is to be done and is what the plan says. */
static int follow_plan(const struct request *req, struct adoption *adoption,
		       json_t *run, json_t **ret, struct reply *reply,
		       struct err *err)
{
	const struct adopt_body *body = adoption->body;

	if (seal_plan(req, adoption, err))
		return -1;
	if (body->plan && strcmp(body->plan, adoption->plan) != 0) {
		err_set(err, ERR_CONFLICT, "what the plan rests on has "
			"changed; look at a new preview");
		return err_code(err, "plan_outdated");
	}
	if (body->apply) {
		*ret = json_incref(run);
		return 0;
	}
	reply->status = 200;
	return write_preview(req, adoption, &reply->out, err);
}

/* As follow_plan(); what the import would refuse is refused before. */
static int look_first(const struct request *req,
		      const struct foreign_found *row,
		      const struct adopt_body *body, json_t *asked,
		      json_t **ret, struct reply *reply, struct err *err)
{
	CLEANUP(new_run_done) struct new_run run = { 0 };
	const struct new_run_spec spec = { .body = asked, .list = "items" };
	struct jdec_problems problems = { 0 }, of_rows = { 0 };
	struct adoption adoption = { .row = row, .body = body, .run = &run };

	if (new_run_read(req, &spec, &run, &problems, &of_rows, err))
		return -1;
	if (new_run_is_sunk(&run, &problems))
		return new_run_refuse(reply, &run, &problems, &of_rows);
	return follow_plan(req, &adoption, asked, ret, reply, err);
}

/* The preview, or *ret: the run that takes it over. */
static int prepare(const struct request *req, const struct foreign_found *row,
		   const struct adopt_body *body, json_t **ret,
		   struct reply *reply, struct err *err)
{
	json_auto_t *run = NULL;

	if (strcmp(row->kind, FOREIGN_KIND_ANOTHER_CRM) == 0 && !body->force) {
		err_set(err, ERR_CONFLICT, "account %" PRId64 " is another "
			"CRM's (%s); say force to take it all the same",
			row->account_id, row->name);
		return err_code(err, "another_crm");
	}
	run = run_of(row, body);
	if (!body->apply || body->plan)
		return look_first(req, row, body, run, ret, reply, err);
	*ret = json_incref(run);
	return 0;
}

/* As prepare(), of the row of this id; nothing stays open behind it. */
static int look_up(const struct request *req, const struct adopt_body *body,
		   json_t **ret, struct reply *reply, struct err *err)
{
	CLEANUP(db_rows_done) struct db_rows rows = { 0 };
	struct foreign_found row = { 0 };
	int64_t id = strtoll(req->ids[1], NULL, 10);
	int more;

	if (foreign_found_list(&rows, req->db, req->ids[0], id - 1, 1, err))
		return -1;
	more = foreign_found_next(&rows, &row, err);
	if (more < 0)
		return -1;
	if (more == 0 || row.account_id != id)
		return err_set(err, ERR_NOT_FOUND, "no account %s of others "
			       "was seen on this host; look again",
			       req->ids[1]);
	return prepare(req, &row, body, ret, reply, err);
}

static int adopt_post(const struct request *req, struct reply *reply,
		      struct err *err)
{
	struct request import = *req;
	struct adopt_body body = { 0 };
	struct jdec_problems problems = { 0 };
	json_t *run = NULL;
	int r;

	if (!jdec(req->body, "", adopt_fields, COUNT(adopt_fields), &body,
		  &problems))
		return problem_refuse(reply, &problems);
	r = look_up(req, &body, &run, reply, err);
	if (r || !run)
		return r;
	import.body = run;
	r = api_run_post(&import, reply, err);
	json_decref(run);
	return r;
}

static const struct waiting looking = { look_is_over, show_looked, WAIT_S };

const struct route api_foreign_routes[] = {
	{ HTTP_GET, "/api/hosts/{host_id}/foreign", SCOPE_READ,
	  .handle = foreign_show, .takes_query = true },
	{ HTTP_POST, "/api/hosts/{host_id}/foreign/look", SCOPE_OPERATE,
	  .handle = look_post, .body = BODY_OPTIONAL, .waiting = &looking },
	{ HTTP_POST, "/api/hosts/{host_id}/foreign/{account_id}/adopt",
	  SCOPE_OPERATE, .handle = adopt_post, .body = BODY_REQUIRED },
	{ 0 }
};
