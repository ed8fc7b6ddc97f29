/*
 * Putting an account right from outside, one call after the other, each
 * planned upon what the one before made of it.
 *
 * A repair is counted: when somebody undoes it again and again, CRM stops and
 * says so, because it must not fight a person.
 */
#include "schedd/import_mend.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "schedd/host/account.h"
#include "schedd/import_steps.h"
#include "schedd/import_written.h"
#include "shared/owned_key.h"

#define ROUNDS_MAX 3		/* proofs in one run that ended in repairs */
#define HOUR_MS 3600000
#define DIRECT_HOLDS_MS 60000	/* what the provider said to us itself */
#define ENTRY_MAX 22		/* an id, and the commas around it */

/* Repairs of what a person can have set, and may set again. */
#define SETTINGS (1u << HOST_REPAIR_MODE | 1u << HOST_REPAIR_GROUPS | \
		  1u << HOST_REPAIR_MAPPING | 1u << HOST_REPAIR_ERROR_CODES | \
		  1u << HOST_REPAIR_POOL)

/* Fingerprints are hex; keys too short for one have their secret's id here. */
static const char *key_of(const struct resource *account)
{
	const char *print = strrchr(account->lookup, '|');

	if (!print || strlen(print + 1) != SEAL_FINGERPRINT_TEXT - 1)
		return NULL;
	return print + 1;
}

static const json_t *member(const json_t *object, const char *name)
{
	const json_t *value = json_object_get(object, name);

	return json_is_object(value) ? value : NULL;
}

void import_case(const struct import *im, const struct resource *account,
		 const json_t *live, struct import_case *ret)
{
	bool suspect = account == &im->suspect ||
		(account->host_resource_id && im->memo.suspect ==
		 strtoll(account->host_resource_id, NULL, 10));
	const json_t *last;

	*ret = (struct import_case){
		.wanted = json_loads(account->wanted_json ?
				     account->wanted_json : "{}", 0, NULL),
		.seen = json_loads(account->live_json ?
				   account->live_json : "{}", 0, NULL),
	};
	/* The look before this one, good or bad. */
	last = live ? member(ret->seen, "live") : NULL;
	if (!last)
		last = member(ret->seen, "before");
	ret->the = (struct host_mend_case){
		.features = &im->features,
		.wanted = ret->wanted,
		.live = live ? live : member(ret->seen, "live"),
		.last = last,
		.inst = im->inst,
		.key = key_of(account),
		.pool_mode = json_is_true(json_object_get(json_object_get(
			ret->wanted, "credentials"), "pool_mode")),
		.off_by_us = account->off_by_us,
		.paused = account->paused_at != 0,
		.shared = im->naccounts > 1 || im->memo.live,
		.now = im->now,
		.changed_at = suspect ? im->memo.changed_at : 0,
		.done = suspect ? (unsigned)im->memo.done : 0,
	};
	if (!suspect)
		return;
	ret->the.direct_known = im->diagnosis.provider.at != 0;
	ret->the.direct = im->diagnosis.provider.class;
	ret->the.gateway = (enum failure)im->memo.diagnosed;
	ret->the.upstream_status = im->diagnosis.upstream.status;
}

void import_case_done(struct import_case *the)
{
	json_decref(the->wanted);
	json_decref(the->seen);
	*the = (struct import_case){ 0 };
}

/* What decides later whether a person switched it off. */
static json_t *switches(const json_t *live)
{
	json_t *lite = json_object();
	static const char *const names[] = { "status", "schedulable" };

	for (size_t i = 0; i < COUNT(names); i++)
		if (json_object_get(live, names[i]))
			json_object_set(lite, names[i],
					json_object_get(live, names[i]));
	return lite;
}

void import_keep_seen(struct import *im, const struct resource *account,
		      const json_t *live, unsigned symptoms)
{
	json_t *seen = json_loads(account->live_json ? account->live_json
						     : "{}", 0, NULL);
	char *text;

	if (!seen)
		seen = json_object();
	if (symptoms & 1u << HOST_SYMPTOM_KEY)
		json_object_set_new(seen, OWNED_KEY_REFUSED, json_true());
	if (symptoms == 0) {
		json_object_del(seen, OWNED_KEY_REFUSED);
		json_object_set_new(seen, "before", switches(live));
		json_object_del(seen, "live");
	} else {
		json_object_set_new(seen, "live", json_deep_copy(live));
	}
	text = json_dumps(seen, JSON_COMPACT | JSON_SORT_KEYS);
	json_decref(seen);
	if (account->live_json && strcmp(account->live_json, text) == 0) {
		free(text);
		return;
	}
	import_watch(im, account);
	free(im->watched.live_json);
	im->watched.live_json = text;
}

/* A copy of the row, of which the watch's columns are written. */
void import_watch(struct import *im, const struct resource *account)
{
	if (im->watched.resource_id)
		return;
	im->watched = (struct resource){
		.resource_id = xstrdup(account->resource_id),
		.off_by_us = account->off_by_us,
		.mends = account->mends,
		.mended_at = account->mended_at,
		.live_json = xstrdup_null(account->live_json),
	};
}

bool import_was_looked_at(const struct import *im,
			  const struct resource *account)
{
	AUTO_FREE char *entry = xasprintf(",%s,", account->host_resource_id);

	return strstr(im->memo.looked_at, entry) != NULL;
}

bool import_can_look(const struct import *im)
{
	return strlen(im->memo.looked_at) + ENTRY_MAX <
	       sizeof(im->memo.looked_at);
}

bool import_direct_works(const struct import *im)
{
	const struct evidence *seen = &im->diagnosis.provider;

	return seen->at != 0 && seen->class == FAILURE_NONE &&
	       im->now - seen->at < DIRECT_HOLDS_MS;
}

void import_looked_at(struct import *im)
{
	size_t len = strlen(im->memo.looked_at);

	snprintf(im->memo.looked_at + len, sizeof(im->memo.looked_at) - len,
		 "%s%" PRId64 ",", len ? "" : ",", im->memo.suspect);
	im->memo.suspect = 0;
	im->memo.done = im->memo.mend = 0;
	if (!import_direct_works(im))
		im->diagnosis.provider = (struct evidence){ 0 };
	im->diagnosis.account = (struct evidence){ 0 };
}

static bool is_recent(const struct import *im, const struct resource *r)
{
	return r->mended_at != 0 && im->now - r->mended_at <
	       im->settings->watch_repairs_hours * HOUR_MS;
}

bool import_may_mend(const struct import *im)
{
	const struct resource *r = &im->suspect;
	bool asked = im->checking && im->check.requested_by &&
		     strcmp(im->check.requested_by, CHECK_BY_WATCH) != 0;

	if (im->memo.rounds >= ROUNDS_MAX)
		return false;
	/* What the host itself did to it nobody undoes: the pause is enough. */
	return asked || !(im->memo.mend & SETTINGS) || !is_recent(im, r) ||
	       r->mends < im->settings->watch_repairs ||
	       im->memo.counted == im->memo.suspect;
}

/* The first repair of this account in this run counts, the rest belongs to it. */
static void count(struct import *im)
{
	const struct resource *r = &im->suspect;

	if (im->memo.counted == im->memo.suspect || !r->resource_id)
		return;
	im->memo.counted = im->memo.suspect;
	import_watch(im, r);
	im->watched.mends = is_recent(im, r) ? r->mends + 1 : 1;
	im->watched.mended_at = im->now;
}

static bool direct_fails(const struct import *im)
{
	return im->diagnosis.provider.at != 0 &&
	       im->diagnosis.provider.class != FAILURE_NONE &&
	       im->diagnosis.provider.class != FAILURE_EMPTY_COMPLETION;
}

struct host_mend_plan import_plan(struct import *im, const json_t *live)
{
	struct evidence *to = &im->diagnosis.account;
	struct import_case the;
	struct host_mend_plan plan;
	AUTO_FREE char *words = live ? host_account_complaint(live) : NULL;

	import_case(im, &im->suspect, live, &the);
	the.the.live = live;	/* NULL here means that it is gone */
	plan = host_mend_plan(&the.the);
	import_case_done(&the);
	/* A provider that fails us, too, needs no nudge of the host. */
	if (plan.symptoms == 1u << HOST_SYMPTOM_STALE && direct_fails(im))
		plan = (struct host_mend_plan){ 0 };
	to->at = im->now;
	to->class = plan.held_back ? FAILURE_NONE : plan.class;
	snprintf(to->text, sizeof(to->text), "%s", words ? words : "");
	im->memo.stale = plan.symptoms == 1u << HOST_SYMPTOM_STALE;
	im->memo.ours = plan.ours;
	im->memo.mend = plan.ours && plan.count ? plan.mends[0].repairs : 0;
	im->memo.mend_delay = plan.count > 1 ? plan.mends[1].delay_ms : 0;
	im->memo.mend_first = plan.count ? plan.mends[0].delay_ms : 0;
	if (live && im->suspect.resource_id)
		import_keep_seen(im, &im->suspect, live, plan.symptoms);
	return plan;
}

bool ask_mend_read(const void *subject, struct request *request)
{
	const struct import *im = subject;

	if (im->memo.suspect == 0)
		return false;
	host_ask_account(request, &im->peer, im->memo.suspect);
	return true;
}

/*
 * A host's scheduler works for a moment with what the account was before: a
 * proof in that moment would tell of that, and could bench it anew.
 */
struct verdict import_prove_again(const struct import *im)
{
	struct verdict next = go_to(im->memo.proving ? "prove.models"
						     : "validate.models");
	int64_t wait = im->memo.changed_at + HOST_MEND_GAP_MS - im->now;

	if (im->memo.changed_at && wait > 0 && wait <= HOST_MEND_GAP_MS)
		next.delay_ms = wait;
	return next;
}

/* Nothing is left to mend: prove again what failed, or look at the next. */
static struct verdict mended(struct import *im)
{
	bool proof_failed = im->memo.diagnosed != 0;

	import_looked_at(im);
	if (!proof_failed)
		return go_to("diagnose.accounts");
	im->memo.rounds++;
	im->memo.looked_at[0] = '\0';
	im->memo.diagnosed = 0;
	im->memo.nonce[0] = '\0';
	return import_prove_again(im);
}

struct verdict got_mend_read(void *subject, const struct answer *answer)
{
	struct import *im = subject;
	struct host_mend_plan plan;
	enum failure why;

	im->memo.reread = true;
	if (!answer)
		return go_to("diagnose.end");
	why = host_judge(answer);
	import_saw(im, answer);
	if (why != FAILURE_NONE && why != FAILURE_GONE)
		return import_host_failed(im, answer, why);
	plan = import_plan(im, why == FAILURE_GONE ? NULL : host_data(answer));
	/*
	 * Well again, after what was done: that it works is for a proof to
	 * say, and so is whether the scheduler knows it by now.
	 */
	if ((plan.symptoms & ~(1u << HOST_SYMPTOM_STALE)) == 0 &&
	    im->memo.done)
		return mended(im);
	return go_to("diagnose.end");
}

static struct host_mend mend_of(const struct import *im)
{
	return (struct host_mend){ .repairs = (unsigned)im->memo.mend };
}

bool ask_mend_act(const void *subject, struct request *request)
{
	const struct import *im = subject;
	const struct host_mend mend = mend_of(im);
	struct import_case the;
	bool asks;

	import_case(im, &im->suspect, NULL, &the);
	asks = host_ask_mend(request, &im->peer, &the.the, &mend);
	import_case_done(&the);
	return asks;
}

/* A host that was put back to an old backup gives its ids once more. */
bool ask_mend_group(const void *subject, struct request *request)
{
	const struct import *im = subject;

	host_ask_group(request, &im->peer, import_id(im, IMPORT_GROUP));
	return true;
}

/* To what is another's by now nothing is bound; the rest is mended. */
struct verdict got_mend_group(void *subject, const struct answer *answer)
{
	struct import *im = subject;
	enum failure why = host_judge(answer);

	import_saw(im, answer);
	if (why != FAILURE_NONE && why != FAILURE_GONE)
		return import_host_failed(im, answer, why);
	im->memo.group_seen = why == FAILURE_NONE &&
		owned_is_ours(&im->resources[IMPORT_GROUP], host_data(answer));
	if (!im->memo.group_seen) {
		im->memo.done |= INT64_C(1) << HOST_REPAIR_GROUPS;
		im->memo.mend &= ~(INT64_C(1) << HOST_REPAIR_GROUPS);
	}
	return go_to(im->memo.mend ? "mend.act" : "mend.read");
}

static void note_repair(struct import *im, const struct host_mend_case *the,
			const struct host_mend *mend)
{
	CLEANUP(jout_done) struct jout out = { .text.max = 4096 };

	jout_object(&out, NULL);
	jout_str(&out, "account_id", im->suspect.host_resource_id);
	host_mend_write(&out, the, mend);
	jout_object_end(&out);
	import_note(im, "repaired", buf_str(&out.text));
}

/* What was done is done once: what it did not cure, it will not. */
static void note_done(struct import *im, const struct host_mend_case *the,
		      const struct host_mend *mend, bool asked)
{
	im->memo.done |= im->memo.mend;
	im->memo.changed_at = im->now;
	im->memo.bound_at = im->now;
	im->memo.mends++;
	if (!asked)
		return;
	note_repair(im, the, mend);
	if (mend->repairs & SETTINGS)
		count(im);
	if (mend->repairs & 1u << HOST_REPAIR_SWITCH_ON &&
	    im->suspect.off_by_us) {
		import_watch(im, &im->suspect);
		im->watched.off_by_us = false;
	}
}

struct verdict got_mend_act(void *subject, const struct answer *answer)
{
	struct import *im = subject;
	const struct host_mend mend = mend_of(im);
	struct verdict next = go_to("mend.read");
	enum failure why = FAILURE_NONE;
	const json_t *live = NULL;
	struct import_case the;

	import_case(im, &im->suspect, NULL, &the);
	if (answer) {
		why = host_judge_mend(answer, &the.the, &mend, &live);
		import_saw(im, answer);
	}
	if (why == FAILURE_NONE)
		note_done(im, &the.the, &mend, answer != NULL);
	import_case_done(&the);
	/* Should it be asked again, then for the same. */
	if (why != FAILURE_NONE && why != FAILURE_GONE)
		return import_host_failed(im, answer, why);
	im->memo.mend = 0;
	if (why == FAILURE_GONE) {
		/* The account may be there, and its group be gone. */
		im->memo.mends++;
		return go_to("mend.read");
	}
	next.delay_ms = im->memo.mend_delay;
	return next;
}
