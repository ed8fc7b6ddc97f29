/*
 * The steps of a change: look, write by one call, look again.
 *
 * All is written by bulk-update: it merges credentials at their top level, so
 * key and base URL stay where a host does not show them, sets off no probe,
 * and is never lost, as two other changes within a second are on hosts of
 * before 0.1.137.
 */
#include <inttypes.h>

#include "schedd/change.h"
#include "schedd/host/account.h"
#include "schedd/host/account_view.h"
#include "schedd/host/mend.h"
#include "shared/mapping.h"

#define SETTLE_MS 1200	/* before it is looked at once more */

static const json_t *mapping_of(const json_t *live)
{
	return json_object_get(json_object_get(live, "credentials"),
			       "model_mapping");
}

static int64_t account_id(const struct import *im)
{
	return import_id(im, IMPORT_ACCOUNT);
}

/* Nobody is left to be changed. */
static struct verdict lost(struct import *im)
{
	import_blame(im, "the account is no longer on the host");
	return failed(FAILURE_GONE);
}

struct verdict got_change_begin(void *subject, const struct answer *answer)
{
	struct import *im = subject;
	const struct resource *r = &im->resources[IMPORT_ACCOUNT];

	(void)answer;
	if (r->state == RESOURCE_GONE || !r->host_resource_id)
		return lost(im);
	return take_resource(IMPORT_ACCOUNT, "change.proxy");
}

static int64_t wanted_proxy(const struct import *im)
{
	json_auto_t *wanted = NULL;

	return json_integer_value(change_wanted(im, "proxy_id", &wanted));
}

/* A proxy that is not there would be an "internal error" of the host. */
bool ask_change_proxy(const void *subject, struct request *request)
{
	const struct import *im = subject;

	if (wanted_proxy(im) == 0)
		return false;
	host_ask_proxy(request, &im->peer, wanted_proxy(im));
	return true;
}

struct verdict got_change_proxy(void *subject, const struct answer *answer)
{
	struct import *im = subject;
	enum failure why = answer ? host_judge(answer) : FAILURE_NONE;

	import_saw(im, answer);
	if (why == FAILURE_GONE) {
		import_blame(im, "the host has no proxy of this id");
		return failed(FAILURE_ACCOUNT_PROXY_UNKNOWN);
	}
	if (why != FAILURE_NONE)
		return import_host_failed(im, answer, why);
	return go_on();
}

static bool ask_account_now(const void *subject, struct request *request)
{
	const struct import *im = subject;

	host_ask_account(request, &im->peer, account_id(im));
	return true;
}

bool ask_change_read(const void *subject, struct request *request)
{
	return ask_account_now(subject, request);
}

/* What of a live account this change may have to put back. */
static json_t *as_it_is(const struct import *im, const json_t *live)
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
	return state;
}

/* What is to be written: upon what is there, whoever put it there. */
static json_t *as_wanted(const struct import *im, const json_t *live)
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
	else
		json_object_set_new(target, "schedulable", json_boolean(
			im->change.kind == CHANGE_RESUME));
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

/* Every member of `state` is so on the account. */
static bool is_so(const struct import *im, const json_t *live,
		  const json_t *state)
{
	const json_t *mapping = json_object_get(state, "model_mapping");
	const json_t *proxy = json_object_get(state, "proxy_id");
	const json_t *on = json_object_get(state, "schedulable");

	if (mapping && !maps_alike(im, mapping, mapping_of(live)))
		return false;
	if (proxy && json_integer_value(proxy) !=
	    host_member_i64(live, "proxy_id"))
		return false;
	return !on || json_is_true(on) ==
	       json_is_true(json_object_get(live, "schedulable"));
}

static void keep(char **slot, json_t *take_state)
{
	free(*slot);
	*slot = json_dumps(take_state, JSON_COMPACT | JSON_SORT_KEYS);
	json_decref(take_state);
}

/* Benched or in error: a proof would tell of that, and of nothing new. */
static void look_for_illness(struct import *im, const json_t *live)
{
	struct host_account account = host_account_read(live, im->inst,
							im->now);

	im->memo.ill = account.bench == HOST_BENCH_ERROR ||
		       account.bench_until > im->now;
}

struct verdict got_change_read(void *subject, const struct answer *answer)
{
	struct import *im = subject;
	enum failure why = host_judge(answer);
	const json_t *live = host_data(answer);
	json_t *target;
	bool same;

	import_saw(im, answer);
	if (why == FAILURE_GONE)
		return lost(im);
	if (why != FAILURE_NONE)
		return import_host_failed(im, answer, why);
	target = as_wanted(im, live);
	same = is_so(im, live, target);
	keep(&im->change.before, as_it_is(im, live));
	keep(&im->change.after, target);
	look_for_illness(im, live);
	return same ? go_to("change.recover") : go_on();
}

/* All members of `after`, in one call. */
static bool ask_write(const struct import *im, struct request *request)
{
	json_auto_t *after = json_loads(im->change.after, 0, NULL);
	const json_t *proxy = json_object_get(after, "proxy_id");
	const json_t *switched = json_object_get(after, "schedulable");
	const int64_t proxy_id = json_integer_value(proxy);
	const bool on = json_is_true(switched);
	const struct host_account_patch patch = {
		.models = json_object_get(after, "model_mapping"),
		.proxy_id = proxy ? &proxy_id : NULL,
		.schedulable = switched ? &on : NULL,
	};

	host_ask_account_patch(request, &im->peer, account_id(im), &patch);
	return true;
}

bool ask_change_write(const void *subject, struct request *request)
{
	return ask_write(subject, request);
}

static struct verdict got_write(struct import *im, const struct answer *answer)
{
	enum failure why = host_judge_account_patch(answer, account_id(im));

	import_saw(im, answer);
	if (why != FAILURE_NONE)
		return import_host_failed(im, answer, why);
	im->memo.bound_at = im->now;
	return go_on();
}

struct verdict got_change_write(void *subject, const struct answer *answer)
{
	return got_write(subject, answer);
}

bool ask_change_confirm(const void *subject, struct request *request)
{
	return ask_account_now(subject, request);
}

/* A recovery within a second of another change would be lost there. */
static struct verdict to_recover(const struct import *im, const char *step)
{
	struct verdict next = go_to(step);

	if (im->memo.ill && im->features.loses_events)
		next.delay_ms = HOST_MEND_GAP_MS;
	return next;
}

struct verdict got_change_confirm(void *subject, const struct answer *answer)
{
	struct import *im = subject;
	json_auto_t *after = json_loads(im->change.after, 0, NULL);
	enum failure why = host_judge(answer);

	import_saw(im, answer);
	if (why == FAILURE_GONE)
		return lost(im);
	if (why != FAILURE_NONE)
		return import_host_failed(im, answer, why);
	if (!is_so(im, host_data(answer), after)) {
		import_blame(im, "read back, the account is not as written");
		return retry(FAILURE_NOT_AS_WRITTEN, SETTLE_MS);
	}
	own_set(&im->item.failure_detail, NULL);
	look_for_illness(im, host_data(answer));
	return to_recover(im, "change.recover");
}

static bool ask_recover(const struct import *im, struct request *request)
{
	if (!im->memo.ill)
		return false;
	host_ask_account_recover(request, &im->peer, account_id(im));
	return true;
}

static struct verdict got_recover(struct import *im,
				  const struct answer *answer)
{
	enum failure why = answer ? host_judge(answer) : FAILURE_NONE;

	import_saw(im, answer);
	if (why != FAILURE_NONE)
		return import_host_failed(im, answer, why);
	im->memo.ill = false;
	return go_on();
}

bool ask_change_recover(const void *subject, struct request *request)
{
	const struct import *im = subject;

	/* Who is to be out of service needs no health. */
	return im->change.kind != CHANGE_PAUSE && ask_recover(im, request);
}

struct verdict got_change_recover(void *subject, const struct answer *answer)
{
	return got_recover(subject, answer);
}

/*
 * A host's scheduler works for up to a second with what the account was
 * before: a proof in that moment would tell of that, and be good.
 */
static struct verdict to_proof(const struct import *im)
{
	struct verdict next = go_to("change.models");
	int64_t wait = im->memo.bound_at + HOST_MEND_GAP_MS - im->now;

	if (im->memo.bound_at && wait > 0 && wait <= HOST_MEND_GAP_MS)
		next.delay_ms = wait;
	return next;
}

/*
 * An account out of service can prove nothing: what is changed of it then is
 * proven by the resume.
 */
struct verdict got_change_written(void *subject, const struct answer *answer)
{
	struct import *im = subject;
	struct resource *r = &im->resources[IMPORT_ACCOUNT];

	(void)answer;
	if (im->change.kind == CHANGE_PAUSE && r->paused_at == 0)
		r->paused_at = im->now;
	if (im->change.kind == CHANGE_RESUME)
		r->paused_at = 0;
	if (r->paused_at)
		return done();
	if (import_secret_id(im, SLOT_USER_KEY))
		return to_proof(im);
	import_blame(im, "no user has a key to prove it with");
	return failed(FAILURE_KEY_REFUSED);
}

struct verdict got_change_proven(void *subject, const struct answer *answer)
{
	struct import *im = subject;
	json_auto_t *wanted = NULL;
	size_t names = json_array_size(change_wanted(im, "tries", &wanted));

	(void)answer;
	im->memo.names_tried++;
	return (size_t)im->memo.names_tried < names ? go_to("change.models")
						    : done();
}

/* ---- as it was before ---- */

/* A pause or a resume that was obeyed stays: a check tells what is wrong. */
static bool is_taken_back(const struct import *im)
{
	return im->change.before && (im->change.kind == CHANGE_MODELS ||
				     im->change.kind == CHANGE_PROXY);
}

bool ask_undo_read(const void *subject, struct request *request)
{
	return is_taken_back(subject) && ask_account_now(subject, request);
}

/* Upon what is there by now: others may have been at it since. */
static json_t *as_before(const struct import *im, const json_t *live)
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
		json_object_set(target, "proxy_id",
				json_object_get(before, "proxy_id"));
	}
	/* From 0.1.130 on what the proof met with switches it off as well. */
	if (json_is_true(json_object_get(before, "schedulable")) &&
	    json_is_false(json_object_get(live, "schedulable")))
		json_object_set_new(target, "schedulable", json_true());
	return target;
}

struct verdict got_undo_read(void *subject, const struct answer *answer)
{
	struct import *im = subject;
	enum failure why;
	json_t *target;
	bool same;

	if (!answer)
		return go_to("undo.end");
	why = host_judge(answer);
	import_saw(im, answer);
	if (why == FAILURE_GONE)
		return go_to("undo.end");
	if (why != FAILURE_NONE)
		return import_host_failed(im, answer, why);
	target = as_before(im, host_data(answer));
	same = is_so(im, host_data(answer), target);
	keep(&im->change.after, target);
	look_for_illness(im, host_data(answer));
	return same ? to_recover(im, "undo.recover") : go_on();
}

bool ask_undo_write(const void *subject, struct request *request)
{
	return ask_write(subject, request);
}

struct verdict got_undo_write(void *subject, const struct answer *answer)
{
	return got_write(subject, answer);
}

bool ask_undo_confirm(const void *subject, struct request *request)
{
	return ask_account_now(subject, request);
}

struct verdict got_undo_confirm(void *subject, const struct answer *answer)
{
	struct import *im = subject;
	json_auto_t *after = json_loads(im->change.after, 0, NULL);
	enum failure why = host_judge(answer);

	import_saw(im, answer);
	if (why == FAILURE_GONE)
		return go_to("undo.end");
	if (why != FAILURE_NONE)
		return import_host_failed(im, answer, why);
	if (!is_so(im, host_data(answer), after))
		return retry(FAILURE_NOT_AS_WRITTEN, SETTLE_MS);
	look_for_illness(im, host_data(answer));
	return to_recover(im, "undo.recover");
}

bool ask_undo_recover(const void *subject, struct request *request)
{
	return ask_recover(subject, request);
}

struct verdict got_undo_recover(void *subject, const struct answer *answer)
{
	return got_recover(subject, answer);
}

struct verdict got_change_undone(void *subject, const struct answer *answer)
{
	const struct import *im = subject;

	(void)answer;
	return failed((enum failure)im->memo.failure);
}
