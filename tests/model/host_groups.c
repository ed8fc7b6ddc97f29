#include <string.h>

#include "shared/own.h"
#include "shared/table.h"
#include "tests/model/host_routes.h"
#include "tests/model/host_sched.h"
#include "tests/model/host_view.h"

#define PLATFORMS_OLD "anthropic openai gemini antigravity"
#define PLATFORMS PLATFORMS_OLD " grok kimi zhipu deepseek composite"

static const struct host_rule create_rules[] = {
	{ "name", "Name", RULE_REQUIRED, NULL },
	{ "platform", "Platform", RULE_ONEOF, PLATFORMS },
	{ "subscription_type", "SubscriptionType", RULE_ONEOF,
	  "standard subscription" },
};

static const struct host_rule old_platform_rule = {
	"platform", "Platform", RULE_ONEOF, PLATFORMS_OLD,
};

static const struct host_rule update_rules[] = {
	{ "status", "Status", RULE_ONEOF, "active inactive" },
	{ "subscription_type", "SubscriptionType", RULE_ONEOF,
	  "standard subscription" },
};

static const char *const limits[] = {
	"daily_limit_usd", "weekly_limit_usd", "monthly_limit_usd",
};

static struct host_group *group_or_404(struct host_call *call)
{
	struct host_group *group = host_group_find(call->model, call->id);

	if (!group)
		reply_refuse(call, 404, "group not found", "GROUP_NOT_FOUND");
	return group;
}

/* A limit may come as number, numeric text, "" or null. */
static json_t *limit_value(const json_t *given)
{
	const char *text = json_string_value(given);

	if (!given)
		return json_null();
	if (json_is_null(given) || (text && !*text))
		return json_integer(0);
	if (text)
		return json_real(strtod(text, NULL));
	if (json_is_number(given) && json_number_value(given) < 0)
		return json_null();
	return json_incref((json_t *)(uintptr_t)given);
}

static bool is_limit(const char *name)
{
	int found;

	return table_find(limits, COUNT(limits), name, &found);
}

/* A new object: the settings with what the body says of them. */
static json_t *settings_after(const struct host_call *call,
			      const json_t *before)
{
	json_t *after = json_copy((json_t *)(uintptr_t)before);
	const char *name;
	json_t *value;

	json_object_foreach(call->body, name, value) {
		if (json_object_get(before, name) && !is_limit(name) &&
		    !json_is_null(value))
			json_object_set(after, name, value);
	}
	/* A limit that is left out is taken away. */
	for (size_t i = 0; i < COUNT(limits); i++)
		json_object_set_new(after, limits[i], limit_value(
			json_object_get(call->body, limits[i])));
	return after;
}

static bool platform_is_known(struct host_call *call)
{
	static const struct host_route form = {
		.request = "CreateGroupRequest",
		.rules = &old_platform_rule, .nrules = 1,
	};

	if (host_has(call->model, HOST_HAS_CN_PLATFORMS))
		return true;
	call->route = &form;
	return host_rules_hold(call);
}

static void set_texts(const struct host_call *call, struct host_group *group)
{
	group->platform = xstrdup("anthropic");
	group->subscription_type = xstrdup("standard");
	group->status = xstrdup("active");
	body_set(call, "platform", &group->platform);
	body_set(call, "subscription_type", &group->subscription_type);
	body_set(call, "description", &group->description);
}

static void create(struct host_call *call)
{
	struct host_model *model = call->model;
	double rate = body_number(call, "rate_multiplier", 0);
	const char *name = body_text(call, "name");
	json_auto_t *defaults = NULL;
	struct host_group *group;

	if (!platform_is_known(call))
		return;
	if (rate <= 0 || strlen(name) > 100) {
		reply_internal(call);
		return;
	}
	if (host_index_get(model->group_names, name)) {
		reply_refuse(call, 409, "group name already exists",
			     "GROUP_EXISTS");
		return;
	}
	group = host_group_add(model, name);
	set_texts(call, group);
	group->rate_multiplier = rate;
	group->is_exclusive = body_bool(call, "is_exclusive", false);
	defaults = view_group_defaults(model);
	group->settings = settings_after(call, defaults);
	group->fresh = true;
	reply_data(call, view_group(model, group));
	group->fresh = false;
}

static void show(struct host_call *call)
{
	const struct host_group *group = group_or_404(call);

	if (group)
		reply_data(call, view_group(call->model, group));
}

static bool rename_to(struct host_call *call, struct host_group *group)
{
	const char *name = body_text(call, "name");
	int64_t other;

	if (!name || !*name || strcmp(name, group->name) == 0)
		return true;
	other = host_index_get(call->model->group_names, name);
	if (other && other != group->id) {
		reply_refuse(call, 409, "group name already exists",
			     "GROUP_EXISTS");
		return false;
	}
	host_group_rename(call->model, group, name);
	return true;
}

static void update(struct host_call *call)
{
	struct host_group *group = group_or_404(call);
	double rate;

	if (!group)
		return;
	rate = body_number(call, "rate_multiplier", group->rate_multiplier);
	if (rate <= 0) {
		reply_internal(call);
		return;
	}
	if (!rename_to(call, group))
		return;
	group->rate_multiplier = rate;
	group->is_exclusive = body_bool(call, "is_exclusive",
					group->is_exclusive);
	body_set(call, "status", &group->status);
	body_set(call, "platform", &group->platform);
	body_set(call, "description", &group->description);
	body_set(call, "subscription_type", &group->subscription_type);
	host_json_set(&group->settings,
		      settings_after(call, group->settings));
	group->updated_at = call->model->now;
	reply_data(call, view_group(call->model, group));
}

static void drop_bindings(struct host_model *model, int64_t group_id)
{
	for (size_t i = 0; i < model->accounts.count; i++) {
		struct host_account *account = model->accounts.rows[i];

		if (account)
			host_ids_drop(&account->groups, group_id);
	}
	for (size_t i = 0; i < model->users.count; i++) {
		struct host_user *user = model->users.rows[i];

		if (user)
			host_ids_drop(&user->allowed, group_id);
	}
}

static void drop_subscriptions(struct host_model *model, int64_t group_id)
{
	for (size_t i = 0; i < model->subscriptions.count; i++) {
		struct host_subscription *row = model->subscriptions.rows[i];

		if (row && !row->revoked && row->group_id == group_id) {
			row->revoked = true;
			row->revoked_at = model->now;
		}
	}
}

/* Old versions forget the group of its keys, later ones say it is gone. */
static void drop_keys(struct host_model *model, int64_t group_id)
{
	for (size_t i = 0; i < model->keys.count; i++) {
		struct host_key *key = model->keys.rows[i];

		if (key && key->group_id == group_id &&
		    !host_has(model, HOST_CHECKS_GROUP_OF_KEY))
			key->group_id = 0;
	}
}

static void delete(struct host_call *call)
{
	struct host_group *group = group_or_404(call);

	if (!group)
		return;
	drop_bindings(call->model, group->id);
	drop_subscriptions(call->model, group->id);
	drop_keys(call->model, group->id);
	host_group_remove(call->model, group);
	reply_message(call, "Group deleted successfully");
}

static bool is_listed(const struct host_call *call,
		      const struct host_group *group)
{
	char value[128];

	if (query_get(call, "search", value, sizeof(value)) &&
	    !text_contains(group->name, value) &&
	    !text_contains(group->description, value))
		return false;
	if (query_get(call, "platform", value, sizeof(value)) && *value &&
	    strcmp(group->platform, value) != 0)
		return false;
	if (query_get(call, "status", value, sizeof(value)) && *value &&
	    strcmp(group->status, value) != 0)
		return false;
	if (query_is(call, "is_exclusive", "true") && !group->is_exclusive)
		return false;
	return !query_is(call, "is_exclusive", "false") ||
	       !group->is_exclusive;
}

struct listing {
	struct host_call *call;
	const struct host_group **groups;
};

static json_t *view_listed(void *context, size_t i)
{
	struct listing *listing = context;

	return view_group(listing->call->model, listing->groups[i]);
}

static int by_order(const void *a, const void *b)
{
	const struct host_group *one = *(const struct host_group *const *)a;
	const struct host_group *two = *(const struct host_group *const *)b;

	if (one->sort_order != two->sort_order)
		return one->sort_order < two->sort_order ? -1 : 1;
	return one->id < two->id ? -1 : one->id > two->id;
}

static int by_id(const void *a, const void *b)
{
	const struct host_group *one = *(const struct host_group *const *)a;
	const struct host_group *two = *(const struct host_group *const *)b;

	return one->id < two->id ? -1 : one->id > two->id;
}

/* Of the orders that a host knows, the one that is asked for. */
static bool is_by_id(const struct host_call *call)
{
	char value[16];

	query_get(call, "sort_by", value, sizeof(value));
	return strcmp(value, "id") == 0 &&
	       !query_is(call, "sort_order", "desc");
}

static size_t collect(struct listing *listing)
{
	const struct host_rows *rows = &listing->call->model->groups;
	size_t count = 0;

	listing->groups = xcalloc(rows->count + 1,
				  sizeof(listing->groups[0]));
	for (size_t i = 0; i < rows->count; i++) {
		if (rows->rows[i] && is_listed(listing->call, rows->rows[i]))
			listing->groups[count++] = rows->rows[i];
	}
	qsort(listing->groups, count, sizeof(listing->groups[0]),
	      is_by_id(listing->call) ? by_id : by_order);
	return count;
}

static void list(struct host_call *call)
{
	struct listing listing = { .call = call };
	size_t count = collect(&listing);

	reply_slice(call, count, view_listed, &listing);
	free(listing.groups);
}

static void list_all(struct host_call *call)
{
	struct listing listing = { .call = call };
	size_t count = collect(&listing);
	json_t *all = json_array();

	for (size_t i = 0; i < count; i++) {
		if (strcmp(listing.groups[i]->status, "active") == 0)
			json_array_append_new(all, view_listed(&listing, i));
	}
	free(listing.groups);
	reply_data(call, all);
}

static void list_keys(struct host_call *call)
{
	const struct host_rows *rows = &call->model->keys;
	json_t *items = json_array();

	for (size_t i = 0; i < rows->count; i++) {
		const struct host_key *key = rows->rows[i];

		if (key && key->group_id == call->id)
			json_array_append_new(items, view_key_whole(
				call->model, key));
	}
	reply_page(call, items);
}

#define FORM(name_, rules_) \
	.request = (name_), .rules = (rules_), .nrules = COUNT(rules_)
#define ONE(method_, suffix_, handle_) \
	.method = (method_), .pattern = "/api/v1/admin/groups" suffix_, \
	.handle = (handle_), .access = HOST_ADMIN

const struct host_route host_group_routes[] = {
	{ ONE("GET", "", list) },
	{ ONE("POST", "", create), FORM("CreateGroupRequest", create_rules) },
	{ ONE("GET", "/all", list_all) },
	{ ONE("GET", "/{id}", show), .noun = "group" },
	{ ONE("PUT", "/{id}", update), .noun = "group",
	  FORM("UpdateGroupRequest", update_rules) },
	{ ONE("DELETE", "/{id}", delete), .noun = "group" },
	{ ONE("GET", "/{id}/api-keys", list_keys), .noun = "group" },
	{ .method = NULL },
};
