#include "shared/import_plan.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "shared/lookup.h"

static const char *const action_names[] = {
	[PLAN_CREATE]	= "create",
	[PLAN_CHANGE]	= "change",
	[PLAN_REUSE]	= "reuse",
	[PLAN_ADOPT]	= "adopt",
	[PLAN_PASS]	= "create_and_remove",
};
TABLE_ENUM_DEFINE(plan_action, action_names, PLAN_ACTION__MAX);

/* A plan that is being made. */
struct planning {
	struct db *db;
	const struct plan_spec *spec;
	struct import_plan plan;
	size_t room;
	char *place;		/* that is planned for right now */
	size_t first;		/* row of it */
};

static void entry_done(struct plan_entry *entry)
{
	free(entry->lookup);
	free(entry->resource_id);
	free(entry->mark);
	free(entry->host_resource_id);
}

void import_plan_done(struct import_plan *plan)
{
	for (size_t i = 0; i < plan->count; i++)
		entry_done(&plan->entries[i]);
	free(plan->entries);
	free(plan->places);
	*plan = (struct import_plan){ 0 };
}

/* A row that the host has, or that somebody changes there right now. */
static bool is_there(const struct resource *row)
{
	return row->state == RESOURCE_PRESENT ||
	       (row->state == RESOURCE_MAKING && row->host_resource_id);
}

/* *ret is zeroed if there is none. */
static int find(const struct planning *planning, enum resource_type type,
		const char *lookup, struct resource *ret, struct err *err)
{
	if (resources_find(planning->db, planning->spec->host_id, type, lookup,
			   ret, err)) {
		if (err->kind != ERR_NOT_FOUND)
			return -1;
		return 0;
	}
	if (!is_there(ret))
		resource_done(ret);
	return 0;
}

/* The last entry, new: reuse what is there, else create it.  Takes `lookup`. */
static struct plan_entry *add(struct planning *planning,
			      enum resource_type type, const char *purpose,
			      char *lookup, struct resource *there)
{
	struct import_plan *plan = &planning->plan;
	struct plan_entry *entry;

	if (plan->count == planning->room) {
		struct plan_entry *more;

		planning->room = planning->room ? planning->room * 2 : 16;
		more = xcalloc(planning->room, sizeof(*more));
		if (plan->count)
			memcpy(more, plan->entries,
			       plan->count * sizeof(*more));
		free(plan->entries);
		plan->entries = more;
	}
	entry = &plan->entries[plan->count++];
	*entry = (struct plan_entry){
		.action = there->resource_id ? PLAN_REUSE : PLAN_CREATE,
		.type = type,
		.purpose = purpose,
		.lookup = lookup,
		.place = planning->first,
		.resource_id = xstrdup_null(there->resource_id),
	};
	entry->mark = TAKE(there->mark);
	entry->host_resource_id = TAKE(there->host_resource_id);
	return entry;
}

static bool is_planned(const struct planning *planning,
		       enum resource_type type, const char *lookup)
{
	for (size_t i = 0; i < planning->plan.count; i++)
		if (planning->plan.entries[i].type == type &&
		    strcmp(planning->plan.entries[i].lookup, lookup) == 0)
			return true;
	return false;
}

/* One that is used as it is, or made.  Takes `lookup`. */
static int plan_one(struct planning *planning, enum resource_type type,
		    const char *purpose, char *lookup, bool *ret_there,
		    struct err *err)
{
	CLEANUP(resource_done) struct resource there = { 0 };

	if (find(planning, type, lookup, &there, err)) {
		free(lookup);
		return -1;
	}
	*ret_there = there.resource_id;
	add(planning, type, purpose, lookup, &there);
	return 0;
}

static bool lacks_models(const struct resource *account,
			 const json_t *models)
{
	const char *text = account->wanted_json;
	json_auto_t *wanted = json_loads(text ? text : "{}", 0, NULL);
	const json_t *mapping = json_object_get(
		json_object_get(wanted, "credentials"), "model_mapping");
	const json_t *model;
	size_t i;

	json_array_foreach(models, i, model)
		if (!json_object_get(mapping, json_string_value(model)))
			return true;
	return false;
}

/* None is asked for: whichever it has stays. */
static bool has_other_proxy(const struct resource *account, const char *proxy)
{
	const char *text = account->wanted_json;
	json_auto_t *wanted = json_loads(text ? text : "{}", 0, NULL);

	return proxy && *proxy && strtoll(proxy, NULL, 10) !=
		json_integer_value(json_object_get(wanted, "proxy_id"));
}

/* What becomes of an account that is there. */
static void plan_known_account(struct plan_entry *entry,
			       const struct resource *there,
			       const struct plan_row *row)
{
	if (there->off_by_us) {
		entry->action = PLAN_CHANGE;
		entry->why = "switched on again";
	} else if (lacks_models(there, row->models)) {
		entry->action = PLAN_CHANGE;
		entry->why = "models are added to its mapping";
	} else if (has_other_proxy(there, row->proxy)) {
		entry->action = PLAN_CHANGE;
		entry->why = "it gets another proxy";
	}
}

/* *ret_new: one that has yet to be proven; it may be somebody's. */
static int plan_account(struct planning *planning, const struct plan_row *row,
			bool *ret_new, struct err *err)
{
	const struct plan_spec *spec = planning->spec;
	CLEANUP(resource_done) struct resource there = { 0 };
	AUTO_FREE char *lookup = lookup_account(planning->place, spec->mode,
						row->print);
	struct plan_entry *entry;
	char *mark;

	if (*row->print && find(planning, RESOURCE_ACCOUNT, lookup, &there,
				err))
		return -1;
	*ret_new = !there.resource_id;
	mark = there.resource_id;
	entry = add(planning, RESOURCE_ACCOUNT, "account of the key",
		    TAKE(lookup), &there);
	entry->seq = row->seq;
	if (mark)
		plan_known_account(entry, &there, row);
	else if (row->adopts)
		entry->action = PLAN_ADOPT;
	return 0;
}

/* A later account of a live group is proven in a group of its own. */
static int plan_proof(struct planning *planning, const struct plan_row *row,
		      struct err *err)
{
	const struct plan_spec *spec = planning->spec;
	struct resource none = { 0 };
	struct plan_entry *entry;
	AUTO_FREE char *key = lookup_proof_key(row->seq, lookup_proof_keys(
		(int64_t)spec->nrows, spec->host_concurrency));
	bool there;

	entry = add(planning, RESOURCE_GROUP, "proof group",
		    lookup_proof_group(planning->place, spec->mode,
				       row->print), &none);
	entry->action = PLAN_PASS;
	entry->seq = row->seq;
	if (is_planned(planning, RESOURCE_USER_KEY, key))
		return 0;
	return plan_one(planning, RESOURCE_USER_KEY, "proof key", TAKE(key),
			&there, err);
}

static int plan_accounts(struct planning *planning, bool live,
			 struct err *err)
{
	const struct plan_spec *spec = planning->spec;
	bool proves = false, is_new, there;

	for (size_t i = planning->first; i < spec->nrows; i++) {
		if (planning->plan.places[i] != planning->first)
			continue;
		if (plan_account(planning, &spec->rows[i], &is_new, err))
			return -1;
		if (is_new && live) {
			proves = true;
			if (plan_proof(planning, &spec->rows[i], err))
				return -1;
		}
		live = true;	/* whoever comes first proves the group */
	}
	if (!proves || is_planned(planning, RESOURCE_USER, LOOKUP_PROOF))
		return 0;
	return plan_one(planning, RESOURCE_USER, "proof user",
			xstrdup(LOOKUP_PROOF), &there, err);
}

static int plan_subscription(struct planning *planning, const char *lookup,
			     struct err *err)
{
	CLEANUP(resource_done) struct resource there = { 0 };
	struct plan_entry *entry;
	bool ended;

	if (find(planning, RESOURCE_SUBSCRIPTION, lookup, &there, err))
		return -1;
	ended = there.resource_id && there.expires_at != 0 &&
		there.expires_at <= planning->spec->now;
	entry = add(planning, RESOURCE_SUBSCRIPTION, "subscription",
		    xstrdup(lookup), &there);
	if (ended) {
		entry->action = PLAN_CHANGE;
		entry->why = "extended";
	}
	return 0;
}

static int plan_user(struct planning *planning, const char *selector,
		     struct err *err)
{
	const struct plan_spec *spec = planning->spec;
	AUTO_FREE char *access = lookup_access(planning->place, spec->mode,
					       selector);
	AUTO_FREE char *user = lookup_user(spec->mode, selector);
	bool there;

	if ((!is_planned(planning, RESOURCE_USER, user) &&
	     plan_one(planning, RESOURCE_USER, "managed user", xstrdup(user),
		      &there, err)) ||
	    (spec->mode == ACCESS_SUBSCRIPTION &&
	     plan_subscription(planning, access, err)))
		return -1;
	return plan_one(planning, RESOURCE_USER_KEY, "the user's key",
			xstrdup(access), &there, err);
}

/* Does its row ask for something else than the manifest does now? */
static bool is_outdated(const struct resource *channel, const char *group,
			const struct provider_plan *provider)
{
	const char *text = channel->wanted_json;
	json_auto_t *wanted = json_loads(text ? text : "{}", 0, NULL);
	const json_t *groups = json_object_get(wanted, "group_ids");

	return !group || json_integer_value(json_array_get(groups, 0)) !=
			 strtoll(group, NULL, 10) ||
	       !json_equal(json_object_get(wanted, "model_pricing"),
			   provider->model_pricing) ||
	       json_is_true(json_object_get(wanted, "restrict_models")) !=
			provider->restrict_models;
}

/* NULL: it failed.  *ret keeps what is_outdated() reads. */
static struct plan_entry *add_channel(struct planning *planning,
				      struct resource *ret, struct err *err)
{
	AUTO_FREE char *lookup = lookup_group(planning->place,
					      planning->spec->mode);

	return find(planning, RESOURCE_CHANNEL, lookup, ret, err) ? NULL
		: add(planning, RESOURCE_CHANNEL, "prices of the group",
		      TAKE(lookup), ret);
}

/*
 * Prices of the manifest over the group, which is the last entry.  Rows of one
 * place may be of several manifests: the group has one channel all the same.
 */
static int plan_channel(struct planning *planning, struct err *err)
{
	const struct plan_spec *spec = planning->spec;
	const size_t group = planning->plan.count - 1;
	struct plan_entry *entry = NULL;
	const struct provider_plan *last = NULL;
	CLEANUP(resource_done) struct resource there = { 0 };

	for (size_t i = planning->first; i < spec->nrows; i++) {
		const struct provider_plan *provider = spec->rows[i].provider;

		if (planning->plan.places[i] != planning->first ||
		    provider == last || !provider || !provider->channel)
			continue;
		last = provider;
		if (!entry && !(entry = add_channel(planning, &there, err)))
			return -1;
		if (there.resource_id &&
		    is_outdated(&there, planning->plan.entries[group]
				.host_resource_id, provider)) {
			entry->action = PLAN_CHANGE;
			entry->why = "its prices are written again";
		}
	}
	return 0;
}

/* The owner of a given key is a user already, and the key is there. */
static int plan_owner(struct planning *planning, struct err *err)
{
	const struct plan_spec *spec = planning->spec;
	AUTO_FREE char *selector = xasprintf("key:%s", spec->given_print);
	AUTO_FREE char *access = lookup_access(planning->place, spec->mode,
					       selector);

	return spec->mode == ACCESS_SUBSCRIPTION
		? plan_subscription(planning, access, err) : 0;
}

/* Who is to use it. */
static int plan_users(struct planning *planning, struct err *err)
{
	const struct plan_spec *spec = planning->spec;
	const json_t *selector;
	size_t i;

	if (spec->given != GIVEN_KEY_NONE)
		return plan_owner(planning, err);
	if (json_array_size(spec->selectors) == 0)
		return plan_user(planning, "default", err);
	json_array_foreach(spec->selectors, i, selector)
		if (plan_user(planning, json_string_value(selector), err))
			return -1;
	return 0;
}

/* All that one place needs, and a parking group, once for all. */
static int plan_place(struct planning *planning, bool first, struct err *err)
{
	const struct plan_spec *spec = planning->spec;
	bool live, there;

	if (plan_one(planning, RESOURCE_GROUP, "group of the endpoint",
		     lookup_group(planning->place, spec->mode), &live, err) ||
	    plan_channel(planning, err))
		return -1;
	if (spec->parks && first &&
	    plan_one(planning, RESOURCE_GROUP, "parking group",
		     xstrdup(LOOKUP_PARKING), &there, err))
		return -1;
	if (plan_accounts(planning, live, err))
		return -1;
	return plan_users(planning, err);
}

static bool is_same_place(const struct plan_row *one,
			  const struct plan_row *other)
{
	return (one->endpoint_key == other->endpoint_key ||
		strcmp(one->endpoint_key, other->endpoint_key) == 0) &&
	       strcmp(one->plan, other->plan) == 0;
}

/* Keys of one run may be in several places, of one endpoint too. */
static void find_places(struct planning *planning)
{
	const struct plan_spec *spec = planning->spec;
	size_t *firsts = xcalloc(spec->nrows + 1, sizeof(*firsts));
	size_t nfirsts = 0;

	planning->plan.places = xcalloc(spec->nrows + 1, sizeof(*firsts));
	for (size_t i = 0; i < spec->nrows; i++) {
		size_t k = 0;

		while (k < nfirsts && !is_same_place(&spec->rows[firsts[k]],
						     &spec->rows[i]))
			k++;
		if (k == nfirsts)
			firsts[nfirsts++] = i;
		planning->plan.places[i] = firsts[k];
	}
	free(firsts);
}

static int plan_all(struct planning *planning, struct err *err)
{
	const struct plan_spec *spec = planning->spec;

	for (size_t i = 0; i < spec->nrows; i++) {
		int rc;

		if (planning->plan.places[i] != i)
			continue;
		planning->first = i;
		planning->place = lookup_place(spec->rows[i].endpoint_key,
					       spec->rows[i].plan);
		rc = plan_place(planning, i == 0, err);
		free(planning->place);
		planning->place = NULL;
		if (rc)
			return -1;
	}
	return 0;
}

int import_plan_make(struct db *db, const struct plan_spec *spec,
		     struct import_plan *ret, struct err *err)
{
	struct planning planning = { .db = db, .spec = spec };

	find_places(&planning);
	if (plan_all(&planning, err)) {
		import_plan_done(&planning.plan);
		return -1;
	}
	for (size_t i = 0; i < planning.plan.count; i++)
		planning.plan.counts[planning.plan.entries[i].action]++;
	*ret = planning.plan;
	return 0;
}
