/*
 * The private group and the copy of an account in it, for what could do harm:
 * made and taken away.  On a host that ignores the responses mode the copy
 * waits in the parking group first, as an account of an import does.
 */
#include <string.h>

#include "schedd/check.h"
#include "schedd/host/account.h"
#include "schedd/host/account_view.h"
#include "schedd/host/group.h"
#include "schedd/import_steps.h"
#include "shared/table.h"

#define FLAG_FIRST_MS	20
#define FLAG_POLL_MS	250
#define SETTLE_MS	1200	/* until a change can be read back */

/* ---- what is made ---- */

/*
 * Taken with an id, it was left behind by one that could not remove it: what
 * it is like by now nobody knows, nor whether the host still is the one that
 * gave that id.
 */
static bool has_old(const struct import *im, enum import_resource which)
{
	return import_id(im, which) != 0;
}

static bool has_mark(const struct import *im, enum import_resource which,
		     const json_t *live)
{
	static const char *const members[] = {
		"name", "notes", "description",
	};
	const char *mark = im->resources[which].mark;

	for (size_t i = 0; i < COUNT(members); i++) {
		const char *text = host_member_text(live, members[i]);

		if (text && strstr(text, mark))
			return true;
	}
	return false;
}

/* On, to remove it; to `skip` without one, and `again` if it is not there. */
static struct verdict old_seen(struct import *im, const struct answer *answer,
			       enum import_resource which, const char *skip,
			       const char *again)
{
	enum failure why;

	if (!answer)
		return go_to(skip);
	why = host_judge(answer);
	import_saw(im, answer);
	if (why != FAILURE_NONE && why != FAILURE_GONE)
		return import_host_failed(im, answer, why);
	if (why == FAILURE_NONE && has_mark(im, which, host_data(answer)))
		return go_on();
	import_gone(im, which);
	return go_to(again);
}

static struct verdict old_removed(struct import *im,
				  const struct answer *answer,
				  enum import_resource which,
				  const char *again)
{
	enum failure why = host_judge_delete(answer);

	import_saw(im, answer);
	if (why != FAILURE_NONE)
		return import_host_failed(im, answer, why);
	import_gone(im, which);
	return go_to(again);
}

bool ask_old_group(const void *subject, struct request *request)
{
	const struct import *im = subject;

	if (!has_old(im, IMPORT_PROOF_GROUP))
		return false;
	host_ask_group(request, &im->peer, import_id(im, IMPORT_PROOF_GROUP));
	return true;
}

struct verdict got_old_group(void *subject, const struct answer *answer)
{
	return old_seen(subject, answer, IMPORT_PROOF_GROUP,
			"private.find_group", "private.begin");
}

bool ask_drop_old_group(const void *subject, struct request *request)
{
	const struct import *im = subject;

	host_ask_group_delete(request, &im->peer,
			      import_id(im, IMPORT_PROOF_GROUP));
	return true;
}

struct verdict got_drop_old_group(void *subject, const struct answer *answer)
{
	return old_removed(subject, answer, IMPORT_PROOF_GROUP,
			   "private.begin");
}

bool ask_private_find(const void *subject, struct request *request)
{
	return ask_find_proof(subject, request);
}

struct verdict got_private_find(void *subject, const struct answer *answer)
{
	if (!answer)
		return go_to("private.dispatch");
	return import_found(subject, IMPORT_PROOF_GROUP, answer,
			    "private.dispatch");
}

bool ask_private_group(const void *subject, struct request *request)
{
	return ask_create_proof(subject, request);
}

struct verdict got_private_group(void *subject, const struct answer *answer)
{
	return import_made(subject, IMPORT_PROOF_GROUP, answer,
			   "private.find_group");
}

/* What the live group serves, this one must serve, too. */
bool ask_private_dispatch(const void *subject, struct request *request)
{
	const struct import *im = subject;
	json_auto_t *group = NULL;

	if (!im->memo.dispatch)
		return false;
	group = json_pack("{s:I}", "id",
			  (json_int_t)import_id(im, IMPORT_PROOF_GROUP));
	host_ask_group_dispatch(request, &im->peer, group,
				import_asked_model(im));
	return true;
}

struct verdict got_private_dispatch(void *subject,
				    const struct answer *answer)
{
	struct import *im = subject;
	enum failure why;

	if (!answer)
		return go_on();
	why = host_judge_group_dispatch(answer, true);
	import_saw(im, answer);
	if (why != FAILURE_NONE)
		return import_host_failed(im, answer, why);
	return go_on();
}

struct verdict got_want_clone(void *subject, const struct answer *answer)
{
	(void)subject;
	(void)answer;
	return take_resource(IMPORT_CLONE, "private.old_clone");
}

bool ask_old_clone(const void *subject, struct request *request)
{
	const struct import *im = subject;

	if (!has_old(im, IMPORT_CLONE))
		return false;
	host_ask_account(request, &im->peer, import_id(im, IMPORT_CLONE));
	return true;
}

struct verdict got_old_clone(void *subject, const struct answer *answer)
{
	return old_seen(subject, answer, IMPORT_CLONE, "private.find_clone",
			"private.clone");
}

bool ask_drop_old_clone(const void *subject, struct request *request)
{
	const struct import *im = subject;

	host_ask_account_delete(request, &im->peer,
				import_id(im, IMPORT_CLONE));
	return true;
}

struct verdict got_drop_old_clone(void *subject, const struct answer *answer)
{
	return old_removed(subject, answer, IMPORT_CLONE, "private.clone");
}

bool ask_find_clone(const void *subject, struct request *request)
{
	const struct import *im = subject;

	host_ask_account_find(request, &im->peer,
			      im->resources[IMPORT_CLONE].mark,
			      im->memo.page + 1);
	return true;
}

struct verdict got_find_clone(void *subject, const struct answer *answer)
{
	return import_found(subject, IMPORT_CLONE, answer, "private.flag");
}

/* The group into which it is made; see flow_import.c. */
static enum import_resource birth_group(const struct import *im)
{
	return import_needs_parking(im) ? IMPORT_PARKING : IMPORT_PROOF_GROUP;
}

/* A create into a group that is not there leaves an account behind. */
bool ask_private_still(const void *subject, struct request *request)
{
	const struct import *im = subject;

	host_ask_group(request, &im->peer, import_id(im, birth_group(im)));
	return true;
}

struct verdict got_private_still(void *subject, const struct answer *answer)
{
	struct import *im = subject;
	enum failure why = host_judge(answer);

	import_saw(im, answer);
	if (why == FAILURE_GONE)
		import_gone(im, birth_group(im));
	if (why != FAILURE_NONE)
		return import_host_failed(im, answer, why);
	return go_on();
}

bool ask_create_clone(const void *subject, struct request *request)
{
	const struct import *im = subject;

	return import_ask_account(im, IMPORT_CLONE, birth_group(im), request);
}

struct verdict got_create_clone(void *subject, const struct answer *answer)
{
	struct import *im = subject;

	if (!answer)
		return failed(FAILURE_INTERNAL);
	/* Looked for and not there: ask under another key. */
	if (import_is_unfinished(answer) && im->memo.doubts > 1) {
		im->resources[IMPORT_CLONE].generation++;
		im->changed[IMPORT_CLONE] = true;
	}
	return import_made(im, IMPORT_CLONE, answer, "private.find_clone");
}

static void ask_clone(const struct import *im, struct request *request)
{
	host_ask_account(request, &im->peer, import_id(im, IMPORT_CLONE));
}

/* Only where the mode is ignored: has the host's own probe ended? */
bool ask_clone_flag(const void *subject, struct request *request)
{
	const struct import *im = subject;

	if (!import_needs_parking(im))
		return false;
	ask_clone(im, request);
	return true;
}

struct verdict got_clone_flag(void *subject, const struct answer *answer)
{
	struct import *im = subject;
	enum failure why;

	if (!answer)
		return go_on();
	why = host_judge(answer);
	import_saw(im, answer);
	if (why != FAILURE_NONE)
		return import_host_failed(im, answer, why);
	if (host_account_flag_seen(host_data(answer)) ||
	    im->now - im->step_since >= im->settings->flag_wait_ms)
		return go_on();
	return poll_after(im->memo.polls ? FLAG_POLL_MS
						 : FLAG_FIRST_MS,
			  FAILURE_WARMING_UP);
}

bool ask_clone_bind(const void *subject, struct request *request)
{
	const struct import *im = subject;
	json_auto_t *group = json_pack("[I]",
			(json_int_t)import_id(im, IMPORT_PROOF_GROUP));
	const struct host_account_patch patch = {
		.relay = true, .group_ids = group,
	};

	if (!import_needs_parking(im))
		return false;
	host_ask_account_patch(request, &im->peer, import_id(im, IMPORT_CLONE),
			       &patch);
	return true;
}

struct verdict got_clone_bind(void *subject, const struct answer *answer)
{
	struct import *im = subject;
	enum failure why;

	if (!answer)
		return go_on();
	why = host_judge_account_patch(answer, import_id(im, IMPORT_CLONE));
	import_saw(im, answer);
	if (why != FAILURE_NONE)
		return import_host_failed(im, answer, why);
	return go_on();
}

bool ask_clone_read(const void *subject, struct request *request)
{
	ask_clone(subject, request);
	return true;
}

static bool is_alone(const json_t *live)
{
	return json_array_size(json_object_get(live, "group_ids")) <= 1 &&
	       json_array_size(json_object_get(live, "account_groups")) <= 1;
}

/* It must be what the live one is, and nowhere else than here. */
struct verdict got_clone_read(void *subject, const struct answer *answer)
{
	struct import *im = subject;
	json_auto_t *wanted = json_loads(
		im->resources[IMPORT_CLONE].wanted_json, 0, NULL);
	const struct host_account_check check = {
		.features = &im->features, .wanted = wanted,
		.only_group = import_id(im, IMPORT_PROOF_GROUP),
	};
	enum failure why = host_judge(answer);
	char words[200];

	import_saw(im, answer);
	if (why != FAILURE_NONE)
		return import_host_failed(im, answer, why);
	if (host_account_differs(&check, host_data(answer), words,
				 sizeof(words)) ||
	    !is_alone(host_data(answer)))
		return retry(FAILURE_NOT_AS_WRITTEN, SETTLE_MS);
	return go_on();
}

/* ---- what is taken away ---- */

/* Are we making it, and do not know whether the host has it? */
static bool may_be_lost(const struct import *im, enum import_resource which)
{
	return import_holds(im, which) && import_id(im, which) == 0;
}

bool ask_lost_clone(const void *subject, struct request *request)
{
	const struct import *im = subject;

	return may_be_lost(im, IMPORT_CLONE) &&
	       ask_find_clone(subject, request);
}

/* Found or not, the next step knows by its id what there is to remove. */
static struct verdict lost(struct import *im, const struct answer *answer,
			   enum import_resource which)
{
	struct verdict v;

	if (!answer)
		return go_on();
	v = import_leave(im, import_found(im, which, answer, NULL));
	return v.kind == VERDICT_GO_TO ? go_on() : v;
}

struct verdict got_lost_clone(void *subject, const struct answer *answer)
{
	return lost(subject, answer, IMPORT_CLONE);
}

bool ask_drop_clone(const void *subject, struct request *request)
{
	const struct import *im = subject;

	return import_holds(im, IMPORT_CLONE) && has_old(im, IMPORT_CLONE) &&
	       ask_drop_old_clone(subject, request);
}

/* What a host does not let go stays, and is removed by the next check. */
static struct verdict dropped(struct import *im, const struct answer *answer,
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
	return go_on();
}

struct verdict got_drop_clone(void *subject, const struct answer *answer)
{
	return dropped(subject, answer, IMPORT_CLONE);
}

bool ask_lost_private(const void *subject, struct request *request)
{
	return ask_lost_proof(subject, request);
}

struct verdict got_lost_private(void *subject, const struct answer *answer)
{
	return lost(subject, answer, IMPORT_PROOF_GROUP);
}

bool ask_drop_private(const void *subject, struct request *request)
{
	return ask_undo_proof(subject, request);
}

struct verdict got_drop_private(void *subject, const struct answer *answer)
{
	return dropped(subject, answer, IMPORT_PROOF_GROUP);
}
