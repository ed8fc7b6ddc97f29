#include "tests/sim/check.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "shared/events.h"
#include "shared/items.h"
#include "shared/runs.h"
#include "shared/table.h"

/* The trail of an item that ended wrongly, for whoever repeats the seed. */
static void print_events(struct site *site, const char *item_id)
{
	CLEANUP(db_rows_done) struct db_rows rows = { 0 };
	CLEANUP(event_done) struct event event = { 0 };
	struct err err;

	if (!site->net.verbose ||
	    events_list(&rows, site->db, item_id, 0, EVENTS_MAX, &err))
		return;
	while (events_next(&rows, &event, &err) > 0)
		printf("# %s %" PRId64 " %s %s %s %s\n", item_id, event.seq,
		       event.step, event.kind,
		       event.class ? event.class : "-",
		       event.detail ? event.detail : "");
}

/* Brought when all was there: it was used as it was, or put right. */
static void check_reuse(struct site *site, const struct item *item,
			bool meddled)
{
	if (item->access != ACCESS_ACTIVE)
		return;
	if (meddled && (item->resolution == RESOLUTION_REACTIVATED ||
			item->resolution == RESOLUTION_REPLACED))
		return;
	if (item->resolution != RESOLUTION_REUSED ||
	    item->match != MATCH_ACTIVE || !item->provision_reused)
		site_fault(site, "item %s came again and is %s, was %s",
			   item->item_id,
			   account_resolution_name(item->resolution),
			   account_match_name(item->match));
}

static void check_item(struct site *site, const struct site_item *wanted,
		       bool again, const struct site_plan *plan)
{
	const char *run_id = again ? site->again_run_id : site->run_id;
	const char *item_id = again ? wanted->again_id : wanted->item_id;
	CLEANUP(item_done) struct item item = { 0 };
	const char *class;
	bool active;
	struct err err;

	if (items_get(site->db, run_id, item_id, &item, &err)) {
		site_fault(site, "item %s: %s", item_id, err.msg);
		return;
	}
	if (again && plan->again)
		check_reuse(site, &item, plan->meddle);
	class = item.failure_class ? item.failure_class : "none";
	active = item.access == ACCESS_ACTIVE;
	if (item.stage != STAGE_DONE || !item.finished_at)
		site_fault(site, "item %s ended in stage %s", item.item_id,
			   item_stage_name(item.stage));
	if (site->cancelled && !active)
		return;		/* ended early, as asked */
	if (active != (wanted->ends == FAILURE_NONE))
		print_events(site, item.item_id);
	if (active != (wanted->ends == FAILURE_NONE))
		site_fault(site, "item %s (%.6s) is %s, class %s: %s",
			   item.item_id, wanted->key,
			   access_status_name(item.access), class,
			   item.failure_detail ? item.failure_detail : "");
	else if (!active && strcmp(class, failure_name(wanted->ends)))
		site_fault(site, "item %s failed with %s, not %s",
			   item.item_id, class, failure_name(wanted->ends));
}

static int64_t number(struct site *site, const struct db_query *q)
{
	int64_t n = -1;
	struct err err;

	if (db_number(site->db, q, DB_NO_ARGS, &n, &err))
		site_fault(site, "%s: %s", q->name, err.msg);
	return n;
}

/* Each of these must be zero when nothing is left to do. */
static const struct db_query zeros[] = {
	{ "tasks not done",
	  "SELECT count(*) FROM tasks WHERE state <> 'done'" },
	{ "resources half made",
	  "SELECT count(*) FROM managed_resources WHERE state = 'making'" },
	{ "active items without a good proof",
	  "SELECT count(*) FROM import_run_items i WHERE access_status ="
	  " 'active' AND NOT EXISTS (SELECT 1 FROM proofs p WHERE p.item_id ="
	  " i.item_id AND p.ok = 1 AND p.models_listed = 1 AND"
	  " p.completion_ok = 1)" },
	{ "items whose events have gaps",
	  "SELECT count(*) FROM (SELECT item_id FROM import_run_item_events"
	  " GROUP BY item_id HAVING max(seq) <> count(*) AND"
	  " max(seq) < 500)" },
	{ "items without their last event",
	  "SELECT count(*) FROM import_run_items i WHERE NOT EXISTS (SELECT 1"
	  " FROM import_run_item_events e WHERE e.item_id = i.item_id AND"
	  " e.kind IN ('done', 'failed'))" },
	{ "items that ended twice",
	  "SELECT count(*) FROM (SELECT item_id FROM import_run_item_events"
	  " WHERE kind = 'done' GROUP BY item_id HAVING count(*) > 1)" },
	{ "runs that disagree with their items",
	  "SELECT count(*) FROM import_runs r WHERE items_done <> items_total"
	  " OR finished_at IS NULL OR items_active <> (SELECT count(*) FROM"
	  " import_run_items i WHERE i.run_id = r.run_id AND access_status ="
	  " 'active')" },
};

/*
 * What was learnt of each good key: something, and never more than is so.  A
 * provider that serves chat alone is found out whatever the network does.
 */
static void check_profiles(struct site *site, const struct site_plan *plan)
{
	static const struct db_query none = { "active items without a profile",
		"SELECT count(*) FROM import_run_items WHERE access_status ="
		" 'active' AND capability_profile IS NULL" };
	static const struct db_query lies = { "profiles with a false yes",
		"SELECT count(*) FROM import_run_items WHERE"
		" capability_profile LIKE '%\"responses\":{\"state\":\"yes\"%'"
		" OR capability_profile LIKE"
		"  '%\"messages\":{\"state\":\"yes\"%'" };
	static const struct db_query twice = { "keys asked too often",
		"SELECT count(*) FROM capability_profiles WHERE probes > 20" };
	const struct db_query *const all[] = { &none, &lies, &twice };

	if (strcmp(site->settings.capabilities, "off") == 0)
		return;
	for (size_t i = 0; i < COUNT(all); i++) {
		int64_t n = number(site, all[i]);

		/* What is cancelled may end active all the same. */
		if (n != 0 && !(all[i] == &lies && plan->personality &&
				strncmp(plan->personality, "chat-only", 9)))
			site_fault(site, "%" PRId64 " %s", n, all[i]->name);
	}
}

static void check_rows(struct site *site)
{
	for (size_t i = 0; i < COUNT(zeros); i++) {
		int64_t n = number(site, &zeros[i]);

		if (n != 0)
			site_fault(site, "%" PRId64 " %s", n, zeros[i].name);
	}
}

/* How many accounts, groups and users there must be. */
struct wanted {
	size_t accounts, groups, users;
};

static bool was_good(struct site *site, const struct site_item *wanted)
{
	CLEANUP(item_done) struct item item = { 0 };
	struct err err;

	return items_get(site->db, site->run_id, wanted->item_id, &item,
			 &err) == 0 && item.access == ACCESS_ACTIVE;
}

/* Did an item before `i` bring the same key? */
static bool is_repeated(struct site *site, size_t i)
{
	for (size_t j = 0; j < i; j++)
		if (strcmp(site->items[j].key, site->items[i].key) == 0 &&
		    was_good(site, &site->items[j]))
			return true;
	return false;
}

static struct wanted count_wanted(struct site *site)
{
	bool provider[NET_PROVIDERS_MAX] = { false };
	struct wanted w = { 0 };

	for (size_t i = 0; i < site->nitems; i++) {
		if (!was_good(site, &site->items[i]))
			continue;
		w.accounts += !is_repeated(site, i);
		w.groups += !provider[site->items[i].provider];
		provider[site->items[i].provider] = true;
		w.users = 1;
	}
	return w;
}

static bool is_ours(const json_t *object)
{
	const char *name = json_string_value(json_object_get(object, "name"));

	return name && strstr(name, "crm-");
}

static bool is_parking(const json_t *group)
{
	const char *name = json_string_value(json_object_get(group, "name"));

	return name && strstr(name, "parking");
}

static void check_count(struct site *site, const char *what, size_t got,
			size_t want)
{
	/* What a cancelled run left of shared things is not an error. */
	if (got == want || (site->cancelled && got < want + 4 &&
			    strcmp(what, "accounts") != 0))
		return;
	site_fault(site, "the host has %zu %s, not %zu", got, what, want);
}

static void check_accounts(struct site *site, const json_t *state,
			   size_t want)
{
	const json_t *accounts = json_object_get(state, "accounts");
	size_t i;
	json_t *account;

	check_count(site, "accounts", json_array_size(accounts), want);
	json_array_foreach(accounts, i, account) {
		const json_t *groups = json_object_get(account, "group_ids");
		const char *status = json_string_value(
			json_object_get(account, "status"));

		if (json_array_size(groups) != 1)
			site_fault(site, "an account is in %zu groups",
				   json_array_size(groups));
		if (!status || strcmp(status, "active") != 0)
			site_fault(site, "an account is %s", status);
	}
}

static void check_groups(struct site *site, const json_t *state, size_t want)
{
	const json_t *groups = json_object_get(state, "groups");
	size_t live = 0, parking = 0, i;
	json_t *group;

	json_array_foreach(groups, i, group) {
		if (is_parking(group))
			parking++;
		else if (is_ours(group))
			live++;
	}
	check_count(site, "groups", live, want);
	if (parking > 1)
		site_fault(site, "the host has %zu parking groups", parking);
}

/* The e-mail of a user by its id; "" if there is none. */
static const char *email_of(const json_t *state, const json_t *id)
{
	const json_t *users = json_object_get(state, "users");
	size_t i;
	json_t *user;

	json_array_foreach(users, i, user)
		if (json_equal(json_object_get(user, "id"), id))
			return json_string_value(
				json_object_get(user, "email"));
	return "";
}

/*
 * How many of the objects in `list` belong to a user whose address begins
 * so; `member` names the user's id in them.
 */
static size_t count_of(const json_t *state, const char *list,
		       const char *member, const char *prefix)
{
	const json_t *objects = json_object_get(state, list);
	size_t n = 0, i;
	json_t *object;

	json_array_foreach(objects, i, object) {
		const char *email = email_of(state,
					     json_object_get(object, member));

		n += strncmp(email, prefix, strlen(prefix)) == 0;
	}
	return n;
}

#define PROOF_KEYS_MAX 4

/* What proofs need is there once, or not at all. */
static void check_proof_things(struct site *site, const json_t *state)
{
	if (count_of(state, "users", "id", "relay-proof.") > 1)
		site_fault(site, "there are several proof users");
	if (count_of(state, "keys", "user_id", "relay-proof.") >
	    PROOF_KEYS_MAX)
		site_fault(site, "there are too many proof keys");
	if (count_of(state, "subscriptions", "user_id", "relay-proof.") > 0)
		site_fault(site, "a proof left a subscription behind");
}

/* Each live group has one, with the prices of the manifest. */
static void check_channels(struct site *site, const json_t *state,
			   size_t want)
{
	const json_t *channels = json_object_get(state, "channels");
	size_t i;
	json_t *channel;

	check_count(site, "channels", json_array_size(channels), want);
	json_array_foreach(channels, i, channel)
		if (json_array_size(json_object_get(channel,
						    "model_pricing")) != 1)
			site_fault(site, "a channel has not its prices");
}

static void check_host(struct site *site, const struct site_plan *plan)
{
	json_auto_t *state = host_model_state(site->net.host);
	struct wanted want = count_wanted(site);
	const char *fault = host_model_fault(site->net.host);

	if (fault)
		site_fault(site, "host model: %s", fault);
	check_accounts(site, state, want.accounts);
	check_groups(site, state, want.groups);
	check_count(site, "users",
		    count_of(state, "users", "id", "relay-sub-"), want.users);
	check_count(site, "keys",
		    count_of(state, "keys", "user_id", "relay-sub-"),
		    want.groups);
	check_count(site, "subscriptions",
		    count_of(state, "subscriptions", "user_id", "relay-sub-"),
		    want.groups);
	check_proof_things(site, state);
	check_channels(site, state, plan->by_provider ? want.groups : 0);
}

void site_check(struct site *site, const struct site_plan *plan)
{
	for (size_t i = 0; i < site->nitems; i++)
		check_item(site, &site->items[i], false, plan);
	for (size_t i = 0; i < site->nitems && *site->again_run_id; i++)
		check_item(site, &site->items[i], true, plan);
	check_rows(site);
	check_profiles(site, plan);
	check_host(site, plan);
}
