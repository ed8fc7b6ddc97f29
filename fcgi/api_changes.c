/*
 * api_changes: around a key, after its import: its models, its proxy, pause
 * and resume, and what people say of it.
 */
#include <string.h>

#include "fcgi/api.h"
#include "fcgi/change_plan.h"
#include "fcgi/problem.h"
#include "fcgi/remark.h"
#include "fcgi/view.h"
#include "shared/pauses.h"

#define FOLDER "/api/account-changes/"
#define PROXY_MAX INT64_C(1000000000000)
#define WORDS_MAX 4096		/* bytes of a label or a note */

/* ---- a change that has begun ---- */

static int show_change(const struct request *req, const char *change_id,
		       struct reply *reply, struct err *err)
{
	CLEANUP(change_done) struct change change = { 0 };

	if (changes_get(req->db, change_id, &change, err))
		return -1;
	change_write(&reply->out, NULL, &change);
	return 0;
}

static int change_is_over(const struct request *req, const char *change_id,
			  bool *ret, struct err *err)
{
	CLEANUP(change_done) struct change change = { 0 };

	if (changes_get(req->db, change_id, &change, err))
		return -1;
	*ret = change.state != CHANGE_RUNNING;
	return 0;
}

static int show_result(const struct request *req, const char *change_id,
		       struct reply *reply, struct err *err)
{
	reply->status = 200;
	return show_change(req, change_id, reply, err);
}

static int change_show(const struct request *req, struct reply *reply,
		       struct err *err)
{
	return show_result(req, req->ids[0], reply, err);
}

/* One at a time: tell which one is under way. */
static int refuse_second(struct reply *reply, const char *change_id,
			 const struct err *err)
{
	problem_begin(reply, err);
	jout_str(&reply->out, "change_id", change_id);
	problem_end(reply);
	return 0;
}

int change_begin(const struct request *req,
		 const struct change_target *target,
		 const struct change_plan *plan, const char *token,
		 struct reply *reply, struct err *err)
{
	const struct change_spec spec = {
		.item_id = target->item.item_id,
		.resource_id = target->account.resource_id,
		.host_id = target->run.host_id,
		.kind = plan->kind,
		.wanted = plan->wanted,
		.requested_by = req->token->token_id,
		.new_secret_id = plan->key.sealed ? plan->key.face.secret_id
						  : NULL,
	};
	char change_id[ID_MAX];

	if (token && strcmp(token, plan->token) != 0) {
		err_set(err, ERR_CONFLICT, "what the plan rests on has "
			"changed; look at a new preview");
		return err_code(err, "plan_outdated");
	}
	if (pauses_refuse(req->db, spec.host_id, target->item.endpoint_key,
			  err))
		return -1;
	if (spec.new_secret_id && *target->running == '\0' &&
	    secrets_store(req->db, &plan->key, req->now, err))
		return -1;
	if (changes_add(req->db, &spec, req->now, seal_random(), change_id,
			err))
		return strcmp(err->code, "change_in_progress") == 0
			? refuse_second(reply, change_id, err) : -1;
	reply_locate(reply, 202, FOLDER, change_id);
	return show_change(req, change_id, reply, err);
}

/* ---- models and aliases ---- */

struct models_body {
	int mode;
	json_t *models;
	json_t *aliases;
	bool apply;
	const char *plan;
};

static const struct jdec_field models_fields[] = {
	JDEC_NAME(struct models_body, mode, true, mapping_mode_names),
	JDEC_STRS(struct models_body, models, false, 0, MAPPING_NAMES_MAX),
	{ "aliases", JDEC_OBJECT, false,
	  JDEC_AT(struct models_body, aliases, json_t *), 0, 0, NULL },
	JDEC_FLAG(struct models_body, apply, false),
	JDEC_STR(struct models_body, plan, false, 1, SEAL_HASH_TEXT - 1),
};

static int models_post(const struct request *req, struct reply *reply,
		       struct err *err)
{
	CLEANUP(change_target_done) struct change_target target = { 0 };
	CLEANUP(change_plan_done) struct change_plan plan = { 0 };
	struct models_body body = { 0 };
	struct jdec_problems problems = { 0 };

	if (!jdec(req->body, "", models_fields, COUNT(models_fields), &body,
		  &problems))
		return problem_refuse(reply, &problems);
	const struct mapping_wish wish = {
		.mode = (enum mapping_mode)body.mode,
		.models = body.models, .aliases = body.aliases,
	};
	if ((body.apply && request_begin(req, err)) ||
	    change_target_get(req, &target, err) ||
	    change_plan_models(req, &target, &wish, &plan, &problems, err))
		return -1;
	if (problems.count)
		return problem_refuse(reply, &problems);
	if (body.apply)
		return change_begin(req, &target, &plan, body.plan, reply, err);
	reply->status = 200;
	return change_plan_write(req, &target, &plan, &reply->out, err);
}

/* ---- the proxy ---- */

struct proxy_body {
	int64_t proxy_id;
	bool apply;
	const char *plan;
};

static const struct jdec_field proxy_fields[] = {
	JDEC_I64(struct proxy_body, proxy_id, true, 0, PROXY_MAX),
	JDEC_FLAG(struct proxy_body, apply, false),
	JDEC_STR(struct proxy_body, plan, false, 1, SEAL_HASH_TEXT - 1),
};

static int proxy_post(const struct request *req, struct reply *reply,
		      struct err *err)
{
	CLEANUP(change_target_done) struct change_target target = { 0 };
	CLEANUP(change_plan_done) struct change_plan plan = { 0 };
	struct proxy_body body = { 0 };
	struct jdec_problems problems = { 0 };

	if (!jdec(req->body, "", proxy_fields, COUNT(proxy_fields), &body,
		  &problems))
		return problem_refuse(reply, &problems);
	if ((body.apply && request_begin(req, err)) ||
	    change_target_get(req, &target, err))
		return -1;
	change_plan_proxy(&target, body.proxy_id, &plan);
	if (body.apply)
		return change_begin(req, &target, &plan, body.plan, reply, err);
	reply->status = 200;
	return change_plan_write(req, &target, &plan, &reply->out, err);
}

/* ---- out of service, and back ---- */

static int switch_post(const struct request *req, enum change_kind kind,
		       struct reply *reply, struct err *err)
{
	CLEANUP(change_target_done) struct change_target target = { 0 };
	CLEANUP(change_plan_done) struct change_plan plan = { 0 };

	if (request_begin(req, err) || change_target_get(req, &target, err))
		return -1;
	if (kind == CHANGE_RESUME && target.account.paused_at == 0 &&
	    *target.running == '\0') {
		err_set(err, ERR_CONFLICT, "item %s is not paused",
			target.item.item_id);
		return err_code(err, "not_paused");
	}
	change_plan_switch(&target, kind, &plan);
	return change_begin(req, &target, &plan, NULL, reply, err);
}

static int pause_post(const struct request *req, struct reply *reply,
		      struct err *err)
{
	return switch_post(req, CHANGE_PAUSE, reply, err);
}

static int resume_post(const struct request *req, struct reply *reply,
		       struct err *err)
{
	return switch_post(req, CHANGE_RESUME, reply, err);
}

/* ---- what people say ---- */

struct words_body {
	const char *label;
	const char *note;
};

static const struct jdec_field words_fields[] = {
	JDEC_STR(struct words_body, label, false, 0, WORDS_MAX),
	JDEC_STR(struct words_body, note, false, 0, WORDS_MAX),
};

/* *ret is what is to be said: NULL of NULL, "" if nothing of it is left. */
static void read_words(const char *text, const char *field, size_t max,
		       char **ret, struct jdec_problems *problems)
{
	bool masked;
	const char *why;

	if (!text)
		return;
	why = remark_read(text, max, NULL, ret, &masked);
	if (why)
		jdec_problem(problems, "", field, "%s", why);
	else if (!*ret)
		*ret = xstrdup("");
}

static int note_words(const struct request *req, const char *item_id,
		      const struct words_body *body, struct err *err)
{
	CLEANUP(jout_done) struct jout out = { .text.max = 1024 };
	CLEANUP(event_done) struct event event = { .at = req->now };

	jout_object(&out, NULL);
	jout_str(&out, "by", req->token->token_id);
	jout_bool(&out, "label", body->label != NULL);
	jout_bool(&out, "note", body->note != NULL);
	jout_object_end(&out);
	event.step = xstrdup("item.patch");
	event.kind = xstrdup("relabelled");
	event.detail = buf_take(&out.text);
	return events_add(req->db, item_id, &event, err);
}

static int item_patch(const struct request *req, struct reply *reply,
		      struct err *err)
{
	CLEANUP(item_done) struct item item = { 0 };
	AUTO_FREE char *label = NULL;
	AUTO_FREE char *note = NULL;
	struct words_body body = { 0 };
	struct jdec_problems problems = { 0 };

	if (!jdec(req->body, "", words_fields, COUNT(words_fields), &body,
		  &problems) && !json_is_object(req->body))
		return problem_refuse(reply, &problems);
	if (problems.count == 0 && !body.label && !body.note)
		jdec_problem(&problems, "", "", "names nothing to change");
	read_words(body.label, "label", REMARK_LABEL_MAX, &label, &problems);
	read_words(body.note, "note", REMARK_NOTE_MAX, &note, &problems);
	if (problems.count)
		return problem_refuse(reply, &problems);
	if (request_begin(req, err) ||
	    items_get(req->db, req->ids[0], req->ids[1], &item, err) ||
	    items_say(req->db, item.item_id, label, note, req->now, err) ||
	    note_words(req, item.item_id, &body, err))
		return -1;
	return api_item_show(req, reply, err);
}

const struct waiting change_waiting = { change_is_over, show_result, 0 };

#define ITEM "/api/batch-import/runs/{run_id}/items/{item_id}"

const struct route api_changes_routes[] = {
	{ HTTP_PATCH, ITEM, SCOPE_OPERATE,
	  .handle = item_patch, .body = BODY_REQUIRED },
	{ HTTP_POST, ITEM "/models", SCOPE_OPERATE,
	  .handle = models_post, .body = BODY_REQUIRED, .waiting = &change_waiting },
	{ HTTP_POST, ITEM "/proxy", SCOPE_OPERATE,
	  .handle = proxy_post, .body = BODY_REQUIRED, .waiting = &change_waiting },
	{ HTTP_POST, ITEM "/pause", SCOPE_OPERATE,
	  .handle = pause_post, .body = BODY_OPTIONAL, .waiting = &change_waiting },
	{ HTTP_POST, ITEM "/resume", SCOPE_OPERATE,
	  .handle = resume_post, .body = BODY_OPTIONAL, .waiting = &change_waiting },
	{ HTTP_GET, "/api/account-changes/{change_id}", SCOPE_READ,
	  .handle = change_show },
	{ 0 }
};
