/*
 * An account whose key or kind somebody changed is let go of: another took
 * its place, and it leaves the group that is ours.
 */
#include "schedd/host/account_view.h"
#include "schedd/host/mend.h"
#include "schedd/import_steps.h"
#include "shared/resource_reopen.h"

/*
 * Another is in its place and proven: it leaves the group that is ours, before
 * a user's proof could meet it there.  Nothing else of it is touched.
 */
bool ask_retire_read(const void *subject, struct request *request)
{
	const struct import *im = subject;

	host_ask_account(request, &im->peer, im->memo.retire);
	return true;
}

static struct verdict stays(struct import *im, enum failure why)
{
	item_warn(&im->item, "left_on_host", failure_name(why));
	return go_to("access.user");
}

struct verdict got_retire_read(void *subject, const struct answer *answer)
{
	struct import *im = subject;
	enum failure why = host_judge(answer);

	import_saw(im, answer);
	if (why == FAILURE_GONE) {
		im->memo.retire = 0;
		return go_to("access.user");
	}
	if (why != FAILURE_NONE)
		return failure_facts(why)->passes && im->attempt == 0
			? retry(why, 0) : stays(im, why);
	if (!host_account_in_group(host_data(answer),
				   import_id(im, IMPORT_GROUP)))
		return go_to("access.user");
	return import_keep_groups(im, host_data(answer))
		? go_on() : stays(im, FAILURE_HOST_REFUSED);
}

bool ask_retire(const void *subject, struct request *request)
{
	const struct import *im = subject;

	import_ask_groups(im, request, im->memo.retire, 0,
			  import_id(im, IMPORT_GROUP));
	return true;
}

struct verdict got_retire(void *subject, const struct answer *answer)
{
	struct import *im = subject;
	enum failure why = host_judge_account_patch(answer, im->memo.retire);
	struct verdict next = go_to("access.user");

	import_saw(im, answer);
	if (why != FAILURE_NONE)
		return stays(im, why);
	im->memo.retired = true;
	im->memo.changed_at = im->memo.bound_at = im->now;
	import_note(im, "retired", NULL);
	/* A host calls it for a moment still, and it would answer badly. */
	next.delay_ms = HOST_MEND_GAP_MS;
	return next;
}

/*
 * The one in its place did not do: it comes back to our group.  Others may
 * have bound it elsewhere meanwhile.
 */
bool ask_retired_now(const void *subject, struct request *request)
{
	const struct import *im = subject;

	if (!im->memo.retired || import_id(im, IMPORT_GROUP) == 0 ||
	    im->resources[IMPORT_GROUP].state == RESOURCE_GONE)
		return false;
	host_ask_account(request, &im->peer, im->memo.retire);
	return true;
}

struct verdict got_retired_now(void *subject, const struct answer *answer)
{
	const char *next = "undo.switch";
	struct import *im = subject;
	enum failure why;

	if (!answer)
		return go_to(next);
	why = host_judge(answer);
	import_saw(im, answer);
	if (why == FAILURE_GONE)
		return go_to(next);
	if (why != FAILURE_NONE)
		return import_leave_to(im, import_host_failed(im, answer, why),
				       next);
	if (import_keep_groups(im, host_data(answer)))
		return go_on();
	item_warn(&im->item, "left_on_host", "the account that was to come "
		  "back to the group is in too many others");
	return go_to(next);
}

bool ask_undo_retired(const void *subject, struct request *request)
{
	const struct import *im = subject;

	import_ask_groups(im, request, im->memo.retire,
			  import_id(im, IMPORT_GROUP), 0);
	return true;
}

struct verdict got_undo_retired(void *subject, const struct answer *answer)
{
	struct import *im = subject;
	enum failure why = host_judge_account_patch(answer, im->memo.retire);

	import_saw(im, answer);
	if (why != FAILURE_NONE)
		return import_leave(im, import_host_failed(im, answer, why));
	import_note(im, "restored", NULL);
	return go_on();
}

/*
 * None took its place: what was begun of another is closed, and its own row
 * stands for it again.
 */
int import_keep_retired(const struct store *store, struct import *im,
			int64_t now, struct err *err)
{
	struct resource *row = &im->resources[IMPORT_ACCOUNT];

	if (im->memo.retire == 0)
		return 0;
	if (import_holds(im, IMPORT_ACCOUNT) && !row->host_resource_id) {
		row->state = RESOURCE_GONE;
		if (resources_save(store->db, row, im->task_id, now, err))
			return -1;
	}
	return resource_reopen(store->db, im->memo.retire_row, now, err);
}
