#include <string.h>

#include "shared/own.h"
#include "shared/table.h"
#include "tests/model/host_routes.h"

#define BAD_KEYS_LIMIT 120
#define BAD_KEYS_BLOCK_MS 60000

struct refusal {
	int status;
	const char *code;
	const char *message;
};

enum gate {
	GATE_BLOCKED,
	GATE_QUERY,
	GATE_NO_KEY,
	GATE_BAD_KEY,
	GATE_DISABLED,
	GATE_NO_USER,
	GATE_USER_INACTIVE,
	GATE_GROUP_DELETED,
	GATE_GROUP_DISABLED,
	GATE_NOT_ALLOWED,
	GATE_NO_SUBSCRIPTION,
	GATE_EXPIRED,
	GATE_NO_BALANCE,
	GATE__MAX,
	GATE_OPEN = GATE__MAX
};

static const struct refusal refusals[] = {
	[GATE_BLOCKED] = { 429, "INVALID_AUTH_RATE_LIMITED",
		"Too many invalid authentication attempts; retry later" },
	[GATE_QUERY] = { 400, "api_key_in_query_deprecated",
		"API key in query parameter is deprecated. Please use "
		"Authorization header instead." },
	[GATE_NO_KEY] = { 401, "API_KEY_REQUIRED",
		"API key is required in Authorization header (Bearer "
		"scheme), x-api-key header, or x-goog-api-key header" },
	[GATE_BAD_KEY] = { 401, "INVALID_API_KEY", "Invalid API key" },
	[GATE_DISABLED] = { 401, "API_KEY_DISABLED", "API key is disabled" },
	[GATE_NO_USER] = { 401, "USER_NOT_FOUND",
		"User associated with API key not found" },
	[GATE_USER_INACTIVE] = { 401, "USER_INACTIVE",
		"User account is not active" },
	[GATE_GROUP_DELETED] = { 403, "GROUP_DELETED",
		"API Key 所属分组已删除" },
	[GATE_GROUP_DISABLED] = { 403, "GROUP_DISABLED",
		"API Key 所属分组已停用" },
	[GATE_NOT_ALLOWED] = { 403, "GROUP_NOT_ALLOWED",
		"API Key 所属用户无权使用该分组" },
	[GATE_NO_SUBSCRIPTION] = { 403, "SUBSCRIPTION_NOT_FOUND",
		"No active subscription found for this group" },
	[GATE_EXPIRED] = { 403, "API_KEY_EXPIRED", "API key 已过期" },
	[GATE_NO_BALANCE] = { 403, "INSUFFICIENT_BALANCE",
		"Insufficient account balance" },
};

_Static_assert(COUNT(refusals) == GATE__MAX, "a refusal per gate");

static const char *key_text(const struct host_call *call)
{
	const struct model_request *request = call->request;
	const char *value = model_request_header(request, "Authorization");

	if (value && strncasecmp(value, "Bearer ", 7) == 0 && value[7])
		return value + 7;
	value = model_request_header(request, "x-api-key");
	if (value && *value)
		return value;
	value = model_request_header(request, "x-goog-api-key");
	return value && *value ? value : NULL;
}

static bool is_blocked(const struct host_call *call)
{
	return call->model->bad_keys_until > call->model->now;
}

/* So many bad keys shut out the address, and all good keys with it. */
static void count_bad_key(struct host_model *model)
{
	if (!model->options.rate_limits ||
	    !host_has(model, HOST_LIMITS_BAD_KEYS) ||
	    host_window_count(&model->bad_keys, model->now,
			      BAD_KEYS_LIMIT - 1))
		return;
	model->bad_keys_until = model->now + BAD_KEYS_BLOCK_MS;
	model->bad_keys = (struct host_window){ 0 };
}

static enum gate check_key(struct host_call *call)
{
	char unused[8];
	const char *text = key_text(call);
	struct host_key *key;

	if (query_get(call, "key", unused, sizeof(unused)) ||
	    query_get(call, "api_key", unused, sizeof(unused)))
		return GATE_QUERY;
	if (!text)
		return GATE_NO_KEY;
	key = host_key_find(call->model, host_index_get(
		call->model->key_texts, text));
	if (!key || key->orphaned) {
		count_bad_key(call->model);
		return GATE_BAD_KEY;
	}
	call->key = key;
	if (strcmp(key->status, "active") != 0)
		return GATE_DISABLED;
	call->user = host_user_find(call->model, key->user_id);
	if (!call->user)
		return GATE_NO_USER;
	return strcmp(call->user->status, "active") == 0 ?
		GATE_OPEN : GATE_USER_INACTIVE;
}

static bool is_subscription(const struct host_group *group)
{
	return group && strcmp(group->subscription_type, "subscription") == 0;
}

static enum gate check_group(const struct host_call *call,
			     const struct host_group *group)
{
	const struct host_model *model = call->model;

	if (!call->key->group_id)
		return GATE_OPEN;
	if (host_has(model, HOST_CHECKS_GROUP_OF_KEY)) {
		if (!group)
			return GATE_GROUP_DELETED;
		if (strcmp(group->status, "active") != 0)
			return GATE_GROUP_DISABLED;
	}
	if (host_has(model, HOST_CHECKS_EXCLUSIVE_OF_KEY) && group &&
	    group->is_exclusive && !is_subscription(group) &&
	    !host_ids_has(&call->user->allowed, group->id))
		return GATE_NOT_ALLOWED;
	return GATE_OPEN;
}

static enum gate check_money(struct host_call *call,
			     const struct host_group *group)
{
	struct host_model *model = call->model;
	struct host_subscription *row;
	int64_t day = 24 * 60 * 60 * 1000;

	if (call->key->expires_at && call->key->expires_at <= model->now)
		return GATE_EXPIRED;
	if (!is_subscription(group))
		return call->user->balance > 0 ? GATE_OPEN : GATE_NO_BALANCE;
	row = host_subscription_of(model, call->user->id, group->id);
	if (!row || row->expires_at <= model->now)
		return GATE_NO_SUBSCRIPTION;
	if (!row->window_at)
		row->window_at = model->now / day * day;
	return GATE_OPEN;
}

static enum gate check_all(struct host_call *call)
{
	const struct host_group *group;
	enum gate gate = is_blocked(call) ? GATE_BLOCKED : check_key(call);

	if (gate != GATE_OPEN)
		return gate;
	group = host_group_find(call->model, call->key->group_id);
	gate = check_group(call, group);
	if (gate != GATE_OPEN || call->model->options.simple_mode ||
	    call->route->access == HOST_GATEWAY_STATUS)
		return gate;
	return check_money(call, group);
}

static bool has_group(struct host_call *call)
{
	if (call->key->group_id ||
	    call->route->access == HOST_GATEWAY_STATUS)
		return true;
	reply_json(call, 403, json_pack("{s{ss ss} ss}", "error", "message",
		"API Key is not assigned to any group and cannot be used. "
		"Please contact the administrator to assign it to a group.",
		"type", "permission_error", "type", "error"));
	return false;
}

bool host_key_may_ask(struct host_call *call)
{
	enum gate gate = check_all(call);

	if (gate == GATE_OPEN) {
		call->key->last_used_at = call->model->now;
		call->key->updated_at = call->model->now;
		return has_group(call);
	}
	reply_flat(call, refusals[gate].status, refusals[gate].code,
		   refusals[gate].message);
	if (gate == GATE_BLOCKED)
		reply_header(call, "Retry-After",
			     (call->model->bad_keys_until -
			      call->model->now + 999) / 1000);
	return false;
}
