#include "shared/table.h"
#include "tests/model/host_view.h"

#define ROW(kind_, name_) \
	{ .name = #name_, .kind = (kind_), \
	  .offset = offsetof(struct host_subscription, name_) }
#define ROW_CONST(name_, text_) \
	{ .name = (name_), .kind = VIEW_CONST, .text = (text_) }

static const struct view_field fields[] = {
	ROW(VIEW_INT, id),
	ROW(VIEW_INT, user_id),
	ROW(VIEW_INT, group_id),
	ROW(VIEW_TIME, starts_at),
	ROW(VIEW_TIME, expires_at),
	ROW_CONST("daily_usage_usd", "0"),
	ROW_CONST("weekly_usage_usd", "0"),
	ROW_CONST("monthly_usage_usd", "0"),
	ROW(VIEW_TIME, created_at),
	ROW(VIEW_TIME, updated_at),
	ROW(VIEW_INT, assigned_by),
	{ .name = "assigned_at", .kind = VIEW_TIME,
	  .offset = offsetof(struct host_subscription, starts_at) },
	ROW(VIEW_TEXT, notes),
	ROW(VIEW_TIME_LATER, revoked_at),
};

static const char *const windows[] = {
	"daily_window_start", "weekly_window_start", "monthly_window_start",
};

static const char *status_of(const struct host_model *model,
			     const struct host_subscription *row)
{
	if (row->revoked)
		return "revoked";
	return row->expires_at > model->now ? "active" : "expired";
}

json_t *view_subscription(const struct host_model *model,
			  const struct host_subscription *row)
{
	json_t *view = view_row(model, fields, COUNT(fields), row);
	const struct host_group *group = host_group_find(model,
							 row->group_id);

	json_object_set_new(view, "status",
			    json_string(status_of(model, row)));
	for (size_t i = 0; i < COUNT(windows); i++)
		json_object_set_new(view, windows[i], row->window_at ?
				    view_time(row->window_at) : json_null());
	if (group)
		json_object_set_new(view, "group",
				    view_group_short(model, group));
	return view;
}

json_t *view_subscription_whole(const struct host_model *model,
				const struct host_subscription *row)
{
	json_t *view = view_subscription(model, row);
	const struct host_user *user = host_user_find(model, row->user_id);
	const struct host_user *admin = host_user_find(model,
						       row->assigned_by);

	if (user)
		json_object_set_new(view, "user", view_user(model, user));
	if (admin)
		json_object_set_new(view, "assigned_by_user",
				    view_user(model, admin));
	return view;
}
