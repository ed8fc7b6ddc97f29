#include "shared/own.h"
#include "tests/model/host_models.h"
#include "tests/model/host_view.h"

static json_t *no_usage(void)
{
	return json_pack("{si si si si si si si si}",
		"actual_cost", 0, "cache_creation_tokens", 0,
		"cache_read_tokens", 0, "cost", 0, "input_tokens", 0,
		"output_tokens", 0, "requests", 0, "total_tokens", 0);
}

static void put_balance(struct host_call *call, json_t *body)
{
	double balance = call->user->balance;

	json_object_set_new(body, "balance", json_real(balance));
	json_object_set_new(body, "remaining", json_real(balance));
	json_object_set_new(body, "planName", json_string("钱包余额"));
}

static void put_subscription(struct host_call *call, json_t *body,
			     const struct host_group *group,
			     const struct host_subscription *row)
{
	json_t *view = json_pack("{si si si sO sO sO so}",
		"daily_usage_usd", 0, "weekly_usage_usd", 0,
		"monthly_usage_usd", 0, "daily_limit_usd",
		json_object_get(group->settings, "daily_limit_usd"),
		"weekly_limit_usd",
		json_object_get(group->settings, "weekly_limit_usd"),
		"monthly_limit_usd",
		json_object_get(group->settings, "monthly_limit_usd"),
		"expires_at", view_time(row->expires_at));

	if (row->window_at && host_has(call->model, HOST_SHOWS_WINDOW))
		json_object_set_new(view, "weekly_window_start",
				    view_time(row->window_at));
	json_object_set_new(body, "subscription", view);
	json_object_set_new(body, "remaining", json_integer(-1));
	json_object_set_new(body, "planName", json_string(group->name));
}

void host_usage_show(struct host_call *call)
{
	const struct host_group *group = host_group_find(
		call->model, call->key->group_id);
	const struct host_subscription *row = host_subscription_of(
		call->model, call->user->id, call->key->group_id);
	json_t *body = json_pack("{sb ss ss s{si si si so so}}",
		"isValid", 1, "mode", "unrestricted", "unit", "USD", "usage",
		"average_duration_ms", 0, "rpm", 0, "tpm", 0,
		"today", no_usage(), "total", no_usage());

	if (host_has(call->model, HOST_SHOWS_DAILY_USAGE))
		json_object_set_new(body, "daily_usage", json_array());
	if (group && row)
		put_subscription(call, body, group, row);
	else
		put_balance(call, body);
	reply_json(call, 200, body);
}
