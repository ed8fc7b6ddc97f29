#include <string.h>

#include "shared/own.h"
#include "shared/table.h"
#include "tests/model/host_routes.h"
#include "tests/model/host_token.h"

#define WINDOW_MS 60000
#define PANEL_LIMIT 240

struct token_refusal {
	const char *code;
	const char *message;
};

static const struct token_refusal token_refusals[] = {
	[HOST_TOKEN_GOOD]     = { NULL, NULL },
	[HOST_TOKEN_INVALID]  = { "INVALID_TOKEN", "Invalid token" },
	[HOST_TOKEN_EXPIRED]  = { "TOKEN_EXPIRED", "Token has expired" },
	[HOST_TOKEN_NO_USER]  = { "USER_NOT_FOUND", "User not found" },
	[HOST_TOKEN_INACTIVE] = { "USER_INACTIVE",
				  "User account is not active" },
	[HOST_TOKEN_REVOKED]  = { "TOKEN_REVOKED",
				  "Token has been revoked (password changed)" },
};

_Static_assert(COUNT(token_refusals) == HOST_TOKEN_STATE__MAX,
	       "a refusal per state");

bool host_window_count(struct host_window *window, int64_t now, int64_t limit)
{
	if (window->count == 0 || now - window->since >= WINDOW_MS)
		*window = (struct host_window){ .since = now };
	window->count++;
	return window->count <= limit;
}

static bool token_may_ask(struct host_call *call, const char *token)
{
	enum host_token_state state = host_token_read(call->model, token,
						      &call->user);

	if (state == HOST_TOKEN_GOOD)
		return true;
	reply_flat(call, 401, token_refusals[state].code,
		   token_refusals[state].message);
	return false;
}

/* What stands behind "Bearer ", or NULL. */
static const char *bearer_of(const struct host_call *call)
{
	const char *value = model_request_header(call->request,
						 "Authorization");

	if (!value || strncasecmp(value, "Bearer ", 7) != 0 || !value[7])
		return NULL;
	return value + 7;
}

static struct host_user *first_admin(const struct host_model *model)
{
	for (size_t i = 0; i < model->users.count; i++) {
		struct host_user *user = model->users.rows[i];

		if (user && !user->deleted &&
		    strcmp(user->role, "admin") == 0 &&
		    strcmp(user->status, "active") == 0)
			return user;
	}
	return NULL;
}

static bool admin_key_may_ask(struct host_call *call, const char *key)
{
	const char *wanted = call->model->admin_key;

	if (!wanted || strcmp(wanted, key) != 0) {
		reply_flat(call, 401, "INVALID_ADMIN_KEY",
			   "Invalid admin API key");
		return false;
	}
	call->user = first_admin(call->model);
	return call->user != NULL;
}

static bool passes_compliance(struct host_call *call)
{
	static const char docs[] =
		"https://github.com/Wei-Shaw/sub2api/blob/main/";
	static const char zh[] = "docs/legal/admin-compliance.zh.md";
	static const char en[] = "docs/legal/admin-compliance.en.md";
	AUTO_FREE char *url_zh = NULL, *url_en = NULL;

	if (!host_has(call->model, HOST_HAS_COMPLIANCE_GATE) ||
	    call->model->compliance_at ||
	    call->route->access == HOST_ADMIN_UNGATED)
		return true;
	url_zh = xasprintf("%s%s", docs, zh);
	url_en = xasprintf("%s%s", docs, en);
	reply_json(call, 423, json_pack(
		"{ss ss s{ss ss ss ss ss}}",
		"code", "ADMIN_COMPLIANCE_ACK_REQUIRED", "message",
		"administrator compliance acknowledgement is required",
		"metadata", "version", "v2026.06.10",
		"document_path_zh", zh, "document_path_en", en,
		"document_url_zh", url_zh, "document_url_en", url_en));
	return false;
}

static bool admin_may_ask(struct host_call *call)
{
	const char *key = model_request_header(call->request, "x-api-key");
	const char *bearer = bearer_of(call);

	/* A wrong key fails even beside a good token. */
	if (key && *key) {
		if (!admin_key_may_ask(call, key))
			return false;
	} else if (!bearer) {
		reply_flat(call, 401, "UNAUTHORIZED",
			   "Authorization required");
		return false;
	} else if (!token_may_ask(call, bearer)) {
		return false;
	}
	if (strcmp(call->user->role, "admin") != 0) {
		reply_flat(call, 403, "FORBIDDEN", "Admin access required");
		return false;
	}
	return passes_compliance(call);
}

static bool user_may_ask(struct host_call *call)
{
	struct host_model *model = call->model;
	const char *bearer = bearer_of(call);

	if (!model_request_header(call->request, "Authorization")) {
		reply_flat(call, 401, "UNAUTHORIZED",
			   "Authorization header is required");
		return false;
	}
	if (!bearer) {
		reply_flat(call, 401, "INVALID_AUTH_HEADER",
			   "Authorization header format must be "
			   "'Bearer {token}'");
		return false;
	}
	if (!token_may_ask(call, bearer))
		return false;
	if (model->options.backend_mode &&
	    strcmp(call->user->role, "admin") != 0) {
		reply_refuse(call, 403, "Backend mode is active. User "
			     "self-service is disabled.", NULL);
		return false;
	}
	call->user->last_active_at = model->now;
	if (model->options.rate_limits &&
	    host_has(model, HOST_LIMITS_PANEL) &&
	    strcmp(call->user->role, "admin") != 0 &&
	    !host_window_count(&call->user->panel, model->now, PANEL_LIMIT)) {
		reply_flat(call, 429, "RATE_LIMITED", "Too many requests, "
			   "please slow down and try again later");
		reply_header(call, "Retry-After",
			     (call->user->panel.since + WINDOW_MS -
			      model->now) / 1000);
		return false;
	}
	return true;
}

bool host_may_ask(struct host_call *call)
{
	switch (call->route->access) {
	case HOST_PUBLIC:
		return true;
	case HOST_USER:
		return user_may_ask(call);
	case HOST_ADMIN:
	case HOST_ADMIN_UNGATED:
		return admin_may_ask(call);
	case HOST_GATEWAY:
	case HOST_GATEWAY_STATUS:
		return host_key_may_ask(call);
	}
	return false;
}
