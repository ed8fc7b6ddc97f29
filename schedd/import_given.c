/*
 * Proving with a key of somebody real: probe_api_key, access_api_key.
 *
 * Its owner is found by the end of the key and compared in full, by
 * fingerprint; is given what the mode of access needs; and the key is moved
 * to our group, unless it serves its owner elsewhere and nobody said that it
 * may be moved (decision D12).  Also: binding the key of a managed user of
 * self service, which gives that user the right to the group.
 */
#include "schedd/host/group.h"
#include "schedd/host/key.h"
#include "schedd/host/owner.h"
#include "schedd/host/subscription.h"
#include "schedd/host/user.h"
#include "schedd/import_steps.h"
#include "schedd/judge.h"
#include "shared/moved_keys.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

bool ask_owner(const void *subject, struct request *request)
{
	const struct import *im = subject;

	host_ask_user_by_key(request, &im->peer);
	return true;
}

static struct verdict nobody(struct import *im)
{
	import_blame(im, "no user of this host has this key");
	return failed(FAILURE_PROBE_KEY_UNKNOWN);
}

struct verdict got_owner(void *subject, const struct answer *answer)
{
	struct import *im = subject;
	enum failure why = host_judge_user_by_key(answer,
				(size_t)im->memo.candidate,
				import_id(im, IMPORT_GROUP), &im->memo.owner,
				&im->memo.may);

	import_saw(im, answer);
	if (why != FAILURE_NONE)
		return import_host_failed(im, answer, why);
	im->memo.page = 0;
	return im->memo.owner ? go_on() : nobody(im);
}

bool ask_owner_keys(const void *subject, struct request *request)
{
	const struct import *im = subject;

	host_ask_user_keys_page(request, &im->peer, im->memo.owner,
				im->memo.page + 1);
	return true;
}

/* Bound to somebody's group, and not to be moved: say to which. */
static struct verdict bound_elsewhere(struct import *im,
				      const struct host_owned_key *key)
{
	AUTO_FREE char *words = xasprintf(
		"the key is bound to group %" PRId64 " (%s); say rebind to"
		" move it", key->group_id, key->group_name);

	import_blame(im, words);
	return failed(FAILURE_PROBE_KEY_BOUND_ELSEWHERE);
}

struct verdict got_owner_keys(void *subject, const struct answer *answer)
{
	struct import *im = subject;
	struct host_owned_key key = { 0 };
	int64_t ours = import_id(im, IMPORT_GROUP);
	enum failure why = host_judge_user_keys(answer,
				im->run.given_key_fingerprint, &key);

	import_saw(im, answer);
	if (why != FAILURE_NONE)
		return import_host_failed(im, answer, why);
	if (key.id == 0 && host_more_user_keys(answer)) {
		im->memo.page++;
		return poll_after(0, FAILURE_NONE);
	}
	im->memo.page = 0;
	if (key.id == 0) {	/* somebody whose key ends alike: the next */
		im->memo.candidate++;
		return go_to("access.owner");
	}
	im->memo.owner_key = key.id;
	if (!im->memo.rebound)
		im->memo.owner_group = key.group_id;
	if (key.group_id != 0 && key.group_id != ours && !im->run.rebind)
		return bound_elsewhere(im, &key);
	im->memo.here = key.group_id == ours;
	im->moves_key = true;
	return go_to("access.subscription");
}

/* The key that is to be in our group. */
static int64_t key_to_bind(const struct import *im)
{
	return import_is_given(im) ? im->memo.owner_key
				   : import_id(im, IMPORT_KEY);
}

bool ask_bind_key(const void *subject, struct request *request)
{
	const struct import *im = subject;

	if (key_to_bind(im) == 0 || (import_is_given(im) && im->memo.here))
		return false;
	host_ask_key_bind(request, &im->peer, key_to_bind(im),
			  import_id(im, IMPORT_GROUP));
	return true;
}

/* The key that the host does not have: its row, or its owner, is old. */
static struct verdict key_gone(struct import *im, enum failure why)
{
	if (import_is_given(im)) {
		im->memo.candidate = 0;
		return import_doubt(im, "access.owner", why);
	}
	import_gone(im, IMPORT_KEY);
	return import_doubt(im, "access.key", why);
}

struct verdict got_bind_key(void *subject, const struct answer *answer)
{
	struct import *im = subject;
	enum failure why;

	if (!answer)
		return go_to("access.whoami");
	why = host_judge_key_bind(answer, import_id(im, IMPORT_GROUP));
	import_saw(im, answer);
	/* It may have been moved: undo puts it back where it was. */
	if (import_is_given(im) && judge_is_doubtful(answer))
		im->memo.rebound = true;
	if (host_reason_is(answer, "GROUP_NOT_FOUND"))
		return failed(FAILURE_GONE);
	if (why == FAILURE_GONE)
		return key_gone(im, why);
	if (why != FAILURE_NONE)
		return import_host_failed(im, answer, why);
	if (import_is_given(im)) {
		im->memo.rebound = true;
		import_heal(im, "rebind");
	} else if (import_holds(im, IMPORT_KEY)) {
		import_settle(im, IMPORT_KEY, "created", NULL);
		im->memo.created_key = true;
	} else {
		import_bound_key(im);
		import_heal(im, "rebind");
	}
	return go_to("access.whoami");
}

/*
 * How users see the host: in simple mode groups do not part accounts, and
 * only what a user is told says so.  Asked once for a host.
 */
bool ask_whoami(const void *subject, struct request *request)
{
	const struct import *im = subject;

	if (im->host.run_mode || import_is_given(im) ||
	    !im->resources[import_token(im)].secret_id)
		return false;
	host_ask_whoami(request, &im->peer);
	return true;
}

struct verdict got_whoami(void *subject, const struct answer *answer)
{
	struct import *im = subject;
	const char *next = im->memo.proving ? "prove.models"
					    : "validate.models";
	const char *mode;

	if (!answer)
		return go_to(next);
	import_saw(im, answer);
	/* Not knowing is no reason to fail: the next one asks again. */
	mode = host_judge(answer) == FAILURE_NONE
		? host_member_text(host_data(answer), "run_mode") : NULL;
	if (!mode)
		return go_to(next);
	own_set(&im->run_mode, mode);
	own_set(&im->host.run_mode, mode);
	im->simple = strcmp(mode, "simple") == 0;
	im->memo.widened = false;	/* it may have to be once more */
	/* The account needs a name that no other has: see import_widen.c. */
	return im->simple && !im->checking ? go_to("confirm.account")
					   : go_to(next);
}

/* What is elsewhere by now was moved on: that is where it is wanted. */
bool ask_undo_bound(const void *subject, struct request *request)
{
	const struct import *im = subject;

	if (!im->memo.rebound || im->memo.owner_key == 0)
		return false;
	host_ask_user_keys_page(request, &im->peer, im->memo.owner,
				im->memo.page + 1);
	return true;
}

/*
 * What a page shows is added to what those before it showed; is there
 * something that only another can tell?
 */
static bool look_at_keys(struct import *im, const struct answer *answer)
{
	struct host_key_look look = {
		.key_id = im->memo.owner_key,
		.group_id = import_id(im, IMPORT_GROUP),
	};

	host_look_at_user_keys(answer, &look);
	if (look.found) {
		im->memo.key_found = true;
		im->memo.key_group = look.bound_to;
	}
	im->memo.group_used |= look.used;
	return !(im->memo.key_found &&
		 (!im->right_ends || im->memo.group_used)) &&
	       host_more_user_keys(answer);
}

struct verdict got_undo_bound(void *subject, const struct answer *answer)
{
	struct import *im = subject;
	struct host_page page = { 0 };
	enum failure why;

	if (!answer)
		return go_on();
	why = host_judge_page(answer, &page);
	import_saw(im, answer);
	if (why != FAILURE_NONE && why != FAILURE_GONE)
		return import_leave(im, import_host_failed(im, answer, why));
	if (look_at_keys(im, answer)) {
		im->memo.page++;
		return poll_after(0, FAILURE_NONE);
	}
	im->memo.page = 0;
	im->memo.revokes = im->right_ends && !im->memo.group_used &&
			   why == FAILURE_NONE;
	if (im->memo.key_found && !im->key_stays &&
	    im->memo.key_group == import_id(im, IMPORT_GROUP))
		return go_to("undo.move_back");
	im->memo.rebound = false;
	/* Behind the last page it may be bound to ours: a rollback tells. */
	im->moved_back = im->memo.key_found || host_page_is_last(&page);
	if (!im->moved_back)
		item_warn(&im->item, "left_on_host", "the key's owner has too "
			  "many keys to look through");
	return go_on();
}

/* What we moved goes back where it was: it is somebody's own key. */
bool ask_undo_rebind(const void *subject, struct request *request)
{
	const struct import *im = subject;

	if (!im->memo.rebound || im->memo.owner_key == 0)
		return false;
	host_ask_key_bind(request, &im->peer, im->memo.owner_key,
			  im->memo.owner_group);
	return true;
}

struct verdict got_undo_rebind(void *subject, const struct answer *answer)
{
	struct import *im = subject;
	struct verdict v = go_to("undo.subscription");
	enum failure why;

	if (!answer)
		return v;
	why = host_judge_key_bind(answer, im->memo.owner_group);
	import_saw(im, answer);
	if (host_reason_is(answer, "GROUP_NOT_FOUND") && !im->memo.nowhere) {
		im->memo.nowhere = true;
		im->memo.owner_group = 0;
		return go_to("undo.move_back");
	}
	if (why == FAILURE_NONE || why == FAILURE_GONE) {
		im->memo.rebound = false;
		im->moved_back = true;
		return v;
	}
	return import_leave_to(im, import_host_failed(im, answer, why),
			       "undo.subscription");
}

/* By this task, or by one that left it to us when it failed. */
static bool was_assigned_by_crm(const struct import *im)
{
	const char *origin = im->resources[IMPORT_SUBSCRIPTION].origin;

	return im->memo.assigned || (origin && strcmp(origin, "created") == 0);
}

/* What somebody real was given in a group that stays is taken back. */
bool ask_undo_subscription(const void *subject, struct request *request)
{
	const struct import *im = subject;

	if (!import_is_given(im) || !im->memo.live ||
	    !was_assigned_by_crm(im) || im->subscription_stays ||
	    import_id(im, IMPORT_SUBSCRIPTION) == 0)
		return false;
	host_ask_subscription_revoke(request, &im->peer,
				     import_id(im, IMPORT_SUBSCRIPTION));
	return true;
}

struct verdict got_undo_subscription(void *subject,
				     const struct answer *answer)
{
	struct import *im = subject;
	enum failure why;

	if (!answer)
		return go_on();
	why = host_judge_delete(answer);
	import_saw(im, answer);
	if (why != FAILURE_NONE)
		return import_leave(im, import_host_failed(im, answer, why));
	import_gone(im, IMPORT_SUBSCRIPTION);
	return go_on();
}

/*
 * The right to our group, which the host gave with the move, ends with it if
 * the group stays.
 */
bool ask_undo_user(const void *subject, struct request *request)
{
	const struct import *im = subject;

	if (!im->memo.revokes || im->memo.owner == 0 ||
	    im->resources[IMPORT_GROUP].state == RESOURCE_GONE)
		return false;
	host_ask_user(request, &im->peer, im->memo.owner);
	return true;
}

/* What is to be written next; NULL: the right stays as it is. */
static void keep_rights(struct import *im, char *take_rights)
{
	if (take_rights && strlen(take_rights) > MOVED_RIGHTS_MAX) {
		item_warn(&im->item, "left_on_host", "the key's owner has too "
			  "many rights to write: the one to the group stays");
		free(take_rights);
		take_rights = NULL;
	}
	free(im->kept_rights);
	im->kept_rights = take_rights;
	im->keeps_rights = true;
	im->memo.revokes = take_rights != NULL;
}

struct verdict got_undo_user(void *subject, const struct answer *answer)
{
	struct import *im = subject;
	enum failure why;

	if (!answer)
		return go_on();
	why = host_judge(answer);
	import_saw(im, answer);
	if (why != FAILURE_NONE && why != FAILURE_GONE)
		return import_leave(im, import_host_failed(im, answer, why));
	keep_rights(im, why == FAILURE_NONE
		? host_user_groups_but(host_data(answer),
				       import_id(im, IMPORT_GROUP), im->rights)
		: NULL);
	return go_on();
}

bool ask_undo_right(const void *subject, struct request *request)
{
	const struct import *im = subject;

	if (!im->memo.revokes || !im->kept_rights ||
	    im->resources[IMPORT_GROUP].state == RESOURCE_GONE)
		return false;
	host_ask_user_groups(request, &im->peer, im->memo.owner,
			     im->kept_rights);
	return true;
}

struct verdict got_undo_right(void *subject, const struct answer *answer)
{
	struct import *im = subject;
	enum failure why;

	if (!answer)
		return go_on();
	why = host_judge(answer);
	import_saw(im, answer);
	if (why != FAILURE_NONE && why != FAILURE_GONE)
		return import_leave(im, import_host_failed(im, answer, why));
	keep_rights(im, NULL);
	return go_on();
}
