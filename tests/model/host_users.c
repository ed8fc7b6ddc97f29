#include <string.h>

#include "shared/own.h"
#include "shared/table.h"
#include "tests/model/host_routes.h"
#include "tests/model/host_view.h"

#define EMAIL_MAX 255
#define PASSWORD_MAX 72

static const struct host_rule create_rules[] = {
	{ "email", "Email", RULE_REQUIRED, NULL },
	{ "email", "Email", RULE_EMAIL, NULL },
	{ "password", "Password", RULE_REQUIRED, NULL },
	{ "password", "Password", RULE_MIN, "6" },
};

static const struct host_rule update_rules[] = {
	{ "email", "Email", RULE_EMAIL, NULL },
	{ "password", "Password", RULE_MIN, "6" },
	{ "status", "Status", RULE_ONEOF, "active disabled" },
};

static const struct host_rule balance_rules[] = {
	{ "balance", "Balance", RULE_REQUIRED, NULL },
	{ "operation", "Operation", RULE_REQUIRED, NULL },
	{ "operation", "Operation", RULE_ONEOF, "set add subtract" },
};

static const char *const balance_counted[] = {
	"balance", "operation", "notes", NULL
};

static struct host_user *user_or_404(struct host_call *call)
{
	struct host_user *user = host_user_find(call->model, call->id);

	if (!user)
		reply_refuse(call, 404, "user not found", "USER_NOT_FOUND");
	return user;
}

static bool allowed_groups_exist(const struct host_call *call)
{
	size_t i;
	json_t *id;

	json_array_foreach(json_object_get(call->body, "allowed_groups"), i,
			   id) {
		if (!host_group_find(call->model, json_integer_value(id)))
			return false;
	}
	return true;
}

static bool email_is_free(struct host_call *call, int64_t except)
{
	const char *email = body_text(call, "email");
	int64_t owner = email ? host_email_get(call->model, email) : 0;

	if (!owner || owner == except)
		return true;
	reply_refuse(call, 409, "email already exists", "EMAIL_EXISTS");
	return false;
}

static void fill(const struct host_call *call, struct host_user *user)
{
	user->role = xstrdup("user");
	user->status = xstrdup("active");
	body_set(call, "password", &user->password);
	body_set(call, "username", &user->username);
	body_set(call, "notes", &user->notes);
	user->balance = body_number(call, "balance", 0);
	user->concurrency = body_int(call, "concurrency", 0);
	user->rpm_limit = body_int(call, "rpm_limit", 0);
	host_ids_read(&user->allowed,
		      json_object_get(call->body, "allowed_groups"));
}

static void create(struct host_call *call)
{
	const char *email = body_text(call, "email");
	struct host_user *user;

	if (!email_is_free(call, 0))
		return;
	if (strlen(email) > EMAIL_MAX ||
	    strlen(body_text(call, "password")) > PASSWORD_MAX ||
	    !allowed_groups_exist(call)) {
		reply_internal(call);
		return;
	}
	user = host_user_add(call->model, email);
	fill(call, user);
	user->fresh = true;
	reply_data(call, view_user_for_admin(call->model, user));
	user->fresh = false;
}

static void show(struct host_call *call)
{
	const struct host_user *user = user_or_404(call);

	if (user)
		reply_data(call, view_user_for_admin(call->model, user));
}

static bool is_admin(const struct host_user *user)
{
	return strcmp(user->role, "admin") == 0;
}

static void update(struct host_call *call)
{
	struct host_user *user = user_or_404(call);

	if (!user || !email_is_free(call, user->id))
		return;
	if (!allowed_groups_exist(call) ||
	    (is_admin(user) && body_text(call, "status") &&
	     strcmp(body_text(call, "status"), "active") != 0)) {
		reply_internal(call);
		return;
	}
	if (body_text(call, "email"))
		host_user_readdress(call->model, user,
				    body_text(call, "email"));
	body_set(call, "username", &user->username);
	body_set(call, "notes", &user->notes);
	body_set(call, "status", &user->status);
	if (host_has(call->model, HOST_CHANGES_ROLES))
		body_set(call, "role", &user->role);
	if (body_text(call, "password"))
		user->token_version++;
	body_set(call, "password", &user->password);
	user->concurrency = body_int(call, "concurrency", user->concurrency);
	user->rpm_limit = body_int(call, "rpm_limit", user->rpm_limit);
	/* The list is replaced; absent or null leaves it. */
	if (body_has(call, "allowed_groups"))
		host_ids_read(&user->allowed, json_object_get(
			call->body, "allowed_groups"));
	user->updated_at = call->model->now;
	reply_data(call, view_user_for_admin(call->model, user));
}

/* What happens to the keys of a user who goes. */
static void leave_keys(struct host_model *model, int64_t user_id)
{
	for (size_t i = 0; i < model->keys.count; i++) {
		struct host_key *key = model->keys.rows[i];

		if (!key || key->user_id != user_id)
			continue;
		if (host_has(model, HOST_DELETES_KEYS_OF_USER))
			host_key_remove(model, key);
		else
			key->orphaned = true;
	}
}

static void delete(struct host_call *call)
{
	struct host_user *user = user_or_404(call);

	if (!user)
		return;
	if (is_admin(user)) {
		reply_internal(call);
		return;
	}
	leave_keys(call->model, user->id);
	host_user_remove(call->model, user);
	reply_message(call, "User deleted successfully");
}

static double balance_after(double before, const char *operation,
			    double amount)
{
	if (strcmp(operation, "set") == 0)
		return amount;
	return strcmp(operation, "add") == 0 ? before + amount
					     : before - amount;
}

static void change_balance(struct host_call *call)
{
	struct host_user *user = user_or_404(call);
	double amount = body_number(call, "balance", 0);
	double after;

	if (!user)
		return;
	if (amount <= 0) {
		reply_refuse(call, 400, "Invalid request: Key: "
			     "'UpdateBalanceRequest.Balance' Error:Field "
			     "validation for 'Balance' failed on the 'gt' tag",
			     NULL);
		return;
	}
	after = balance_after(user->balance, body_text(call, "operation"),
			      amount);
	if (after < 0) {
		reply_internal(call);
		return;
	}
	user->balance = after;
	user->updated_at = call->model->now;
	reply_data(call, view_user_for_admin(call->model, user));
}

static bool has_key_like(const struct host_model *model, int64_t user_id,
			 const char *search)
{
	for (size_t i = 0; i < model->keys.count; i++) {
		const struct host_key *key = model->keys.rows[i];

		if (key && key->user_id == user_id &&
		    text_contains(key->key, search))
			return true;
	}
	return false;
}

static bool is_listed(const struct host_call *call,
		      const struct host_user *user)
{
	char value[128];

	if (user->deleted)
		return false;
	if (query_get(call, "status", value, sizeof(value)) && *value &&
	    strcmp(user->status, value) != 0)
		return false;
	if (query_get(call, "role", value, sizeof(value)) && *value &&
	    strcmp(user->role, value) != 0)
		return false;
	return !query_get(call, "search", value, sizeof(value)) ||
	       text_contains(user->email, value) ||
	       text_contains(user->username, value) ||
	       text_contains(user->notes, value) ||
	       has_key_like(call->model, user->id, value);
}

struct listing {
	const struct host_model *model;
	struct host_ids ids;
};

static json_t *view_listed(void *context, size_t i)
{
	const struct listing *listing = context;
	json_t *view = view_user_for_admin(listing->model, host_user_find(
		listing->model, listing->ids.list[i]));

	json_object_set_new(view, "current_concurrency", json_integer(
		host_user_find(listing->model,
			       listing->ids.list[i])->running));
	return view;
}

/* The newest first, unless the ids are asked for in their order. */
static void list(struct host_call *call)
{
	const struct host_rows *rows = &call->model->users;
	struct listing listing = { .model = call->model };
	bool ascending = query_is(call, "sort_order", "asc");

	for (size_t i = 0; i < rows->count; i++) {
		const struct host_user *user =
			rows->rows[ascending ? i : rows->count - 1 - i];

		if (user && is_listed(call, user))
			host_ids_add(&listing.ids, user->id);
	}
	reply_slice(call, listing.ids.count, view_listed, &listing);
	host_ids_done(&listing.ids);
}

static void list_keys(struct host_call *call)
{
	const struct host_rows *rows = &call->model->keys;
	json_t *items = json_array();

	for (size_t i = rows->count; i > 0; i--) {
		const struct host_key *key = rows->rows[i - 1];

		if (key && key->user_id == call->id)
			json_array_append_new(items, view_key_in_list(
				call->model, key));
	}
	reply_page(call, items);
}

static void list_subscriptions(struct host_call *call)
{
	const struct host_rows *rows = &call->model->subscriptions;
	json_t *items = json_array();

	for (size_t i = 0; i < rows->count; i++) {
		const struct host_subscription *row = rows->rows[i];

		if (row && !row->revoked && row->user_id == call->id)
			json_array_append_new(items, view_subscription(
				call->model, row));
	}
	reply_data(call, items);
}

#define FORM(name_, rules_) \
	.request = (name_), .rules = (rules_), .nrules = COUNT(rules_)
#define ONE(method_, suffix_, handle_) \
	.method = (method_), .pattern = "/api/v1/admin/users" suffix_, \
	.handle = (handle_), .access = HOST_ADMIN
#define OF(method_, suffix_, handle_) \
	ONE(method_, "/{id}" suffix_, handle_), .noun = "user"

const struct host_route host_user_routes[] = {
	{ ONE("GET", "", list) },
	{ ONE("POST", "", create), FORM("CreateUserRequest", create_rules),
	  .hashes = true },
	{ OF("GET", "", show) },
	{ OF("PUT", "", update), FORM("UpdateUserRequest", update_rules) },
	{ OF("DELETE", "", delete) },
	{ OF("POST", "/balance", change_balance),
	  FORM("UpdateBalanceRequest", balance_rules),
	  .counted = balance_counted },
	{ OF("GET", "/api-keys", list_keys) },
	{ OF("GET", "/subscriptions", list_subscriptions) },
	{ .method = NULL },
};
