/*
 * The proof: through the user's own key, the gateway lists the model and
 * completes a chat.  Never one without the other.
 */
#include "schedd/completion.h"
#include "schedd/host/gateway.h"
#include "schedd/host/owner.h"
#include "schedd/import_steps.h"
#include "shared/secrets.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define LIST_CACHE_MS	16000	/* a host keeps its model list for 15 s */
#define LIST_POLL_MS	1000
#define BENCH_429_MS	5200	/* a host leaves an account alone so long */
#define WARM_FIRST_MS	60
#define WARM_POLL_MS	250

int64_t import_attempts(const struct import *im)
{
	return im->checking ? 1 : im->settings->attempts_max;
}

static void make_nonce(struct import *im)
{
	if (*im->memo.nonce == '\0')
		id_short(im->memo.nonce, 10, im->random);
}

/*
 * As import_host_failed(), in the words of the gateway.  What would end the
 * flow is looked into first: it may be something that can be mended.
 */
static struct verdict gateway_failed(struct import *im,
				     const struct answer *answer,
				     enum failure why)
{
	AUTO_FREE char *words = host_gateway_detail(answer);
	struct verdict v = import_again(im, answer, why, words);
	bool last = v.kind == VERDICT_FAILED ||
		    im->attempt + 1 >= import_attempts(im);

	if (answer->status == 429 && v.delay_ms < BENCH_429_MS)
		v.delay_ms = BENCH_429_MS;
	return last && !im->changing ? import_diagnose(im, answer, why) : v;
}

/*
 * What a managed user has may be gone.  Its key is what people were given: it
 * stays where only the subscription is missing, and is looked for before
 * another is drawn.
 */
static struct verdict look_for_key(struct import *im, enum failure why)
{
	bool subscribed = im->run.access_mode == ACCESS_SUBSCRIPTION;

	/* Of self service, the right went, not the key: bind it again. */
	if (!subscribed && why != FAILURE_KEY_REFUSED)
		return go_to("access.bind");
	if (why != FAILURE_SUBSCRIPTION_MISSING)
		return go_to("access.key_look");
	import_gone(im, IMPORT_SUBSCRIPTION);
	return go_to("access.subscription");
}

bool ask_key_look(const void *subject, struct request *request)
{
	const struct import *im = subject;

	if (import_id(im, IMPORT_USER) == 0 || *im->key_fingerprint == '\0')
		return false;
	host_ask_user_keys(request, &im->peer, import_id(im, IMPORT_USER));
	return true;
}

static struct verdict draw_anew(struct import *im)
{
	import_gone(im, IMPORT_KEY);
	if (im->run.access_mode == ACCESS_SUBSCRIPTION)
		import_gone(im, IMPORT_SUBSCRIPTION);
	return go_to("access.subscription");
}

/*
 * A key that is there and refused was switched off, or its user or group was,
 * or somebody moved it: that is for people to decide, and the proof fails once
 * more to say so.  One that is bound to nothing is bound again; so is one that
 * was moved, if an operator imports it.
 */
static struct verdict keep_key(struct import *im,
			       const struct host_owned_key *key)
{
	bool moved = key->group_id != import_id(im, IMPORT_GROUP);

	if (!moved || (im->checking && key->group_id != 0))
		return go_to("validate.models");
	im->memo.keep_key = true;
	if (im->run.access_mode == ACCESS_SUBSCRIPTION)
		import_gone(im, IMPORT_SUBSCRIPTION);
	return go_to("access.subscription");
}

struct verdict got_key_look(void *subject, const struct answer *answer)
{
	struct import *im = subject;
	struct host_owned_key key = { 0 };
	enum failure why;

	if (!answer)
		return draw_anew(im);
	why = host_judge_user_keys(answer, im->key_fingerprint, &key);
	import_saw(im, answer);
	if (why == FAILURE_GONE)
		return draw_anew(im);
	if (why != FAILURE_NONE)
		return import_host_failed(im, answer, why);
	return key.id ? keep_key(im, &key) : draw_anew(im);
}

/*
 * The gateway does not take the key.  Somebody may have removed the key, the
 * subscription or the right behind our back: get them anew, once.
 */
static struct verdict renew_key(struct import *im,
				const struct answer *answer, enum failure why)
{
	if (im->memo.renewed_key || im->memo.proving)
		return gateway_failed(im, answer, why);
	im->memo.renewed_key = true;
	if (!import_is_given(im))
		return look_for_key(im, why);
	/* What was taken from somebody real, a person took: a check says so. */
	if (why == FAILURE_KEY_REFUSED || im->checking)
		return gateway_failed(im, answer, why);
	if (im->run.access_mode == ACCESS_SUBSCRIPTION)
		import_gone(im, IMPORT_SUBSCRIPTION);
	im->memo.candidate = 0;
	return go_to("access.owner");
}

/* Is it about the key, its owner or its group, and not about the account? */
bool import_is_of_the_key(enum failure why)
{
	return why == FAILURE_KEY_REFUSED ||
	       why == FAILURE_SUBSCRIPTION_MISSING ||
	       why == FAILURE_KEY_UNBOUND ||
	       why == FAILURE_GROUP_NOT_ALLOWED ||
	       why == FAILURE_GROUP_UNUSABLE;
}

/*
 * Who has a subscription needs no money: 0.1.126 says that there is none when
 * the key's group is gone.
 */
static bool lost_its_group(const struct import *im, enum failure why)
{
	return why == FAILURE_BALANCE_EXHAUSTED && !import_is_given(im) &&
	       im->run.access_mode == ACCESS_SUBSCRIPTION;
}

/* What getting the key, the right or the money anew may cure; else nothing. */
static bool can_renew(struct import *im, enum failure why,
		      struct verdict *ret, const struct answer *answer)
{
	if (im->changing)	/* what the user lost is for a check to get */
		return false;
	if (why == FAILURE_BALANCE_EXHAUSTED && import_want_top_up(im)) {
		*ret = go_to("access.top_up");
		return true;
	}
	if (!import_is_of_the_key(why) && !lost_its_group(im, why))
		return false;
	*ret = renew_key(im, answer, why);
	return true;
}

/*
 * Whoever rolled back what others made, or gave up, may have deleted the key
 * since this task found it.
 */
static bool has_key(const struct import *im)
{
	return import_secret_id(im, SLOT_USER_KEY) != NULL;
}

/* Get it anew, once, with whatever else of its user went. */
static struct verdict no_key(struct import *im)
{
	if (im->changing || im->memo.proving || im->memo.renewed_key) {
		import_blame(im, "no user has a key to prove it with");
		return failed(FAILURE_KEY_REFUSED);
	}
	im->memo.renewed_key = true;
	return go_to("access.user");
}

bool ask_gateway_models(const void *subject, struct request *request)
{
	const struct import *im = subject;

	if (!has_key(im))
		return false;
	host_ask_models(request, &im->peer, im->item.item_id);
	return true;
}

/* The later of two moments that are not ahead of a clock that was put back. */
static int64_t later(const struct import *im, int64_t one, int64_t other)
{
	if (one > im->now)
		return other;
	return other > im->now || one > other ? one : other;
}

/*
 * When what the list is made of changed last, as far as we know: a check that
 * changed nothing has nothing to wait for.
 */
static int64_t last_change(const struct import *im)
{
	int64_t changed = later(im, im->memo.changed_at, im->memo.bound_at);

	return im->checking ? changed : later(im, changed, im->step_since);
}

/* Not listed: is that the list of a moment ago? */
static struct verdict not_listed(struct import *im,
				 const struct answer *answer)
{
	/* A clock set back leaves the one in the future, the other not. */
	int64_t since = last_change(im);
	enum failure why = host_lists_defaults(answer)
		? FAILURE_NO_ACCOUNT : FAILURE_MODEL_NOT_LISTED;

	if (im->now - since < LIST_CACHE_MS)
		return poll_after(LIST_POLL_MS, FAILURE_WARMING_UP);
	import_blame(im, "the model is not in the gateway's list");
	return im->changing ? failed(why) : import_diagnose(im, answer, why);
}

struct verdict got_gateway_models(void *subject, const struct answer *answer)
{
	struct import *im = subject;
	bool listed = false;
	enum failure why;
	struct verdict v;

	if (!answer)
		return no_key(im);
	why = host_judge_models(answer, im->item.resolved_smoke_model,
				&listed);
	import_saw(im, answer);
	im->memo.models_status = answer->status;
	im->memo.models_listed = listed;
	if (can_renew(im, why, &v, answer))
		return v;
	if (why != FAILURE_NONE)
		return gateway_failed(im, answer, why);
	make_nonce(im);
	return listed ? go_on() : not_listed(im, answer);
}

/* In simple mode, where groups part nothing: a name of this account alone. */
const char *import_asked_model(const struct import *im)
{
	const char *mark = im->resources[IMPORT_ACCOUNT].mark;

	return im->simple && im->has_alias ? mark
					    : im->item.resolved_smoke_model;
}

/* Under this the host keeps what the provider really said. */
char *import_request_id(const struct import *im)
{
	return xasprintf("%s-%s", im->item.item_id, im->memo.nonce);
}

bool ask_gateway_chat(const void *subject, struct request *request)
{
	const struct import *im = subject;
	AUTO_FREE char *id = import_request_id(im);
	const struct host_chat chat = {
		.model = import_asked_model(im),
		.nonce = im->memo.nonce,
		.request_id = id,
		.max_tokens = import_budget(im),
	};

	if (!has_key(im))
		return false;
	host_ask_chat(request, &im->peer, &chat);
	import_background(im, request);
	return true;
}

/* What this task was making is proven: let the others have it. */
static void settle_made(struct import *im)
{
	static const enum import_resource held[] = { IMPORT_ACCOUNT,
						     IMPORT_GROUP };

	/* It was ours before: it serves again, and that is said already. */
	if (im->memo.reviving && import_holds(im, IMPORT_ACCOUNT)) {
		import_give_back(im, IMPORT_ACCOUNT);
		im->resumed = true;
	}
	for (size_t i = 0; i < COUNT(held); i++)
		if (import_holds(im, held[i]))
			import_settle(im, held[i], "created", NULL);
}

#define SETTLED_WINDOW_MS 1500	/* of an account that nobody touched */
#define CHANGED_WINDOW_MS 3000	/* of one whose mapping is listed already */

/* An account that was proven before does not warm up, unless we changed it. */
static int64_t warm_window(const struct import *im)
{
	int64_t changed = im->memo.changed_at > im->memo.bound_at
		? im->memo.changed_at : im->memo.bound_at;

	/* Another try may cost a call of the provider for nothing. */
	if (im->changing && !im->memo.proving)
		return CHANGED_WINDOW_MS;
	if (im->checking && im->now - changed > im->settings->warm_up_ms)
		return SETTLED_WINDOW_MS;
	return im->settings->warm_up_ms;
}

/* Is the 503 one of a fresh account, or is there nobody to serve? */
static struct verdict warming(struct import *im, const struct answer *answer,
			      enum failure why)
{
	/*
	 * A host that reached the provider before is not warming up: 0.1.179
	 * sets one aside for 10 s after a few 5xx.
	 */
	if (im->memo.gateway_failure)
		return gateway_failed(im, answer,
				      (enum failure)im->memo.gateway_failure);
	if (im->now - im->step_since < warm_window(im))
		return poll_after(im->memo.polls ? WARM_POLL_MS
						 : WARM_FIRST_MS,
				  FAILURE_WARMING_UP);
	return gateway_failed(im, answer, why == FAILURE_WARMING_UP
			      ? FAILURE_NO_ACCOUNT : why);
}

static struct verdict proven(struct import *im)
{
	size_t users = json_array_size(im->selectors);

	im->memo.gateway_failure = FAILURE_NONE;
	if (im->memo.proving) {
		im->memo.nonce[0] = '\0';
		return go_to("prove.groups");
	}
	if (im->changing) {
		im->memo.nonce[0] = '\0';
		return go_to("change.proven");
	}
	if (!im->memo.finding)
		im->diagnosis = (struct diagnosis){ 0 };
	own_set(&im->item.diagnosis, NULL);
	settle_made(im);
	if (im->item.validation == VALIDATION_UNKNOWN)
		im->item.validation = VALIDATION_PASSED;
	own_set(&im->item.failure_detail, NULL);
	im->memo.nonce[0] = '\0';
	if (im->checking)
		return go_to("check.proven");
	if ((size_t)im->memo.selector + 1 >= users)
		return done();
	im->memo.selector++;
	im->memo.created_key = im->memo.renewed_key = false;
	im->memo.keep_key = false;
	return go_to("access.user");
}

/*
 * Cut before it said anything is no verdict: it is asked again, with more
 * room.  Who ended by itself had room enough, and gets one more chance.
 */
static struct verdict said_nothing(struct import *im,
				   const struct completion *completion)
{
	const char *reason = completion->finish_reason;
	AUTO_FREE char *words = xasprintf("no content in the answer, "
		"finish_reason %s", reason ? reason : "not said");
	bool cut = !reason || strcmp(reason, "length") == 0;

	own_set(&im->item.failure_detail, NULL);
	import_blame(im, words);
	return cut || im->attempt == 0 ? retry(FAILURE_EMPTY_COMPLETION, -1)
				       : failed(FAILURE_EMPTY_COMPLETION);
}

struct verdict got_gateway_chat(void *subject, const struct answer *answer)
{
	struct import *im = subject;
	CLEANUP(completion_done) struct completion completion = { 0 };
	enum failure why;
	struct verdict v;

	if (!answer)
		return no_key(im);
	why = host_judge_chat(answer, &completion);
	import_saw(im, answer);
	if (why == FAILURE_WARMING_UP || why == FAILURE_MODEL_NOT_FOUND)
		return warming(im, answer, why);
	if (!im->memo.renewed_key && can_renew(im, why, &v, answer))
		return v;
	if (import_asks_bare(im, answer, why))
		return poll_after(0, FAILURE_NONE);
	import_write_proof(im, answer, &completion, why);
	if (why == FAILURE_NONE)
		return proven(im);
	if (answer->status != 0)
		im->memo.gateway_failure = (int)why;
	if (why == FAILURE_EMPTY_COMPLETION)
		return said_nothing(im, &completion);
	return gateway_failed(im, answer, why);
}
