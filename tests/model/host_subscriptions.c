#include <string.h>

#include "shared/own.h"
#include "shared/table.h"
#include "tests/model/host_routes.h"
#include "tests/model/host_view.h"

#define DAY_MS (24 * 60 * 60 * 1000LL)
#define DAYS_DEFAULT 30
#define DAYS_MAX 36500

/* 2099-12-31T23:59:59Z: nothing lasts longer. */
#define EXPIRY_MAX 4102444799000LL

static const struct host_rule assign_rules[] = {
	{ "user_id", "UserID", RULE_REQUIRED, NULL },
	{ "group_id", "GroupID", RULE_REQUIRED, NULL },
};

static const char *const extend_counted[] = { "days", NULL };

static const char *const bodies_conflict =
	"subscription exists but request conflicts with existing assignment "
	"semantics";

static struct host_subscription *row_or_404(struct host_call *call)
{
	struct host_subscription *row = host_subscription_find(call->model,
							       call->id);

	if (row && !row->revoked)
		return row;
	reply_refuse(call, 404, "subscription not found",
		     "SUBSCRIPTION_NOT_FOUND");
	return NULL;
}

static int64_t capped(int64_t at)
{
	return at < EXPIRY_MAX ? at : EXPIRY_MAX;
}

static int64_t days_asked(const struct host_call *call)
{
	int64_t days = body_int(call, "validity_days", 0);

	return days > 0 ? days : DAYS_DEFAULT;
}

static const char *notes_asked(const struct host_call *call)
{
	const char *notes = body_text(call, "notes");

	return notes ? notes : "";
}

/* Why this cannot be the request that made the row, or NULL. */
static const char *conflict(const struct host_call *call,
			    const struct host_subscription *row)
{
	if (row->expires_at !=
	    capped(row->starts_at + days_asked(call) * DAY_MS))
		return "validity_days_mismatch";
	return strcmp(row->notes, notes_asked(call)) ? "notes_mismatch"
						     : NULL;
}

static bool was_cut_short(const struct host_call *call,
			  const struct host_subscription *row)
{
	return host_has(call->model, HOST_RENEWS_EXPIRED) &&
	       row->expires_at <= call->model->now &&
	       strcmp(row->notes, notes_asked(call)) == 0;
}

static void assign_again(struct host_call *call,
			 struct host_subscription *row)
{
	const char *why = conflict(call, row);
	int64_t now = call->model->now;

	if (host_has(call->model, HOST_RENEWS_EXPIRED) &&
	    row->expires_at <= now && (!why || was_cut_short(call, row))) {
		row->starts_at = row->updated_at = now;
		row->expires_at = capped(now + days_asked(call) * DAY_MS);
		reply_data(call, view_subscription_whole(call->model, row));
		return;
	}
	if (why) {
		reply_refuse_with(call, 409, bodies_conflict,
				  "SUBSCRIPTION_ASSIGN_CONFLICT",
				  "conflict_reason", why);
		return;
	}
	reply_data(call, view_subscription(call->model, row));
}

static bool group_takes_subscriptions(struct host_call *call)
{
	const struct host_group *group = host_group_find(
		call->model, body_int(call, "group_id", 0));

	if (!group) {
		reply_refuse(call, 404, "group not found", "GROUP_NOT_FOUND");
		return false;
	}
	if (strcmp(group->subscription_type, "subscription") == 0)
		return true;
	reply_refuse(call, 400, "group is not a subscription type",
		     "GROUP_NOT_SUBSCRIPTION_TYPE");
	return false;
}

static void assign(struct host_call *call)
{
	struct host_model *model = call->model;
	int64_t user_id = body_int(call, "user_id", 0);
	int64_t group_id = body_int(call, "group_id", 0);
	struct host_subscription *row;

	if (!group_takes_subscriptions(call))
		return;
	row = host_subscription_of(model, user_id, group_id);
	if (row) {
		assign_again(call, row);
		return;
	}
	if (!host_user_find(model, user_id)) {
		reply_internal(call);
		return;
	}
	row = host_subscription_add(model);
	row->user_id = user_id;
	row->group_id = group_id;
	row->notes = xstrdup(notes_asked(call));
	row->starts_at = model->now;
	row->expires_at = capped(model->now + days_asked(call) * DAY_MS);
	row->assigned_by = call->user->id;
	reply_data(call, view_subscription_whole(model, row));
}

static void extend(struct host_call *call)
{
	struct host_subscription *row = row_or_404(call);
	int64_t days = body_int(call, "days", 0);
	int64_t now = call->model->now;
	bool expired;

	if (!row)
		return;
	if (days == 0 || days > DAYS_MAX || days < -DAYS_MAX) {
		reply_refuse(call, 400, "Invalid request: Key: "
			     "'AdjustSubscriptionRequest.Days' Error:Field "
			     "validation for 'Days' failed on the 'required' "
			     "tag", NULL);
		return;
	}
	expired = row->expires_at <= now;
	if (expired && days < 0) {
		reply_refuse(call, 400, "cannot shorten an expired "
			     "subscription", "CANNOT_SHORTEN_EXPIRED");
		return;
	}
	if (!expired && row->expires_at + days * DAY_MS <= now) {
		reply_refuse(call, 400, "adjustment would result in an "
			     "expired subscription", "ADJUST_WOULD_EXPIRE");
		return;
	}
	row->expires_at = capped((expired ? now : row->expires_at) +
				 days * DAY_MS);
	row->updated_at = now;
	reply_data(call, view_subscription_whole(call->model, row));
}

static void show(struct host_call *call)
{
	const struct host_subscription *row = row_or_404(call);

	if (row)
		reply_data(call, view_subscription_whole(call->model, row));
}

static void revoke(struct host_call *call)
{
	struct host_subscription *row = row_or_404(call);

	if (!row)
		return;
	row->revoked = true;
	row->revoked_at = row->updated_at = call->model->now;
	reply_message(call, "Subscription revoked successfully");
}

static bool is_listed(const struct host_call *call,
		      const struct host_subscription *row)
{
	int64_t user_id = query_id(call, "user_id");
	int64_t group_id = query_id(call, "group_id");

	if (row->revoked && !host_has(call->model, HOST_LISTS_REVOKED))
		return false;
	return (!user_id || row->user_id == user_id) &&
	       (!group_id || row->group_id == group_id);
}

/* The newest first. */
static void list(struct host_call *call)
{
	const struct host_rows *rows = &call->model->subscriptions;
	json_t *items = json_array();

	for (size_t i = rows->count; i > 0; i--) {
		const struct host_subscription *row = rows->rows[i - 1];

		if (row && is_listed(call, row))
			json_array_append_new(items, view_subscription_whole(
				call->model, row));
	}
	reply_page(call, items);
}

static void list_of_group(struct host_call *call)
{
	const struct host_rows *rows = &call->model->subscriptions;
	json_t *items = json_array();

	for (size_t i = rows->count; i > 0; i--) {
		const struct host_subscription *row = rows->rows[i - 1];

		if (row && !row->revoked && row->group_id == call->id)
			json_array_append_new(items, view_subscription_whole(
				call->model, row));
	}
	reply_page(call, items);
}

static void list_own(struct host_call *call)
{
	const struct host_rows *rows = &call->model->subscriptions;
	json_t *items = json_array();

	for (size_t i = 0; i < rows->count; i++) {
		const struct host_subscription *row = rows->rows[i];

		if (row && !row->revoked && row->user_id == call->user->id)
			json_array_append_new(items, view_subscription(
				call->model, row));
	}
	reply_data(call, items);
}

#define ONE(method_, suffix_, handle_) \
	.method = (method_), \
	.pattern = "/api/v1/admin/subscriptions" suffix_, \
	.handle = (handle_), .access = HOST_ADMIN

const struct host_route host_subscription_routes[] = {
	{ ONE("GET", "", list) },
	{ ONE("POST", "/assign", assign), .request =
	  "AssignSubscriptionRequest", .rules = assign_rules,
	  .nrules = COUNT(assign_rules) },
	{ ONE("GET", "/{id}", show), .noun = "subscription" },
	{ ONE("POST", "/{id}/extend", extend), .noun = "subscription",
	  .request = "AdjustSubscriptionRequest", .counted = extend_counted },
	{ ONE("DELETE", "/{id}", revoke), .noun = "subscription" },
	{ .method = "GET", .pattern = "/api/v1/admin/groups/{id}/subscriptions",
	  .handle = list_of_group, .access = HOST_ADMIN, .noun = "group" },
	{ .method = "GET", .pattern = "/api/v1/subscriptions",
	  .handle = list_own, .access = HOST_USER },
	{ .method = NULL },
};
