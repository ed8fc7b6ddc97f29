#include <string.h>

#include "shared/own.h"
#include "shared/table.h"
#include "tests/model/host_routes.h"
#include "tests/model/host_token.h"
#include "tests/model/host_view.h"

#define LOGIN_LIMIT 20
#define WINDOW_MS 60000
#define REFRESH_TOKENS_MAX 20000

static json_t *tokens_for(struct host_model *model, struct host_user *user)
{
	AUTO_FREE char *access = host_token_make(model, user);
	AUTO_FREE char *refresh = host_random_hex(model, "rt_", 64);

	if (json_object_size(model->refresh_tokens) >= REFRESH_TOKENS_MAX)
		json_object_clear(model->refresh_tokens);
	json_object_set_new(model->refresh_tokens, refresh,
			    json_integer(user->id));
	return json_pack("{ss ss sI ss}", "access_token", access,
			 "refresh_token", refresh, "expires_in",
			 (json_int_t)(model->options.token_ms / 1000),
			 "token_type", "Bearer");
}

static bool login_is_in_time(struct host_call *call)
{
	struct host_model *model = call->model;

	if (!model->options.rate_limits ||
	    host_window_count(&model->logins, model->now, LOGIN_LIMIT))
		return true;
	call->delay_ms = model->options.call_ms;
	reply_json(call, 429, json_pack("{ss ss}",
		"error", "rate limit exceeded", "message",
		"Too many requests, please try again later"));
	if (host_has(model, HOST_SAYS_RETRY_AFTER_LOGIN))
		reply_header(call, "Retry-After", (model->logins.since +
			     WINDOW_MS - model->now) / 1000);
	return false;
}

static const struct host_rule login_rules[] = {
	{ "email", "Email", RULE_REQUIRED, NULL },
	{ "email", "Email", RULE_EMAIL, NULL },
	{ "password", "Password", RULE_REQUIRED, NULL },
};

static const struct host_route login_form = {
	.request = "LoginRequest", .rules = login_rules,
	.nrules = COUNT(login_rules),
};

/* The limiter stands before the form: a bad form counts too. */
static void login(struct host_call *call)
{
	struct host_user *user;
	json_t *data;

	if (!login_is_in_time(call))
		return;
	call->route = &login_form;
	if (!host_rules_hold(call))
		return;
	user = host_user_find(call->model, host_email_get(
		call->model, body_text(call, "email")));
	if (!user || strcmp(user->password,
			    body_text(call, "password")) != 0) {
		reply_refuse(call, 401, "invalid email or password",
			     "INVALID_CREDENTIALS");
		return;
	}
	if (strcmp(user->status, "active") != 0) {
		reply_refuse(call, 403, "user is not active",
			     "USER_NOT_ACTIVE");
		return;
	}
	if (call->model->options.backend_mode &&
	    strcmp(user->role, "admin") != 0) {
		reply_refuse(call, 403, "Backend mode is active. Only admin "
			     "login is allowed.", "BACKEND_MODE_ADMIN_ONLY");
		return;
	}
	data = tokens_for(call->model, user);
	json_object_set_new(data, "user", view_user(call->model, user));
	user->last_active_at = call->model->now;
	reply_data(call, data);
}

static void refresh(struct host_call *call)
{
	struct host_model *model = call->model;
	const char *token = body_text(call, "refresh_token");
	struct host_user *user = !token ? NULL : host_user_find(
		model, host_index_get(model->refresh_tokens, token));

	if (!user) {
		reply_refuse(call, 401, "invalid refresh token",
			     "REFRESH_TOKEN_INVALID");
		return;
	}
	json_object_del(model->refresh_tokens, token);
	reply_data(call, tokens_for(model, user));
}

struct provider {
	const char *name;
	enum host_version since;
};

static const struct provider providers[] = {
	{ "dingtalk", HOST_0_1_129 },
	{ "linuxdo", HOST_0_1_126 },
	{ "oidc", HOST_0_1_126 },
	{ "wechat", HOST_0_1_126 },
};

static json_t *email_identity(const struct host_user *user)
{
	AUTO_FREE char *hint = xasprintf("%c***%s", user->email[0],
					 strchr(user->email, '@'));

	return json_pack("{ss sb si ss ss ss so sb sb ss ss}",
		"provider", "email", "bound", 1, "bound_count", 1,
		"display_name", user->email, "subject_hint", hint,
		"provider_key", "email",
		"verified_at", view_time(user->created_at),
		"can_bind", 0, "can_unbind", 0, "note_key",
		"profile.authBindings.notes.emailManagedFromProfile", "note",
		"Primary account email is managed from the profile form.");
}

static json_t *bindings_of(const struct host_model *model,
			   const struct host_user *user)
{
	json_t *all = json_pack("{so}", "email", email_identity(user));

	for (size_t i = 0; i < COUNT(providers); i++) {
		AUTO_FREE char *path = NULL;

		if (model->options.version < providers[i].since)
			continue;
		path = xasprintf("/api/v1/auth/oauth/%s/bind/start"
				 "?intent=bind_current_user"
				 "&redirect=%%2Fsettings%%2Fprofile",
				 providers[i].name);
		json_object_set_new(all, providers[i].name, json_pack(
			"{ss sb si ss sb sb}", "provider", providers[i].name,
			"bound", 0, "bound_count", 0,
			"bind_start_path", path,
			"can_bind", 1, "can_unbind", 0));
	}
	return all;
}

static void me(struct host_call *call)
{
	const struct host_model *model = call->model;
	json_t *data = view_user(model, call->user);
	json_t *bindings = bindings_of(model, call->user);

	json_object_set_new(data, "identities", json_pack("{so}", "email",
			    email_identity(call->user)));
	json_object_set(data, "auth_bindings", bindings);
	json_object_set_new(data, "identity_bindings", bindings);
	json_object_set_new(data, "email_bound", json_true());
	for (size_t i = 0; i < COUNT(providers); i++) {
		char name[32];

		if (model->options.version < providers[i].since)
			continue;
		snprintf(name, sizeof(name), "%s_bound", providers[i].name);
		json_object_set_new(data, name, json_false());
	}
	json_object_set_new(data, "run_mode", json_string(
		model->options.simple_mode ? "simple" : "standard"));
	reply_data(call, data);
}

static void logout(struct host_call *call)
{
	const char *token = body_text(call, "refresh_token");

	if (token)
		json_object_del(call->model->refresh_tokens, token);
	reply_message(call, "Logged out successfully");
}

const struct host_route host_auth_routes[] = {
	{ .method = "POST", .pattern = "/api/v1/auth/login",
	  .handle = login, .hashes = true },
	{ .method = "POST", .pattern = "/api/v1/auth/refresh",
	  .handle = refresh },
	{ .method = "POST", .pattern = "/api/v1/auth/logout",
	  .handle = logout },
	{ .method = "GET", .pattern = "/api/v1/auth/me", .handle = me,
	  .access = HOST_USER },
	{ .method = NULL },
};
