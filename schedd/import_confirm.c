/*
 * The account is there: wait for the probe of an old host, switch and move it
 * where that is needed, and read it back: it must do what was asked for.
 */
#include "schedd/host/account.h"
#include "schedd/host/account_view.h"
#include "schedd/import_steps.h"
#include "schedd/import_written.h"

#define POLL_FIRST_MS	20
#define POLL_MS		250
#define SETTLE_MS	1200	/* 0.1.126/0.1.129: between two changes */

/*
 * Where the mode is ignored: has the host's own probe ended?  And where the
 * account was found rather than made: in which groups is it?
 */
bool ask_flag(const void *subject, struct request *request)
{
	const struct import *im = subject;

	if (!import_needs_parking(im) && !im->memo.adopted)
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
		import_let_go(im, IMPORT_ACCOUNT);
		return import_doubt(im, "provision.account", why);
	}
	if (why != FAILURE_NONE)
		return import_host_failed(im, answer, why);
	if (!import_keep_groups(im, host_data(answer))) {
		import_blame(im, "the account is in too many groups");
		return failed(FAILURE_HOST_REFUSED);
	}
	/* A probe that hangs writes nothing: after a while it has given up. */
	if (!import_needs_parking(im) ||
	    host_account_flag_seen(host_data(answer)) ||
	    im->now - im->step_since >= im->settings->flag_wait_ms)
		return go_on();
	return poll_after(im->memo.polls ? POLL_MS : POLL_FIRST_MS,
			  FAILURE_WARMING_UP);
}

/* What it leaves when it is bound: where it waited. */
static int64_t birth_place(const struct import *im)
{
	return import_needs_parking(im) ? import_id(im, IMPORT_PARKING) : 0;
}

/*
 * Switch it to raw chat and move it where it is to be called, in one call.
 * One that was found rather than made may be anywhere, and stays there.
 */
bool ask_bind(const void *subject, struct request *request)
{
	const struct import *im = subject;
	json_auto_t *ids = import_new_groups(im,
			import_id(im, import_stage_group(im)),
			birth_place(im));
	const struct host_account_patch patch = {
		.relay = true, .group_ids = ids,
	};

	if (!import_needs_parking(im) && !im->memo.adopted)
		return false;
	if (im->memo.adopting) {
		import_ask_taken_over(im, request);
		return true;
	}
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

/* Nobody is left who could say what the account should be like. */
static struct verdict account_lost(struct import *im)
{
	import_gone(im, IMPORT_ACCOUNT);
	import_let_go(im, IMPORT_ACCOUNT);
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

/* It is new, or found by our mark: made by this task, and compared as such. */
static bool is_maker(const struct import *im)
{
	return import_holds(im, IMPORT_ACCOUNT) && !im->memo.widening &&
	       !im->memo.reviving;
}

/* Of what this task makes: as asked for, and where it was put? */
static struct verdict compare_made(struct import *im,
				   const struct answer *answer)
{
	const json_t *live = host_data(answer);

	if (!im->memo.widened && import_lacks_models(im, live))
		return go_to("widen.read");
	if (!import_keep_groups(im, live))
		return failed(FAILURE_HOST_REFUSED);
	return import_compare(im, answer);
}

struct verdict got_account(void *subject, const struct answer *answer)
{
	struct import *im = subject;
	enum failure why = host_judge(answer);
	struct verdict v;

	import_saw(im, answer);
	im->item.confirmation = CONFIRMATION_CONFIRMING;
	if (why == FAILURE_GONE)
		return is_maker(im) ? account_lost(im)
				    : import_reuse(im, NULL);
	if (why != FAILURE_NONE)
		return import_host_failed(im, answer, why);
	v = is_maker(im) ? compare_made(im, answer)
			 : import_reuse(im, host_data(answer));
	if (v.kind != VERDICT_GO_ON)
		return v;
	if (im->memo.adopting && is_maker(im))
		import_wrote_over(im, IMPORT_ACCOUNT, host_data(answer));
	own_set(&im->item.failure_detail, NULL);
	im->item.confirmation = CONFIRMATION_CONFIRMED;
	own_set(&im->item.group_id,
		im->resources[IMPORT_GROUP].host_resource_id);
	own_set(&im->item.account_id,
		im->resources[IMPORT_ACCOUNT].host_resource_id);
	return v;
}
