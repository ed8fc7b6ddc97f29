#include "fcgi/plan_kind.h"

#include <string.h>

#include "fcgi/http.h"

#define ITEM "/api/batch-import/runs/{run_id}/items/{item_id}"

static const struct plan_kind kinds[] = {
	{ "models", ITEM "/models", NULL, false },
	{ "proxy", ITEM "/proxy", NULL, false },
	{ "import", "/api/providers/{provider_id}/import", "/preview", false },
	{ "import", "/api/batch-import/runs", "/runs/preview", false },
	{ "rollback", "/api/batch-import/runs/{run_id}/rollback", NULL,
	  false },
	{ "rollback", ITEM "/rollback", NULL, false },
	{ "rollback", "/api/providers/{provider_id}/rollback", NULL, false },
	{ "reconcile", "/api/reconcile", NULL, true },
	{ "reconcile", "/api/import-batches/{batch_id}/reconcile", NULL,
	  true },
};

void plan_call_done(struct plan_call *call)
{
	free(call->path);
	*call = (struct plan_call){ 0 };
}

static int refuse_kind(struct err *err)
{
	err_set(err, ERR_INVALID, "there are no plans of this kind, or not by "
		"this path");
	return err_code(err, "plan_kind_unknown");
}

static const struct plan_kind *find_kind(const char *name,
					 const struct route *route)
{
	for (size_t i = 0; i < COUNT(kinds); i++)
		if (strcmp(kinds[i].name, name) == 0 &&
		    strcmp(kinds[i].path, route->path) == 0)
			return &kinds[i];
	return NULL;
}

int plan_call_find(const char *kind, const char *path, struct plan_call *ret,
		   struct err *err)
{
	struct plan_call call = { 0 };
	char allow[32];

	if (route_find("POST", path, call.ids, allow, &call.route, err))
		return refuse_kind(err);
	call.kind = find_kind(kind, call.route);
	if (!call.kind)
		return refuse_kind(err);
	call.path = xstrdup(path);
	*ret = call;
	return 0;
}

static const struct route *preview_route(const struct plan_call *call,
					 struct err *err)
{
	const char *last = strrchr(call->path, '/');
	AUTO_FREE char *path = xasprintf("%.*s%s", (int)(last - call->path),
		call->path, call->kind->preview);
	char ids[HTTP_IDS_MAX][HTTP_ID_TEXT], allow[32];
	const struct route *route;

	return route_find("POST", path, ids, allow, &route, err) ? NULL
								 : route;
}

static int ask(const struct request *req, const struct plan_call *call,
	       const struct route *route, const json_t *body,
	       struct reply *reply, struct err *err)
{
	struct request inner = *req;

	memcpy(inner.ids, call->ids, sizeof(inner.ids));
	inner.body = body;
	inner.query = "";
	return route->handle(&inner, reply, err);
}

int plan_call_preview(const struct request *req, const struct plan_call *call,
		      const json_t *body, struct reply *reply, json_t **ret,
		      struct err *err)
{
	const struct route *route = call->kind->preview
		? preview_route(call, err) : call->route;

	*ret = NULL;
	if (!route || ask(req, call, route, body, reply, err))
		return -1;
	if (reply->is_problem || reply->status != 200)
		return 0;
	*ret = json_loads(buf_str(&reply->out.text), 0, NULL);
	return *ret ? 0 : err_set(err, ERR_INTERNAL, "a preview of %s is no "
				  "JSON", call->path);
}

int plan_call_do(const struct request *req, const struct plan_call *call,
		 const json_t *body, const json_t *preview,
		 struct reply *reply, struct err *err)
{
	json_auto_t *whole = json_copy((json_t *)(uintptr_t)body);
	json_t *token = json_object_get(preview, "plan");

	if (!call->kind->preview)
		json_object_set_new(whole, "apply", json_true());
	if (!call->kind->preview && json_is_string(token))
		json_object_set(whole, "plan", token);
	return ask(req, call, call->route, whole, reply, err);
}
