/*
 * What a change may have to put back, what it writes, and whether an account
 * is so: members of the account as the host shows them.
 */
#include <string.h>

#include "schedd/change.h"
#include "schedd/host/account_view.h"
#include "shared/mapping.h"

static const json_t *mapping_of(const json_t *live)
{
	return json_object_get(json_object_get(live, "credentials"),
			       "model_mapping");
}

/* Keys are told by what may be shown of them: fingerprint and last four. */
static json_t *asked_for(const struct import *im, const char *name)
{
	json_auto_t *wanted = NULL;

	return json_incref((json_t *)(uintptr_t)change_wanted(im, name,
							      &wanted));
}

/* What of a live account this change may have to put back. */
json_t *change_as_it_is(const struct import *im, const json_t *live)
{
	json_t *state = json_object();
	const json_t *mapping = mapping_of(live);
	int64_t proxy = host_member_i64(live, "proxy_id");

	json_object_set_new(state, "schedulable", json_boolean(
		json_is_true(json_object_get(live, "schedulable"))));
	if (im->change.kind == CHANGE_MODELS)
		json_object_set_new(state, "model_mapping", mapping
				    ? json_deep_copy(mapping) : json_object());
	if (im->change.kind == CHANGE_PROXY)
		json_object_set_new(state, "proxy_id", proxy
				    ? json_integer(proxy) : json_null());
	if (im->change.kind == CHANGE_ROTATE_KEY)
		json_object_set_new(state, "api_key",
				    asked_for(im, "old_key"));
	return state;
}

/* What is to be written: upon what is there, whoever put it there. */
json_t *change_as_wanted(const struct import *im, const json_t *live)
{
	json_auto_t *wanted = json_loads(im->change.wanted, 0, NULL);
	json_t *target = json_object();

	if (im->change.kind == CHANGE_MODELS)
		json_object_set_new(target, "model_mapping", mapping_apply(
			mapping_of(live), json_object_get(wanted, "set"),
			json_object_get(wanted, "drop")));
	else if (im->change.kind == CHANGE_PROXY)
		json_object_set(target, "proxy_id",
				json_object_get(wanted, "proxy_id"));
	else if (im->change.kind == CHANGE_ROTATE_KEY)
		json_object_set(target, "api_key",
				json_object_get(wanted, "new_key"));
	else
		json_object_set_new(target, "schedulable", json_boolean(
			im->change.kind == CHANGE_RESUME));
	return target;
}

/* Upon what is there by now: others may have been at it since. */
json_t *change_as_before(const struct import *im, const json_t *live)
{
	json_auto_t *before = json_loads(im->change.before, 0, NULL);
	json_auto_t *wanted = json_loads(im->change.wanted, 0, NULL);
	json_auto_t *set = NULL, *drop = NULL;
	json_t *target = json_object();

	if (im->change.kind == CHANGE_MODELS) {
		mapping_inverse(json_object_get(before, "model_mapping"),
				json_object_get(wanted, "set"),
				json_object_get(wanted, "drop"), &set, &drop);
		json_object_set_new(target, "model_mapping", mapping_apply(
			mapping_of(live), set, drop));
	} else {
		const char *name = im->change.kind == CHANGE_PROXY
			? "proxy_id" : "api_key";

		json_object_set(target, name, json_object_get(before, name));
	}
	/* From 0.1.130 on what the proof met with switches it off as well. */
	if (json_is_true(json_object_get(before, "schedulable")) &&
	    json_is_false(json_object_get(live, "schedulable")))
		json_object_set_new(target, "schedulable", json_true());
	return target;
}

static bool leads_alike(const json_t *one, const json_t *other,
			const char *name)
{
	const json_t *to = json_object_get(one, name);

	return to ? json_equal(to, json_object_get(other, name))
		  : !json_object_get(other, name);
}

/* The names that this change is about; others are other people's. */
static bool maps_alike(const struct import *im, const json_t *one,
		       const json_t *other)
{
	json_auto_t *wanted = json_loads(im->change.wanted, 0, NULL);
	const char *member;
	json_t *to;
	size_t i;
	const json_t *name;

	json_object_foreach(json_object_get(wanted, "set"), member, to)
		if (!leads_alike(one, other, member))
			return false;
	json_array_foreach(json_object_get(wanted, "drop"), i, name)
		if (!leads_alike(one, other, json_string_value(name)))
			return false;
	return true;
}

/* Most hosts do not show keys: there it may be so. */
static bool has_key(const struct import *im, const json_t *state,
		    const json_t *live)
{
	const char *key = json_string_value(json_object_get(
		json_object_get(state, "api_key"), "fingerprint"));
	struct host_account account = host_account_read(live, im->inst,
							im->now);

	return !key || account.redacts || !account.key ||
	       strcmp(key, account.key) == 0;
}

/* Every member of `state` is so on the account. */
bool change_is_so(const struct import *im, const json_t *live,
		  const json_t *state)
{
	const json_t *mapping = json_object_get(state, "model_mapping");
	const json_t *proxy = json_object_get(state, "proxy_id");
	const json_t *on = json_object_get(state, "schedulable");

	if (!has_key(im, state, live))
		return false;
	if (mapping && !maps_alike(im, mapping, mapping_of(live)))
		return false;
	if (proxy && json_integer_value(proxy) !=
	    host_member_i64(live, "proxy_id"))
		return false;
	return !on || json_is_true(on) ==
	       json_is_true(json_object_get(live, "schedulable"));
}

void change_keep(char **slot, json_t *take_state)
{
	free(*slot);
	*slot = json_dumps(take_state, JSON_COMPACT | JSON_SORT_KEYS);
	json_decref(take_state);
}

/* Benched or in error: a proof would tell of that, and of nothing new. */
void change_look(struct import *im, const json_t *live)
{
	struct host_account account = host_account_read(live, im->inst,
							im->now);

	im->memo.ill = account.bench == HOST_BENCH_ERROR ||
		       account.bench_until > im->now;
}
