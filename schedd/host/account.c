#include "schedd/host/account.h"

#include <inttypes.h>

#define MODE "openai_responses_mode"
#define SUPPORTED "openai_responses_supported"
#define FORCE_CHAT "force_chat_completions"

/* Every name to itself, or the mapping as it is. */
static void write_models(struct jout *out, const json_t *models)
{
	json_auto_t *mapping = json_is_object(models)
		? json_deep_copy(models) : NULL;
	size_t i;
	const char *name;
	json_t *wire;
	const json_t *model;

	json_object_foreach(mapping, name, wire)
		jout_json(out, name, wire);
	json_array_foreach(models, i, model)
		jout_str(out, json_string_value(model),
			 json_string_value(model));
}

static void write_mapping(struct jout *out, const json_t *models)
{
	jout_object(out, "model_mapping");
	write_models(out, models);
	jout_object_end(out);
}

/*
 * Without a count a host asks a refusing provider three times more, half a
 * second apart.
 */
static void write_pool_mode(struct jout *out)
{
	jout_bool(out, "pool_mode", true);
	jout_i64(out, "pool_mode_retry_count", 0);
}

/* They go above what the client sent. */
static void write_headers(struct jout *out, const json_t *headers)
{
	jout_bool(out, "header_override_enabled", true);
	jout_json(out, "header_overrides", headers);
}

static void write_groups(struct jout *out, const int64_t *ids, size_t count)
{
	jout_array(out, "group_ids");
	for (size_t i = 0; i < count; i++)
		jout_i64(out, NULL, ids[i]);
	jout_array_end(out);
}

void host_account_wanted(struct jout *out,
			 const struct host_account_wish *wish)
{
	AUTO_FREE char *name = host_mark_name(wish->provider_id, wish->mark);

	jout_object(out, NULL);
	jout_str(out, "name", name);
	jout_str(out, "notes", wish->mark);
	jout_str(out, "platform", "openai");
	jout_str(out, "type", "apikey");
	jout_object(out, "credentials");
	jout_str(out, "base_url", wish->base_url);
	jout_object(out, "model_mapping");
	write_models(out, wish->models);
	if (wish->alias)
		jout_str(out, wish->alias, wish->alias_of);
	jout_object_end(out);
	if (wish->pool_mode)
		write_pool_mode(out);
	if (wish->headers)
		write_headers(out, wish->headers);
	jout_object_end(out);
	jout_object(out, "extra");
	jout_str(out, MODE, FORCE_CHAT);
	jout_object_end(out);
	jout_i64(out, "concurrency", wish->concurrency);
	if (wish->priority)
		jout_json(out, "priority", wish->priority);
	else
		jout_i64(out, "priority", HOST_ACCOUNT_PRIORITY);
	if (wish->proxy_id)
		jout_i64(out, "proxy_id", wish->proxy_id);
	write_groups(out, wish->group_ids, wish->ngroups);
	jout_object_end(out);
}

static void write_credentials(struct request *request, json_t *credentials)
{
	const char *name;
	json_t *value;

	jout_object(&request->body, "credentials");
	json_object_foreach(credentials, name, value)
		jout_json(&request->body, name, value);
	request_secret(request, "api_key", SLOT_PROVIDER_KEY);
	jout_object_end(&request->body);
}

static void write_create(struct request *request, json_t *wanted,
			 int64_t only_group)
{
	const char *name;
	json_t *value;

	host_body(request);
	json_object_foreach(wanted, name, value) {
		if (strcmp(name, "credentials") == 0)
			write_credentials(request, value);
		else if (strcmp(name, "group_ids") == 0 && only_group)
			write_groups(&request->body, &only_group, 1);
		else
			jout_json(&request->body, name, value);
	}
	host_body_end(request);
}

int host_ask_account_create(struct request *request,
			    const struct host_peer *peer,
			    const struct host_account_making *making,
			    struct err *err)
{
	json_auto_t *wanted = json_loads(making->wanted_json, 0, NULL);

	if (!json_is_object(json_object_get(wanted, "credentials")))
		return err_set(err, ERR_INTERNAL, "no account to ask for");
	host_start(request, peer, METHOD_POST, HOST_ROLE_ADMIN,
		   "/api/v1/admin/accounts");
	host_idempotency(request, making->mark, making->generation);
	write_create(request, wanted, making->only_group);
	return 0;
}

void host_ask_account_find(struct request *request,
			   const struct host_peer *peer, const char *mark,
			   int64_t page)
{
	AUTO_FREE char *escaped = request_escape(mark);

	/* More than 1000 a page would silently become 20. */
	host_start(request, peer, METHOD_GET, HOST_ROLE_ADMIN,
		   "/api/v1/admin/accounts?search=%s&page=%" PRId64
		   "&page_size=1000&sort_by=id&sort_order=asc", escaped, page);
}

void host_ask_account(struct request *request, const struct host_peer *peer,
		      int64_t id)
{
	host_start(request, peer, METHOD_GET, HOST_ROLE_ADMIN,
		   "/api/v1/admin/accounts/%" PRId64, id);
}

static void patch_credentials(struct request *request,
			      const struct host_account_patch *patch)
{
	if (!patch->models && !patch->base_url && !patch->key &&
	    !patch->pool_mode && !patch->no_pool_mode &&
	    !patch->show_errors && !patch->hide_errors)
		return;
	jout_object(&request->body, "credentials");
	if (patch->base_url)
		jout_str(&request->body, "base_url", patch->base_url);
	if (patch->models)
		write_mapping(&request->body, patch->models);
	if (patch->key)
		request_secret(request, "api_key", SLOT_PROVIDER_KEY);
	if (patch->pool_mode)
		write_pool_mode(&request->body);
	if (patch->no_pool_mode)
		jout_bool(&request->body, "pool_mode", false);
	if (patch->show_errors || patch->hide_errors)
		jout_bool(&request->body, "custom_error_codes_enabled",
			  patch->hide_errors);
	jout_object_end(&request->body);
}

void host_ask_account_patch(struct request *request,
			    const struct host_peer *peer, int64_t id,
			    const struct host_account_patch *patch)
{
	struct jout *body = &request->body;

	host_start(request, peer, METHOD_POST, HOST_ROLE_ADMIN,
		   "/api/v1/admin/accounts/bulk-update");
	host_body(request);
	jout_array(body, "account_ids");
	jout_i64(body, NULL, id);
	jout_array_end(body);
	if (patch->relay) {
		/* Both: the mode is what a newer host will look at. */
		jout_object(body, "extra");
		jout_str(body, MODE, FORCE_CHAT);
		jout_bool(body, SUPPORTED, false);
		jout_object_end(body);
	}
	if (patch->group_ids)
		jout_json(body, "group_ids", patch->group_ids);
	patch_credentials(request, patch);
	if (patch->priority)
		jout_i64(body, "priority", *patch->priority);
	if (patch->proxy_id)
		jout_i64(body, "proxy_id", *patch->proxy_id);
	if (patch->name)
		jout_str(body, "name", patch->name);
	if (patch->status)
		jout_str(body, "status", patch->status);
	if (patch->schedulable)
		jout_bool(body, "schedulable", *patch->schedulable);
	host_body_end(request);
}

enum failure host_judge_account_patch(const struct answer *answer, int64_t id)
{
	enum failure why = host_judge(answer);
	const json_t *ids = answer_at(answer, "/data/success_ids");
	size_t i;
	const json_t *value;

	if (why != FAILURE_NONE)
		return why;
	json_array_foreach(ids, i, value)
		if (json_integer_value(value) == id)
			return FAILURE_NONE;
	return FAILURE_HOST_REFUSED;
}

void host_ask_account_recover(struct request *request,
			      const struct host_peer *peer, int64_t id)
{
	host_start(request, peer, METHOD_POST, HOST_ROLE_ADMIN,
		   "/api/v1/admin/accounts/%" PRId64 "/recover-state", id);
}

void host_ask_account_schedulable(struct request *request,
				  const struct host_peer *peer, int64_t id,
				  bool schedulable)
{
	host_start(request, peer, METHOD_POST, HOST_ROLE_ADMIN,
		   "/api/v1/admin/accounts/%" PRId64 "/schedulable", id);
	host_body(request);
	jout_bool(&request->body, "schedulable", schedulable);
	host_body_end(request);
}

void host_ask_account_put(struct request *request,
			  const struct host_peer *peer, int64_t id,
			  const struct host_account_put *put)
{
	host_start(request, peer, METHOD_PUT, HOST_ROLE_ADMIN,
		   "/api/v1/admin/accounts/%" PRId64, id);
	host_body(request);
	if (put->name)
		jout_str(&request->body, "name", put->name);
	if (put->notes)
		jout_str(&request->body, "notes", put->notes);
	if (put->extra)
		jout_json(&request->body, "extra", put->extra);
	if (put->never_expires)
		jout_i64(&request->body, "expires_at", 0);
	else if (put->expires_at)
		jout_json(&request->body, "expires_at", put->expires_at);
	host_body_end(request);
}

void host_ask_proxy(struct request *request, const struct host_peer *peer,
		    int64_t id)
{
	host_start(request, peer, METHOD_GET, HOST_ROLE_ADMIN,
		   "/api/v1/admin/proxies/%" PRId64, id);
}

void host_ask_account_delete(struct request *request,
			     const struct host_peer *peer, int64_t id)
{
	host_start(request, peer, METHOD_DELETE, HOST_ROLE_ADMIN,
		   "/api/v1/admin/accounts/%" PRId64, id);
}
