#include <ctype.h>
#include <string.h>

#include "shared/own.h"
#include "shared/table.h"
#include "tests/model/host_routes.h"
#include "tests/model/host_view.h"

#define KEY_MIN 16
#define KEY_MAX 128
#define COLLISION_MS (60 * 60 * 1000)
#define COLLISION_LIMIT 20
#define DAY_MS (24 * 60 * 60 * 1000LL)

static const struct host_rule create_rules[] = {
	{ "name", "Name", RULE_REQUIRED, NULL },
};

static const char *const counted[] = {
	"name", "group_id", "custom_key", "ip_whitelist", "ip_blacklist",
	"quota", "expires_in_days", "rate_limit_5h", "rate_limit_1d",
	"rate_limit_7d", NULL
};

static bool may_bind(const struct host_model *model,
		     const struct host_user *user,
		     const struct host_group *group)
{
	if (strcmp(group->subscription_type, "subscription") == 0)
		return host_subscription_is_active(model, user->id,
						   group->id);
	return !group->is_exclusive ||
	       host_ids_has(&user->allowed, group->id);
}

/* Whether the user may bind a key to the body's group, if it names one. */
static bool group_is_open(struct host_call *call)
{
	const struct host_group *group;

	if (!body_has(call, "group_id"))
		return true;
	group = host_group_find(call->model, body_int(call, "group_id", 0));
	if (!group) {
		reply_refuse(call, 404, "group not found", "GROUP_NOT_FOUND");
		return false;
	}
	if (may_bind(call->model, call->user, group))
		return true;
	reply_refuse(call, 403, "user is not allowed to bind this group",
		     "GROUP_NOT_ALLOWED");
	return false;
}

static bool refuse_custom(struct host_call *call, int status,
			  const char *message, const char *reason)
{
	reply_refuse(call, status, message, reason);
	return false;
}

static bool has_good_characters(const char *text)
{
	for (; *text; text++) {
		if (!isalnum((unsigned char)*text) && *text != '-' &&
		    *text != '_')
			return false;
	}
	return true;
}

static bool collides_too_often(struct host_call *call)
{
	struct host_window *window = &call->user->collisions;
	int64_t now = call->model->now;

	if (window->count && now - window->since >= COLLISION_MS)
		*window = (struct host_window){ 0 };
	return window->count >= COLLISION_LIMIT;
}

static void count_collision(struct host_call *call)
{
	struct host_window *window = &call->user->collisions;

	if (window->count == 0)
		window->since = call->model->now;
	window->count++;
}

static bool custom_is_good(struct host_call *call, const char *text)
{
	if (collides_too_often(call))
		return refuse_custom(call, 429, "too many failed attempts, "
				     "please try again later",
				     "API_KEY_RATE_LIMITED");
	if (strlen(text) < KEY_MIN)
		return refuse_custom(call, 400,
				     "api key must be at least 16 characters",
				     "API_KEY_TOO_SHORT");
	if (!has_good_characters(text))
		return refuse_custom(call, 400, "api key can only contain "
				     "letters, numbers, underscores, and "
				     "hyphens", "API_KEY_INVALID_CHARS");
	if (strlen(text) > KEY_MAX) {
		reply_internal(call);
		return false;
	}
	if (!host_index_get(call->model->key_texts, text))
		return true;
	count_collision(call);
	return refuse_custom(call, 409, "api key already exists",
			     "API_KEY_EXISTS");
}

static json_t *list_or_null(const json_t *value)
{
	return json_array_size(value) ? json_deep_copy(value) : NULL;
}

static void set_lists(const struct host_call *call, struct host_key *key)
{
	host_json_set(&key->ip_whitelist, list_or_null(
		json_object_get(call->body, "ip_whitelist")));
	host_json_set(&key->ip_blacklist, list_or_null(
		json_object_get(call->body, "ip_blacklist")));
}

static void create(struct host_call *call)
{
	const char *custom = body_text(call, "custom_key");
	int64_t days = body_int(call, "expires_in_days", 0);
	AUTO_FREE char *made = NULL;
	struct host_key *key;

	if (!group_is_open(call))
		return;
	if (custom && *custom) {
		if (!custom_is_good(call, custom))
			return;
	} else {
		made = host_random_hex(call->model, "sk-", 64);
		custom = made;
	}
	key = host_key_add(call->model, custom);
	key->user_id = call->user->id;
	key->group_id = body_int(call, "group_id", 0);
	key->name = xstrdup(body_text(call, "name"));
	key->status = xstrdup("active");
	key->quota = body_number(call, "quota", 0);
	key->expires_at = days > 0 ? call->model->now + days * DAY_MS : 0;
	set_lists(call, key);
	reply_data(call, view_key(call->model, key));
}

/* Somebody else's key is refused, or, in later versions, not there. */
static struct host_key *own_key(struct host_call *call)
{
	struct host_key *key = host_key_find(call->model, call->id);

	if (key && key->user_id != call->user->id) {
		if (!host_has(call->model, HOST_HIDES_FOREIGN_KEYS)) {
			reply_refuse(call, 403,
				     "Not authorized to access this key",
				     "INSUFFICIENT_PERMISSIONS");
			return NULL;
		}
		key = NULL;
	}
	if (!key)
		reply_refuse(call, 404, "api key not found",
			     "API_KEY_NOT_FOUND");
	return key;
}

static void show(struct host_call *call)
{
	const struct host_key *key = own_key(call);

	if (key)
		reply_data(call, view_key_whole(call->model, key));
}

static void update(struct host_call *call)
{
	struct host_key *key = own_key(call);

	if (!key || !group_is_open(call))
		return;
	body_set(call, "name", &key->name);
	body_set(call, "status", &key->status);
	key->group_id = body_int(call, "group_id", key->group_id);
	key->quota = body_number(call, "quota", key->quota);
	/* Lists that are left out are cleared. */
	set_lists(call, key);
	key->updated_at = call->model->now;
	reply_data(call, view_key_whole(call->model, key));
}

static void delete(struct host_call *call)
{
	struct host_key *key = own_key(call);

	if (!key)
		return;
	host_key_remove(call->model, key);
	reply_message(call, "API key deleted successfully");
}

static bool is_listed(const struct host_call *call,
		      const struct host_key *key)
{
	char value[128];

	if (!key || key->user_id != call->user->id)
		return false;
	if (query_get(call, "group_id", value, sizeof(value)) && *value &&
	    key->group_id != query_id(call, "group_id"))
		return false;
	if (query_get(call, "status", value, sizeof(value)) && *value &&
	    strcmp(key->status, value) != 0)
		return false;
	return !query_get(call, "search", value, sizeof(value)) ||
	       text_contains(key->name, value) ||
	       text_contains(key->key, value);
}

static void list(struct host_call *call)
{
	const struct host_rows *rows = &call->model->keys;
	json_t *items = json_array();

	for (size_t i = rows->count; i > 0; i--) {
		if (is_listed(call, rows->rows[i - 1]))
			json_array_append_new(items, view_key_in_list(
				call->model, rows->rows[i - 1]));
	}
	reply_page(call, items);
}

/* The groups of a new host stand behind those that were made later. */
static void add_available(const struct host_call *call, json_t *items,
			  bool seeded)
{
	const struct host_rows *rows = &call->model->groups;

	for (size_t i = 0; i < rows->count; i++) {
		const struct host_group *group = rows->rows[i];

		if (group && strcmp(group->status, "active") == 0 &&
		    (group->sort_order > 0) == seeded &&
		    may_bind(call->model, call->user, group))
			json_array_append_new(items, view_group_for_user(
				call->model, group));
	}
}

static void list_available(struct host_call *call)
{
	json_t *items = json_array();

	add_available(call, items, false);
	add_available(call, items, true);
	reply_data(call, items);
}

static bool admin_may_bind(struct host_call *call,
			   const struct host_key *key,
			   const struct host_group *group)
{
	if (!group) {
		reply_refuse(call, 404, "group not found", "GROUP_NOT_FOUND");
		return false;
	}
	if (strcmp(group->status, "active") != 0) {
		reply_refuse(call, 400, "group is not active",
			     "GROUP_NOT_ACTIVE");
		return false;
	}
	if (strcmp(group->subscription_type, "subscription") != 0 ||
	    host_subscription_is_active(call->model, key->user_id, group->id))
		return true;
	reply_refuse(call, 400, "user does not have an active subscription "
		     "for this group", "SUBSCRIPTION_REQUIRED");
	return false;
}

/* Binding to an exclusive group gives the right to it. */
static bool grant(struct host_call *call, const struct host_key *key,
		  const struct host_group *group)
{
	struct host_user *user = host_user_row(call->model, key->user_id);

	if (!group->is_exclusive || !user ||
	    strcmp(group->subscription_type, "standard") != 0 ||
	    host_ids_has(&user->allowed, group->id))
		return false;
	host_ids_add(&user->allowed, group->id);
	return true;
}

static void reply_rebound(struct host_call *call, json_t *key_view,
			  const struct host_group *granted)
{
	json_t *data = json_object();

	json_object_set_new(data, "api_key", key_view);
	json_object_set_new(data, "auto_granted_group_access",
			    json_boolean(granted != NULL));
	if (granted) {
		json_object_set_new(data, "granted_group_id",
				    json_integer(granted->id));
		json_object_set_new(data, "granted_group_name",
				    json_string(granted->name));
	}
	reply_data(call, data);
}

static void rebind(struct host_call *call)
{
	struct host_key *key = host_key_find(call->model, call->id);
	int64_t wanted = body_int(call, "group_id", 0);
	const struct host_group *group = NULL;
	json_t *view;

	if (!key) {
		reply_refuse(call, 404, "api key not found",
			     "API_KEY_NOT_FOUND");
		return;
	}
	if (!body_has(call, "group_id")) {
		reply_rebound(call, view_key_whole(call->model, key), NULL);
		return;
	}
	if (wanted < 0) {
		reply_refuse(call, 400, "invalid group id",
			     "INVALID_GROUP_ID");
		return;
	}
	if (wanted) {
		group = host_group_find(call->model, wanted);
		if (!admin_may_bind(call, key, group))
			return;
	}
	key->group_id = wanted;
	key->updated_at = call->model->now;
	/* The user in the answer was read before the right was given. */
	view = view_key_whole(call->model, key);
	reply_rebound(call, view,
		      group && grant(call, key, group) ? group : NULL);
}

#define FORM(name_, rules_) \
	.request = (name_), .rules = (rules_), .nrules = COUNT(rules_)
#define ONE(method_, pattern_, handle_) \
	.method = (method_), .pattern = "/api/v1" pattern_, \
	.handle = (handle_), .access = HOST_USER

const struct host_route host_key_routes[] = {
	{ ONE("GET", "/keys", list) },
	{ ONE("POST", "/keys", create),
	  FORM("CreateAPIKeyRequest", create_rules), .counted = counted },
	{ ONE("GET", "/keys/{id}", show), .noun = "key" },
	{ ONE("PUT", "/keys/{id}", update), .noun = "key",
	  .request = "UpdateAPIKeyRequest" },
	{ ONE("DELETE", "/keys/{id}", delete), .noun = "key" },
	{ ONE("GET", "/groups/available", list_available) },
	{ .method = "PUT", .pattern = "/api/v1/admin/api-keys/{id}",
	  .handle = rebind, .access = HOST_ADMIN, .noun = "API key",
	  .request = "UpdateAPIKeyGroupRequest" },
	{ .method = NULL },
};
