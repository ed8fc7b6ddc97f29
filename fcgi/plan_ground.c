#include "fcgi/plan_ground.h"

#include <string.h>

#include "shared/hosts.h"
#include "shared/lookup.h"
#include "shared/plans.h"
#include "shared/runs.h"

#define PREFIXED_MAX 2000	/* of one type, of one endpoint */

static const char *text_of(const json_t *object, const char *name)
{
	const char *text = json_string_value(json_object_get(object, name));

	return text ? text : "";
}

static bool is_of_run(const struct plan_call *call)
{
	return strstr(call->route->path, "{run_id}") ||
	       strstr(call->route->path, "{batch_id}");
}

static bool is_of_item(const struct plan_call *call)
{
	return strstr(call->route->path, "{item_id}") != NULL;
}

int plan_ground_host(const struct request *req, const struct plan_call *call,
		     const json_t *body, char **ret, struct err *err)
{
	CLEANUP(run_done) struct run run = { 0 };
	const char *batch = text_of(body, "batch_id");

	if (is_of_run(call) || *batch) {
		if (runs_get(req->db, *batch ? batch : call->ids[0], &run,
			     err))
			return -1;
		*ret = xstrdup(run.host_id);
		return 0;
	}
	if (*text_of(body, "host_id")) {
		*ret = xstrdup(text_of(body, "host_id"));
		return 0;
	}
	err_set(err, ERR_INVALID, "a plan is for one host: say host_id");
	return err_code(err, "host_id_required");
}

/* ---- as it is now ---- */

/* A login is made and lost without anybody's doing. */
static void add_resource(json_t *to, const struct resource *r)
{
	if (r->type == RESOURCE_USER_TOKEN ||
	    json_object_get(to, r->resource_id))
		return;
	json_object_set_new(to, r->resource_id, json_pack(
		"{s:s, s:s, s:s, s:s?, s:s, s:s?}",
		"resource_id", r->resource_id,
		"resource_type", resource_type_name(r->type),
		"lookup", r->lookup, "host_resource_id", r->host_resource_id,
		"state", resource_state_name(r->state),
		"version", r->live_version));
}

static int add_by_id(const struct request *req, json_t *to, const char *id,
		     struct err *err)
{
	CLEANUP(resource_done) struct resource resource = { 0 };

	if (json_object_get(to, id))
		return 0;
	if (resources_get(req->db, id, &resource, err))
		return err->kind == ERR_NOT_FOUND ? 0 : -1;
	add_resource(to, &resource);
	return 0;
}

static int add_used(const struct request *req, const struct plan_call *call,
		    json_t *to, struct err *err)
{
	CLEANUP(db_rows_done) struct db_rows rows = { 0 };
	const char *id = NULL;
	int more;

	if (!is_of_run(call))
		return 0;
	if (plan_resources(&rows, req->db, call->ids[0], is_of_item(call)
			   ? call->ids[1] : NULL, err))
		return -1;
	while ((more = plan_resources_next(&rows, &id, err)) > 0)
		if (add_by_id(req, to, id, err))
			return -1;
	return more;
}

/* All that an endpoint has on the host: an import may rest on any of it. */
static int add_of_type(const struct request *req, const char *host_id,
		       enum resource_type type, const char *prefix,
		       json_t *to, struct err *err)
{
	CLEANUP(db_rows_done) struct db_rows rows = { 0 };
	CLEANUP(resource_done) struct resource resource = { 0 };
	int more;

	if (resources_with_prefix(&rows, req->db, host_id, type, prefix,
				  PREFIXED_MAX, err))
		return -1;
	while ((more = resources_next(&rows, &resource, err)) > 0)
		add_resource(to, &resource);
	return more;
}

static int add_of_place(const struct request *req, const char *host_id,
			const json_t *preview, json_t *to, struct err *err)
{
	static const enum resource_type types[] = {
		RESOURCE_GROUP, RESOURCE_ACCOUNT, RESOURCE_SUBSCRIPTION,
		RESOURCE_USER_KEY, RESOURCE_CHANNEL,
	};
	AUTO_FREE char *place = lookup_place(text_of(preview, "endpoint_key"),
					     text_of(preview, "plan"));
	AUTO_FREE char *prefix = xasprintf("%s|", place);

	if (!*text_of(preview, "endpoint_key"))
		return 0;
	for (size_t i = 0; i < COUNT(types); i++)
		if (add_of_type(req, host_id, types[i], prefix, to, err))
			return -1;
	return 0;
}

/* An import by provider says it of the whole, one by URL of each plan. */
static int add_of_places(const struct request *req, const char *host_id,
			 const json_t *preview, json_t *to, struct err *err)
{
	const json_t *plan;
	size_t i;

	json_array_foreach(json_object_get(preview, "plans"), i, plan)
		if (add_of_place(req, host_id, plan, to, err))
			return -1;
	return add_of_place(req, host_id, preview, to, err);
}

/*
 * What the proofs of an import take turns with changes with every proof,
 * whoever begins it.
 */
static bool is_for_proofs(const json_t *named)
{
	static const char word[] = "proof ";

	return strncmp(text_of(named, "purpose"), word, sizeof(word) - 1) == 0;
}

/* Whatever a preview names, it rests on. */
static int add_named(const struct request *req, const json_t *value,
		     json_t *to, struct err *err)
{
	const char *id = json_string_value(json_object_get(value,
							   "resource_id"));
	const char *name;
	json_t *one;
	size_t i;

	if (id && !is_for_proofs(value) && add_by_id(req, to, id, err))
		return -1;
	json_object_foreach((json_t *)(uintptr_t)value, name, one)
		if (add_named(req, one, to, err))
			return -1;
	json_array_foreach(value, i, one)
		if (add_named(req, one, to, err))
			return -1;
	return 0;
}

static int by_id(const void *one, const void *other)
{
	return strcmp(*(const char *const *)one, *(const char *const *)other);
}

static json_t *sorted(const json_t *by_name)
{
	size_t n = json_object_size(by_name), i = 0;
	const char **names = xcalloc(n + 1, sizeof(*names));
	json_t *list = json_array();
	const char *name;
	json_t *value;

	json_object_foreach((json_t *)(uintptr_t)by_name, name, value)
		names[i++] = name;
	qsort(names, n, sizeof(*names), by_id);
	for (i = 0; i < n; i++)
		json_array_append(list, json_object_get(by_name, names[i]));
	free(names);
	return list;
}

static int host_view(const struct request *req, const char *host_id,
		     json_t **ret, struct err *err)
{
	CLEANUP(host_done) struct host host = { 0 };
	char hash[SEAL_HASH_TEXT] = "";

	if (hosts_get(req->db, host_id, &host, err))
		return -1;
	if (host.capabilities)
		seal_hash_text(host.capabilities, strlen(host.capabilities),
			       hash);
	*ret = json_pack("{s:s, s:s, s:s?, s:s}", "host_id", host.host_id,
			 "base_url", host.base_url, "version", host.version,
			 "capabilities", hash);
	return 0;
}

int plan_ground(const struct request *req, const struct plan_call *call,
		const json_t *body, const json_t *preview, json_t **ret,
		struct err *err)
{
	json_auto_t *resources = json_object();
	AUTO_FREE char *host_id = NULL;
	json_t *host = NULL;

	if (plan_ground_host(req, call, body, &host_id, err) ||
	    add_used(req, call, resources, err) ||
	    add_of_places(req, host_id, preview, resources, err) ||
	    add_named(req, preview, resources, err))
		return -1;
	if (json_object_size(resources) > PLAN_RESOURCES_MAX) {
		err_set(err, ERR_INVALID, "this rests on more than %d resources",
			PLAN_RESOURCES_MAX);
		return err_code(err, "plan_too_large");
	}
	if (host_view(req, host_id, &host, err))
		return -1;
	*ret = json_pack("{s:o, s:o, s:[]}", "host", host, "rests_on",
			 sorted(resources), "drift");
	return 0;
}

/* ---- what moved ---- */

static const json_t *find(const json_t *list, const char *id)
{
	const json_t *one;
	size_t i;

	json_array_foreach(list, i, one)
		if (strcmp(text_of(one, "resource_id"), id) == 0)
			return one;
	return NULL;
}

static bool is_in(const json_t *list, const json_t *value)
{
	const json_t *one;
	size_t i;

	json_array_foreach(list, i, one)
		if (json_equal(one, value))
			return true;
	return false;
}

static void add_once(json_t *fields, const char *name)
{
	json_auto_t *text = json_string(name);

	if (!is_in(fields, text))
		json_array_append(fields, text);
}

static bool is_same(const json_t *one, const json_t *other, const char *name)
{
	const json_t *a = json_object_get(one, name);
	const json_t *b = json_object_get(other, name);

	return a == b || json_equal(a, b);
}

/* What one look found of a resource, and the other did not. */
static void add_fields(json_t *fields, const json_t *drift,
		       const json_t *other, const char *id)
{
	const json_t *one;
	size_t i;

	json_array_foreach(drift, i, one)
		if (strcmp(text_of(one, "resource_id"), id) == 0 &&
		    !is_in(other, one))
			add_once(fields, text_of(one, "field"));
}

static void compare_resource(const json_t *then, const json_t *now,
			     json_t *fields)
{
	static const char *const members[] = {
		"state", "host_resource_id", "version",
	};

	for (size_t i = 0; i < COUNT(members); i++)
		if (!is_same(then, now, members[i]))
			add_once(fields, members[i]);
}

static void add_moved(json_t *moved, const json_t *of, json_t *fields)
{
	static const char *const members[] = {
		"resource_id", "resource_type", "lookup", "host_resource_id",
	};
	json_t *one = json_object();

	for (size_t i = 0; i < COUNT(members); i++)
		json_object_set(one, members[i],
				json_object_get(of, members[i]));
	json_object_set(one, "fields", fields);
	json_array_append_new(moved, one);
}

static void compare_hosts(const json_t *then, const json_t *now, json_t *moved)
{
	static const char *const members[] = {
		"base_url", "version", "capabilities",
	};
	json_auto_t *fields = json_array();
	json_auto_t *host = json_pack("{s:O?, s:s, s:O?, s:n}", "resource_id",
		json_object_get(now, "host_id"), "resource_type", "host",
		"lookup", json_object_get(now, "base_url"),
		"host_resource_id");

	for (size_t i = 0; i < COUNT(members); i++)
		if (!is_same(then, now, members[i]))
			add_once(fields, members[i]);
	if (json_array_size(fields) > 0)
		add_moved(moved, host, fields);
}

/* Names of fields say more than that the version is another one. */
static void drop_version(json_t *fields)
{
	for (size_t i = 0; json_array_size(fields) > 1 &&
			   i < json_array_size(fields); i++)
		if (strcmp(json_string_value(json_array_get(fields, i)),
			   "version") == 0)
			json_array_remove(fields, i);
}

static void compare_one(const json_t *then, const json_t *now,
			const json_t *id_of, json_t *moved)
{
	const char *id = text_of(id_of, "resource_id");
	const json_t *one = find(json_object_get(then, "rests_on"), id);
	const json_t *other = find(json_object_get(now, "rests_on"), id);
	const json_t *drift = json_object_get(then, "drift");
	const json_t *drift_now = json_object_get(now, "drift");
	json_auto_t *fields = json_array();

	add_fields(fields, drift_now, drift, id);
	add_fields(fields, drift, drift_now, id);
	/* One that only one of the two names came, went, or is mended. */
	if (one && other)
		compare_resource(one, other, fields);
	else if (json_array_size(fields) == 0)
		add_once(fields, "state");
	drop_version(fields);
	if (json_array_size(fields) > 0)
		add_moved(moved, id_of, fields);
}

json_t *plan_ground_moved(const json_t *then, const json_t *now)
{
	const json_t *was = json_object_get(then, "rests_on");
	const json_t *is = json_object_get(now, "rests_on");
	json_t *moved = json_array();
	const json_t *one;
	size_t i;

	compare_hosts(json_object_get(then, "host"),
		      json_object_get(now, "host"), moved);
	json_array_foreach(was, i, one)
		compare_one(then, now, one, moved);
	json_array_foreach(is, i, one)
		if (!find(was, text_of(one, "resource_id")))
			compare_one(then, now, one, moved);
	return moved;
}
