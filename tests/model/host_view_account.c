#include <string.h>

#include "shared/table.h"
#include "tests/model/host_view.h"

#define ROW(kind_, name_) \
	{ .name = #name_, .kind = (kind_), \
	  .offset = offsetof(struct host_account, name_) }
#define NOW(kind_, name_, member_) \
	{ .name = (name_), .kind = (kind_), \
	  .offset = offsetof(struct host_account, now.member_) }
#define ROW_CONST(name_, text_) \
	{ .name = (name_), .kind = VIEW_CONST, .text = (text_) }

static const struct view_field fields[] = {
	ROW(VIEW_INT, id),
	ROW(VIEW_TEXT, name),
	ROW(VIEW_TEXT_NULL, notes),
	ROW(VIEW_TEXT, platform),
	ROW(VIEW_TEXT, type),
	{ .name = "proxy_id", .kind = VIEW_ID_NULL,
	  .offset = offsetof(struct host_account, proxy_id) },
	{ .name = "proxy_fallback_origin_id", .kind = VIEW_CONST,
	  .text = "null", .since = HOST_0_1_179 },
	ROW(VIEW_INT, concurrency),
	NOW(VIEW_INT, "priority", priority),
	ROW(VIEW_NUMBER, rate_multiplier),
	ROW(VIEW_TEXT, error_message),
	ROW(VIEW_TIME_NULL, last_used_at),
	NOW(VIEW_ID_NULL, "expires_at", expires_at),
	ROW_CONST("auto_pause_on_expired", "true"),
	ROW(VIEW_TIME, created_at),
	ROW(VIEW_TIME, updated_at),
	NOW(VIEW_BOOL, "schedulable", schedulable),
	NOW(VIEW_TIME_NULL, "rate_limit_reset_at", limited_until),
	NOW(VIEW_TIME_NULL, "overload_until", overload_until),
	NOW(VIEW_TIME_NULL, "temp_unschedulable_until", temp_until),
	{ .name = "temp_unschedulable_reason", .kind = VIEW_TEXT,
	  .offset = offsetof(struct host_account, temp_reason) },
	ROW_CONST("session_window_start", "null"),
	ROW_CONST("session_window_end", "null"),
	ROW_CONST("session_window_status", "\"\""),
	{ .name = "current_concurrency", .kind = VIEW_INT,
	  .offset = offsetof(struct host_account, running) },
};

/* Members of credentials that later versions do not show. */
static const char *const secrets[] = {
	"access_token", "refresh_token", "id_token", "api_key",
	"session_key", "cookie", "aws_secret_access_key",
	"aws_session_token", "service_account_json", "service_account",
	"private_key",
};

static bool is_filled(const json_t *value)
{
	const char *text = json_string_value(value);

	return text ? *text != '\0' : value && !json_is_null(value);
}

static void put_credentials(const struct host_model *model, json_t *view,
			    const struct host_account *account)
{
	json_t *shown = json_copy(account->now.credentials);
	json_t *status = json_object();

	json_object_set_new(view, "credentials", shown);
	for (size_t i = 0; i < COUNT(secrets) &&
	     host_has(model, HOST_REDACTS_CREDENTIALS); i++) {
		char name[64];

		if (is_filled(json_object_get(shown, secrets[i]))) {
			snprintf(name, sizeof(name), "has_%s", secrets[i]);
			json_object_set_new(status, name, json_true());
		}
		json_object_del(shown, secrets[i]);
	}
	if (json_object_size(status))
		json_object_set(view, "credentials_status", status);
	json_decref(status);
}

static const char *status_of(const struct host_serving *now)
{
	if (now->is_active)
		return "active";
	return now->is_error ? "error" : "inactive";
}

static json_t *binding(const struct host_account *account, int64_t group_id)
{
	json_t *view = json_object();

	json_object_set_new(view, "account_id", json_integer(account->id));
	json_object_set_new(view, "group_id", json_integer(group_id));
	json_object_set_new(view, "priority", json_integer(1));
	json_object_set_new(view, "created_at", view_time(account->bound_at));
	return view;
}

static json_t *bound_group(const struct host_model *model, int64_t group_id)
{
	const struct host_group *group = host_group_find(model, group_id);
	json_t *view = json_object();

	json_object_set_new(view, "id", json_integer(group_id));
	if (!group)
		return view;
	json_object_set_new(view, "name", json_string(group->name));
	json_object_set_new(view, "platform", json_string(group->platform));
	json_object_set_new(view, "status", json_string(group->status));
	json_object_set_new(view, "subscription_type",
			    json_string(group->subscription_type));
	json_object_set_new(view, "created_at", view_time(group->created_at));
	return view;
}

static void put_bindings(const struct host_model *model, json_t *view,
			 const struct host_account *account)
{
	json_t *bindings = json_array();
	json_t *groups = json_array();

	for (size_t i = 0; i < account->groups.count; i++) {
		int64_t id = account->groups.list[i];

		json_array_append_new(bindings, binding(account, id));
		json_array_append_new(groups, bound_group(model, id));
	}
	json_object_set_new(view, "account_groups", bindings);
	json_object_set_new(view, "group_ids",
			    host_ids_json(&account->groups));
	json_object_set_new(view, "groups", groups);
}

json_t *view_account(const struct host_model *model,
		     const struct host_account *account)
{
	json_t *view = view_row(model, fields, COUNT(fields), account);
	const struct host_serving *now = &account->now;

	json_object_set_new(view, "status", json_string(status_of(now)));
	json_object_set_new(view, "rate_limited_at", now->limited_until ?
			    view_time(account->limited_at) : json_null());
	if (account->load_factor)
		json_object_set_new(view, "load_factor",
				    json_integer(account->load_factor));
	put_credentials(model, view, account);
	json_object_set_new(view, "extra", json_object_size(now->extra) ?
			    json_incref(now->extra) : json_null());
	/* The answer that makes an account does not read the row back. */
	if (account->fresh)
		return view;
	if (host_has(model, HOST_SHOWS_QUOTA_DIMENSION))
		json_object_set_new(view, "quota_dimension",
				    json_string("global"));
	if (account->groups.count)
		put_bindings(model, view, account);
	return view;
}
