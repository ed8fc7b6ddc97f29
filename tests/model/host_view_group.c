#include <string.h>

#include "shared/table.h"
#include "tests/model/host_view.h"

#define ROW(kind_, name_) \
	{ .name = #name_, .kind = (kind_), \
	  .offset = offsetof(struct host_group, name_) }

static const struct view_field short_fields[] = {
	ROW(VIEW_INT, id),
	ROW(VIEW_TEXT, name),
	ROW(VIEW_TEXT, platform),
	ROW(VIEW_NUMBER, rate_multiplier),
	ROW(VIEW_BOOL, is_exclusive),
	ROW(VIEW_TEXT, status),
	ROW(VIEW_TEXT, subscription_type),
};

static const struct view_field more_fields[] = {
	ROW(VIEW_TEXT, description),
	ROW(VIEW_TIME, created_at),
	ROW(VIEW_TIME, updated_at),
};

struct setting {
	const char *name;
	const char *text;		/* the default, as JSON */
	enum host_version since;
	bool for_admins;
};

static const struct setting settings[] = {
	{ "daily_limit_usd", "null", 0, false },
	{ "weekly_limit_usd", "null", 0, false },
	{ "monthly_limit_usd", "null", 0, false },
	{ "long_context_pricing_enabled", "false", HOST_0_1_179, false },
	{ "allow_image_generation", "false", 0, false },
	{ "allow_batch_image_generation", "false", HOST_0_1_179, false },
	{ "image_rate_independent", "false", 0, false },
	{ "image_rate_multiplier", "1", 0, false },
	{ "batch_image_discount_multiplier", "0.5", HOST_0_1_179, false },
	{ "batch_image_hold_multiplier", "0.6", HOST_0_1_179, false },
	{ "video_rate_independent", "false", HOST_0_1_179, false },
	{ "video_rate_multiplier", "1", HOST_0_1_179, false },
	{ "peak_rate_enabled", "false", HOST_0_1_179, false },
	{ "peak_start", "\"\"", HOST_0_1_179, false },
	{ "peak_end", "\"\"", HOST_0_1_179, false },
	{ "peak_rate_multiplier", "1", HOST_0_1_179, false },
	{ "image_price_1k", "null", 0, false },
	{ "image_price_2k", "null", 0, false },
	{ "image_price_4k", "null", 0, false },
	{ "video_price_480p", "null", HOST_0_1_179, false },
	{ "video_price_720p", "null", HOST_0_1_179, false },
	{ "video_price_1080p", "null", HOST_0_1_179, false },
	{ "web_search_price_per_call", "null", HOST_0_1_179, false },
	{ "search_price_per_1k", "null", HOST_0_1_179, false },
	{ "audio_realtime_price_per_min", "null", HOST_0_1_179, false },
	{ "audio_tts_price_per_million_chars", "null", HOST_0_1_179, false },
	{ "audio_stt_price_per_hour", "null", HOST_0_1_179, false },
	{ "claude_code_only", "false", 0, false },
	{ "fallback_group_id", "null", 0, false },
	{ "fallback_group_id_on_invalid_request", "null", 0, false },
	{ "allow_messages_dispatch", "false", 0, false },
	{ "allow_live", "false", HOST_0_1_179, false },
	{ "require_oauth_only", "false", 0, false },
	{ "require_privacy_set", "false", 0, false },
	{ "rpm_limit", "0", 0, false },
	{ "max_reasoning_effort", "\"\"", HOST_0_1_179, false },
	{ "reasoning_effort_mappings", "[]", HOST_0_1_179, false },
	{ "profit_control_enabled", "false", HOST_0_1_179, true },
	{ "profit_min_margin", "0", HOST_0_1_179, true },
	{ "profit_safety_buffer", "0", HOST_0_1_179, true },
	{ "model_pricing", "[]", HOST_0_1_179, true },
	{ "model_routing", "{}", 0, true },
	{ "model_routing_enabled", "false", 0, true },
	{ "mcp_xml_inject", "true", 0, true },
	{ "default_mapped_model", "\"\"", 0, true },
	{ "messages_dispatch_model_config", "{}", 0, true },
	{ "models_list_config", "{\"enabled\":false}", HOST_0_1_179, true },
	{ "supported_model_scopes", "null", 0, true },
};

json_t *view_group_defaults(const struct host_model *model)
{
	json_t *object = json_object();

	for (size_t i = 0; i < COUNT(settings); i++) {
		if (model->options.version < settings[i].since)
			continue;
		json_object_set_new(object, settings[i].name,
				    json_loads(settings[i].text,
					       JSON_DECODE_ANY, NULL));
	}
	return object;
}

json_t *view_group_short(const struct host_model *model,
			 const struct host_group *group)
{
	return view_row(model, short_fields, COUNT(short_fields), group);
}

json_t *view_group_for_user(const struct host_model *model,
			    const struct host_group *group)
{
	json_t *view = json_copy(group->settings);
	json_t *rows = view_group_short(model, group);

	json_object_update(view, rows);
	json_decref(rows);
	rows = view_row(model, more_fields, COUNT(more_fields), group);
	json_object_update(view, rows);
	json_decref(rows);
	for (size_t i = 0; i < COUNT(settings); i++) {
		if (settings[i].for_admins)
			json_object_del(view, settings[i].name);
	}
	return view;
}

struct counts {
	int64_t all;
	int64_t active;
	int64_t limited;
};

static struct counts count_accounts(const struct host_model *model,
				    int64_t group_id)
{
	struct counts counts = { 0 };

	for (size_t i = 0; i < model->accounts.count; i++) {
		const struct host_account *account = model->accounts.rows[i];
		const struct host_serving *now;

		if (!account || !host_ids_has(&account->groups, group_id))
			continue;
		now = &account->now;
		counts.all++;
		counts.active += now->is_active && now->schedulable;
		counts.limited += now->limited_until > model->now ||
				  now->overload_until > model->now ||
				  now->temp_until > model->now;
	}
	return counts;
}

static void set_count(json_t *view, const char *name, int64_t count)
{
	if (count)
		json_object_set_new(view, name, json_integer(count));
}

json_t *view_group(const struct host_model *model,
		   const struct host_group *group)
{
	json_t *view = json_copy(group->settings);
	json_t *rows = view_group_short(model, group);
	struct counts counts = { 0 };

	json_object_update(view, rows);
	json_decref(rows);
	rows = view_row(model, more_fields, COUNT(more_fields), group);
	json_object_update(view, rows);
	json_decref(rows);
	json_object_set_new(view, "sort_order",
			    json_integer(group->sort_order));
	/* The answer that makes a group does not read the row back. */
	if (group->fresh)
		json_object_set_new(view, "model_routing", json_null());
	else
		counts = count_accounts(model, group->id);
	set_count(view, "account_count", counts.all);
	set_count(view, "active_account_count", counts.active);
	set_count(view, "rate_limited_account_count", counts.limited);
	return view;
}
