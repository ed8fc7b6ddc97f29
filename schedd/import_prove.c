/*
 * A later account of a live group is proven alone, before any user can reach
 * it: in a group of its own, by a key of ours that is moved there.  No other
 * account can answer in its place, and one that does not work never gets in
 * the way of those that do.  Then one call moves it into the live group.
 */
#include "schedd/host/account.h"
#include "schedd/host/group.h"
#include "schedd/host/key.h"
#include "schedd/host/subscription.h"
#include "schedd/import_steps.h"

#define PROOF_DAYS 1	/* of the proof user's subscription; it goes sooner */

struct verdict got_want_proof_group(void *subject,
				    const struct answer *answer)
{
	const struct import *im = subject;

	(void)answer;
	if (!im->memo.live)
		return go_to("provision.check_group");
	return take_resource(IMPORT_PROOF_GROUP, "provision.check_group");
}

bool ask_find_proof(const void *subject, struct request *request)
{
	const struct import *im = subject;

	if (im->resources[IMPORT_PROOF_GROUP].host_resource_id)
		return false;
	host_ask_group_find(request, &im->peer,
			    im->resources[IMPORT_PROOF_GROUP].mark);
	return true;
}

struct verdict got_find_proof(void *subject, const struct answer *answer)
{
	if (!answer)
		return go_to("provision.check_group");
	return import_found(subject, IMPORT_PROOF_GROUP, answer,
			    "provision.check_group");
}

bool ask_create_proof(const void *subject, struct request *request)
{
	const struct import *im = subject;

	host_ask_group_create(request, &im->peer,
			      im->resources[IMPORT_PROOF_GROUP].wanted_json);
	return true;
}

struct verdict got_create_proof(void *subject, const struct answer *answer)
{
	return import_made(subject, IMPORT_PROOF_GROUP, answer,
			   "provision.find_proof");
}

/* From here on user, login and key are those of the proof. */
struct verdict got_begin_proof(void *subject, const struct answer *answer)
{
	struct import *im = subject;

	(void)answer;
	im->memo.proving = import_holds(im, IMPORT_ACCOUNT) &&
			   import_stage_group(im) == IMPORT_PROOF_GROUP;
	return go_to("access.user");
}

bool ask_proof_assign(const void *subject, struct request *request)
{
	const struct import *im = subject;
	CLEANUP(jout_done) struct jout wanted = { .text.max = 1024 };
	const struct host_subscription_wish wish = {
		.user_id = import_id(im, IMPORT_PROOF_USER),
		.group_id = import_id(im, IMPORT_PROOF_GROUP),
		.days = PROOF_DAYS,
	};

	host_subscription_wanted(&wanted, &im->peer, &wish);
	host_ask_subscription_assign(request, &im->peer,
				     buf_str(&wanted.text));
	return true;
}

/* The same assignment twice is one: it can be repeated without a look. */
struct verdict got_proof_assign(void *subject, const struct answer *answer)
{
	struct import *im = subject;
	struct host_subscription_seen seen = { 0 };
	enum failure why = host_judge_subscription(answer, &seen);

	import_saw(im, answer);
	if (why == FAILURE_NONE || host_subscription_conflicts(answer))
		return go_on();
	return import_host_failed(im, answer, why);
}

struct verdict got_want_proof_key(void *subject, const struct answer *answer)
{
	(void)subject;
	(void)answer;
	/* Held even if it is there: nobody else may move it meanwhile. */
	return take_resource(IMPORT_PROOF_KEY, "prove.rebind");
}

bool ask_rebind(const void *subject, struct request *request)
{
	const struct import *im = subject;

	if (import_id(im, IMPORT_PROOF_KEY) == 0)
		return false;
	host_ask_key_bind(request, &im->peer, import_id(im, IMPORT_PROOF_KEY),
			  import_id(im, IMPORT_PROOF_GROUP));
	return true;
}

struct verdict got_rebind(void *subject, const struct answer *answer)
{
	struct import *im = subject;
	enum failure why;

	if (!answer)
		return go_to("access.create_key");
	why = host_judge_key_bind(answer, import_id(im, IMPORT_PROOF_GROUP));
	import_saw(im, answer);
	if (why == FAILURE_GONE) {
		import_gone(im, IMPORT_PROOF_KEY);
		return import_doubt(im, "prove.key", why);
	}
	if (why != FAILURE_NONE)
		return import_host_failed(im, answer, why);
	return go_on();
}

/* One that we made was read a moment ago, and nobody knows of it yet. */
bool ask_groups(const void *subject, struct request *request)
{
	const struct import *im = subject;

	if (im->memo.created_account && im->memo.moves == 0)
		return false;
	host_ask_account(request, &im->peer, import_id(im, IMPORT_ACCOUNT));
	return true;
}

struct verdict got_groups(void *subject, const struct answer *answer)
{
	struct import *im = subject;
	enum failure why;

	if (!answer)
		return go_on();
	why = host_judge(answer);
	import_saw(im, answer);
	if (why != FAILURE_NONE)
		return import_host_failed(im, answer, why);
	if (!import_keep_groups(im, host_data(answer))) {
		import_blame(im, "the account is in too many groups");
		return failed(FAILURE_HOST_REFUSED);
	}
	return go_on();
}

bool ask_move(const void *subject, struct request *request)
{
	const struct import *im = subject;

	import_ask_groups(im, request, import_id(im, IMPORT_ACCOUNT),
			  import_id(im, IMPORT_GROUP),
			  import_id(im, IMPORT_PROOF_GROUP));
	return true;
}

struct verdict got_move(void *subject, const struct answer *answer)
{
	struct import *im = subject;
	enum failure why = host_judge_account_patch(answer,
					import_id(im, IMPORT_ACCOUNT));

	import_saw(im, answer);
	if (why == FAILURE_GONE) {	/* the live group: make it anew */
		import_gone(im, IMPORT_GROUP);
		import_blame(im, "the live group was removed meanwhile");
		return failed(why);
	}
	if (why != FAILURE_NONE)
		return import_host_failed(im, answer, why);
	im->memo.proven = true;
	im->memo.bound_at = im->now;
	return go_on();
}

struct verdict got_moved(void *subject, const struct answer *answer)
{
	struct import *im = subject;
	enum failure why = host_judge(answer);

	import_saw(im, answer);
	if (why != FAILURE_NONE)
		return import_host_failed(im, answer, why);
	/* Somebody wrote the list between our look and our call. */
	if (!import_groups_hold(im, host_data(answer),
				import_id(im, IMPORT_GROUP),
				import_id(im, IMPORT_PROOF_GROUP)))
		return import_regroup(im, "prove.groups");
	return import_compare(im, answer);
}

bool ask_drop_proof(const void *subject, struct request *request)
{
	const struct import *im = subject;

	host_ask_group_delete(request, &im->peer,
			      import_id(im, IMPORT_PROOF_GROUP));
	return true;
}

struct verdict got_drop_proof(void *subject, const struct answer *answer)
{
	struct import *im = subject;
	enum failure why = host_judge_delete(answer);

	import_saw(im, answer);
	if (why != FAILURE_NONE)
		return import_host_failed(im, answer, why);
	import_gone(im, IMPORT_PROOF_GROUP);
	import_settle(im, IMPORT_PROOF_KEY, "created", NULL);
	im->memo.proving = false;
	return go_to(im->memo.retire ? "retire.read" : "access.user");
}
