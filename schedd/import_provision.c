/*
 * Group and account.
 *
 * Before anything is made we look for its mark: a schedd that died may have
 * made it.  On a host that ignores the responses mode, chat to a provider
 * without /responses would bench the account until the host's own probe has
 * ended and we have switched it: there the account is made in a parking group
 * and moved into the live one by the very call that switches it.
 */
#include "schedd/host/account.h"
#include "schedd/host/account_view.h"
#include "schedd/host/group.h"
#include "schedd/import_steps.h"
#include "schedd/judge.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define POLL_FIRST_MS	20
#define POLL_MS		250
#define STUMBLES_MAX	5
#define SETTLE_MS	1200	/* 0.1.126/0.1.129: between two changes */

/*
 * Something that a healthy host does not say: 5xx without a reason, a success
 * that cannot be read.  It may be a stumble; a few repeats tell.
 */
static bool may_be_a_stumble(const struct import *im,
			     const struct answer *answer, enum failure why)
{
	return im->attempt < STUMBLES_MAX &&
	       (why == FAILURE_HOST_REFUSED || why == FAILURE_NOT_JSON ||
		why == FAILURE_HOST_UNSUPPORTED ||
		why == FAILURE_NOT_AS_WRITTEN ||
		why == FAILURE_INSPECT_BODY) &&
	       (answer->status >= 500 || judge_is_success(answer));
}

struct verdict import_host_failed(struct import *im,
				  const struct answer *answer,
				  enum failure why)
{
	AUTO_FREE char *words = host_detail(answer);

	return import_again(im, answer, why, words);
}

struct verdict import_again(struct import *im, const struct answer *answer,
			    enum failure why, const char *words)
{
	/* What was said last is what ends it, unless something has already. */
	if (!im->memo.failure) {
		own_set(&im->item.failure_detail, NULL);
		import_blame(im, words);
	}
	if (failure_facts(why)->passes || may_be_a_stumble(im, answer, why))
		return retry(why, host_retry_after_ms(answer));
	return failed(why);
}

struct verdict import_doubt(struct import *im, const char *look,
			    enum failure why)
{
	struct verdict v = go_to(look);

	if (++im->memo.doubts > im->settings->attempts_max)
		return failed(why);
	v.failure = why;
	v.delay_ms = im->settings->retry_first_ms * im->memo.doubts;
	return v;
}

static const char *id_text(int64_t id, char ret[24])
{
	snprintf(ret, 24, "%" PRId64, id);
	return ret;
}

struct verdict import_made(struct import *im, enum import_resource which,
			   const struct answer *answer, const char *look)
{
	int64_t id = 0;
	enum failure why = host_judge_created(answer, &id);
	char text[24];

	import_saw(im, answer);
	if (why == FAILURE_NONE) {
		import_keep_id(im, which, id_text(id, text));
		own_set(&im->resources[which].origin, "created");
		return go_on();
	}
	if (host_is_taken(answer) || judge_is_doubtful(answer)) {
		AUTO_FREE char *words = host_detail(answer);

		if (im->memo.doubts >= im->settings->attempts_max)
			import_blame(im, words);
		return import_doubt(im, look, why);
	}
	return import_host_failed(im, answer, why);
}

struct verdict import_found(struct import *im, enum import_resource which,
			    const struct answer *answer,
			    const char *if_found)
{
	struct resource *r = &im->resources[which];
	struct host_found list;
	enum failure why = host_judge_found(answer, r->mark, &list);
	char text[24];

	import_saw(im, answer);
	if (why != FAILURE_NONE)
		return import_host_failed(im, answer, why);
	if (list.count > 0) {
		im->memo.page = 0;
		/* With our mark on it, it is our own lost create. */
		import_keep_id(im, which, id_text(list.ids[0], text));
		own_set(&r->origin, "created");
		return go_to(if_found);
	}
	if (!list.last) {
		im->memo.page++;
		return poll_after(0, FAILURE_NONE);
	}
	im->memo.page = 0;
	return go_on();
}

struct verdict got_want_group(void *subject, const struct answer *answer)
{
	(void)subject;
	(void)answer;
	return take_resource(IMPORT_GROUP, "provision.parking");
}

bool ask_find_group(const void *subject, struct request *request)
{
	const struct import *im = subject;

	if (im->resources[IMPORT_GROUP].host_resource_id)
		return false;	/* made before; its account is not there yet */
	host_ask_group_find(request, &im->peer,
			    im->resources[IMPORT_GROUP].mark);
	return true;
}

struct verdict got_find_group(void *subject, const struct answer *answer)
{
	struct import *im = subject;

	if (!answer)
		return go_to("provision.parking");
	return import_found(im, IMPORT_GROUP, answer, "provision.parking");
}

bool ask_create_group(const void *subject, struct request *request)
{
	const struct import *im = subject;

	host_ask_group_create(request, &im->peer,
			      im->resources[IMPORT_GROUP].wanted_json);
	return true;
}

struct verdict got_create_group(void *subject, const struct answer *answer)
{
	return import_made(subject, IMPORT_GROUP, answer,
			   "provision.find_group");
}

/* Does this host need the account to wait where nobody reaches it? */
static bool needs_parking(const struct import *im)
{
	return !im->features.responses_mode;
}

struct verdict got_want_parking(void *subject, const struct answer *answer)
{
	struct import *im = subject;

	(void)answer;
	im->memo.live = im->resources[IMPORT_GROUP].state == RESOURCE_PRESENT;
	if (!needs_parking(im))
		return go_to("provision.account");
	return take_resource(IMPORT_PARKING, "provision.account");
}

bool ask_find_parking(const void *subject, struct request *request)
{
	const struct import *im = subject;

	host_ask_group_find(request, &im->peer,
			    im->resources[IMPORT_PARKING].mark);
	return true;
}

struct verdict got_find_parking(void *subject, const struct answer *answer)
{
	struct import *im = subject;
	struct verdict v = import_found(im, IMPORT_PARKING, answer,
					"provision.account");

	if (v.kind == VERDICT_GO_TO)
		import_settle(im, IMPORT_PARKING, "created", NULL);
	return v;
}

bool ask_create_parking(const void *subject, struct request *request)
{
	const struct import *im = subject;

	host_ask_group_create(request, &im->peer,
			      im->resources[IMPORT_PARKING].wanted_json);
	return true;
}

struct verdict got_create_parking(void *subject, const struct answer *answer)
{
	struct import *im = subject;
	struct verdict v = import_made(im, IMPORT_PARKING, answer,
				       "provision.find_parking");

	if (v.kind == VERDICT_GO_ON)
		import_settle(im, IMPORT_PARKING, "created", NULL);
	return v;
}

struct verdict got_want_account(void *subject, const struct answer *answer)
{
	(void)subject;
	(void)answer;
	return take_resource(IMPORT_ACCOUNT, "confirm.account");
}

bool ask_find_account(const void *subject, struct request *request)
{
	const struct import *im = subject;

	host_ask_account_find(request, &im->peer,
			      im->resources[IMPORT_ACCOUNT].mark,
			      im->memo.page + 1);
	return true;
}

struct verdict got_find_account(void *subject, const struct answer *answer)
{
	struct import *im = subject;
	struct verdict v = import_found(im, IMPORT_ACCOUNT, answer,
					"provision.proof_group");

	if (v.kind == VERDICT_GO_TO) {
		im->memo.adopted = true;
		im->memo.created_account = true;
		im->item.resolution = RESOLUTION_CREATED;
	}
	return v;
}

/* The group into which the account is made. */
static enum import_resource birth_group(const struct import *im)
{
	return needs_parking(im) ? IMPORT_PARKING : import_stage_group(im);
}

/*
 * A create into a group that is not there leaves an account behind and says
 * 500.  So the group is looked at right before.
 */
bool ask_group_still(const void *subject, struct request *request)
{
	const struct import *im = subject;

	if (im->memo.adopted)
		return false;	/* nothing is left to create */
	host_ask_group(request, &im->peer, import_id(im, birth_group(im)));
	return true;
}

struct verdict got_group_still(void *subject, const struct answer *answer)
{
	struct import *im = subject;
	enum failure why;

	if (!answer)
		return go_to("confirm.flag");
	why = host_judge(answer);
	import_saw(im, answer);
	if (why == FAILURE_GONE) {
		import_gone(im, birth_group(im));
		return import_doubt(im, "provision.group", why);
	}
	if (why != FAILURE_NONE)
		return import_host_failed(im, answer, why);
	return go_on();
}

bool ask_create_account(const void *subject, struct request *request)
{
	const struct import *im = subject;
	const struct resource *r = &im->resources[IMPORT_ACCOUNT];
	const struct host_account_making making = {
		.wanted_json = r->wanted_json,
		.mark = r->mark,
		.generation = r->generation,
		.only_group = import_id(im, birth_group(im)),
	};
	struct err err;

	return host_ask_account_create(request, &im->peer, &making, &err) == 0;
}

struct verdict got_create_account(void *subject, const struct answer *answer)
{
	struct import *im = subject;
	struct verdict v;

	if (!answer) {
		import_blame(im, "the stored account body is not JSON");
		return failed(FAILURE_INTERNAL);
	}
	/* Its old answer belongs to a body that we do not want any more. */
	if (host_reason_is(answer, "IDEMPOTENCY_KEY_CONFLICT")) {
		import_saw(im, answer);
		im->resources[IMPORT_ACCOUNT].generation++;
		im->changed[IMPORT_ACCOUNT] = true;
		return import_doubt(im, "provision.find_account",
				    FAILURE_HOST_REFUSED);
	}
	v = import_made(im, IMPORT_ACCOUNT, answer, "provision.find_account");
	if (v.kind == VERDICT_GO_ON) {
		im->memo.created_account = true;
		im->item.resolution = RESOLUTION_CREATED;
		im->memo.bound_at = im->now;
		host_features_seen_account(&im->features, host_data(answer));
	}
	return v;
}

/* Only where the mode is ignored: has the host's own probe ended? */
bool ask_flag(const void *subject, struct request *request)
{
	const struct import *im = subject;

	if (!needs_parking(im))
		return false;
	host_ask_account(request, &im->peer, import_id(im, IMPORT_ACCOUNT));
	return true;
}

struct verdict got_flag(void *subject, const struct answer *answer)
{
	struct import *im = subject;
	enum failure why;

	if (!answer)
		return go_on();
	why = host_judge(answer);
	import_saw(im, answer);
	if (why == FAILURE_GONE) {
		import_gone(im, IMPORT_ACCOUNT);
		return import_doubt(im, "provision.account", why);
	}
	if (why != FAILURE_NONE)
		return import_host_failed(im, answer, why);
	/* A probe that hangs writes nothing: after a while it has given up. */
	if (host_account_flag_seen(host_data(answer)) ||
	    im->now - im->step_since >= im->settings->flag_wait_ms)
		return go_on();
	return poll_after(im->memo.polls ? POLL_MS : POLL_FIRST_MS,
			  FAILURE_WARMING_UP);
}

/*
 * Switch it to raw chat and move it where it is to be called, in one call.
 * One that was found rather than made may be anywhere.
 */
bool ask_bind(const void *subject, struct request *request)
{
	const struct import *im = subject;
	const int64_t group = import_id(im, import_stage_group(im));
	const struct host_account_patch patch = {
		.relay = true, .group_ids = &group, .ngroups = 1,
	};

	if (!needs_parking(im) && !im->memo.adopted)
		return false;
	host_ask_account_patch(request, &im->peer,
			       import_id(im, IMPORT_ACCOUNT), &patch);
	return true;
}

struct verdict got_bind(void *subject, const struct answer *answer)
{
	struct import *im = subject;
	enum failure why;

	if (!answer)
		return go_on();
	why = host_judge_account_patch(answer, import_id(im, IMPORT_ACCOUNT));
	import_saw(im, answer);
	if (why != FAILURE_NONE)
		return import_host_failed(im, answer, why);
	im->memo.bound_at = im->now;
	return go_on();
}

bool ask_account(const void *subject, struct request *request)
{
	const struct import *im = subject;

	host_ask_account(request, &im->peer, import_id(im, IMPORT_ACCOUNT));
	return true;
}

/* The account was there before this item: say so. */
static void note_reuse(struct import *im)
{
	struct resource *r = &im->resources[IMPORT_ACCOUNT];

	if (im->item.resolution != RESOLUTION_NONE)
		return;
	im->item.resolution = RESOLUTION_REUSED;
	im->item.match = MATCH_ACTIVE;
	im->item.provision_reused = true;
	own_set(&im->item.reused_from_provider_id, im->item.provider_id);
	own_set(&im->item.reused_from_account_id, r->host_resource_id);
	import_note(im, "reused", NULL);
}

/* Nobody is left who could say what the account should be like. */
static struct verdict account_lost(struct import *im)
{
	import_gone(im, IMPORT_ACCOUNT);
	im->item.resolution = RESOLUTION_REPLACED;
	return import_doubt(im, "provision.group", FAILURE_GONE);
}

/* The group that it is in for now; 0: those that it is wanted in. */
static int64_t only_group(const struct import *im)
{
	return import_holds(im, IMPORT_ACCOUNT) &&
	       import_stage_group(im) == IMPORT_PROOF_GROUP
		? import_id(im, IMPORT_PROOF_GROUP) : 0;
}

struct verdict import_compare(struct import *im, const struct answer *answer)
{
	json_auto_t *wanted = json_loads(
		im->resources[IMPORT_ACCOUNT].wanted_json, 0, NULL);
	const struct host_account_check check = {
		.features = &im->features, .wanted = wanted,
		.only_group = only_group(im),
	};
	char why[200];

	if (!host_account_differs(&check, host_data(answer), why,
				  sizeof(why)))
		return go_on();
	import_blame(im, why);
	/* Someone's probe or bulk edit may be under way: look once more. */
	return retry(FAILURE_NOT_AS_WRITTEN, SETTLE_MS);
}

struct verdict got_account(void *subject, const struct answer *answer)
{
	struct import *im = subject;
	enum failure why = host_judge(answer);
	struct verdict v;

	import_saw(im, answer);
	im->item.confirmation = CONFIRMATION_CONFIRMING;
	if (why == FAILURE_GONE)
		return account_lost(im);
	if (why != FAILURE_NONE)
		return import_host_failed(im, answer, why);
	if (!import_holds(im, IMPORT_ACCOUNT) &&
	    import_lacks_models(im, host_data(answer)))
		return go_to("widen.account");
	v = import_compare(im, answer);
	if (v.kind != VERDICT_GO_ON)
		return v;
	own_set(&im->item.failure_detail, NULL);
	im->item.confirmation = CONFIRMATION_CONFIRMED;
	own_set(&im->item.group_id,
		im->resources[IMPORT_GROUP].host_resource_id);
	own_set(&im->item.account_id,
		im->resources[IMPORT_ACCOUNT].host_resource_id);
	note_reuse(im);
	return v;
}
