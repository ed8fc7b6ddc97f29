#include "fcgi/provider_request.h"

#include <string.h>

#include "shared/provider_plan.h"

#define MODELS_MAX 200

struct own_body {
	json_t *host_ids;
	const char *pack_id;
	const char *base_url;
	const char *mirror_url;
	json_t *requested_models;
	bool accept_plan_terms;
	json_t *keys;
};

static const struct jdec_field own_fields[] = {
	JDEC_STRS(struct own_body, host_ids, false, 2, PROVIDER_HOSTS_MAX),
	JDEC_STR(struct own_body, pack_id, false, 1, HTTP_ID_MAX),
	JDEC_STR(struct own_body, base_url, false, 1, ENDPOINT_URL_MAX),
	JDEC_STR(struct own_body, mirror_url, false, 1, ENDPOINT_URL_MAX),
	JDEC_STRS(struct own_body, requested_models, false, 0, MODELS_MAX),
	JDEC_FLAG(struct own_body, accept_plan_terms, false),
	JDEC_VALUE(struct own_body, keys, false),
};

void provider_request_done(struct provider_request *request)
{
	new_run_done(&request->run);
	packs_provider_done(&request->provider);
	json_decref(request->document);
	json_decref(request->hosts);
	json_decref(request->own);
	json_decref(request->body);
	free(request->base_url);
	*request = (struct provider_request){ 0 };
}

/* What only an import by provider has goes to `own`, the rest to `body`. */
static void split(const json_t *body, struct provider_request *ret)
{
	ret->own = json_object();
	ret->body = json_copy((json_t *)(uintptr_t)body);
	for (size_t i = 0; i < COUNT(own_fields); i++) {
		const char *name = own_fields[i].name;
		json_t *value = json_object_get(body, name);

		if (!value)
			continue;
		json_object_set(ret->own, name, value);
		json_object_del(ret->body, name);
	}
}

static int find_provider(const struct request *req, const char *provider_id,
			 const char *pack_id, struct provider_request *ret,
			 struct err *err)
{
	struct jdec_problems problems = { 0 };

	if (packs_provider(req->db, provider_id, pack_id, &ret->provider, err))
		return -1;
	ret->document = json_loads(ret->provider.manifest, 0, NULL);
	if (!manifest_provider_read(ret->document, &ret->manifest, &problems))
		return err_set(err, ERR_INTERNAL, "the stored manifest of %s "
			       "is no longer one: %s %s", provider_id,
			       problems.list[0].field, problems.list[0].why);
	return 0;
}

/* One or several hosts; the first one is that of the body. */
static void read_hosts(const json_t *host_ids, struct provider_request *ret,
		       struct jdec_problems *problems)
{
	json_t *one = json_object_get(ret->body, "host_id");
	size_t n = json_array_size(host_ids);

	ret->hosts = json_array();
	if (n == 0) {
		if (json_is_string(one))
			json_array_append(ret->hosts, one);
		return;
	}
	if (one)
		jdec_problem(problems, "", "host_ids", "does not go with "
			     "host_id: give one of them");
	json_array_extend(ret->hosts, (json_t *)(uintptr_t)host_ids);
	json_object_set(ret->body, "host_id", json_array_get(host_ids, 0));
}

static int check_hosts(const struct request *req,
		       const struct provider_request *ret,
		       struct jdec_problems *problems, struct err *err)
{
	size_t n = json_array_size(ret->hosts);

	for (size_t i = 0; n > 1 && i < n; i++) {
		const char *id = json_string_value(
			json_array_get(ret->hosts, i));
		char field[32];

		snprintf(field, sizeof(field), "host_ids[%zu]", i);
		if (i && new_run_check_host(req, field, id, problems, err))
			return -1;
		for (size_t k = 0; k < i; k++)
			if (strcmp(id, json_string_value(
					json_array_get(ret->hosts, k))) == 0)
				jdec_problem(problems, "", field,
					     "is there twice");
	}
	return 0;
}

static bool is_same_endpoint(const char *one, const char *other)
{
	AUTO_FREE char *a = NULL;
	AUTO_FREE char *b = NULL;
	struct err err;

	return endpoint_normalise(one, &a, &err) == 0 &&
	       endpoint_normalise(other, &b, &err) == 0 && strcmp(a, b) == 0;
}

/* Is it the one that the pack knows, or one of the others it knows? */
static bool is_known_url(const struct manifest_provider *m, const char *url)
{
	const json_t *other;
	size_t i;

	if (is_same_endpoint(m->base_url, url))
		return true;
	json_array_foreach(m->alternate_base_urls, i, other)
		if (is_same_endpoint(json_string_value(other), url))
			return true;
	return false;
}

static void choose_url(const struct own_body *own,
		       struct provider_request *ret,
		       struct jdec_problems *problems)
{
	const struct manifest_provider *m = &ret->manifest;
	const char *given = own->base_url ? own->base_url : own->mirror_url;

	if (own->base_url && own->mirror_url)
		jdec_problem(problems, "", "mirror_url", "does not go with "
			     "base_url: give one of them");
	else if (own->mirror_url && !m->base_url)
		jdec_problem(problems, "", "mirror_url", "is for a provider "
			     "whose address the pack knows; here it is "
			     "base_url that is missing");
	else if (!m->base_url && !given)
		jdec_problem(problems, "", "base_url", "is missing: the pack "
			     "does not know where %s is", m->provider_id);
	else if (m->base_url && own->base_url &&
		 !is_known_url(m, own->base_url))
		jdec_problem(problems, "", "base_url", "is not one that the "
			     "pack knows of %s; a mirror of it is a "
			     "mirror_url", m->provider_id);
	else
		ret->base_url = xstrdup(given ? given : m->base_url);
}

/* Among which accounts of its endpoint those of this plan are. */
static int choose_place(const struct request *req,
			struct provider_request *ret, struct err *err)
{
	CLEANUP(pack_candidates_done) struct pack_candidates others = { 0 };
	const char *own_key = ret->provider.endpoint_key;
	const char *key = ret->run.rows.count
		? ret->run.rows.rows[0].endpoint->key : "";

	ret->mirrored = !own_key || !provider_plan_knows(ret->document, key);
	if (own_key && pack_candidates_read(req->db, own_key, &others, err))
		return -1;
	pack_match_place(&others, ret->manifest.plan, ret->mirrored,
			 ret->plan);
	return 0;
}

/* A key becomes a row of a batch. */
static json_t *row_of(const struct provider_request *ret, const json_t *key,
		      json_t *models)
{
	json_t *row;

	if (json_is_string(key)) {
		row = json_object();
		json_object_set(row, "api_key", (json_t *)(uintptr_t)key);
	} else {
		row = json_copy((json_t *)(uintptr_t)key);
	}
	if (!json_is_object(row))
		return row;
	json_object_set_new(row, "base_url", json_string(ret->base_url
							 ? ret->base_url : ""));
	if (models && !json_object_get(row, "requested_models"))
		json_object_set(row, "requested_models", models);
	return row;
}

static void make_rows(const struct own_body *own, struct provider_request *ret,
		      struct jdec_problems *problems)
{
	json_t *rows = json_array();
	const json_t *key;
	size_t i;

	if (!json_is_array(own->keys)) {
		json_decref(rows);
		if (own->keys)
			json_object_set(ret->body, "keys", own->keys);
		return;
	}
	json_array_foreach(own->keys, i, key) {
		char field[48];

		snprintf(field, sizeof(field), "keys[%zu].base_url", i);
		if (json_object_get(key, "base_url"))
			jdec_problem(problems, "", field, "is not known: all "
				     "keys are for one base_url");
		json_array_append_new(rows, row_of(ret, key,
						   own->requested_models));
	}
	json_object_set_new(ret->body, "keys", rows);
}

int provider_request_read(const struct request *req, const char *provider_id,
			  struct provider_request *ret,
			  struct jdec_problems *problems,
			  struct jdec_problems *of_rows, struct err *err)
{
	struct own_body own = { 0 };
	struct new_run_spec spec = { .list = "keys", .of_provider = true };

	split(req->body, ret);
	if (!jdec(ret->own, "", own_fields, COUNT(own_fields), &own,
		  problems) && problems->count == 0)
		return err_set(err, ERR_INTERNAL, "decoding keys");
	if (find_provider(req, provider_id, own.pack_id, ret, err))
		return -1;
	ret->accept_plan_terms = own.accept_plan_terms;
	choose_url(&own, ret, problems);
	read_hosts(own.host_ids, ret, problems);
	make_rows(&own, ret, problems);
	spec.body = ret->body;
	/* Without a base URL every row would be wrong. */
	spec.unreadable = !ret->base_url;
	if (new_run_read(req, &spec, &ret->run, problems, of_rows, err) ||
	    choose_place(req, ret, err))
		return -1;
	return check_hosts(req, ret, problems, err);
}
