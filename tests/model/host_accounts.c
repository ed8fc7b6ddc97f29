#include "tests/model/host_accounts.h"

#include <string.h>

#include "shared/own.h"
#include "shared/table.h"
#include "tests/model/host_probe.h"
#include "tests/model/host_routes.h"
#include "tests/model/host_sched.h"
#include "tests/model/host_view.h"

#define NAME_MAX_CHARACTERS 100

static const struct host_rule create_rules[] = {
	{ "name", "Name", RULE_REQUIRED, NULL },
	{ "platform", "Platform", RULE_REQUIRED, NULL },
	{ "type", "Type", RULE_REQUIRED, NULL },
	{ "type", "Type", RULE_ONEOF,
	  "oauth setup-token apikey upstream bedrock service_account" },
	{ "credentials", "Credentials", RULE_REQUIRED, NULL },
};

static const struct host_rule update_rules[] = {
	{ "status", "Status", RULE_ONEOF, "active inactive error" },
};

static const char *const counted[] = {
	"name", "notes", "platform", "type", "credentials", "extra",
	"proxy_id", "concurrency", "priority", "rate_multiplier",
	"load_factor", "group_ids", "expires_at", "auto_pause_on_expired",
	NULL
};

static const char long_context[] = "openai_long_context_billing_enabled";

struct host_account *account_or_404(struct host_call *call)
{
	struct host_account *account = host_account_find(call->model,
							 call->id);

	if (!account)
		reply_refuse(call, 404, "account not found",
			     "ACCOUNT_NOT_FOUND");
	return account;
}

void reply_account(struct host_call *call, const struct host_account *account)
{
	reply_data(call, view_account(call->model, account));
}

bool body_groups_exist(struct host_call *call)
{
	size_t i;
	json_t *value;

	json_array_foreach(json_object_get(call->body, "group_ids"), i,
			   value) {
		if (!host_group_find(call->model,
				     json_integer_value(value))) {
			reply_refuse(call, 404, "group not found",
				     "GROUP_NOT_FOUND");
			return false;
		}
	}
	return true;
}

static size_t characters(const char *text)
{
	size_t count = 0;

	for (; *text; text++)
		count += ((unsigned char)*text & 0xc0) != 0x80;
	return count;
}

static json_t *object_or_empty(const json_t *value)
{
	return json_is_object(value) ? json_deep_copy(value) : json_object();
}

/* Later versions add a member to `extra` of every openai account. */
static void complete_extra(const struct host_model *model,
			   const char *platform, json_t *extra)
{
	if (host_has(model, HOST_ADDS_LONG_CONTEXT_FLAG) &&
	    strcmp(platform, "openai") == 0 &&
	    !json_object_get(extra, long_context))
		json_object_set_new(extra, long_context, json_false());
}

void account_set_status(struct host_account *account, const char *status)
{
	account->now.is_active = strcmp(status, "active") == 0;
	account->now.is_error = strcmp(status, "error") == 0;
}

static const char *spec_text(const json_t *spec, const char *name)
{
	const char *text = json_string_value(json_object_get(spec, name));

	return text ? text : "";
}

/* What is not above zero clears it. */
static int64_t at_least_0(int64_t seconds)
{
	return seconds > 0 ? seconds : 0;
}

struct host_account *account_make(struct host_model *model,
				  const json_t *spec)
{
	struct host_account *account = host_account_add(model);
	const json_t *rate = json_object_get(spec, "rate_multiplier");

	account->name = xstrdup(spec_text(spec, "name"));
	account->notes = xstrdup_null(json_string_value(
		json_object_get(spec, "notes")));
	account->platform = xstrdup(spec_text(spec, "platform"));
	account->type = xstrdup(spec_text(spec, "type"));
	account->concurrency = json_integer_value(
		json_object_get(spec, "concurrency"));
	account->proxy_id = json_integer_value(
		json_object_get(spec, "proxy_id"));
	account->rate_multiplier = json_is_number(rate) ?
		json_number_value(rate) : 1;
	account->load_factor = at_least_0(json_integer_value(
		json_object_get(spec, "load_factor")));
	account->now = (struct host_serving){
		.is_active = true, .schedulable = true,
		.priority = json_integer_value(
			json_object_get(spec, "priority")),
		.expires_at = at_least_0(json_integer_value(
			json_object_get(spec, "expires_at"))),
		.credentials = object_or_empty(
			json_object_get(spec, "credentials")),
		.extra = object_or_empty(json_object_get(spec, "extra")),
	};
	complete_extra(model, account->platform, account->now.extra);
	return account;
}

/* In simple mode what has no group gets the one of its platform. */
static void bind_default(struct host_model *model,
			 struct host_account *account)
{
	AUTO_FREE char *name = xasprintf("%s-default", account->platform);
	int64_t id = host_index_get(model->group_names, name);

	if (id && account->groups.count == 0)
		host_ids_add(&account->groups, id);
}

static bool groups_are_known(const struct host_model *model,
			     const json_t *ids)
{
	size_t i;
	json_t *value;

	json_array_foreach(ids, i, value) {
		if (!host_group_find(model, json_integer_value(value)))
			return false;
	}
	return true;
}

static void create(struct host_call *call)
{
	struct host_model *model = call->model;
	const json_t *group_ids = json_object_get(call->body, "group_ids");
	struct host_account *account;

	if (body_number(call, "rate_multiplier", 1) < 0) {
		reply_refuse(call, 400, "rate_multiplier must be >= 0", NULL);
		return;
	}
	if (characters(body_text(call, "name")) > NAME_MAX_CHARACTERS ||
	    !host_proxy_exists(model, body_int(call, "proxy_id", 0)) ||
	    body_int(call, "load_factor", 0) > 10000) {
		reply_internal(call);
		return;
	}
	account = account_make(model, call->body);
	account->event_at = model->now;
	/* The row is there before its groups are looked at. */
	if (!groups_are_known(model, group_ids)) {
		host_changed_surely(model, account, NULL);
		reply_internal(call);
		return;
	}
	host_ids_read(&account->groups, group_ids);
	bind_default(model, account);
	account->bound_at = model->now;
	host_changed_surely(model, account, NULL);
	account->fresh = true;
	reply_account(call, account);
	account->fresh = false;
	host_probe_start(model, model->now + call->delay_ms, account);
}

static void show(struct host_call *call)
{
	const struct host_account *account = account_or_404(call);

	if (account)
		reply_account(call, account);
}

/* Secrets that are left out stay, in later versions. */
static json_t *credentials_after(const struct host_model *model,
				 const json_t *before, const json_t *sent)
{
	static const char *const kept[] = {
		"access_token", "refresh_token", "id_token", "api_key",
		"session_key", "cookie",
	};
	json_t *after = json_deep_copy(sent);

	for (size_t i = 0; i < COUNT(kept) &&
	     host_has(model, HOST_KEEPS_SECRETS_ON_PUT); i++) {
		json_t *secret = json_object_get(before, kept[i]);

		if (secret && !json_object_get(sent, kept[i]))
			json_object_set(after, kept[i], secret);
	}
	return after;
}


static void update_plain(struct host_call *call, struct host_account *account)
{
	const char *status = body_text(call, "status");
	json_t *extra;

	body_set(call, "name", &account->name);
	body_set(call, "notes", &account->notes);
	if (account->notes && !*account->notes)
		own_set(&account->notes, NULL);
	body_set(call, "type", &account->type);
	account->concurrency = body_int(call, "concurrency",
					account->concurrency);
	account->proxy_id = body_int(call, "proxy_id", account->proxy_id);
	account->now.expires_at = at_least_0(body_int(call, "expires_at",
						account->now.expires_at));
	account->now.priority = body_int(call, "priority",
					 account->now.priority);
	account->rate_multiplier = body_number(call, "rate_multiplier",
					       account->rate_multiplier);
	account->load_factor = at_least_0(body_int(call, "load_factor",
						   account->load_factor));
	if (status && *status)
		account_set_status(account, status);
	if (!body_has(call, "extra"))
		return;
	/* The whole object is replaced: what is not sent is gone. */
	extra = object_or_empty(json_object_get(call->body, "extra"));
	complete_extra(call->model, account->platform, extra);
	host_json_set(&account->now.extra, extra);
}

static void update_groups(struct host_call *call,
			  struct host_account *account)
{
	struct host_ids before = account->groups;

	account->groups = (struct host_ids){ 0 };
	host_ids_read(&account->groups,
		      json_object_get(call->body, "group_ids"));
	account->bound_at = call->model->now;
	host_changed_surely(call->model, account, &before);
	host_ids_done(&before);
}

static void update(struct host_call *call)
{
	struct host_model *model = call->model;
	struct host_account *account = account_or_404(call);
	const json_t *sent = json_object_get(call->body, "credentials");
	bool rearms = json_object_size(sent) > 0;

	if (!account || !body_groups_exist(call))
		return;
	if (!host_proxy_exists(model, body_int(call, "proxy_id", 0))) {
		reply_internal(call);
		return;
	}
	update_plain(call, account);
	if (rearms)
		host_json_set(&account->now.credentials, credentials_after(
			model, account->now.credentials, sent));
	account->updated_at = model->now;
	if (body_has(call, "group_ids"))
		update_groups(call, account);
	host_changed_account(model, account, HOST_COPY_NOW);
	reply_account(call, account);
	if (rearms)
		host_probe_start(model, model->now + call->delay_ms, account);
}

/* 200 also for what is not there. */
static void delete(struct host_call *call)
{
	struct host_account *account = host_account_find(call->model,
							 call->id);

	if (account) {
		host_changed_groups(call->model, &account->groups);
		host_account_remove(call->model, account);
	}
	reply_message(call, "Account deleted successfully");
}

static void import(struct host_call *call)
{
	const json_t *data = json_object_get(call->body, "data");
	int64_t created = 0;
	size_t i;
	json_t *spec;

	json_array_foreach(json_object_get(data, "accounts"), i, spec) {
		struct host_account *account = account_make(call->model,
							    spec);

		account->event_at = call->model->now;
		host_changed_surely(call->model, account, NULL);
		created++;
	}
	reply_data(call, json_pack("{si si si sI si}", "proxy_created", 0,
				   "proxy_reused", 0, "proxy_failed", 0,
				   "account_created", (json_int_t)created,
				   "account_failed", 0));
}

#define FORM(name_, rules_) \
	.request = (name_), .rules = (rules_), .nrules = COUNT(rules_)
#define ONE(method_, suffix_, handle_) \
	.method = (method_), .pattern = "/api/v1/admin/accounts" suffix_, \
	.handle = (handle_), .access = HOST_ADMIN

const struct host_route host_account_routes[] = {
	{ ONE("POST", "", create), FORM("CreateAccountRequest", create_rules),
	  .counted = counted },
	{ ONE("POST", "/data", import) },
	{ ONE("GET", "/data", host_account_export) },
	{ ONE("GET", "/{id}", show), .noun = "account" },
	{ ONE("PUT", "/{id}", update), .noun = "account",
	  FORM("UpdateAccountRequest", update_rules) },
	{ ONE("DELETE", "/{id}", delete), .noun = "account" },
	{ .method = NULL },
};
