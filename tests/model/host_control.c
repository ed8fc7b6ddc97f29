/* What tests do to a host that its own API has no call for. */
#include <string.h>

#include "shared/own.h"
#include "shared/table.h"
#include "tests/model/host_model.h"
#include "tests/model/host_sched.h"
#include "tests/model/host_view.h"

struct wish {
	struct host_model *model;
	const json_t *body;
};

static const json_t *member(const struct wish *wish, const char *name)
{
	return json_object_get(wish->body, name);
}

static int64_t number(const struct wish *wish, const char *name)
{
	return json_integer_value(member(wish, name));
}

/* Absent means yes: {"do":"pause"} pauses. */
static bool is_on(const struct wish *wish)
{
	return !json_is_false(member(wish, "on"));
}

static const char *pause_copies(const struct wish *wish)
{
	wish->model->paused = is_on(wish);
	return NULL;
}

static bool concerns(const struct wish *wish, const struct host_user *user)
{
	const char *email = json_string_value(member(wish, "email"));

	return user && !user->deleted &&
	       (!email || strcasecmp(email, user->email) == 0);
}

/* Of one user, or of all; refresh tokens only if that is asked for. */
static const char *revoke_tokens(const struct wish *wish)
{
	struct host_model *model = wish->model;
	const char *token;
	json_t *owner;
	void *next;

	for (size_t i = 0; i < model->users.count; i++) {
		struct host_user *user = model->users.rows[i];

		if (concerns(wish, user))
			user->token_version++;
	}
	if (!json_is_true(member(wish, "refresh")))
		return NULL;
	json_object_foreach_safe(model->refresh_tokens, next, token, owner) {
		if (concerns(wish, host_user_find(
				model, json_integer_value(owner))))
			json_object_del(model->refresh_tokens, token);
	}
	return NULL;
}

/* As if their time were over; those that are made later are good. */
static const char *expire_tokens(const struct wish *wish)
{
	wish->model->tokens_since = ++wish->model->token_serial;
	return NULL;
}

/* All that the wish names; 0 is any. */
static const char *expire_subscriptions(const struct wish *wish)
{
	struct host_model *model = wish->model;
	bool any = false;

	for (size_t i = 0; i < model->subscriptions.count; i++) {
		struct host_subscription *row = model->subscriptions.rows[i];
		int64_t id = number(wish, "id");
		int64_t user_id = number(wish, "user_id");
		int64_t group_id = number(wish, "group_id");

		if (!row || row->revoked || (id && row->id != id) ||
		    (user_id && row->user_id != user_id) ||
		    (group_id && row->group_id != group_id))
			continue;
		row->expires_at = model->now;
		any = true;
	}
	return any ? NULL : "no such subscription";
}

/* The row is gone; the scheduler has not been told. */
static const char *drop_account(const struct wish *wish)
{
	struct host_account *account = host_account_find(
		wish->model, number(wish, "id"));

	if (!account)
		return "no such account";
	host_account_remove(wish->model, account);
	return NULL;
}

static void copy_account(struct host_model *model,
			 const struct host_account *from)
{
	struct host_account *to = host_account_add(model);

	to->name = xstrdup(from->name);
	to->notes = xstrdup_null(from->notes);
	to->platform = xstrdup(from->platform);
	to->type = xstrdup(from->type);
	to->concurrency = from->concurrency;
	to->rate_multiplier = from->rate_multiplier;
	to->now = from->now;
	/* Values of rows are never changed in place. */
	json_incref(to->now.credentials);
	json_incref(to->now.extra);
	to->created_at = to->updated_at = model->now;
	host_ids_copy(&to->groups, &from->groups);
}

/* A large host: many that are like this one; no scheduler knows of them. */
static const char *copy_accounts(const struct wish *wish)
{
	const struct host_account *from = host_account_find(
		wish->model, number(wish, "id"));

	if (!from)
		return "no such account";
	for (int64_t i = 0; i < number(wish, "count"); i++)
		copy_account(wish->model, from);
	return NULL;
}

static const char *set_backend_mode(const struct wish *wish)
{
	wish->model->options.backend_mode = is_on(wish);
	return NULL;
}

static const char *set_simple_mode(const struct wish *wish)
{
	wish->model->options.simple_mode = is_on(wish);
	return NULL;
}

static const char *set_step_up(const struct wish *wish)
{
	wish->model->options.step_up = is_on(wish);
	return NULL;
}

static const char *set_compliance(const struct wish *wish)
{
	wish->model->compliance_at = is_on(wish) ? wish->model->now : 0;
	return NULL;
}

static const char *report_version(const struct wish *wish)
{
	own_set(&wish->model->reported_version,
		json_string_value(member(wish, "version")));
	return NULL;
}

/* Settings that the new version has and the groups do not know yet. */
static void widen_groups(struct host_model *model)
{
	for (size_t i = 0; i < model->groups.count; i++) {
		struct host_group *group = model->groups.rows[i];
		json_t *settings;

		if (!group)
			continue;
		settings = view_group_defaults(model);
		json_object_update_existing(settings, group->settings);
		host_json_set(&group->settings, settings);
	}
}

/* Stop, install another version, start again. */
static const char *install_version(const struct wish *wish)
{
	const char *name = json_string_value(member(wish, "version"));

	if (!name || !host_version_parse(name, &wish->model->options.version))
		return "no such version";
	own_set(&wish->model->reported_version, NULL);
	widen_groups(wish->model);
	return NULL;
}

/* As its owner would by hand; group 0: bound to none. */
static const char *add_key(const struct wish *wish)
{
	const char *email = json_string_value(member(wish, "email"));
	const char *text = json_string_value(member(wish, "key"));
	const char *name = json_string_value(member(wish, "name"));
	int64_t user_id = email ? host_email_get(wish->model, email) : 0;
	struct host_key *key;

	if (!user_id)
		return "no such user";
	if (!text || host_index_get(wish->model->key_texts, text))
		return "no key, or there is one like it";
	key = host_key_add(wish->model, text);
	key->user_id = user_id;
	key->group_id = number(wish, "group_id");
	key->name = xstrdup(name ? name : "");
	key->status = xstrdup("active");
	return NULL;
}

static const struct {
	const char *name;
	const char *(*act)(const struct wish *wish);
} acts[] = {
	{ "add-key", add_key },
	{ "pause-copies", pause_copies },
	{ "revoke-tokens", revoke_tokens },
	{ "expire-tokens", expire_tokens },
	{ "expire-subscriptions", expire_subscriptions },
	{ "drop-account", drop_account },
	{ "copy-account", copy_accounts },
	{ "backend-mode", set_backend_mode },
	{ "simple-mode", set_simple_mode },
	{ "step-up", set_step_up },
	{ "compliance", set_compliance },
	{ "report-version", report_version },
	{ "install-version", install_version },
};

const char *host_model_control(struct host_model *model, int64_t now,
			       const json_t *body)
{
	const struct wish wish = { model, body };
	const char *name = json_string_value(json_object_get(body, "do"));

	host_advance(model, now);
	for (size_t i = 0; name && i < COUNT(acts); i++) {
		if (strcmp(acts[i].name, name) == 0)
			return acts[i].act(&wish);
	}
	return "no such act";
}
