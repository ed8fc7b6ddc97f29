#include "cli/site_live.h"

#include <string.h>

#include "cli/api.h"
#include "shared/endpoint.h"
#include "shared/table.h"

#define FINGERPRINTS_MAX 500		/* keys of one request */
#define BODY_MAX ((size_t)4 << 20)

static int by_text(const json_t *one, const json_t *other,
		   const char *const *members)
{
	for (; *members; members++) {
		int order = strcmp(api_text(one, *members),
				   api_text(other, *members));

		if (order)
			return order;
	}
	return 0;
}

static int by_key(const void *one, const void *other)
{
	static const char *const members[] = {
		"endpoint_key", "plan", "access_mode", "label", "key_last4",
		"key_fingerprint", "item_id", NULL,
	};

	return by_text(*(json_t *const *)one, *(json_t *const *)other,
		       members);
}

static int by_host(const void *one, const void *other)
{
	static const char *const members[] = { "base_url", NULL };

	return by_text(*(json_t *const *)one, *(json_t *const *)other,
		       members);
}

static int by_endpoint(const void *one, const void *other)
{
	static const char *const members[] = { "endpoint_key", NULL };

	return by_text(*(json_t *const *)one, *(json_t *const *)other,
		       members);
}

static void sort(json_t *array, int (*order)(const void *, const void *))
{
	size_t n = json_array_size(array);
	json_t **list = xcalloc(n + 1, sizeof(*list));

	for (size_t i = 0; i < n; i++)
		list[i] = json_incref(json_array_get(array, i));
	qsort(list, n, sizeof(*list), order);
	json_array_clear(array);
	for (size_t i = 0; i < n; i++)
		json_array_append_new(array, list[i]);
	free(list);
}

static int add_list(struct call *call, const char *name, json_t *to,
		    int (*order)(const void *, const void *), struct err *err)
{
	static const char *const no_filters[] = { NULL };
	AUTO_FREE char *path = xasprintf(API_SITE "/%s", name);
	json_t *list = NULL;

	if (api_list(call, path, no_filters, 0, &list, err))
		return -1;
	if (order)
		sort(list, order);
	json_object_set_new(to, name, list);
	return 0;
}

static int add_keys(struct call *call, json_t *host, struct err *err)
{
	CLEANUP(api_filters_done) struct api_filters filters = { 0 };
	json_t *list = NULL;

	api_filter(&filters, "host_id", api_text(host, "host_id"));
	if (api_list(call, API_SITE "/keys", (const char *const *)filters.list,
		     0, &list, err))
		return -1;
	sort(list, by_key);
	json_object_set_new(host, "keys", list);
	return 0;
}

/* What is under way is read first: what ends meanwhile is seen as a key. */
int site_live_get(struct call *call, json_t **ret, struct err *err)
{
	json_auto_t *live = json_object();
	json_t *host;
	size_t i;

	if (add_list(call, "importing", live, NULL, err) ||
	    add_list(call, "hosts", live, by_host, err) ||
	    add_list(call, "endpoints", live, by_endpoint, err))
		return -1;
	json_array_foreach(json_object_get(live, "hosts"), i, host)
		if (add_keys(call, host, err))
			return -1;
	*ret = json_incref(live);
	return 0;
}

/* ---- by what keys are known ---- */

struct asking {
	struct call *call;
	struct site_file *file;
	json_t *references;	/* of one request, with their "path" */
	struct err *err;
	int rc;
};

static void write_keys(struct jout *body, const struct asking *asking)
{
	json_t *one;
	size_t i;

	jout_object(body, NULL);
	jout_array(body, "keys");
	json_array_foreach(asking->references, i, one) {
		const json_t *reference = json_object_get(one, "reference");

		jout_str(body, NULL, asking->file->secrets[
			 api_number(reference, "secret")]);
	}
	jout_array_end(body);
	jout_object_end(body);
}

static void note_fingerprints(struct asking *asking, const json_t *answer)
{
	json_t *one;
	size_t i;

	json_array_foreach(asking->references, i, one) {
		json_t *reference = json_object_get(one, "reference");
		json_t *print = json_array_get(json_object_get(answer,
						"fingerprints"), i);

		if (json_is_string(print))
			json_object_set(reference, "fp", print);
		else
			site_file_problem(asking->file, api_text(one, "path"),
				"is too short a key to be known again: "
				"import it by hand");
	}
}

static void body_wipe(struct jout *body)
{
	buf_wipe(&body->text);
}

static void flush(struct asking *asking)
{
	CLEANUP(body_wipe) struct jout body = { .text.max = BODY_MAX };

	if (asking->rc || json_array_size(asking->references) == 0)
		return;
	write_keys(&body, asking);
	asking->rc = api_post(asking->call, API_SITE "/fingerprints", &body, 0,
			      asking->err);
	if (asking->rc == 0)
		note_fingerprints(asking, asking->call->reply.body);
	json_array_clear(asking->references);
}

static bool is_key(const char *path)
{
	const char *last = strrchr(path, '.');

	return last && (strcmp(last, ".key") == 0 ||
			strcmp(last, ".probe_key") == 0 ||
			strcmp(last, ".access_key") == 0);
}

static void ask_for(void *arg, const char *path, json_t *reference)
{
	struct asking *asking = arg;

	if (!is_key(path))
		return;
	if (json_object_get(reference, "fingerprint"))
		json_object_set(reference, "fp",
				json_object_get(reference, "fingerprint"));
	if (!json_object_get(reference, "secret"))
		return;
	json_array_append_new(asking->references, json_pack("{s:s, s:O}",
		"path", path, "reference", reference));
	if (json_array_size(asking->references) == FINGERPRINTS_MAX)
		flush(asking);
}

/* ---- where providers are ---- */

static int ask_provider(struct call *call, json_t *provider, char **ret_key,
			struct err *err)
{
	const char *pack = json_string_value(json_object_get(provider,
							     "pack_id"));
	AUTO_FREE char *filter = pack ? xasprintf("pack_id=%s", pack) : NULL;
	AUTO_FREE char *path = NULL;
	const char *query[] = { filter, NULL };
	struct api_call get = { .method = "GET", .query = query };

	if (api_path(&path, API_PROVIDERS, api_text(provider, "provider_id"),
		     "", err))
		return -1;
	get.path = path;
	if (client_call(call->client, &get, &call->reply, err))
		return -1;
	*ret_key = xstrdup(api_text(call->reply.body, "endpoint_key"));
	return 0;
}

static int resolve_provider(struct call *call, struct site_file *file,
			    json_t *provider, const char *path,
			    struct err *err)
{
	AUTO_FREE char *url = NULL;
	AUTO_FREE char *key = NULL;
	char made[ENDPOINT_KEY_MAX];

	if (*api_text(provider, "base_url")) {
		if (endpoint_normalise(api_text(provider, "base_url"), &url,
				       err))
			return -1;
		endpoint_key(url, made);
		key = xstrdup(made);
	} else if (ask_provider(call, provider, &key, err)) {
		if (err->kind != ERR_NOT_FOUND && err->kind != ERR_INVALID)
			return -1;
		site_file_problem(file, path, "%s", err->msg);
		return 0;
	}
	if (!*key)
		site_file_problem(file, path, "the pack does not know where it"
				  " is: say its base_url");
	json_object_set_new(provider, "endpoint_key", json_string(key));
	return 0;
}

static int resolve_host(struct call *call, struct site_file *file,
			json_t *host, const char *path, struct err *err)
{
	json_t *provider;
	size_t i;

	json_array_foreach(json_object_get(host, "providers"), i, provider) {
		AUTO_FREE char *place = xasprintf("%s.providers[%zu]", path,
						  i);

		if (resolve_provider(call, file, provider, place, err))
			return -1;
	}
	return 0;
}

int site_live_resolve(struct call *call, struct site_file *file,
		      struct err *err)
{
	json_auto_t *references = json_array();
	struct asking asking = { call, file, references, err, 0 };
	json_t *host;
	size_t i;

	site_file_references(file, ask_for, &asking);
	flush(&asking);
	if (asking.rc)
		return -1;
	json_array_foreach(json_object_get(file->doc.root, "hosts"), i,
			   host) {
		AUTO_FREE char *path = xasprintf("hosts[%zu]", i);

		if (resolve_host(call, file, host, path, err))
			return -1;
	}
	return site_file_judge(file, err);
}
