/*
 * api_plans: what would be done, as a signed file; and done, if nothing moved.
 */
#include <string.h>

#include "fcgi/api.h"
#include "fcgi/plan_ground.h"
#include "fcgi/plan_look.h"
#include "fcgi/plan_secrets.h"
#include "fcgi/problem.h"
#include "shared/clock.h"
#include "shared/installation.h"
#include "shared/plans.h"

#define DOMAIN "crm plan v1"
#define FORM 1			/* of the file */
#define PATH_MAX_BYTES 400
#define EXPIRES_S 86400
#define EXPIRES_MIN_S 10
#define EXPIRES_MAX_S (30 * 86400)

static const char *text_of(const json_t *object, const char *name)
{
	const char *text = json_string_value(json_object_get(object, name));

	return text ? text : "";
}

/* ---- the signature ---- */

/* Over all of it, in one way of writing. */
static void sign(const struct request *req, const json_t *plan,
		 char ret[SEAL_HASH_TEXT])
{
	json_auto_t *bare = json_copy((json_t *)(uintptr_t)plan);
	AUTO_FREE char *text = NULL;

	json_object_del(bare, "signature");
	text = json_dumps(bare, JSON_COMPACT | JSON_SORT_KEYS);
	seal_mac(req->worker->key, DOMAIN, text ? text : "",
		 text ? strlen(text) : 0, ret);
}

/* ---- making one ---- */

struct plan_body {
	const char *kind;
	const char *path;
	json_t *body;
	json_t *from;
	const char *look;
	int64_t expires_in_s;
};

static const struct jdec_field plan_fields[] = {
	JDEC_STR(struct plan_body, kind, true, 1, 32),
	JDEC_STR(struct plan_body, path, true, 1, PATH_MAX_BYTES),
	JDEC_OBJ(struct plan_body, body, true),
	JDEC_OBJ(struct plan_body, from, false),
	JDEC_STR(struct plan_body, look, false, 1, HTTP_ID_MAX),
	JDEC_I64(struct plan_body, expires_in_s, false, EXPIRES_MIN_S,
		 EXPIRES_MAX_S),
};

static bool is_form(const json_t *value)
{
	const char *text = json_string_value(value);

	return text && (strcmp(text, "csv") == 0 || strcmp(text, "jsonl") == 0);
}

/*
 * Where the operator keeps a secret; by env or file, as in a site's file.  A
 * file of rows has many: a JSON pointer says which, and `form` how it is read
 * if it is lines.
 */
static void check_from(const json_t *from, struct jdec_problems *problems)
{
	const char *place;
	json_t *one;

	json_object_foreach((json_t *)(uintptr_t)from, place, one) {
		bool env = json_is_string(json_object_get(one, "env"));
		bool file = json_is_string(json_object_get(one, "file"));
		bool pointer = file && json_is_string(
			json_object_get(one, "pointer"));
		bool form = pointer && is_form(json_object_get(one, "form"));

		if ((!env && !file) || json_object_size(one) !=
		    1 + (size_t)pointer + (size_t)form)
			jdec_problem(problems, "from.", place,
				     "must have one of env, file; with a file"
				     " there may be a pointer, with that a "
				     "form: csv or jsonl");
	}
}

static void check_wish(const struct plan_body *body,
		       struct jdec_problems *problems)
{
	check_from(body->from, problems);
	if (json_object_get(body->body, "apply") ||
	    json_object_get(body->body, "plan"))
		jdec_problem(problems, "body.", "apply",
			     "and plan are not for a plan to say");
	if (json_object_get(body->body, "host_ids"))
		jdec_problem(problems, "body.", "host_ids",
			     "a plan is for one host: say host_id");
}

static json_t *moment(int64_t at)
{
	char text[CLOCK_TEXT_MAX];

	clock_format(at, text);
	return json_string(text);
}

/* A plan without its signature. */
static json_t *compose(const struct request *req, const char *inst,
		       const struct plan_body *body, const json_t *request,
		       const json_t *preview, const json_t *ground)
{
	char id[ID_MAX];
	int64_t lasts = (body->expires_in_s ? body->expires_in_s : EXPIRES_S) *
			1000;

	id_make(id, "pln", req->now, seal_random());
	return json_pack("{s:i, s:s, s:s, s:s, s:{s:s, s:s, s:O}, s:O, s:O,"
		" s:O, s:O, s:s?, s:s, s:o, s:o}",
		"plan_form", FORM, "plan_id", id, "kind", body->kind,
		"installation", inst,
		"request", "method", "POST", "path", body->path, "body",
		request,
		"preview", preview,
		"host", json_object_get(ground, "host"),
		"rests_on", json_object_get(ground, "rests_on"),
		"drift", json_object_get(ground, "drift"),
		"look", body->look, "made_by", req->token->token_id,
		"made_at", moment(req->now),
		"expires_at", moment(req->now + lasts));
}

static int write_plan(const struct request *req, const struct plan_body *body,
		      const json_t *request, const json_t *preview,
		      const json_t *ground, struct reply *reply,
		      struct err *err)
{
	char inst[ID_SHORT_MAX], signature[SEAL_HASH_TEXT];
	json_auto_t *plan = NULL;

	if (installation_get(req->db, inst, err))
		return -1;
	plan = compose(req, inst, body, request, preview, ground);
	if (!plan)
		return err_set(err, ERR_INTERNAL, "a plan cannot be made");
	sign(req, plan, signature);
	json_object_set_new(plan, "signature", json_string(signature));
	reply->status = 200;
	jout_json(&reply->out, NULL, plan);
	return 0;
}

/* A refusal of what the plan is of is the answer. */
static void pass_on(struct reply *reply, struct reply *inner)
{
	char request_id[HTTP_REQUEST_ID_TEXT];

	snprintf(request_id, sizeof(request_id), "%s", reply->request_id);
	reply_done(reply);
	*reply = *inner;
	snprintf(reply->request_id, sizeof(reply->request_id), "%s",
		 request_id);
	*inner = (struct reply){ 0 };
}

/* *ret_preview NULL: *reply is the refusal. */
static int look_at(const struct request *req, const struct plan_call *call,
		   const json_t *body, const char *look, struct reply *reply,
		   json_t **ret_preview, json_t **ret_ground,
		   struct err *err)
{
	CLEANUP(reply_done) struct reply inner = {
		.out.text.max = HTTP_REPLY_MAX
	};

	if (plan_look_check(req, look, call, body, err))
		return -1;
	if (call->kind->looks
	    ? plan_look_preview(req, look, ret_preview, err)
	    : plan_call_preview(req, call, body, &inner, ret_preview, err))
		return -1;
	if (!*ret_preview) {
		pass_on(reply, &inner);
		return 0;
	}
	if (plan_ground(req, call, body, *ret_preview, ret_ground, err))
		return -1;
	return plan_look_drift(req, look, *ret_ground, err);
}

static void say_rejected(const json_t *preview, int64_t n, struct err *err)
{
	const json_t *first = json_array_get(
		json_object_get(preview, "rejected"), 0);

	err_set(err, ERR_INVALID, "%lld of the rows %s wrong, and a plan is "
		"made of rows that are all right: row %lld: %.40s %.100s%s",
		(long long)n, n == 1 ? "is" : "are",
		(long long)json_integer_value(json_object_get(first, "row")),
		text_of(first, "field"), text_of(first, "detail"),
		n == 1 ? "" : "; a preview tells all");
}

/*
 * A plan has the rows as they came.  One that is left out may have a key where
 * no key belongs, as may a label, and that would stand in the file.
 */
static int check_rows(const json_t *body, const json_t *preview,
		      struct err *err)
{
	int64_t rejected = json_integer_value(
		json_object_get(preview, "items_rejected"));
	AUTO_FREE char *stray = plan_secrets_stray(body);

	if (rejected == 0 && !stray)
		return 0;
	if (rejected > 0)
		say_rejected(preview, rejected, err);
	else
		err_set(err, ERR_INVALID, "%s has what looks like a key, and "
			"in a plan there is none", stray);
	return err_code(err, "plan_rows_unfit");
}

static int plan_post(const struct request *req, struct reply *reply,
		     struct err *err)
{
	struct jdec_problems problems = { 0 };
	struct plan_body body = { 0 };
	CLEANUP(plan_call_done) struct plan_call call = { 0 };
	json_auto_t *preview = NULL, *ground = NULL, *request = NULL;

	if (jdec(req->body, "", plan_fields, COUNT(plan_fields), &body,
		 &problems))
		check_wish(&body, &problems);
	if (problems.count)
		return problem_refuse(reply, &problems);
	if (plan_call_find(body.kind, body.path, &call, err) ||
	    look_at(req, &call, body.body, body.look, reply, &preview,
		    &ground, err))
		return -1;
	if (!preview)
		return 0;
	if (check_rows(body.body, preview, err))
		return -1;
	request = json_deep_copy(body.body);
	plan_secrets_take(req->worker->key, request, body.from, &problems);
	if (problems.count)
		return problem_refuse(reply, &problems);
	return write_plan(req, &body, request, preview, ground, reply, err);
}

/* ---- doing one ---- */

struct apply_body {
	json_t *plan;
	json_t *secrets;
	const char *look;
};

static const struct jdec_field apply_fields[] = {
	JDEC_OBJ(struct apply_body, plan, true),
	JDEC_OBJ(struct apply_body, secrets, false),
	JDEC_STR(struct apply_body, look, false, 1, HTTP_ID_MAX),
};

/* What of a plan is read; the rest is compared as it is. */
struct signed_plan {
	const char *plan_id;
	const char *kind;
	const char *installation;
	const char *signature;
	const char *path;
	json_t *body;
	int64_t expires_at;
};

static void read_plan(const json_t *plan, struct signed_plan *ret)
{
	const json_t *request = json_object_get(plan, "request");

	*ret = (struct signed_plan){
		.plan_id = text_of(plan, "plan_id"),
		.kind = text_of(plan, "kind"),
		.installation = text_of(plan, "installation"),
		.signature = text_of(plan, "signature"),
		.path = text_of(request, "path"),
		.body = json_object_get(request, "body"),
	};
	if (!clock_parse(text_of(plan, "expires_at"), &ret->expires_at))
		ret->expires_at = 0;
}

static int refuse(struct err *err, const char *code, const char *why)
{
	err_set(err, ERR_CONFLICT, "%s", why);
	return err_code(err, code);
}

/* Whose it is first: what another one signed is not tampered with. */
static int check_plan(const struct request *req, const json_t *plan,
		      const struct signed_plan *seen, struct err *err)
{
	char inst[ID_SHORT_MAX], signature[SEAL_HASH_TEXT];
	bool done;

	if (installation_get(req->db, inst, err))
		return -1;
	if (strcmp(seen->installation, inst) != 0)
		return refuse(err, "plan_of_other_installation",
			      "this plan was made by another CRM");
	sign(req, plan, signature);
	if (!seal_mac_is(signature, seen->signature))
		return refuse(err, "plan_tampered", "this plan is not as it "
			      "was made: its signature is wrong");
	if (seen->expires_at <= req->now)
		return refuse(err, "plan_expired",
			      "this plan has expired: make a new one");
	if (plans_is_done(req->db, seen->plan_id, &done, err))
		return -1;
	return done ? refuse(err, "plan_applied",
			     "this plan was applied before") : 0;
}

static int say_stale(const json_t *moved, struct err *err)
{
	const json_t *first = json_array_get(moved, 0);
	const char *field = json_string_value(json_array_get(
		json_object_get(first, "fields"), 0));
	size_t n = json_array_size(moved);

	err_set(err, ERR_CONFLICT, "what the plan rests on has moved: %s %s"
		" (%.80s), %.60s%s; make a new plan",
		text_of(first, "resource_type"),
		text_of(first, "host_resource_id"), text_of(first, "lookup"),
		field ? field : "", n > 1 ? ", and more" : "");
	return err_code(err, "plan_stale");
}

static int refuse_stale(struct reply *reply, const json_t *moved)
{
	struct err err;

	if (say_stale(moved, &err))
		problem_begin(reply, &err);
	jout_json(&reply->out, "moved", moved);
	problem_end(reply);
	return 0;
}

/* When a host was probed says nothing of what was found. */
static json_t *undated(const json_t *preview)
{
	json_t *copy = json_deep_copy(preview), *plan;
	size_t i;

	json_object_del(json_object_get(copy, "host"), "probed_at");
	json_array_foreach(json_object_get(copy, "plans"), i, plan)
		json_object_del(json_object_get(plan, "host"), "probed_at");
	return copy;
}

/* What was said beforehand is said of the plan as a whole. */
static void note_preview(const json_t *plan, const json_t *preview,
			 json_t *moved)
{
	json_auto_t *then = undated(json_object_get(plan, "preview"));
	json_auto_t *now = undated(preview);

	if (json_array_size(moved) == 0 && !json_equal(then, now))
		json_array_append_new(moved, json_pack(
			"{s:s, s:s, s:s, s:s, s:[s]}", "resource_id", "",
			"resource_type", "plan", "lookup", "",
			"host_resource_id", "", "fields", "preview"));
}

/* In the transaction of what was done: nothing moved behind our back. */
static int settle(const struct request *req, const struct signed_plan *seen,
		  const struct plan_call *call, const json_t *plan,
		  const json_t *preview, struct err *err)
{
	const struct plan_done done = {
		.plan_id = seen->plan_id,
		.kind = seen->kind,
		.done_by = req->token->token_id,
		.expires_at = seen->expires_at,
	};
	json_auto_t *ground = NULL, *moved = NULL;

	if (plan_ground(req, call, seen->body, preview, &ground, err))
		return -1;
	/* The look is over; what it found is compared already. */
	json_object_set(ground, "drift", json_object_get(plan, "drift"));
	moved = plan_ground_moved(plan, ground);
	if (json_array_size(moved) > 0)
		return say_stale(moved, err);
	return plans_done_add(req->db, &done, req->now, err);
}

static int act(const struct request *req, const struct signed_plan *seen,
	       const struct plan_call *call, const json_t *body,
	       const json_t *plan, const json_t *preview,
	       struct reply *reply, struct err *err)
{
	if (plan_call_do(req, call, body, preview, reply, err))
		return -1;
	/* It was refused, and nothing was written. */
	if (reply->is_problem || reply->status >= 300)
		return 0;
	return settle(req, seen, call, plan, preview, err);
}

static int apply_post(const struct request *req, struct reply *reply,
		      struct err *err)
{
	struct jdec_problems problems = { 0 };
	struct apply_body body = { 0 };
	struct signed_plan seen;
	CLEANUP(plan_call_done) struct plan_call call = { 0 };
	json_auto_t *preview = NULL, *ground = NULL, *moved = NULL;
	json_auto_t *request = NULL;

	if (!jdec(req->body, "", apply_fields, COUNT(apply_fields), &body,
		  &problems))
		return problem_refuse(reply, &problems);
	read_plan(body.plan, &seen);
	if (check_plan(req, body.plan, &seen, err) ||
	    plan_call_find(seen.kind, seen.path, &call, err))
		return -1;
	request = json_deep_copy(seen.body);
	plan_secrets_put(req->worker->key, request, body.secrets, &problems);
	if (problems.count)
		return problem_refuse(reply, &problems);
	if (look_at(req, &call, request, body.look, reply, &preview, &ground,
		    err))
		return -1;
	if (!preview)
		return 0;
	moved = plan_ground_moved(body.plan, ground);
	note_preview(body.plan, preview, moved);
	if (json_array_size(moved) > 0)
		return refuse_stale(reply, moved);
	return act(req, &seen, &call, request, body.plan, preview, reply, err);
}

const struct route api_plans_routes[] = {
	{ HTTP_POST, "/api/plans", SCOPE_OPERATE,
	  .handle = plan_post, .body = BODY_REQUIRED },
	{ HTTP_POST, "/api/plans/apply", SCOPE_OPERATE,
	  .handle = apply_post, .body = BODY_REQUIRED, .action = "plan.apply" },
	{ 0 }
};
