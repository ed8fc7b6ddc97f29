/*
 * Another key for an account: proven first, then set by one call, then proven
 * again; the old one is kept until nobody can be using it.
 *
 * The provider itself is asked first, then the host, by a copy of the account
 * that nobody but us can reach (check_clone.c).  Only then the live account,
 * which others rest on, gets it.  Where the old key is revoked already there
 * is nothing left to protect, and the copy would only take time.
 */
#include <string.h>

#include "schedd/change.h"
#include "schedd/check.h"
#include "schedd/host/account_view.h"
#include "schedd/host/gateway.h"
#include "schedd/upstream/chat.h"
#include "schedd/upstream/manifest.h"
#include "schedd/upstream/models.h"

#define MODELS_MAX 200		/* of a mapping, that are looked up in a list */
#define TRIES_MAX 8		/* of them, that are asked for a completion */
#define DIRECT_TRIES 2		/* then the host may see more than we do */
#define AGAIN_MS 5000		/* until the old key must answer again */
#define AGAIN_POLL_MS 500
#define SECOND_MS 1000

static int64_t account_id(const struct import *im)
{
	return import_id(im, IMPORT_ACCOUNT);
}

/* ---- what there is to prove ---- */

/* What the account maps to, each once, what proves it first. */
static json_t *wire_ids(const struct import *im, const json_t *live)
{
	const json_t *mapping = json_object_get(json_object_get(live,
				"credentials"), "model_mapping");
	json_auto_t *seen = json_object();
	json_t *ids = json_array();
	const char *name;
	json_t *id;

	if (im->item.resolved_smoke_model) {
		json_array_append_new(ids,
			json_string(im->item.resolved_smoke_model));
		json_object_set_new(seen, im->item.resolved_smoke_model,
				    json_true());
	}
	json_object_foreach((json_t *)(uintptr_t)mapping, name, id) {
		const char *text = json_string_value(id);

		if (!text || strchr(text, '*') ||
		    json_object_get(seen, text) ||
		    json_array_size(ids) >= MODELS_MAX)
			continue;
		json_object_set_new(seen, text, json_true());
		json_array_append(ids, id);
	}
	return ids;
}

static bool is_late(const struct import *im, const json_t *live)
{
	json_auto_t *wanted = NULL;
	/* json_is_true() looks at its argument twice. */
	const json_t *revoked = change_wanted(im, "old_key_revoked", &wanted);
	struct host_account account = host_account_read(live, im->inst,
							im->now);

	return json_is_true(revoked) || account.bench == HOST_BENCH_ERROR;
}

void change_plan_rotation(struct import *im, const json_t *live)
{
	const struct resource *r = &im->resources[IMPORT_ACCOUNT];
	json_t *before = json_loads(im->change.before, 0, NULL);

	im->memo.late = is_late(im, live);
	/* From 0.1.130 on a refused key switches the account off as well. */
	im->memo.relight = r->paused_at == 0 &&
		json_is_false(json_object_get(live, "schedulable")) &&
		(r->off_by_us || im->memo.late);
	im->memo.page = im->memo.chat_model = 0;
	json_object_set_new(before, "models", wire_ids(im, live));
	change_keep(&im->change.before, before);
}

static json_t *noted(const struct import *im, const char *name)
{
	json_auto_t *before = json_loads(im->change.before, 0, NULL);

	return json_incref(json_object_get(before, name));
}

/*
 * An import of the new key that begins meanwhile waits, and then finds the
 * account: what it would look for is ours until then.
 */
struct verdict got_rotate_place(void *subject, const struct answer *answer)
{
	(void)subject;
	(void)answer;
	return take_resource(IMPORT_NEW_KEY, "rotate.taken");
}

/* Reached if the row is there: somebody imported the key a moment ago. */
struct verdict got_rotate_taken(void *subject, const struct answer *answer)
{
	struct import *im = subject;
	const struct resource *r = &im->resources[IMPORT_NEW_KEY];
	AUTO_FREE char *words = NULL;

	(void)answer;
	if (import_holds(im, IMPORT_NEW_KEY))
		return go_on();
	words = xasprintf("account %s has the new key by now",
			  r->host_resource_id ? r->host_resource_id : "");
	import_blame(im, words);
	return failed(FAILURE_BAD_REQUEST);
}

/* ---- the provider itself ---- */

bool ask_rotate_list(const void *subject, struct request *request)
{
	const struct import *im = subject;
	AUTO_FREE char *base = import_base_url(im);
	AUTO_FREE char *url = upstream_models_url(base,
						  (size_t)im->memo.page);

	if (!url)
		return false;
	upstream_ask_models(request, url);
	upstream_add_headers(request, im->manifest);
	return true;
}

static bool is_listed(const json_t *listed, const json_t *name)
{
	size_t i;
	const json_t *one;

	json_array_foreach(listed, i, one)
		if (json_equal(one, name))
			return true;
	return false;
}

/* A list proves no key: one is always tried, and what is not listed. */
static struct verdict choose_tries(struct import *im, const json_t *listed)
{
	json_auto_t *models = noted(im, "models");
	json_t *before = json_loads(im->change.before, 0, NULL);
	json_t *tries = json_array();
	size_t i;
	json_t *name;

	json_array_foreach(models, i, name)
		if ((i == 0 || !is_listed(listed, name)) &&
		    json_array_size(tries) < TRIES_MAX)
			json_array_append(tries, name);
	json_object_del(before, "models");
	json_object_set_new(before, "tried_directly", tries);
	change_keep(&im->change.before, before);
	im->memo.page = 0;
	own_set(&im->item.failure_detail, NULL);
	return go_to("rotate.chat");
}

static struct verdict refused(struct import *im, const struct answer *answer,
			      enum failure why)
{
	AUTO_FREE char *words = upstream_detail(answer);

	own_set(&im->item.failure_detail, NULL);
	import_blame(im, words);
	return failed(why);
}

struct verdict got_rotate_list(void *subject, const struct answer *answer)
{
	struct import *im = subject;
	json_auto_t *listed = NULL;
	enum failure why;

	if (!answer)
		return choose_tries(im, NULL);
	why = upstream_judge_models(answer, &listed);
	import_saw(im, answer);
	if (why == FAILURE_NONE)
		return choose_tries(im, listed);
	if ((why == FAILURE_KEY_INVALID || why == FAILURE_QUOTA_EXHAUSTED) &&
	    import_probe_ends(im, why))
		return refused(im, answer, why);
	if (api_root_tries_next(why)) {
		im->memo.page++;
		return poll_after(0, FAILURE_NONE);
	}
	if (failure_facts(why)->passes && im->attempt < DIRECT_TRIES)
		return retry(why, answer->retry_after_ms);
	return choose_tries(im, NULL);
}

bool ask_rotate_chat(const void *subject, struct request *request)
{
	const struct import *im = subject;
	json_auto_t *tries = noted(im, "tried_directly");
	const char *name = json_string_value(json_array_get(tries,
					(size_t)im->memo.chat_model));
	AUTO_FREE char *base = import_base_url(im);
	AUTO_FREE char *url = im->item.chat_url
		? xstrdup(im->item.chat_url) : upstream_chat_url(base, 0);

	if (!name || !url)
		return false;
	upstream_ask_chat(request, url, name, im->memo.nonce, im->memo.bare);
	upstream_add_headers(request, im->manifest);
	return true;
}

struct verdict got_rotate_chat(void *subject, const struct answer *answer)
{
	struct import *im = subject;
	CLEANUP(completion_done) struct completion completion = { 0 };
	enum failure why;

	if (!answer)
		return go_to("rotate.alone");
	why = upstream_judge_chat(answer, &completion);
	import_saw(im, answer);
	if (why == FAILURE_NONE || why == FAILURE_EMPTY_COMPLETION) {
		im->memo.chat_model++;
		return go_to("rotate.chat");
	}
	if (import_asks_bare(im, answer, why))
		return poll_after(0, FAILURE_NONE);
	if (import_probe_ends(im, why))
		return refused(im, answer, why);
	if (failure_facts(why)->passes && (why == FAILURE_RATE_LIMITED ||
	    why == FAILURE_OVERLOADED || im->attempt < DIRECT_TRIES))
		return retry(why, answer->retry_after_ms);
	/* A way that is barred to us may be open to the host. */
	im->memo.indirect = true;
	import_note(im, "not_proven_directly", NULL);
	return go_to("rotate.alone");
}

/* ---- through the host, alone ---- */

static bool can_be_alone(const struct import *im)
{
	return !im->simple && im->resources[IMPORT_ACCOUNT].wanted_json &&
	       (!import_needs_parking(im) ||
		im->resources[IMPORT_PARKING].state == RESOURCE_PRESENT);
}

struct verdict got_rotate_alone(void *subject, const struct answer *answer)
{
	struct import *im = subject;

	(void)answer;
	im->memo.doubts = im->memo.page = 0;
	if (can_be_alone(im) && (!im->memo.late || im->memo.indirect)) {
		im->memo.live = true;
		im->memo.proven = false;
		return go_to("private.begin");
	}
	if (im->memo.indirect && !im->memo.late) {
		import_blame(im, "the new key can be proven neither directly "
			     "nor alone on this host");
		return failed(FAILURE_HOST_UNSUPPORTED);
	}
	import_note(im, "not_proven_alone", NULL);
	return go_to("rotate.ready");
}

struct verdict got_rotate_private(void *subject, const struct answer *answer)
{
	(void)subject;
	(void)answer;
	return take_resource(IMPORT_PROOF_GROUP, "private.old_group");
}

/* The copy answered with the new key: it has served its purpose. */
struct verdict got_rotate_proven(void *subject, const struct answer *answer)
{
	struct import *im = subject;

	(void)answer;
	import_note(im, "proven_alone", NULL);
	im->memo.page = 0;
	return go_on();
}

/* From here on the account may have the new key, whatever happens to us. */
struct verdict got_rotate_ready(void *subject, const struct answer *answer)
{
	struct import *im = subject;

	(void)answer;
	if (import_holds(im, IMPORT_PROOF_KEY) &&
	    import_id(im, IMPORT_PROOF_KEY) != 0)
		import_settle(im, IMPORT_PROOF_KEY, "created", NULL);
	im->memo.proving = im->memo.live = false;
	im->memo.switching = true;
	im->memo.page = im->memo.doubts = 0;
	return go_to("change.write");
}

/* ---- on the account ---- */

bool ask_rotate_light(const void *subject, struct request *request)
{
	const struct import *im = subject;

	host_ask_account_schedulable(request, &im->peer, account_id(im), true);
	return true;
}

struct verdict got_rotate_light(void *subject, const struct answer *answer)
{
	struct import *im = subject;
	enum failure why = host_judge(answer);

	import_saw(im, answer);
	if (why != FAILURE_NONE)
		return import_host_failed(im, answer, why);
	im->memo.relight = false;
	im->memo.bound_at = im->now;
	im->resumed = true;
	return go_to("change.written");
}

bool ask_rotate_look(const void *subject, struct request *request)
{
	return change_ask_account(subject, request);
}

/* Others of the group may have answered: the account itself must be well. */
struct verdict got_rotate_look(void *subject, const struct answer *answer)
{
	struct import *im = subject;
	enum failure why = host_judge(answer);
	struct host_account account;

	import_saw(im, answer);
	if (why != FAILURE_NONE)
		return import_host_failed(im, answer, why);
	account = host_account_read(host_data(answer), im->inst, im->now);
	if (account.bench == HOST_BENCH_ERROR) {
		AUTO_FREE char *words =
			host_account_complaint(host_data(answer));

		import_blame(im, words);
		return failed(FAILURE_ACCOUNT_ERROR);
	}
	return go_on();
}

static int64_t overlap_ms(const struct import *im)
{
	json_auto_t *wanted = NULL;

	return json_integer_value(change_wanted(im, "overlap_s", &wanted)) *
	       SECOND_MS;
}

/* It works: the account is the new key's, and others may have it again. */
struct verdict got_rotate_settle(void *subject, const struct answer *answer)
{
	struct import *im = subject;
	struct verdict next = go_to("rotate.over");

	(void)answer;
	own_set(&im->resources[IMPORT_ACCOUNT].lookup,
		im->resources[IMPORT_NEW_KEY].lookup);
	import_give_back(im, IMPORT_ACCOUNT);
	import_gone(im, IMPORT_NEW_KEY);
	im->change.state = CHANGE_OVERLAP;
	im->change.old_key_free_at = im->now + overlap_ms(im);
	next.delay_ms = overlap_ms(im);
	return next;
}

struct verdict got_rotate_over(void *subject, const struct answer *answer)
{
	(void)subject;
	(void)answer;
	return done();
}

/* ---- with the old key again ---- */

bool ask_rotate_again(const void *subject, struct request *request)
{
	const struct import *im = subject;

	if (!im->memo.switching || im->memo.late ||
	    im->resources[IMPORT_ACCOUNT].paused_at ||
	    !import_secret_id(im, SLOT_USER_KEY))
		return false;
	return ask_gateway_chat(subject, request);
}

/* That it was taken back is told either way, and whether that helped. */
struct verdict got_rotate_again(void *subject, const struct answer *answer)
{
	struct import *im = subject;
	CLEANUP(completion_done) struct completion completion = { 0 };
	enum failure why;

	if (!answer)
		return go_on();
	why = host_judge_chat(answer, &completion);
	import_saw(im, answer);
	if (why != FAILURE_NONE && why != FAILURE_EMPTY_COMPLETION &&
	    im->now - im->step_since < AGAIN_MS)
		return poll_after(AGAIN_POLL_MS, FAILURE_WARMING_UP);
	import_note(im, why == FAILURE_NONE ? "old_key_proven"
					    : "old_key_not_proven", NULL);
	return go_on();
}
