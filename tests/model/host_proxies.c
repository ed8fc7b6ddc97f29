/*
 * Proxies of a host, as far as accounts name them: made, shown, deleted.
 */
#include <inttypes.h>
#include <stdio.h>

#include "shared/own.h"
#include "shared/table.h"
#include "tests/model/host_accounts.h"
#include "tests/model/host_routes.h"
#include "tests/model/host_view.h"

static const struct host_rule create_rules[] = {
	{ "name", "Name", RULE_REQUIRED, NULL },
	{ "protocol", "Protocol", RULE_REQUIRED, NULL },
	{ "protocol", "Protocol", RULE_ONEOF, "http https socks5 socks5h" },
	{ "host", "Host", RULE_REQUIRED, NULL },
	{ "port", "Port", RULE_REQUIRED, NULL },
};

static json_t *find(const struct host_model *model, int64_t id)
{
	char key[24];

	snprintf(key, sizeof(key), "%" PRId64, id);
	return json_object_get(model->proxies, key);
}

bool host_proxy_exists(const struct host_model *model, int64_t id)
{
	return id == 0 || find(model, id);
}

char *host_proxy_url(const struct host_model *model, int64_t id)
{
	const json_t *proxy = find(model, id);

	if (!proxy)
		return NULL;
	return xasprintf("%s://%s:%" JSON_INTEGER_FORMAT,
		json_string_value(json_object_get(proxy, "protocol")),
		json_string_value(json_object_get(proxy, "host")),
		json_integer_value(json_object_get(proxy, "port")));
}

static const char *text_of(const struct host_call *call, const char *name)
{
	const char *text = body_text(call, name);

	return text ? text : "";
}

static void create(struct host_call *call)
{
	struct host_model *model = call->model;
	int64_t id = ++model->next_proxy;
	char key[24];
	json_t *view = json_pack("{sI ss ss ss sI ss ss so so}",
		"id", (json_int_t)id, "name", text_of(call, "name"),
		"protocol", text_of(call, "protocol"),
		"host", text_of(call, "host"),
		"port", (json_int_t)body_int(call, "port", 0),
		"username", text_of(call, "username"), "status", "active",
		"created_at", view_time(model->now),
		"updated_at", view_time(model->now));

	snprintf(key, sizeof(key), "%" PRId64, id);
	json_object_set_new(model->proxies, key, view);
	reply_data(call, json_incref(view));
}

static void show(struct host_call *call)
{
	json_t *view = find(call->model, call->id);

	if (view)
		reply_data(call, json_incref(view));
	else
		reply_refuse(call, 404, "proxy not found", "PROXY_NOT_FOUND");
}

static bool is_used(const struct host_model *model, int64_t id)
{
	for (size_t i = 0; i < model->accounts.count; i++) {
		const struct host_account *account = model->accounts.rows[i];

		if (account && account->proxy_id == id)
			return true;
	}
	return false;
}

static void delete(struct host_call *call)
{
	char key[24];

	if (is_used(call->model, call->id)) {
		reply_refuse(call, 409, "proxy is in use by accounts",
			     "PROXY_IN_USE");
		return;
	}
	snprintf(key, sizeof(key), "%" PRId64, call->id);
	json_object_del(call->model->proxies, key);
	reply_message(call, "Proxy deleted successfully");
}

#define OF(method_, suffix_, handle_) \
	.method = (method_), .pattern = "/api/v1/admin/proxies" suffix_, \
	.handle = (handle_), .access = HOST_ADMIN

const struct host_route host_proxy_routes[] = {
	{ OF("POST", "", create), .request = "CreateProxyRequest",
	  .rules = create_rules, .nrules = COUNT(create_rules) },
	{ OF("GET", "/{id}", show), .noun = "proxy" },
	{ OF("DELETE", "/{id}", delete), .noun = "proxy" },
	{ .method = NULL },
};
