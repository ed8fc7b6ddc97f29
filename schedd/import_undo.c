/*
 * Taking back what a failed import made: last to first, and only what nobody
 * else can rest on.  While our group was not live no other task could pass
 * it, so what hangs on it is ours alone; in a group that was live before, or
 * that the proof for another user made live, only the account is.
 */
#include "schedd/host/account.h"
#include "schedd/host/answer.h"
#include "schedd/host/group.h"
#include "schedd/host/key.h"
#include "schedd/host/mark.h"
#include "schedd/host/subscription.h"
#include "schedd/import_steps.h"

static bool is_held(const struct import *im, enum import_resource which)
{
	return import_holds(im, which) && import_id(im, which) != 0;
}

/*
 * The host does not let us: again if that can help, but one thing that stays
 * must not keep the others from going.
 */
static bool has_to_stay(struct import *im, const struct verdict *v)
{
	if (v->kind != VERDICT_FAILED && (v->kind != VERDICT_RETRY ||
	    im->attempt + 1 < im->settings->attempts_max))
		return false;
	item_warn(&im->item, "left_on_host", "not all that was made could be "
		  "taken back; see the events");
	import_note(im, "left", NULL);
	return true;
}

struct verdict import_leave(struct import *im, struct verdict v)
{
	return has_to_stay(im, &v) ? go_on() : v;
}

struct verdict import_leave_to(struct import *im, struct verdict v,
			       const char *step)
{
	return has_to_stay(im, &v) ? go_to(step) : v;
}

static struct verdict removed(struct import *im, const struct answer *answer,
			      enum import_resource which)
{
	enum failure why;

	if (!answer)
		return go_on();
	why = host_judge_delete(answer);
	import_saw(im, answer);
	if (why != FAILURE_NONE)
		return import_leave(im, import_host_failed(im, answer, why));
	import_gone(im, which);
	import_note(im, "removed", NULL);
	return go_on();
}

bool ask_undo_key(const void *subject, struct request *request)
{
	const struct import *im = subject;

	if (im->memo.live || !import_holds(im, IMPORT_GROUP) ||
	    !im->memo.created_key ||
	    im->resources[IMPORT_TOKEN].state != RESOURCE_PRESENT ||
	    import_id(im, IMPORT_KEY) == 0)
		return false;
	host_ask_key_delete(request, &im->peer, import_id(im, IMPORT_KEY));
	return true;
}

struct verdict got_undo_key(void *subject, const struct answer *answer)
{
	return removed(subject, answer, IMPORT_KEY);
}

/*
 * Are we making it and do not know whether the host has it?  The answer may
 * have been lost, or nobody looked at it because the run was cancelled.
 */
static bool may_be_lost(const struct import *im, enum import_resource which)
{
	return import_holds(im, which) && import_id(im, which) == 0;
}

bool ask_lost_account(const void *subject, struct request *request)
{
	const struct import *im = subject;

	if (!may_be_lost(im, IMPORT_ACCOUNT))
		return false;
	host_ask_account_find(request, &im->peer,
			      im->resources[IMPORT_ACCOUNT].mark,
			      im->memo.page + 1);
	return true;
}

struct verdict got_lost_account(void *subject, const struct answer *answer)
{
	struct import *im = subject;
	struct verdict v;

	if (!answer)
		return go_on();
	v = import_leave(im, import_found(im, IMPORT_ACCOUNT, answer,
				   "undo.account"));
	if (v.kind == VERDICT_GO_TO)
		im->memo.created_account = true;
	return v;
}

bool ask_lost_proof(const void *subject, struct request *request)
{
	const struct import *im = subject;

	if (!may_be_lost(im, IMPORT_PROOF_GROUP))
		return false;
	host_ask_group_find(request, &im->peer,
			    im->resources[IMPORT_PROOF_GROUP].mark);
	return true;
}

struct verdict got_lost_proof(void *subject, const struct answer *answer)
{
	if (!answer)
		return go_on();
	return import_leave(subject, import_found(subject, IMPORT_PROOF_GROUP,
					   answer, "undo.proof_group"));
}

bool ask_undo_proof(const void *subject, struct request *request)
{
	const struct import *im = subject;

	if (!is_held(im, IMPORT_PROOF_GROUP))
		return false;
	host_ask_group_delete(request, &im->peer,
			      import_id(im, IMPORT_PROOF_GROUP));
	return true;
}

struct verdict got_undo_proof(void *subject, const struct answer *answer)
{
	return removed(subject, answer, IMPORT_PROOF_GROUP);
}

bool ask_lost_group(const void *subject, struct request *request)
{
	const struct import *im = subject;

	if (!may_be_lost(im, IMPORT_GROUP))
		return false;
	host_ask_group_find(request, &im->peer,
			    im->resources[IMPORT_GROUP].mark);
	return true;
}

struct verdict got_lost_group(void *subject, const struct answer *answer)
{
	if (!answer)
		return go_on();
	return import_leave(subject, import_found(subject, IMPORT_GROUP, answer,
					   "undo.members"));
}

/* What people had switched off, and this import on, is off again. */
bool ask_undo_switch(const void *subject, struct request *request)
{
	const struct import *im = subject;
	const bool off = false;
	const struct host_account_patch patch = {
		.status = im->memo.was_inactive ? "inactive" : NULL,
		.schedulable = im->memo.was_unschedulable ? &off : NULL,
	};

	if (!im->memo.reviving || !is_held(im, IMPORT_ACCOUNT) ||
	    im->memo.calls == 0 || (!patch.status && !patch.schedulable))
		return false;
	host_ask_account_patch(request, &im->peer,
			       import_id(im, IMPORT_ACCOUNT), &patch);
	return true;
}

struct verdict got_undo_switch(void *subject, const struct answer *answer)
{
	struct import *im = subject;
	enum failure why;

	if (!answer)
		return go_on();
	why = host_judge_account_patch(answer, import_id(im, IMPORT_ACCOUNT));
	import_saw(im, answer);
	if (why != FAILURE_NONE)
		return import_leave(im, import_host_failed(im, answer, why));
	import_note(im, "restored", NULL);
	return go_on();
}

bool ask_undo_account(const void *subject, struct request *request)
{
	const struct import *im = subject;

	if (!im->memo.created_account || !is_held(im, IMPORT_ACCOUNT))
		return false;
	host_ask_account_delete(request, &im->peer,
				import_id(im, IMPORT_ACCOUNT));
	return true;
}

struct verdict got_undo_account(void *subject, const struct answer *answer)
{
	struct import *im = subject;
	struct verdict v = removed(im, answer, IMPORT_ACCOUNT);

	if (answer && im->resources[IMPORT_ACCOUNT].state == RESOURCE_GONE)
		im->item.resolution = RESOLUTION_NONE;
	return v;
}

/* ---- the group, with what others may have put into it ---- */

static struct verdict stays(struct import *im, const char *words)
{
	item_warn(&im->item, "left_on_host", words);
	import_note(im, "left", NULL);
	return go_to("undo.user");
}

/* What is bound to our group by now and not ours would be unbound. */
bool ask_undo_members(const void *subject, struct request *request)
{
	const struct import *im = subject;

	if (im->memo.live || !is_held(im, IMPORT_GROUP))
		return false;
	host_ask_group(request, &im->peer, import_id(im, IMPORT_GROUP));
	return true;
}

struct verdict got_undo_members(void *subject, const struct answer *answer)
{
	struct import *im = subject;
	enum failure why;

	if (!answer)
		return go_on();
	why = host_judge(answer);
	import_saw(im, answer);
	if (why != FAILURE_NONE && why != FAILURE_GONE)
		return import_leave_to(im, import_host_failed(im, answer, why),
				       "undo.user");
	if (why == FAILURE_GONE || host_member_i64(host_data(answer),
						   "account_count") == 0)
		return go_on();
	return stays(im, "somebody bound an account to the group that was "
		     "made: it stays");
}

/* On, unless something in a list is somebody else's, on whatever page. */
static struct verdict unless(struct import *im, const struct answer *answer,
			     bool (*is_theirs)(const struct import *im,
					       const json_t *it),
			     const char *words)
{
	struct host_page page = { 0 };
	enum failure why = host_judge_page(answer, &page);
	size_t i;
	const json_t *it;

	import_saw(im, answer);
	if (why != FAILURE_NONE && why != FAILURE_GONE)
		return import_leave_to(im, import_host_failed(im, answer, why),
				       "undo.user");
	json_array_foreach(page.items, i, it)
		if (is_theirs(im, it))
			return stays(im, words);
	if (why == FAILURE_GONE || host_page_is_last(&page)) {
		im->memo.page = 0;
		return go_on();
	}
	im->memo.page++;
	return poll_after(0, FAILURE_NONE);
}

bool ask_undo_group_keys(const void *subject, struct request *request)
{
	const struct import *im = subject;

	if (im->memo.live || !is_held(im, IMPORT_GROUP))
		return false;
	host_ask_group_keys(request, &im->peer, import_id(im, IMPORT_GROUP),
			    im->memo.page + 1);
	return true;
}

static bool is_their_key(const struct import *im, const json_t *key)
{
	return !host_mark_of(host_member_text(key, "name"), im->inst);
}

struct verdict got_undo_group_keys(void *subject, const struct answer *answer)
{
	return answer ? unless(subject, answer, is_their_key, "somebody bound "
			       "a key to the group that was made: it stays")
		      : go_on();
}

bool ask_undo_group_subs(const void *subject, struct request *request)
{
	const struct import *im = subject;

	if (im->memo.live || !is_held(im, IMPORT_GROUP))
		return false;
	host_ask_group_subscriptions(request, &im->peer,
				     import_id(im, IMPORT_GROUP),
				     im->memo.page + 1);
	return true;
}

static bool is_their_subscription(const struct import *im,
				  const json_t *object)
{
	return host_group_subscription_is_theirs(object, &im->peer);
}

struct verdict got_undo_group_subs(void *subject, const struct answer *answer)
{
	return answer ? unless(subject, answer, is_their_subscription,
			       "somebody was let into the group that was "
			       "made: it stays")
		      : go_on();
}

bool ask_undo_group(const void *subject, struct request *request)
{
	const struct import *im = subject;

	if (im->memo.live || !is_held(im, IMPORT_GROUP))
		return false;
	host_ask_group_delete(request, &im->peer,
			      import_id(im, IMPORT_GROUP));
	return true;
}

struct verdict got_undo_group(void *subject, const struct answer *answer)
{
	struct import *im = subject;
	struct verdict v = removed(im, answer, IMPORT_GROUP);

	/* Its subscriptions went with it. */
	if (im->resources[IMPORT_GROUP].state == RESOURCE_GONE &&
	    im->resources[IMPORT_SUBSCRIPTION].resource_id)
		import_gone(im, IMPORT_SUBSCRIPTION);
	return v;
}

struct verdict got_undone(void *subject, const struct answer *answer)
{
	const struct import *im = subject;

	(void)answer;
	return failed((enum failure)im->memo.failure);
}
