#include "schedd/import.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "schedd/redact.h"
#include "schedd/host/user.h"
#include "shared/lookup.h"
#include "shared/table.h"

#define DETAIL_MAX 300

bool import_is_given(const struct import *im)
{
	return im->run.given_key != GIVEN_KEY_NONE && !im->memo.proving;
}

const char *import_key_source(const struct import *im)
{
	if (im->memo.proving)
		return "managed_proof";
	if (import_is_given(im))
		return given_key_name(im->run.given_key);
	return im->run.access_mode == ACCESS_SELF_SERVICE
		? "managed_self_service" : "managed_subscription";
}

const char *import_selector(const struct import *im)
{
	if (im->run.given_key != GIVEN_KEY_NONE)
		return im->given_selector;
	const json_t *v = json_array_get(im->selectors,
					 (size_t)im->memo.selector);

	return json_is_string(v) ? json_string_value(v) : "default";
}

char *import_email(const struct import *im)
{
	if (im->memo.proving)
		return xasprintf("relay-proof.%s@crm.invalid", im->inst);
	if (im->run.access_mode == ACCESS_SELF_SERVICE)
		return host_self_user_email(import_selector(im), im->inst);
	return host_user_email(import_selector(im), im->inst);
}

enum import_resource import_user(const struct import *im)
{
	return im->memo.proving ? IMPORT_PROOF_USER : IMPORT_USER;
}

enum import_resource import_token(const struct import *im)
{
	return im->memo.proving ? IMPORT_PROOF_TOKEN : IMPORT_TOKEN;
}

enum import_resource import_key(const struct import *im)
{
	return im->memo.proving ? IMPORT_PROOF_KEY : IMPORT_KEY;
}

/* An account that was there is used where it is: nothing is proven alone. */
enum import_resource import_stage_group(const struct import *im)
{
	bool alone = import_holds(im, IMPORT_ACCOUNT) ||
		     import_id(im, IMPORT_PROOF_GROUP) != 0;

	return im->memo.live && !im->memo.proven && alone
		? IMPORT_PROOF_GROUP : IMPORT_GROUP;
}

void import_note(struct import *im, const char *kind, const char *detail)
{
	struct event *event;

	assert(im->nevents < IMPORT_EVENTS_MAX);
	event = &im->events[im->nevents++];
	event->kind = xstrdup(kind);
	event->detail = xstrdup_null(detail);
}

static const char *const resource_words[IMPORT_RESOURCE__MAX] = {
	[IMPORT_GROUP]		= "group",
	[IMPORT_CHANNEL]	= "channel",
	[IMPORT_PARKING]	= "parking group",
	[IMPORT_ACCOUNT]	= "account",
	[IMPORT_NEW_KEY]	= "place of the new key",
	[IMPORT_PROOF_GROUP]	= "proof group",
	[IMPORT_CLONE]		= "copy of the account",
	[IMPORT_PROOF_USER]	= "proof user",
	[IMPORT_PROOF_TOKEN]	= "login of the proof user",
	[IMPORT_PROOF_KEY]	= "proof key",
	[IMPORT_USER]		= "user",
	[IMPORT_TOKEN]		= "login",
	[IMPORT_SUBSCRIPTION]	= "subscription",
	[IMPORT_KEY]		= "user key",
};

void import_keep_id(struct import *im, enum import_resource which,
		    const char *host_id)
{
	own_set(&im->resources[which].host_resource_id, host_id);
	im->changed[which] = true;
}

/* What a check gets anew for a user is a repair; an import made it. */
static const char *const heals[IMPORT_RESOURCE__MAX] = {
	[IMPORT_USER]		= "user",
	[IMPORT_SUBSCRIPTION]	= "resubscribe",
	[IMPORT_KEY]		= "key",
};

void import_heal(struct import *im, const char *repair)
{
	CLEANUP(jout_done) struct jout out = { .text.max = 256 };

	jout_object(&out, NULL);
	jout_str(&out, "repair", repair);
	jout_object_end(&out);
	import_note(im, im->checking ? "repaired" : repair,
		    buf_str(&out.text));
}

static void note_settled(struct import *im, enum import_resource which,
			 const char *detail)
{
	if (!im->checking)
		import_note(im, im->resources[which].origin, detail);
	else if (heals[which])
		import_heal(im, heals[which]);
}

void import_settle(struct import *im, enum import_resource which,
		   const char *origin, const char *host_id)
{
	struct resource *r = &im->resources[which];
	struct jout out = { .text.max = 1024 };

	if (host_id)
		import_keep_id(im, which, host_id);
	if (!r->origin)
		own_set(&r->origin, origin);
	r->state = RESOURCE_PRESENT;
	r->refusals = 0;
	r->next_retry_at = 0;
	own_set(&r->failure_class, NULL);
	im->changed[which] = true;
	jout_object(&out, NULL);
	jout_str(&out, "resource", resource_words[which]);
	jout_str(&out, "mark", r->mark);
	jout_str(&out, "id", r->host_resource_id);
	jout_object_end(&out);
	note_settled(im, which, buf_str(&out.text));
	jout_done(&out);
}

void import_give_back(struct import *im, enum import_resource which)
{
	im->resources[which].state = RESOURCE_PRESENT;
	im->changed[which] = true;
}

void import_gone(struct import *im, enum import_resource which)
{
	/* Nobody ever wanted it, or another task is making it anew. */
	if (!im->resources[which].resource_id ||
	    (im->resources[which].state == RESOURCE_MAKING &&
	     !import_holds(im, which)))
		return;
	im->resources[which].state = RESOURCE_GONE;
	own_set(&im->resources[which].written_json, NULL);
	im->changed[which] = true;
}

void import_let_go(struct import *im, enum import_resource from)
{
	for (int i = (int)from; i < IMPORT_RESOURCE__MAX; i++) {
		if (!import_holds(im, (enum import_resource)i))
			continue;
		im->resources[i].state = RESOURCE_WANTED;
		im->changed[i] = true;
	}
}

bool import_holds(const struct import *im, enum import_resource which)
{
	const struct resource *r = &im->resources[which];

	return r->state == RESOURCE_MAKING && r->made_by &&
	       strcmp(r->made_by, im->task_id) == 0;
}

int64_t import_id(const struct import *im, enum import_resource which)
{
	const char *id = im->resources[which].host_resource_id;

	return id ? strtoll(id, NULL, 10) : 0;
}

void import_saw(struct import *im, const struct answer *answer)
{
	if (!answer)
		return;
	im->http_status = answer->status;
	im->latency_ms = answer->latency_ms;
}

void import_blame(struct import *im, const char *words)
{
	if (!words || !*words || im->item.failure_detail)
		return;
	im->item.failure_detail = redact_text(words, DETAIL_MAX);
}

/* Short text that names a resource of this item, among those of its type. */
static char *lookup_of(const struct import *im, enum import_resource which)
{
	AUTO_FREE char *key = lookup_place(im->item.endpoint_key,
					   im->item.plan);
	enum access_mode mode = im->run.access_mode;
	const char *selector = import_selector(im);
	const char *print = im->item.api_key_fingerprint
		? im->item.api_key_fingerprint
		: *im->key_lookup ? im->key_lookup
				  : im->item.api_key_secret_id;

	switch (which) {
	case IMPORT_GROUP:
	case IMPORT_CHANNEL:
		return lookup_group(key, mode);
	case IMPORT_PARKING:
		return xstrdup(LOOKUP_PARKING);
	case IMPORT_ACCOUNT:
	case IMPORT_NEW_KEY:
		return lookup_account(key, mode, print);
	case IMPORT_PROOF_GROUP:
		return lookup_proof_group(key, mode, print);
	case IMPORT_CLONE:
		return xasprintf("clone|%s|%s|%s", key, access_mode_name(mode),
				 print);
	case IMPORT_PROOF_USER:
	case IMPORT_PROOF_TOKEN:
		return xstrdup(LOOKUP_PROOF);
	case IMPORT_PROOF_KEY:
		return lookup_proof_key(im->item.seq,
			lookup_proof_keys(im->run.counts.total,
				im->settings->host_concurrency));
	case IMPORT_USER:
	case IMPORT_TOKEN:
		return lookup_user(mode, selector);
	case IMPORT_SUBSCRIPTION:
	case IMPORT_KEY:
	case IMPORT_RESOURCE__MAX:
		break;
	}
	return lookup_access(key, mode, selector);
}

static const enum resource_type types[IMPORT_RESOURCE__MAX] = {
	[IMPORT_GROUP]		= RESOURCE_GROUP,
	[IMPORT_CHANNEL]	= RESOURCE_CHANNEL,
	[IMPORT_PARKING]	= RESOURCE_GROUP,
	[IMPORT_ACCOUNT]	= RESOURCE_ACCOUNT,
	[IMPORT_NEW_KEY]	= RESOURCE_ACCOUNT,
	[IMPORT_PROOF_GROUP]	= RESOURCE_GROUP,
	[IMPORT_CLONE]		= RESOURCE_ACCOUNT,
	[IMPORT_PROOF_USER]	= RESOURCE_USER,
	[IMPORT_PROOF_TOKEN]	= RESOURCE_USER_TOKEN,
	[IMPORT_PROOF_KEY]	= RESOURCE_USER_KEY,
	[IMPORT_USER]		= RESOURCE_USER,
	[IMPORT_TOKEN]		= RESOURCE_USER_TOKEN,
	[IMPORT_SUBSCRIPTION]	= RESOURCE_SUBSCRIPTION,
	[IMPORT_KEY]		= RESOURCE_USER_KEY,
};

void import_want(const void *subject, int which, struct resource_want *ret)
{
	const struct import *im = subject;
	AUTO_FREE char *lookup = NULL;

	assert(which >= 0 && which < IMPORT_RESOURCE__MAX);
	lookup = lookup_of(im, (enum import_resource)which);
	ret->type = types[which];
	/*
	 * One proof at a time has a key; one item at a time widens; one check
	 * at a time tries what could do harm, or rotation proves a key.
	 */
	ret->hold = which == IMPORT_PROOF_KEY || which == IMPORT_CLONE ||
		    (which == IMPORT_PROOF_GROUP &&
		     (im->checking || im->changing)) ||
		    (which == IMPORT_CHANNEL && im->memo.repricing) ||
		    (which == IMPORT_ACCOUNT &&
		     (im->memo.widening || im->memo.reviving));
	snprintf(ret->lookup, sizeof(ret->lookup), "%s", lookup);
}
