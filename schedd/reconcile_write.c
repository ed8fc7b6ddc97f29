/* The one call that writes what is to be restored of a resource. */
#include <string.h>

#include "schedd/host/account.h"
#include "schedd/host/account_view.h"
#include "schedd/host/channel.h"
#include "schedd/host/group.h"
#include "schedd/host/key.h"
#include "schedd/host/user.h"
#include "schedd/reconcile.h"

/* Fields of a type have a bit each, from the first row of the type on. */
static int64_t bit_of(enum resource_type type, const char *field)
{
	const struct owned_field *row = owned_field(type, field);
	size_t first = 0;

	while (owned_fields[first].type != type)
		first++;
	return row ? INT64_C(1) << (row - &owned_fields[first]) : 0;
}

bool reconcile_restores(const struct reconcile *rc, const char *field)
{
	return rc->memo.fields & bit_of(rc->row.type, field);
}

static const struct finding *row_of(const struct reconcile *rc,
				    const char *field)
{
	for (size_t i = 0; i < rc->nrows; i++)
		if (strcmp(rc->rows[i].field, field) == 0)
			return &rc->rows[i];
	return NULL;
}

enum owned_policy reconcile_action(const struct reconcile *rc,
				   const struct owned_finding *it)
{
	const struct finding *row = row_of(rc, it->field->name);
	enum owned_policy action = row && row->settled_by ? row->action
							  : it->action;

	if (action == OWNED_RESTORE &&
	    !finding_can(rc->row.type, it->field->name, action))
		return OWNED_ASK;
	return action;
}

int64_t reconcile_fields(const struct reconcile *rc,
			 const struct reconcile_seen *seen)
{
	int64_t key = bit_of(RESOURCE_ACCOUNT, "key");
	int64_t fields = 0;

	for (size_t i = 0; i < seen->count; i++) {
		const struct owned_finding *it = &seen->findings[i];

		/* A decision is about the fields that somebody saw. */
		if (rc->memo.decided && !row_of(rc, it->field->name))
			continue;
		if (reconcile_action(rc, it) == OWNED_RESTORE)
			fields |= bit_of(rc->row.type, it->field->name);
	}
	/* A key goes in a call of its own. */
	return rc->row.type == RESOURCE_ACCOUNT && fields & key ? key : fields;
}

/* As the host showed it when the repair was decided. */
static json_t *live_of(const struct resource *row)
{
	json_auto_t *seen = json_loads(row->live_json ? row->live_json : "{}",
				       0, NULL);

	return json_incref(json_object_get(seen, "live"));
}

/* All that is there, and ours over it. */
static json_t *merged(const json_t *there, const json_t *ours)
{
	json_t *both = json_is_object(there) ? json_deep_copy(there)
					     : json_object();
	json_auto_t *copy = json_deep_copy(ours);

	json_object_update(both, copy);
	return both;
}

static bool has(const json_t *ids, const json_t *id)
{
	size_t i;
	const json_t *one;

	json_array_foreach(ids, i, one)
		if (json_equal(one, id))
			return true;
	return false;
}

/* All of them: what is not in the list, it is taken out of. */
static json_t *all_groups(const json_t *live, const json_t *wanted)
{
	json_t *ids = host_account_groups(live);
	size_t i;
	json_t *id;

	json_array_foreach(wanted, i, id)
		if (!has(ids, id))
			json_array_append(ids, id);
	return ids;
}

static void ask_account(const struct reconcile *rc, const json_t *wanted,
			const json_t *live, struct request *request)
{
	const int64_t proxy = json_integer_value(json_object_get(wanted,
							"proxy_id"));
	const bool on = true;
	json_auto_t *groups = all_groups(live, json_object_get(wanted,
							"group_ids"));
	json_auto_t *models = merged(json_object_get(json_object_get(live,
				"credentials"), "model_mapping"),
				json_object_get(wanted, "model_mapping"));
	bool pool = json_is_true(json_object_get(wanted, "pool_mode"));
	struct host_account_patch patch = {
		.relay = reconcile_restores(rc, "relay") ||
			 reconcile_restores(rc, "responses_mode"),
		.show_errors = reconcile_restores(rc, "error_codes"),
		.pool_mode = reconcile_restores(rc, "pool_mode") && pool,
		.no_pool_mode = reconcile_restores(rc, "pool_mode") && !pool,
		.key = reconcile_restores(rc, "key"),
	};

	if (reconcile_restores(rc, "group_ids"))
		patch.group_ids = groups;
	if (reconcile_restores(rc, "model_mapping"))
		patch.models = models;
	if (reconcile_restores(rc, "base_url"))
		patch.base_url = json_string_value(json_object_get(wanted,
							"base_url"));
	if (reconcile_restores(rc, "proxy_id"))
		patch.proxy_id = &proxy;
	if (reconcile_restores(rc, "service")) {
		patch.status = "active";
		patch.schedulable = &on;
	}
	host_ask_account_patch(request, &rc->peer, host_object_id(live),
			       &patch);
}

static void ask_group(const struct reconcile *rc, const json_t *wanted,
		      const json_t *live, struct request *request)
{
	const bool exclusive = json_is_true(json_object_get(wanted,
							"is_exclusive"));
	const struct host_group_put put = {
		.in_service = reconcile_restores(rc, "service"),
		.is_exclusive = reconcile_restores(rc, "is_exclusive")
			? &exclusive : NULL,
	};

	host_ask_group_put(request, &rc->peer, live, &put);
}

/* Members of the frozen body, as far as they are to be restored. */
static void ask_channel(const struct reconcile *rc, const json_t *wanted,
			const json_t *live, struct request *request)
{
	static const char *const members[] = {
		"model_pricing", "restrict_models",
	};
	json_auto_t *body = json_loads(rc->row.wanted_json, 0, NULL);
	json_auto_t *put = json_object();
	AUTO_FREE char *text = NULL;

	for (size_t i = 0; i < COUNT(members); i++)
		if (reconcile_restores(rc, members[i]))
			json_object_set(put, members[i],
					json_object_get(body, members[i]));
	if (reconcile_restores(rc, "group_ids"))
		json_object_set_new(put, "group_ids", all_groups(live,
				    json_object_get(wanted, "group_ids")));
	if (reconcile_restores(rc, "service"))
		json_object_set_new(put, "status", json_string("active"));
	text = json_dumps(put, JSON_COMPACT);
	host_ask_channel_put(request, &rc->peer, host_object_id(live), text);
}

bool reconcile_ask_write(const struct reconcile *rc, struct request *request)
{
	json_auto_t *live = live_of(&rc->row);
	struct reconcile_seen seen;
	bool asks = live && rc->memo.fields != 0;

	reconcile_see(rc, &rc->row, live, &seen);
	if (!asks)
		;
	else if (rc->row.type == RESOURCE_ACCOUNT)
		ask_account(rc, seen.wanted, live, request);
	else if (rc->row.type == RESOURCE_GROUP)
		ask_group(rc, seen.wanted, live, request);
	else if (rc->row.type == RESOURCE_CHANNEL)
		ask_channel(rc, seen.wanted, live, request);
	else if (rc->row.type == RESOURCE_USER)
		host_ask_user_activate(request, &rc->peer,
				       host_object_id(live));
	else if (rc->row.type == RESOURCE_USER_KEY)
		host_ask_key_bind(request, &rc->peer, host_object_id(live),
				  json_integer_value(json_object_get(
						seen.wanted, "group_id")));
	else
		asks = false;
	reconcile_seen_done(&seen);
	return asks;
}

enum failure reconcile_judge_write(const struct reconcile *rc,
				   const struct answer *answer)
{
	if (rc->row.type == RESOURCE_ACCOUNT)
		return host_judge_account_patch(answer, strtoll(
			rc->row.host_resource_id, NULL, 10));
	return host_judge(answer);
}
