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

bool change_ask_account(const void *subject, struct request *request)
{
	const struct import *im = subject;

	host_ask_account(request, &im->peer, account_id(im));
	return true;
}

bool ask_change_read(const void *subject, struct request *request)
{
	return change_ask_account(subject, request);
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
	target = change_as_wanted(im, live);
	same = change_is_so(im, live, target);
	change_keep(&im->change.before, change_as_it_is(im, live));
	change_keep(&im->change.after, target);
	change_look(im, live);
	if (im->change.kind == CHANGE_ROTATE_KEY) {
		change_plan_rotation(im, live);
		return go_to("rotate.place");
	}
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
		.key = json_object_get(after, "api_key") != NULL,
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
	return change_ask_account(subject, request);
}

/* A recovery within a second of another change would be lost there. */
static struct verdict to_recover(const struct import *im, const char *step)
{
	struct verdict next = go_to(step);

	/* Another key is used within a second, and not before. */
	if (im->memo.ill && (im->features.loses_events ||
			     im->change.kind == CHANGE_ROTATE_KEY))
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
	if (!change_is_so(im, host_data(answer), after)) {
		import_blame(im, "read back, the account is not as written");
		return retry(FAILURE_NOT_AS_WRITTEN, SETTLE_MS);
	}
	own_set(&im->item.failure_detail, NULL);
	change_look(im, host_data(answer));
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
	const struct import *im = subject;
	struct verdict v = got_recover(subject, answer);

	return v.kind == VERDICT_GO_ON && im->memo.relight
		? go_to("rotate.light") : v;
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
		return im->change.kind == CHANGE_ROTATE_KEY
			? go_to("rotate.settle") : done();
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
	if ((size_t)im->memo.names_tried < names)
		return go_to("change.models");
	return im->change.kind == CHANGE_ROTATE_KEY ? go_to("rotate.look")
						    : done();
}

/* ---- as it was before ---- */

/* A pause or a resume that was obeyed stays: a check tells what is wrong. */
static bool is_taken_back(const struct import *im)
{
	if (im->change.kind == CHANGE_ROTATE_KEY)
		return im->memo.switching;
	return im->change.before && (im->change.kind == CHANGE_MODELS ||
				     im->change.kind == CHANGE_PROXY);
}

bool ask_undo_read(const void *subject, struct request *request)
{
	return is_taken_back(subject) && change_ask_account(subject, request);
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
	target = change_as_before(im, host_data(answer));
	/* That a key is another one mostly cannot be seen. */
	same = im->change.kind != CHANGE_ROTATE_KEY &&
	       change_is_so(im, host_data(answer), target);
	change_keep(&im->change.after, target);
	change_look(im, host_data(answer));
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
	return change_ask_account(subject, request);
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
	if (!change_is_so(im, host_data(answer), after))
		return retry(FAILURE_NOT_AS_WRITTEN, SETTLE_MS);
	change_look(im, host_data(answer));
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
