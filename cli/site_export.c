#include "cli/site_export.h"

#include <string.h>

#include "cli/api.h"
#include "cli/yaml.h"
#include "shared/table.h"

static const char head[] =
	"# 站点文件：CRM 现在管理的一切。crmctl diff -f 比较，crmctl apply -f"
	" 收敛；说明见 docs/site.md。\n"
	"# The site: all that CRM looks after, as it is now.  `crmctl diff -f`"
	" compares, `crmctl apply -f`\n"
	"# converges; docs/site.md tells the rest.\n"
	"#\n"
	"# 密钥只以引用出现。fingerprint 和 stored 指本 CRM 已有的密钥；"
	"换一套 CRM 时改写成 {env: 变量名} 或 {file: 路径}。\n"
	"# Secrets are references.  fingerprint and stored are those that this"
	" CRM has already; for another CRM\n"
	"# write {env: NAME} or {file: PATH} instead.\n";

static void copy(json_t *to, const char *name, const json_t *from)
{
	json_t *value = json_object_get(from, name);

	if (value && !json_is_null(value))
		json_object_set(to, name, value);
}

static void copy_text(json_t *to, const char *name, const json_t *from)
{
	if (*api_text(from, name))
		copy(to, name, from);
}

static void flag(json_t *to, const char *name, const json_t *from)
{
	if (json_is_true(json_object_get(from, name)))
		json_object_set_new(to, name, json_true());
}

static json_t *stored(const json_t *id)
{
	return json_pack("{s:O}", "stored", id);
}

static void secret(json_t *to, const char *name, const json_t *print,
		   const json_t *id)
{
	if (json_is_string(print))
		json_object_set_new(to, name, json_pack("{s:O}", "fingerprint",
							print));
	else if (json_is_string(id))
		json_object_set_new(to, name, stored(id));
}

static json_t *export_key(const json_t *row)
{
	json_t *key = json_object();
	bool chosen = json_is_true(json_object_get(row, "models_changed")) ||
		json_array_size(json_object_get(row, "requested_models")) > 0;

	secret(key, "key", json_object_get(row, "key_fingerprint"),
	       json_object_get(row, "key_secret_id"));
	copy_text(key, "label", row);
	copy_text(key, "note", row);
	if (chosen) {
		copy(key, "models", row);
		if (json_object_size(json_object_get(row, "model_aliases")))
			json_object_set(key, "aliases", json_object_get(row,
							"model_aliases"));
	}
	if (*api_text(row, "account_proxy"))
		json_object_set_new(key, "account_proxy", json_integer(
			strtoll(api_text(row, "account_proxy"), NULL, 10)));
	flag(key, "paused", row);
	return key;
}

static void add_users(json_t *users, const json_t *list)
{
	json_t *user, *one;
	size_t i, k;

	json_array_foreach(list, i, user) {
		bool there = false;

		json_array_foreach(users, k, one)
			there = there || json_equal(one, user);
		if (!there)
			json_array_append(users, user);
	}
}

static json_t *begin_entry(const json_t *row)
{
	json_t *entry = json_object();
	bool probe = strcmp(api_text(row, "given_key_source"),
			    "probe_api_key") == 0;

	copy(entry, "provider_id", row);
	if (json_object_get(entry, "provider_id"))
		copy(entry, "pack_id", row);
	copy(entry, "base_url", row);
	copy(entry, "access_mode", row);
	secret(entry, probe ? "probe_key" : "access_key",
	       json_object_get(row, "given_key_fingerprint"),
	       json_object_get(row, "given_key_secret_id"));
	flag(entry, "rebind", row);
	copy(entry, "subscription_days", row);
	json_object_set_new(entry, "keys", json_array());
	return entry;
}

/* Only a managed subscription has users by name. */
static void add_row(json_t *entry, const json_t *row)
{
	json_t *users = json_object_get(entry, "subscription_users");

	json_array_append_new(json_object_get(entry, "keys"),
			      export_key(row));
	if (strcmp(api_text(row, "access_mode"), "subscription") != 0 ||
	    *api_text(row, "given_key_source"))
		return;
	if (!users) {
		users = json_array();
		json_object_set_new(entry, "subscription_users", users);
	}
	add_users(users, json_object_get(row, "subscription_users"));
	add_users(users, json_object_get(row, "users_with_access"));
}

static bool is_same(const json_t *one, const json_t *other, const char *name)
{
	return strcmp(api_text(one, name), api_text(other, name)) == 0;
}

/* The rows of an endpoint in one way of access stand together: it is sorted. */
static json_t *export_providers(const json_t *rows)
{
	json_t *list = json_array();
	json_t *entry = NULL;
	const json_t *row, *before = NULL;
	size_t i;

	json_array_foreach(rows, i, row) {
		if (!before || !is_same(row, before, "endpoint_key") ||
		    !is_same(row, before, "plan") ||
		    !is_same(row, before, "access_mode")) {
			entry = begin_entry(row);
			json_array_append_new(list, entry);
		}
		add_row(entry, row);
		before = row;
	}
	return list;
}

static json_t *export_host(const json_t *live)
{
	json_t *host = json_object();

	copy(host, "name", live);
	copy(host, "base_url", live);
	copy(host, "public_base_url", live);
	copy(host, "auth_type", live);
	copy(host, "admin_email", live);
	secret(host, "auth", NULL, json_object_get(live, "auth_secret_id"));
	secret(host, "proxy", NULL, json_object_get(live, "proxy_secret_id"));
	copy(host, "ca_pem", live);
	flag(host, "paused", live);
	json_object_set_new(host, "providers", export_providers(
		json_object_get(live, "keys")));
	return host;
}

static json_t *export_endpoint(const json_t *live)
{
	json_t *endpoint = json_object();

	copy(endpoint, "endpoint_key", live);
	secret(endpoint, "proxy", NULL, json_object_get(live,
							"proxy_secret_id"));
	copy(endpoint, "ca_pem", live);
	copy(endpoint, "concurrency", live);
	copy(endpoint, "requests_per_minute", live);
	flag(endpoint, "paused", live);
	return endpoint;
}

void site_export(struct buf *out, const json_t *live)
{
	json_auto_t *site = json_pack("{s:i, s:[], s:[]}", "version", 1,
				      "hosts", "endpoints");
	json_t *one, *endpoint;
	size_t i;

	json_array_foreach(json_object_get(live, "hosts"), i, one)
		json_array_append_new(json_object_get(site, "hosts"),
				      export_host(one));
	json_array_foreach(json_object_get(live, "endpoints"), i, one) {
		endpoint = export_endpoint(one);
		if (json_object_size(endpoint) > 1)
			json_array_append_new(json_object_get(site,
						"endpoints"), endpoint);
		else
			json_decref(endpoint);
	}
	buf_adds(out, head);
	yaml_write(out, site);
}
