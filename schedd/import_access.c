/*
 * The user, its login, its subscription to the group and its key.
 *
 * One managed user for each selector on a host, whatever it is used for; one
 * subscription and one key for each endpoint that it may use.
 */
#include "schedd/host/key.h"
#include "schedd/host/subscription.h"
#include "schedd/host/user.h"
#include "schedd/import_steps.h"
#include "schedd/import_written.h"
#include "schedd/judge.h"
#include "shared/clock.h"

#include <inttypes.h>
#include <stdio.h>

#define DAY_MS INT64_C(86400000)
#define LOGIN_PAUSE_MS 15000

static void keep_id(struct import *im, enum import_resource which, int64_t id)
{
	char text[24];

	snprintf(text, sizeof(text), "%" PRId64, id);
	import_keep_id(im, which, text);
}

struct verdict got_want_user(void *subject, const struct answer *answer)
{
	(void)answer;
	if (import_is_given(subject))
		return go_to("access.owner");
	return take_resource(import_user(subject), "access.login");
}

bool ask_find_user(const void *subject, struct request *request)
{
	const struct import *im = subject;
	AUTO_FREE char *email = import_email(im);

	host_ask_user_find(request, &im->peer, email);
	return true;
}

static enum failure look_for_user(struct import *im,
				  const struct answer *answer, int64_t *ret_id)
{
	AUTO_FREE char *email = import_email(im);

	import_saw(im, answer);
	return host_judge_user_find(answer, email, ret_id);
}

struct verdict got_find_user(void *subject, const struct answer *answer)
{
	struct import *im = subject;
	int64_t id = 0;
	enum failure why = look_for_user(im, answer, &id);

	if (why != FAILURE_NONE)
		return import_host_failed(im, answer, why);
	if (id == 0)
		return go_on();
	keep_id(im, import_user(im), id);
	import_settle(im, import_user(im), "created", NULL);
	return go_to("access.login");
}

bool ask_create_user(const void *subject, struct request *request)
{
	const struct import *im = subject;
	struct err err;

	return host_ask_user_create(request, &im->peer,
				    im->resources[import_user(im)].wanted_json,
				    &err) == 0;
}

struct verdict got_create_user(void *subject, const struct answer *answer)
{
	struct import *im = subject;
	int64_t id = 0;
	enum failure why;

	if (!answer)
		return failed(FAILURE_INTERNAL);
	why = host_judge_created(answer, &id);
	import_saw(im, answer);
	if (why == FAILURE_NONE) {
		keep_id(im, import_user(im), id);
		import_settle(im, import_user(im), "created", NULL);
		return go_on();
	}
	/* The address is the key: whoever made it, it can be found. */
	if (host_is_taken(answer) || judge_is_doubtful(answer))
		return import_doubt(im, "access.find_user", why);
	return import_host_failed(im, answer, why);
}

struct verdict got_want_token(void *subject, const struct answer *answer)
{
	(void)answer;
	return take_resource(import_token(subject), "access.subscription");
}

bool ask_token(const void *subject, struct request *request)
{
	const struct import *im = subject;
	AUTO_FREE char *email = import_email(im);

	host_ask_login(request, &im->peer, email);
	return true;
}

struct verdict got_token(void *subject, const struct answer *answer)
{
	struct import *im = subject;
	struct host_login login = { 0 };
	enum failure why = host_judge_login(answer, &login);

	import_saw(im, answer);
	/* The user may have been removed: look before giving up. */
	if (host_reason_is(answer, "INVALID_CREDENTIALS") &&
	    !im->memo.renewed_user)
		return go_to("access.check_user");
	/* A stock host counts logins by the minute and does not say so. */
	if (why == FAILURE_RATE_LIMITED)
		return retry(why, answer->retry_after_ms >= 0
			     ? answer->retry_after_ms : LOGIN_PAUSE_MS);
	if (why != FAILURE_NONE)
		return import_host_failed(im, answer, why);
	im->resources[import_token(im)].expires_at =
		host_login_ends(&login, im->now);
	import_settle(im, import_token(im), "created", NULL);
	return go_on();
}

bool ask_user_still(const void *subject, struct request *request)
{
	return ask_find_user(subject, request);
}

struct verdict got_user_still(void *subject, const struct answer *answer)
{
	struct import *im = subject;
	int64_t id = 0;
	enum failure why = look_for_user(im, answer, &id);

	if (why != FAILURE_NONE)
		return import_host_failed(im, answer, why);
	if (id != 0 && !im->memo.new_password) {
		keep_id(im, import_user(im), id);
		return go_to("access.set_password");
	}
	if (id != 0) {
		import_blame(im, "the host does not accept the password of "
			     "our managed user, though it took it");
		return failed(FAILURE_HOST_REFUSED);
	}
	/* Its keys and subscriptions went with it. */
	im->memo.renewed_user = true;
	import_gone(im, import_user(im));
	import_gone(im, import_key(im));
	if (!im->memo.proving)
		import_gone(im, IMPORT_SUBSCRIPTION);
	import_let_go(im, import_token(im));
	return go_to("access.user");
}

/*
 * It is ours, by its address, and has another password than we know: somebody
 * gave it that, or we forgot ours with a state that was put back to a backup.
 */
bool ask_set_password(const void *subject, struct request *request)
{
	const struct import *im = subject;

	host_ask_user_password(request, &im->peer,
			       import_id(im, import_user(im)));
	return true;
}

struct verdict got_set_password(void *subject, const struct answer *answer)
{
	struct import *im = subject;
	enum failure why = host_judge(answer);

	import_saw(im, answer);
	if (why == FAILURE_GONE)
		return go_to("access.check_user");
	if (why != FAILURE_NONE)
		return import_host_failed(im, answer, why);
	im->memo.new_password = true;
	import_heal(im, "password");
	return go_to("access.ask_token");
}

struct verdict got_want_subscribed(void *subject,
				     const struct answer *answer)
{
	const struct import *im = subject;

	(void)answer;
	if (im->memo.proving)
		return go_to("prove.assign");
	if (im->run.access_mode == ACCESS_SELF_SERVICE)
		return go_to("access.key");
	return take_resource(IMPORT_SUBSCRIPTION, "access.key");
}

/* Who is to be subscribed: our own user, or the owner of a given key. */
int64_t import_subscriber(const struct import *im)
{
	return import_is_given(im) ? im->memo.owner
				   : import_id(im, IMPORT_USER);
}

bool ask_subscribed(const void *subject, struct request *request)
{
	const struct import *im = subject;

	host_ask_subscriptions(request, &im->peer, import_subscriber(im));
	return true;
}

/* Somebody's assignment that has ended serves nobody: extend it instead. */
static bool serves(const struct import *im,
		   const struct host_subscription_seen *seen)
{
	return seen->id != 0 && seen->active &&
	       (seen->expires_at == 0 || seen->expires_at > im->now);
}

/* A managed user's is extended when a fifth of its time is left (D11). */
static int64_t renewal_of(const struct import *im,
			  const struct host_subscription_seen *seen)
{
	if (import_is_given(im) || seen->expires_at == 0)
		return 0;
	return seen->expires_at - im->run.subscription_days * DAY_MS / 5;
}

/* What others assigned is used, and theirs. */
static struct verdict settle_subscription(struct import *im,
				const struct host_subscription_seen *seen)
{
	bool ours = im->memo.assigned ||
		    host_subscription_is_ours(seen, &im->peer);
	char ends[CLOCK_TEXT_MAX];

	keep_id(im, IMPORT_SUBSCRIPTION, seen->id);
	im->resources[IMPORT_SUBSCRIPTION].expires_at = renewal_of(im, seen);
	if (seen->expires_at)
		import_wrote(im, IMPORT_SUBSCRIPTION, "expires_at",
			     json_string(clock_format(seen->expires_at / 1000 *
						      1000, ends)));
	import_settle(im, IMPORT_SUBSCRIPTION, ours ? "created" : "reused",
		      NULL);
	return go_to("access.key");
}

/* Somebody else's becomes longer: a rollback makes it shorter again. */
static void note_foreign(struct import *im,
			 const struct host_subscription_seen *seen)
{
	struct resource *r = &im->resources[IMPORT_SUBSCRIPTION];
	json_auto_t *prior = json_pack("{s:I}", "extended_days",
				       (json_int_t)im->run.subscription_days);
	char ends[CLOCK_TEXT_MAX];

	if (host_subscription_is_ours(seen, &im->peer))
		return;
	if (seen->expires_at)
		json_object_set_new(prior, "expires_at", json_string(
			clock_format(seen->expires_at, ends)));
	free(r->prior_json);
	r->prior_json = json_dumps(prior, JSON_COMPACT);
	own_set(&r->origin, "reused");
	im->changed[IMPORT_SUBSCRIPTION] = true;
}

struct verdict got_subscribed(void *subject, const struct answer *answer)
{
	struct import *im = subject;
	struct host_subscription_seen seen = { 0 };
	enum failure why = host_judge_subscriptions(answer,
				import_id(im, IMPORT_GROUP), &seen);

	import_saw(im, answer);
	if (why != FAILURE_NONE)
		return import_host_failed(im, answer, why);
	if (serves(im, &seen) && (renewal_of(im, &seen) == 0 ||
	    renewal_of(im, &seen) > im->now))
		return settle_subscription(im, &seen);
	if (seen.id != 0) {
		keep_id(im, IMPORT_SUBSCRIPTION, seen.id);
		note_foreign(im, &seen);
	}
	return go_on();
}

bool ask_assign(const void *subject, struct request *request)
{
	const struct import *im = subject;
	const struct resource *r = &im->resources[IMPORT_SUBSCRIPTION];

	if (import_id(im, IMPORT_SUBSCRIPTION) != 0)
		host_ask_subscription_extend(request, &im->peer,
			import_id(im, IMPORT_SUBSCRIPTION),
			im->run.subscription_days, r->mark, r->generation);
	else
		host_ask_subscription_assign(request, &im->peer,
					     r->wanted_json);
	return true;
}

struct verdict got_assign(void *subject, const struct answer *answer)
{
	struct import *im = subject;
	struct host_subscription_seen seen = { 0 };
	enum failure why = host_judge_subscription(answer, &seen);

	import_saw(im, answer);
	if (why == FAILURE_NONE) {
		im->memo.assigned = import_id(im, IMPORT_SUBSCRIPTION) == 0;
		return settle_subscription(im, &seen);
	}
	if (why == FAILURE_GONE)	/* the group, most likely */
		return failed(why);
	if (host_subscription_conflicts(answer) || judge_is_doubtful(answer))
		return import_doubt(im, "access.subscribed", why);
	return import_host_failed(im, answer, why);
}

struct verdict got_want_key(void *subject, const struct answer *answer)
{
	const struct import *im = subject;

	(void)answer;
	if (import_is_given(im) || im->memo.keep_key)
		return go_to("access.bind");
	return take_resource(IMPORT_KEY, "access.whoami");
}

/* The token has ended, or the host forgot it: log in again. */
static struct verdict log_in_again(struct import *im, enum failure why)
{
	im->resources[import_token(im)].state = RESOURCE_WANTED;
	im->changed[import_token(im)] = true;
	return import_doubt(im, "access.login", why);
}

/*
 * A key of a standard group is made unbound: moving it there by the
 * administrator is what gives its user the right.
 */
static bool born_bound(const struct import *im)
{
	return im->memo.proving || im->run.access_mode != ACCESS_SELF_SERVICE;
}

bool ask_create_key(const void *subject, struct request *request)
{
	const struct import *im = subject;
	const struct resource *r = &im->resources[import_key(im)];
	/* A key that users get is for the live group, whatever else goes on. */
	enum import_resource group = im->memo.proving ? IMPORT_PROOF_GROUP
						      : IMPORT_GROUP;
	const struct host_key_making making = {
		.mark = r->mark,
		.group_id = born_bound(im) ? import_id(im, group) : 0,
		.generation = r->generation,
	};

	host_ask_key_create(request, &im->peer, &making);
	return true;
}

static struct verdict settle_key(struct import *im, int64_t id)
{
	keep_id(im, import_key(im), id);
	if (im->memo.proving)	/* held until the proof is over */
		return go_to("prove.rebind");
	if (!born_bound(im))	/* held until it is bound */
		return go_to("access.bind");
	import_settle(im, IMPORT_KEY, "created", NULL);
	im->memo.created_key = true;
	return go_to("access.whoami");
}

struct verdict got_create_key(void *subject, const struct answer *answer)
{
	struct import *im = subject;
	int64_t id = 0;
	enum failure why = host_judge_key_create(answer, &id);

	import_saw(im, answer);
	/* Asked for before, for another group: then it may be there. */
	if (host_reason_is(answer, "IDEMPOTENCY_KEY_CONFLICT"))
		return go_on();
	if (why == FAILURE_NONE)
		return id ? settle_key(im, id) : go_on();
	if (import_is_unfinished(answer))
		return import_doubt(im, "access.find_key", why);
	if (why == FAILURE_HOST_AUTH)
		return log_in_again(im, why);
	/* The subscription that we know of may have been taken away. */
	if (host_reason_is(answer, "GROUP_NOT_ALLOWED")) {
		if (!im->memo.proving)
			import_gone(im, IMPORT_SUBSCRIPTION);
		return import_doubt(im, "access.subscription", why);
	}
	if (judge_is_doubtful(answer))
		return import_doubt(im, "access.create_key", why);
	return import_host_failed(im, answer, why);
}

bool ask_find_key(const void *subject, struct request *request)
{
	const struct import *im = subject;

	host_ask_key_find(request, &im->peer,
			  im->resources[import_key(im)].mark);
	return true;
}

struct verdict got_find_key(void *subject, const struct answer *answer)
{
	struct import *im = subject;
	struct host_key_found found = { 0 };
	enum failure why = host_judge_key_find(answer,
				im->resources[import_key(im)].mark, &found);

	import_saw(im, answer);
	if (why == FAILURE_HOST_AUTH)
		return log_in_again(im, why);
	if (why != FAILURE_NONE)
		return import_host_failed(im, answer, why);
	if (found.id != 0 && found.active && (im->memo.proving ||
	    !born_bound(im) ||
	    found.group_id == import_id(im, IMPORT_GROUP)))
		return settle_key(im, found.id);
	/* The host keeps the name of a key that nobody can use: draw anew. */
	import_gone(im, import_key(im));
	return import_doubt(im, im->memo.proving ? "prove.key" : "access.key",
			    FAILURE_KEY_REFUSED);
}
