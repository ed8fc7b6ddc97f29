#include "cli/site_diff.h"

#include <string.h>

#include "cli/api.h"
#include "shared/endpoint.h"
#include "shared/proxy.h"
#include "shared/table.h"

const struct site_word site_words[] = {
	[SITE_HOST_ADD]	 = { "host_add", "+", "登记主机", "register host" },
	[SITE_HOST_SET]	 = { "host_set", "~", "修改主机", "change host" },
	[SITE_HOST_RESUME] = { "host_resume", "~", "恢复主机",
			       "resume host" },
	[SITE_ENDPOINT_SET] = { "endpoint_set", "~", "修改端点",
				"change endpoint" },
	[SITE_ENDPOINT_RESUME] = { "endpoint_resume", "~", "恢复端点",
				   "resume endpoint" },
	[SITE_IMPORT]	 = { "import", "+", "导入", "import" },
	[SITE_KEY_LABEL] = { "key_label", "~", "改备注", "label" },
	[SITE_KEY_RESUME] = { "key_resume", "~", "恢复账号",
			      "resume account" },
	[SITE_KEY_MODELS] = { "key_models", "~", "改模型", "change models" },
	[SITE_KEY_PROXY] = { "key_proxy", "~", "改账号代理",
			     "change account proxy" },
	[SITE_KEY_PAUSE] = { "key_pause", "~", "暂停账号", "pause account" },
	[SITE_KEY_REMOVE] = { "key_remove", "-", "撤回导入",
			      "take the import back" },
	[SITE_ENDPOINT_PAUSE] = { "endpoint_pause", "~", "暂停端点",
				  "pause endpoint" },
	[SITE_HOST_PAUSE] = { "host_pause", "~", "暂停主机", "pause host" },
	[SITE_HOST_REMOVE] = { "host_remove", "-", "忘记主机", "forget host" },
	[SITE_IMPORTING] = { "importing", ".", "正在导入",
			     "is being imported" },
	[SITE_EXTRA]	 = { "extra", "?", "文件中没有", "not in the file" },
};
_Static_assert(COUNT(site_words) == SITE_ACTION__MAX, "words for every one");

bool site_action_is_work(const char *name)
{
	for (int i = 0; i < SITE_IMPORTING; i++)
		if (strcmp(site_words[i].name, name) == 0)
			return true;
	return false;
}

void site_change(json_t *changes, const char *field, const json_t *from,
		 const json_t *to)
{
	json_t *change = json_pack("{s:s}", "field", field);

	json_object_set_new(change, "from", from ? json_deep_copy(from)
						 : json_null());
	json_object_set_new(change, "to", to ? json_deep_copy(to)
					     : json_null());
	json_array_append_new(changes, change);
}

json_t *site_secret(const json_t *reference)
{
	json_t *n = json_object_get(reference, "secret");

	return n ? json_pack("{s:O}", "$secret", n) : NULL;
}

void site_diff_act(struct site_diff *diff, const struct site_act *act)
{
	json_t *action = json_pack("{s:s, s:s, s:s, s:i}",
		"action", site_words[act->kind].name, "what", act->what,
		"path", act->path, "order", (int)act->kind);

	if (act->method)
		json_object_set_new(action, "method",
				    json_string(act->method));
	if (act->url)
		json_object_set_new(action, "url", json_string(act->url));
	if (act->body)
		json_object_set_new(action, "body", act->body);
	if (act->changes)
		json_object_set_new(action, "changes", act->changes);
	if (act->ground)
		json_object_set_new(action, "ground",
				    json_deep_copy(act->ground));
	if (act->host_url)
		json_object_set_new(action, "host",
				    json_string(act->host_url));
	json_array_append_new(diff->actions, action);
}

static bool says(const json_t *object, const char *name)
{
	return json_object_get(object, name) != NULL;
}

/* A member that is said and not as it is goes to `body`, and is a change. */
static void compare(json_t *body, json_t *changes, const json_t *want,
		    const json_t *live, const char *name)
{
	json_t *to = json_object_get(want, name);
	json_t *from = json_object_get(live, name);

	if (!to || json_equal(to, from) ||
	    (json_is_null(to) && (!from || json_is_null(from))))
		return;
	json_object_set(body, name, to);
	site_change(changes, name, from, to);
}

/* What is shown of a proxy: without its credentials. */
static json_t *shown(const struct site_file *file, const json_t *reference)
{
	const json_t *n = json_object_get(reference, "secret");
	const char *url = n ? file->secrets[json_integer_value(n)]
			    : api_text(reference, "url");
	AUTO_FREE char *text = NULL;
	bool secret;
	struct err err;

	return proxy_check(url, &text, &secret, &err) ? NULL
						      : json_string(text);
}

static json_t *proxy_value(const json_t *reference)
{
	json_t *secret = site_secret(reference);

	return secret ? secret
		      : json_incref(json_object_get(reference, "url"));
}

static void compare_proxy(struct site_diff *diff, json_t *body,
			  json_t *changes, const json_t *want,
			  const json_t *live, const char *path)
{
	const json_t *to = json_object_get(want, "proxy");
	json_t *from = json_object_get(live, "proxy");
	AUTO_FREE char *place = xasprintf("%s.proxy", path);
	json_auto_t *face = NULL;

	if (!to || (json_is_null(to) && (!from || json_is_null(from))))
		return;
	if (json_is_null(to)) {
		json_object_set_new(body, "proxy", json_null());
		site_change(changes, "proxy", from, NULL);
		return;
	}
	if (says(to, "stored")) {
		if (!json_equal(json_object_get(to, "stored"),
				json_object_get(live, "proxy_secret_id")))
			site_file_problem(diff->file, place, "CRM does not "
				"know this one: name it by env, file or url");
		return;
	}
	face = shown(diff->file, to);
	if (!face)
		site_file_problem(diff->file, place,
				  "is no URL of a proxy");
	else if (!json_equal(face, from)) {
		json_object_set_new(body, "proxy", proxy_value(to));
		site_change(changes, "proxy", from, face);
	}
}

/* ---- hosts ---- */

static char *normalised(const char *url)
{
	char *text = NULL;
	struct err err;

	return endpoint_normalise(url, &text, &err) ? xstrdup(url) : text;
}

static const json_t *live_host(const json_t *live, const char *url)
{
	const json_t *host;
	size_t i;

	json_array_foreach(json_object_get(live, "hosts"), i, host)
		if (strcmp(api_text(host, "base_url"), url) == 0)
			return host;
	return NULL;
}

static void must_be_same(struct site_diff *diff, const json_t *want,
			 const json_t *live, const char *name,
			 const char *path)
{
	AUTO_FREE char *place = xasprintf("%s.%s", path, name);

	if (says(want, name) && !json_equal(json_object_get(want, name),
					    json_object_get(live, name)))
		site_file_problem(diff->file, place, "is %s at CRM, and "
			"cannot be changed: delete the host and add it",
			*api_text(live, name) ? api_text(live, name)
					      : "not said");
}

/*
 * Nobody can read a stored token, so nobody can tell whether it is the same:
 * it is written where the host does not take the one that CRM has.
 */
static void compare_auth(struct site_diff *diff, json_t *body,
			 json_t *changes, const json_t *want,
			 const json_t *live, const char *path)
{
	const json_t *auth = json_object_get(want, "auth");
	AUTO_FREE char *place = xasprintf("%s.auth", path);
	json_auto_t *secret = site_secret(auth);

	if (says(auth, "fingerprint") ||
	    (says(auth, "stored") && !json_equal(json_object_get(auth,
			"stored"), json_object_get(live, "auth_secret_id"))))
		site_file_problem(diff->file, place, "CRM does not know this "
				  "one: name it by env or file");
	else if (secret && strcmp(api_text(live, "state"),
				  "unauthorized") == 0) {
		json_object_set(body, "auth_token", secret);
		site_change(changes, "auth", NULL, NULL);
	}
}

static void compare_pause(struct site_diff *diff, const json_t *want,
			  const json_t *live, const struct site_act *act,
			  enum site_action pause, enum site_action resume)
{
	const json_t *to = json_object_get(want, "paused");
	bool is = json_is_true(json_object_get(live, "paused"));
	AUTO_FREE char *url = NULL;
	struct site_act switched = *act;

	if (!json_is_boolean(to) || json_is_true(to) == is)
		return;
	url = xasprintf("%s/%s", act->url, is ? "resume" : "pause");
	switched.kind = is ? resume : pause;
	switched.method = "POST";
	switched.url = url;
	site_diff_act(diff, &switched);
}

static void public_url(json_t *want)
{
	const json_t *url = json_object_get(want, "public_base_url");
	AUTO_FREE char *text = json_is_string(url)
		? normalised(json_string_value(url)) : NULL;

	if (text)
		json_object_set_new(want, "public_base_url",
				    json_string(text));
}

static void change_host(struct site_diff *diff, json_t *want,
			const json_t *live, const char *path, const char *what)
{
	json_auto_t *body = json_object();
	json_auto_t *changes = json_array();
	AUTO_FREE char *url = xasprintf(API_HOSTS "/%s",
					api_text(live, "host_id"));
	struct site_act act = {
		.kind = SITE_HOST_SET, .what = what, .path = path,
		.method = "PATCH", .url = url, .ground = live,
	};

	public_url(want);
	must_be_same(diff, want, live, "auth_type", path);
	must_be_same(diff, want, live, "admin_email", path);
	compare(body, changes, want, live, "name");
	compare(body, changes, want, live, "public_base_url");
	compare(body, changes, want, live, "ca_pem");
	compare_auth(diff, body, changes, want, live, path);
	compare_proxy(diff, body, changes, want, live, path);
	if (json_object_size(body) > 0) {
		act.body = json_incref(body);
		act.changes = json_incref(changes);
		site_diff_act(diff, &act);
	}
	act.body = act.changes = NULL;
	compare_pause(diff, want, live, &act, SITE_HOST_PAUSE,
		      SITE_HOST_RESUME);
}

static void add_host(struct site_diff *diff, json_t *want, const char *path,
		     const char *what, const char *host_url)
{
	static const char *const members[] = {
		"name", "base_url", "public_base_url", "auth_type",
		"admin_email", "ca_pem",
	};
	json_auto_t *body = json_object();
	json_auto_t *none = json_object();
	json_auto_t *changes = json_array();
	json_auto_t *token = site_secret(json_object_get(want, "auth"));
	AUTO_FREE char *place = xasprintf("%s.auth", path);
	struct site_act act = {
		.kind = SITE_HOST_ADD, .what = what, .path = path,
		.method = "POST", .url = API_HOSTS, .host_url = host_url,
	};

	if (!token)
		site_file_problem(diff->file, place, "CRM does not know this "
			"host yet: name its secret by env or file");
	for (size_t i = 0; i < COUNT(members); i++)
		compare(body, changes, want, none, members[i]);
	compare_proxy(diff, body, changes, want, none, path);
	if (token)
		json_object_set(body, "auth_token", token);
	act.body = json_incref(body);
	act.changes = json_incref(changes);
	site_diff_act(diff, &act);
	act.body = act.changes = NULL;
	act.url = API_HOSTS "/$host";
	compare_pause(diff, want, NULL, &act, SITE_HOST_PAUSE,
		      SITE_HOST_RESUME);
}

static void diff_host(struct site_diff *diff, json_t *want, const char *path,
		      json_t *known)
{
	AUTO_FREE char *url = normalised(api_text(want, "base_url"));
	const json_t *live = live_host(diff->live, url);
	const char *name = *api_text(want, "name") ? api_text(want, "name")
		: live ? api_text(live, "name") : url;

	json_object_set_new(known, url, json_true());
	if (live)
		change_host(diff, want, live, path, name);
	else
		add_host(diff, want, path, name, url);
	site_diff_keys(diff, want, live, path, url);
}

/*
 * Keys hold a host: taking them back is for somebody to say.  What once was
 * imported there may still hold one without keys; then the API refuses.
 */
static void extra_host(struct site_diff *diff, const json_t *host)
{
	bool empty = json_array_size(json_object_get(host, "keys")) == 0;
	AUTO_FREE char *url = xasprintf(API_HOSTS "/%s",
					api_text(host, "host_id"));
	struct site_act extra = {
		.kind = SITE_EXTRA, .path = "", .ground = host,
		.what = api_text(host, "base_url"),
	};

	if (diff->prune && empty) {
		extra.kind = SITE_HOST_REMOVE;
		extra.method = "DELETE";
		extra.url = url;
	}
	site_diff_act(diff, &extra);
}

static void diff_hosts(struct site_diff *diff)
{
	json_auto_t *known = json_object();
	json_t *host;
	size_t i;

	json_array_foreach(json_object_get(diff->file->doc.root, "hosts"), i,
			   host) {
		AUTO_FREE char *path = xasprintf("hosts[%zu]", i);

		diff_host(diff, host, path, known);
	}
	json_array_foreach(json_object_get(diff->live, "hosts"), i, host)
		if (!json_object_get(known, api_text(host, "base_url")))
			extra_host(diff, host);
}

/* ---- endpoints ---- */

static const json_t *live_endpoint(const json_t *live, const char *key)
{
	const json_t *endpoint;
	size_t i;

	json_array_foreach(json_object_get(live, "endpoints"), i, endpoint)
		if (strcmp(api_text(endpoint, "endpoint_key"), key) == 0)
			return endpoint;
	return NULL;
}

/* A PUT says all of an endpoint: what the file does not say stays. */
static void keep_rest(json_t *body, const json_t *live)
{
	static const char *const members[] = {
		"proxy", "ca_pem", "concurrency", "requests_per_minute",
	};

	for (size_t i = 0; i < COUNT(members); i++) {
		json_t *value = json_object_get(live, members[i]);

		if (value && !json_is_null(value) && !says(body, members[i]))
			json_object_set(body, members[i], value);
	}
}

static void diff_endpoint(struct site_diff *diff, const json_t *want,
			  const char *path)
{
	const char *given = api_text(want, "base_url");
	AUTO_FREE char *base = normalised(given);
	AUTO_FREE char *url = NULL;
	json_auto_t *body = json_object();
	json_auto_t *changes = json_array();
	char key[ENDPOINT_KEY_MAX];
	const json_t *live;

	if (*given)
		endpoint_key(base, key);
	else
		snprintf(key, sizeof(key), "%s",
			 api_text(want, "endpoint_key"));
	live = live_endpoint(diff->live, key);
	url = xasprintf(API_ENDPOINTS "/%s", key);
	struct site_act act = {
		.kind = SITE_ENDPOINT_SET, .what = key, .path = path,
		.method = "PUT", .url = url, .ground = live,
	};
	compare(body, changes, want, live, "ca_pem");
	compare(body, changes, want, live, "concurrency");
	compare(body, changes, want, live, "requests_per_minute");
	compare_proxy(diff, body, changes, want, live, path);
	if (json_object_size(body) > 0) {
		keep_rest(body, live);
		act.body = json_incref(body);
		act.changes = json_incref(changes);
		site_diff_act(diff, &act);
	}
	act.body = act.changes = NULL;
	compare_pause(diff, want, live, &act, SITE_ENDPOINT_PAUSE,
		      SITE_ENDPOINT_RESUME);
}

static int by_order(const void *one, const void *other)
{
	int64_t a = api_number(*(json_t *const *)one, "order");
	int64_t b = api_number(*(json_t *const *)other, "order");
	int64_t m = api_number(*(json_t *const *)one, "place");
	int64_t n = api_number(*(json_t *const *)other, "place");

	return a != b ? (a < b ? -1 : 1) : m < n ? -1 : m > n;
}

static void sort_actions(json_t *actions)
{
	size_t n = json_array_size(actions);
	json_t **list = xcalloc(n + 1, sizeof(*list));

	for (size_t i = 0; i < n; i++) {
		list[i] = json_incref(json_array_get(actions, i));
		json_object_set_new(list[i], "place",
				    json_integer((json_int_t)i));
	}
	qsort(list, n, sizeof(*list), by_order);
	json_array_clear(actions);
	for (size_t i = 0; i < n; i++) {
		json_object_del(list[i], "order");
		json_object_del(list[i], "place");
		json_array_append_new(actions, list[i]);
	}
	free(list);
}

int site_diff(struct site_diff *diff, struct err *err)
{
	const json_t *endpoint;
	size_t i;

	diff->actions = json_array();
	diff_hosts(diff);
	json_array_foreach(json_object_get(diff->file->doc.root, "endpoints"),
			   i, endpoint) {
		AUTO_FREE char *path = xasprintf("endpoints[%zu]", i);

		diff_endpoint(diff, endpoint, path);
	}
	sort_actions(diff->actions);
	return site_file_judge(diff->file, err);
}
