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
#include "schedd/import_written.h"
#include "schedd/judge.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define LOOKS_MIN	2	/* for what may have been made unseen */

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
	if (failure_facts(why)->passes || host_may_stumble(answer, why, im->attempt))
		return retry(why, host_retry_after_ms(answer));
	return failed(why);
}

struct verdict import_doubt(struct import *im, const char *look,
			    enum failure why)
{
	const struct settings *s = im->settings;
	struct verdict v = go_to(look);

	if (im->memo.doubts >= s->attempts_max)
		return failed(why);
	v.failure = why;
	v.delay_ms = s->retry_first_ms;
	for (int64_t i = 0; i < im->memo.doubts; i++)
		if (v.delay_ms < s->retry_max_ms)
			v.delay_ms *= 2;
	im->memo.doubts++;
	return v;
}

static const char *id_text(int64_t id, char ret[24])
{
	snprintf(ret, 24, "%" PRId64, id);
	return ret;
}

bool import_is_unfinished(const struct answer *answer)
{
	return host_reason_is(answer, "IDEMPOTENCY_IN_PROGRESS") ||
	       host_reason_is(answer, "IDEMPOTENCY_RETRY_BACKOFF");
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
	if (host_is_taken(answer) || judge_is_doubtful(answer) ||
	    import_is_unfinished(answer)) {
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
	return take_resource(IMPORT_GROUP, "provision.known_group");
}

/* What has the id by now is another's: it is left alone, and ours is gone. */
static struct verdict lost_to_another(struct import *im,
				      enum import_resource which,
				      const json_t *live)
{
	const char *name = host_member_text(live, "name");
	AUTO_FREE char *words = xasprintf("group %" PRId64 " of the host (%s) "
		"is not CRM's any more: neither its name nor its description "
		"has the mark %s; it is left alone", import_id(im, which),
		name ? name : "", im->resources[which].mark);

	item_warn(&im->item, "group_not_ours", words);
	import_gone(im, which);
	return import_doubt(im, "provision.group", FAILURE_GONE);
}

/*
 * Made by an earlier task: what is bound to it must not get into a group of
 * somebody's that has its id by now.
 */
bool ask_known_group(const void *subject, struct request *request)
{
	const struct import *im = subject;

	if (im->memo.group_seen)
		return false;
	host_ask_group(request, &im->peer, import_id(im, IMPORT_GROUP));
	return true;
}

struct verdict got_known_group(void *subject, const struct answer *answer)
{
	struct import *im = subject;
	enum failure why;

	if (!answer)
		return go_to(import_after_group(im));
	why = host_judge(answer);
	import_saw(im, answer);
	if (why == FAILURE_GONE) {
		import_gone(im, IMPORT_GROUP);
		return import_doubt(im, "provision.group", why);
	}
	if (why != FAILURE_NONE)
		return import_host_failed(im, answer, why);
	if (!owned_is_ours(&im->resources[IMPORT_GROUP], host_data(answer)))
		return lost_to_another(im, IMPORT_GROUP, host_data(answer));
	im->memo.group_seen = true;
	return go_to(import_after_group(im));
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
	struct verdict v;

	if (!answer)
		return go_to("provision.known_group");
	v = import_found(im, IMPORT_GROUP, answer, import_after_group(im));
	im->memo.group_seen = v.kind == VERDICT_GO_TO;
	return v;
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
	struct import *im = subject;
	struct verdict v = import_made(im, IMPORT_GROUP, answer,
				       "provision.find_group");

	im->memo.group_seen = v.kind == VERDICT_GO_ON;
	if (v.kind == VERDICT_GO_ON && im->plan.channel)
		return go_to(import_after_group(im));
	return v;
}

bool import_needs_parking(const struct import *im)
{
	return !im->features.responses_mode;
}

struct verdict got_want_parking(void *subject, const struct answer *answer)
{
	struct import *im = subject;

	(void)answer;
	im->memo.live = im->resources[IMPORT_GROUP].state == RESOURCE_PRESENT;
	if (import_wants_look(im))
		return go_to("foreign.claim");
	if (!import_needs_parking(im))
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

	if (import_adopts(im))
		return false;
	host_ask_account_find(request, &im->peer,
			      im->resources[IMPORT_ACCOUNT].mark,
			      im->memo.page + 1);
	return true;
}

/* One that takes the place of another is a replacement, and said so before. */
static void note_created(struct import *im)
{
	im->memo.created_account = true;
	if (im->item.resolution != RESOLUTION_REPLACED)
		im->item.resolution = RESOLUTION_CREATED;
}

/* One will be made. */
static void decide(struct import *im)
{
	if (im->item.resolution == RESOLUTION_NONE)
		im->item.match = import_reuse_none(im)->match;
}

struct verdict got_find_account(void *subject, const struct answer *answer)
{
	struct import *im = subject;
	struct verdict v;

	if (!answer)
		return go_to("adopt.read");
	v = import_found(im, IMPORT_ACCOUNT, answer, "provision.proof_group");
	if (v.kind == VERDICT_GO_TO) {
		im->memo.adopted = true;
		note_created(im);
	} else if (v.kind == VERDICT_GO_ON) {
		decide(im);
	}
	return v;
}

/* The group into which the account is made. */
static enum import_resource birth_group(const struct import *im)
{
	return import_needs_parking(im) ? IMPORT_PARKING : import_stage_group(im);
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
		import_let_go(im, IMPORT_ACCOUNT);
		return import_doubt(im, "provision.group", why);
	}
	if (why != FAILURE_NONE)
		return import_host_failed(im, answer, why);
	if (!owned_is_ours(&im->resources[birth_group(im)],
			   host_data(answer))) {
		import_let_go(im, IMPORT_ACCOUNT);
		return lost_to_another(im, birth_group(im),
				       host_data(answer));
	}
	return go_on();
}

/* A host says 500 to a proxy that it has not: say which it is. */
bool ask_account_proxy(const void *subject, struct request *request)
{
	const struct import *im = subject;

	if (import_proxy(im) == 0)
		return false;
	host_ask_proxy(request, &im->peer, import_proxy(im));
	return true;
}

struct verdict got_account_proxy(void *subject, const struct answer *answer)
{
	struct import *im = subject;
	AUTO_FREE char *words = NULL;
	enum failure why;

	if (!answer)
		return go_on();
	why = host_judge(answer);
	import_saw(im, answer);
	if (why == FAILURE_NONE)
		return go_on();
	if (why != FAILURE_GONE)
		return import_host_failed(im, answer, why);
	words = xasprintf("the host has no proxy %s", im->item.account_proxy);
	import_blame(im, words);
	return failed(FAILURE_ACCOUNT_PROXY_UNKNOWN);
}

bool import_ask_account(const struct import *im, enum import_resource which,
			enum import_resource group, struct request *request)
{
	const struct resource *r = &im->resources[which];
	const struct host_account_making making = {
		.wanted_json = r->wanted_json,
		.mark = r->mark,
		.generation = r->generation,
		.only_group = import_id(im, group),
	};
	struct err err;

	return host_ask_account_create(request, &im->peer, &making, &err) == 0;
}

bool ask_create_account(const void *subject, struct request *request)
{
	const struct import *im = subject;

	return import_ask_account(im, IMPORT_ACCOUNT, birth_group(im), request);
}

struct verdict got_create_account(void *subject, const struct answer *answer)
{
	struct import *im = subject;
	struct verdict v;

	if (!answer) {
		import_blame(im, "the stored account body is not JSON");
		return failed(FAILURE_INTERNAL);
	}
	/*
	 * A host that lost its client in the middle goes on saying so.  Looked
	 * for several times and not there, it was never made: ask under
	 * another key.
	 */
	if (import_is_unfinished(answer) && im->memo.doubts >= LOOKS_MIN) {
		im->resources[IMPORT_ACCOUNT].generation++;
		im->changed[IMPORT_ACCOUNT] = true;
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
		note_created(im);
		im->memo.bound_at = im->now;
		host_features_seen_account(&im->features, host_data(answer));
	}
	return v;
}
