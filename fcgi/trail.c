#include "fcgi/trail.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define API "/api/"
#define FIELDS_MAX 1024		/* bytes of names; one more may be long */
#define FIELDS_TEXT_MAX (256 << 10)
#define LOOKED_AT_MAX (256 << 10)	/* bytes of a view that are compared */

void trail_done(struct trail *trail)
{
	free(trail->view_path);
	free(trail->seen);
	free(trail->before);
	free(trail->after);
	*trail = (struct trail){ 0 };
}

/* The parts of a path between its slashes. */
#define PARTS_MAX 12

struct part {
	const char *text;
	int len;
};

static bool is_id(const struct part *part)
{
	return part->text[0] == '{';
}

static size_t split(const char *path, struct part ret[PARTS_MAX])
{
	size_t n = 0;

	if (strncmp(path, API, sizeof(API) - 1) == 0)
		path += sizeof(API) - 1;
	while (*path && n < PARTS_MAX) {
		size_t len = strcspn(path, "/");

		ret[n++] = (struct part){ path, (int)len };
		path += len;
		path += *path == '/';
	}
	return n;
}

/* "hosts" is host, "accesses" access, "import-batches" import-batch. */
static int singular_len(const struct part *part)
{
	static const char *const two[] = { "sses", "ches" };

	for (size_t i = 0; i < COUNT(two); i++)
		if (part->len > 4 && strncmp(part->text + part->len - 4,
					     two[i], 4) == 0)
			return part->len - 2;
	return part->len > 1 && part->text[part->len - 1] == 's'
		? part->len - 1 : part->len;
}

static bool is_plural(const struct part *part)
{
	return singular_len(part) < part->len;
}

/* The part before `at` that is no id; NULL if there is none. */
static const struct part *noun_before(const struct part *parts, size_t at)
{
	while (at-- > 0)
		if (!is_id(&parts[at]))
			return &parts[at];
	return NULL;
}

static const char *verb_of(enum http_method method)
{
	return method == HTTP_DELETE ? "delete" :
	       method == HTTP_POST ? "create" : "update";
}

/*
 * host.create, host.update, host.delete; what stands behind an id is what is
 * done to it, host.pause, and behind a noun what is done to those, pack.install.
 */
void trail_action(const struct route *route, char ret[AUDIT_ACTION_MAX])
{
	struct part parts[PARTS_MAX];
	size_t n = split(route->path, parts);
	const struct part *last, *noun;

	assert(n > 0);	/* there is no route to nothing */
	last = &parts[n - 1];
	noun = noun_before(parts, n - 1);
	if (route->action)
		snprintf(ret, AUDIT_ACTION_MAX, "%s", route->action);
	else if (is_id(last) && noun)
		snprintf(ret, AUDIT_ACTION_MAX, "%.*s.%s", singular_len(noun),
			 noun->text, verb_of(route->method));
	else if (!noun || (!is_id(last - 1) && is_plural(last)))
		snprintf(ret, AUDIT_ACTION_MAX, "%.*s.%s", singular_len(last),
			 last->text, verb_of(route->method));
	else
		snprintf(ret, AUDIT_ACTION_MAX, "%.*s.%.*s",
			 singular_len(noun), noun->text, last->len,
			 last->text);
}

/* "{host_id}" is host, "{endpoint_key}" endpoint. */
static void name_object(struct trail *trail, const char *brace)
{
	size_t len = strcspn(brace + 1, "_}");

	snprintf(trail->object, sizeof(trail->object), "%.*s", (int)len,
		 brace + 1);
}

static void find_object(struct trail *trail, const struct request *req)
{
	const char *at = trail->route->path;

	for (size_t n = 0; (at = strchr(at, '{')) && n < HTTP_IDS_MAX;
	     at++, n++) {
		if (strncmp(at, "{host_id}", 9) == 0)
			snprintf(trail->host_id, sizeof(trail->host_id), "%s",
				 req->ids[n]);
		/* A version is nothing without what it is one of. */
		if (n > 0 && strncmp(at, "{version}", 9) == 0) {
			snprintf(trail->object_id, sizeof(trail->object_id),
				 "%s@%s", req->ids[n - 1], req->ids[n]);
			continue;
		}
		name_object(trail, at);
		snprintf(trail->object_id, sizeof(trail->object_id), "%s",
			 req->ids[n]);
	}
}

/* As much of the path as the pattern has up to its last id that GET shows. */
static void find_view(struct trail *trail)
{
	char ids[HTTP_IDS_MAX][HTTP_ID_TEXT], allow[32];
	AUTO_FREE char *pattern = xstrdup(trail->route->path);
	char *brace;
	struct err err;

	while ((brace = strrchr(pattern, '{')) != NULL) {
		const char *end = trail->wire->path;
		AUTO_FREE char *path = NULL;

		for (const char *p = pattern; p < brace; p++)
			if (*p == '/')
				end = strchr(end, '/') + 1;
		end += strcspn(end, "/");
		path = xstrndup(trail->wire->path,
				(size_t)(end - trail->wire->path));
		if (route_find("GET", path, ids, allow, &trail->view,
			       &err) == 0) {
			trail->view_path = TAKE(path);
			return;
		}
		*brace = '\0';
	}
	trail->view = NULL;
}

void trail_start(struct trail *trail, struct request *req)
{
	req->trail = trail;
	find_object(trail, req);
}

/* What GET answers about the object now, in this transaction; or NULL. */
static char *view_of(const struct request *req)
{
	CLEANUP(reply_done) struct reply reply = {
		.out.text.max = HTTP_REPLY_MAX,
	};
	struct trail *trail = req->trail;
	struct db_tx none = { 0 };
	struct request asking = {
		.worker = req->worker, .db = req->db, .token = req->token,
		.query = "", .now = req->now, .tx = &none,
	};
	char allow[32];
	struct err err;

	if (!trail->view ||
	    route_find("GET", trail->view_path, asking.ids, allow,
		       &trail->view, &err) ||
	    trail->view->handle(&asking, &reply, &err) || reply.is_problem ||
	    reply.is_plain || reply.source || reply.out.text.failed ||
	    reply.out.text.len > LOOKED_AT_MAX)
		return NULL;
	return buf_take(&reply.out.text);
}

void trail_look(const struct request *req)
{
	struct trail *trail = req->trail;

	free(trail->seen);
	find_view(trail);
	trail->seen = view_of(req);
}

/* Names of what was given, never its values: some of them are secret. */
static char *fields_of(const struct request *req)
{
	const struct wire *wire = req->trail->wire;
	struct jout out = { .text.max = FIELDS_TEXT_MAX };
	json_t *body = req->trail->body, *member;
	const char *name;

	jout_object(&out, NULL);
	if (json_object_size(body)) {
		jout_array(&out, "fields");
		json_object_foreach(body, name, member)
			if (out.text.len < FIELDS_MAX)
				jout_str(&out, NULL, name);
		jout_array_end(&out);
	} else if (req->text_len) {
		jout_str(&out, "form", http_form_name(req->form));
		jout_i64(&out, "bytes", (int64_t)req->text_len);
	}
	if (wire->query && *wire->query)
		jout_str(&out, "query", wire->query);
	jout_object_end(&out);
	return buf_take(&out.text);
}

/* "/api/hosts/hst_1" made a host. */
static void note_made(struct trail *trail, const struct reply *reply)
{
	struct part parts[PARTS_MAX];
	size_t n = split(reply->location, parts);

	if (n < 2)
		return;
	snprintf(trail->object, sizeof(trail->object), "%.*s",
		 singular_len(&parts[n - 2]), parts[n - 2].text);
	snprintf(trail->object_id, sizeof(trail->object_id), "%s",
		 reply->subject);
}

static const char *reply_text(const struct reply *reply)
{
	return reply->out.text.len ? buf_str(&reply->out.text) : NULL;
}

/* What there was before, and what there is after. */
static void compare(const struct request *req, const struct reply *reply)
{
	struct trail *trail = req->trail;
	AUTO_FREE char *before = NULL;
	AUTO_FREE char *after = NULL;

	if (trail->route->method == HTTP_DELETE) {
		before = xstrdup_null(trail->seen);
	} else if (trail->view) {
		AUTO_FREE char *now = view_of(req);

		audit_differ(trail->seen, now, &before, &after);
	}
	/* Something was begun or made, and is told in the reply. */
	if (!before && !after && trail->route->method != HTTP_DELETE)
		after = xstrdup_null(reply_text(reply));
	trail->before = TAKE(before);
	trail->after = TAKE(after);
}

/* Objects name their host themselves. */
static void find_host(struct trail *trail, const char *json)
{
	static const char name[] = "\"host_id\":\"";
	const char *at = json ? strstr(json, name) : NULL;
	size_t len;

	if (!at || *trail->host_id)
		return;
	at += sizeof(name) - 1;
	len = strcspn(at, "\"");
	if (len < sizeof(trail->host_id))
		snprintf(trail->host_id, sizeof(trail->host_id), "%.*s",
			 (int)len, at);
}

static const char *given(const char *text)
{
	return *text ? text : NULL;
}

int trail_write(const struct request *req, const struct reply *reply,
		struct err *err)
{
	struct trail *trail = req->trail;
	AUTO_FREE char *what = NULL;
	char action[AUDIT_ACTION_MAX], result[16];

	trail_action(trail->route, action);
	snprintf(result, sizeof(result), "%d", reply->status);
	if (*trail->object_id == '\0' && reply->location)
		note_made(trail, reply);
	compare(req, reply);
	find_host(trail, trail->seen);
	find_host(trail, reply_text(reply));
	what = fields_of(req);
	return audit_add(req->db, req->worker->key, &(struct audit_entry){
		.at = req->now,
		.cell = {
			[AUDIT_ACTOR] = AUDIT_BY_TOKEN,
			[AUDIT_TOKEN_ID] = req->token ? req->token->token_id
						      : NULL,
			[AUDIT_TOKEN_NAME] = req->token ? req->token->name
							: NULL,
			[AUDIT_ACTION] = action,
			[AUDIT_OBJECT] = given(trail->object),
			[AUDIT_OBJECT_ID] = given(trail->object_id),
			[AUDIT_HOST_ID] = given(trail->host_id),
			[AUDIT_WHAT] = what,
			[AUDIT_BEFORE] = trail->before,
			[AUDIT_AFTER] = trail->after,
			[AUDIT_REQUEST_ID] = reply->request_id,
			[AUDIT_RESULT] = result,
		},
	}, err);
}
