/*
 * The key's account is there already: what is known of it, what reuse.h says,
 * and doing that.
 *
 * An account that needs nothing goes straight to the proof; no row is held
 * and nothing is asked but how it looks.  One that needs something is held
 * from then until it is proven, so that two runs that bring the key at once do
 * it one after the other; a run that fails takes back what it switched on.
 */
#include "schedd/host/account.h"
#include "schedd/import_mend.h"
#include "schedd/import_steps.h"
#include "schedd/import_written.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define REVIVALS_MAX 4		/* decisions of one item that lead to work */
#define CALLS_MAX 12		/* of one revival */
#define SOON_MS 10000		/* a limit that ends so soon is waited for */

#define BIT(symptom) (1u << (symptom))

/* What a symptom of the account means for its use. */
static const struct {
	enum host_symptom symptom;
	unsigned facts;
} shows[] = {
	{ HOST_SYMPTOM_OFF,	    REUSE(OFF) },
	{ HOST_SYMPTOM_EXPIRED,	    REUSE(EXPIRED) },
	{ HOST_SYMPTOM_GROUPS,	    REUSE(UNGROUPED) },
	{ HOST_SYMPTOM_CONVERTS,    REUSE(DRIFTED) },
	{ HOST_SYMPTOM_BASE_URL,    REUSE(OTHER_BASE) },
	{ HOST_SYMPTOM_KEY,	    REUSE(OTHER_KEY) },
	{ HOST_SYMPTOM_KIND,	    REUSE(OTHER_KIND) },
	{ HOST_SYMPTOM_ERROR_CODES, REUSE(DRIFTED) },
	{ HOST_SYMPTOM_MAPPING,	    REUSE(LACKS_MODELS) },
	{ HOST_SYMPTOM_TARGETS,	    REUSE(RETARGETED) },
	{ HOST_SYMPTOM_ERROR,	    REUSE(ERROR) },
	{ HOST_SYMPTOM_COOLING,	    REUSE(BENCHED) },
	{ HOST_SYMPTOM_MODE,	    REUSE(DRIFTED) },
	{ HOST_SYMPTOM_POOL,	    REUSE(DRIFTED) },
};

int64_t import_proxy(const struct import *im)
{
	return im->item.account_proxy
		? strtoll(im->item.account_proxy, NULL, 10) : 0;
}

static bool has_other_proxy(const struct import *im, const json_t *live)
{
	return import_proxy(im) != 0 &&
	       host_member_i64(live, "proxy_id") != import_proxy(im);
}

static unsigned bench_facts(const struct import *im,
			    const struct host_account *account)
{
	if (account->bench_until == 0)
		return 0;
	return account->limited && account->bench_until - im->now <= SOON_MS
		? REUSE(LIMITED) : REUSE(BENCHED);
}

static unsigned row_facts(const struct import *im,
			  const struct host_account *account)
{
	const struct resource *row = &im->resources[IMPORT_ACCOUNT];
	bool off = account->bench == HOST_BENCH_OFF;

	return row->paused_at || (row->off_by_us && off) ? REUSE(PAUSED) : 0;
}

unsigned import_reuse_facts(const struct import *im, const json_t *live)
{
	const struct resource *row = &im->resources[IMPORT_ACCOUNT];
	struct host_account account;
	struct import_case the;
	unsigned facts = REUSE(OURS), symptoms;

	if (!live)
		return facts | REUSE(LOST);
	import_case(im, row, live, &the);
	account = host_account_read(live, im->inst, im->now);
	symptoms = host_mend_plan(&the.the).symptoms;
	import_case_done(&the);
	for (size_t i = 0; i < COUNT(shows); i++)
		if (symptoms & BIT(shows[i].symptom))
			facts |= shows[i].facts;
	facts |= bench_facts(im, &account) | row_facts(im, &account);
	if (!host_account_in_group(live, import_id(im, IMPORT_GROUP)))
		facts |= REUSE(UNGROUPED);
	if (has_other_proxy(im, live))
		facts |= REUSE(DRIFTED);
	if (import_lacks_models(im, live))
		facts |= REUSE(LACKS_MODELS);
	return facts;
}

const struct reuse_rule *import_reuse_none(const struct import *im)
{
	const char *others = im->foreign.accounts;

	return reuse_decide(
		(im->item.adopt_account_id ? REUSE(WANTS_ADOPTION) : 0) |
		(others && strcmp(others, "[]") != 0 ? REUSE(FOREIGN) : 0));
}

static void write_was(struct jout *out, const json_t *live)
{
	static const char *const members[] = {
		"status", "schedulable", "expires_at", "rate_limit_reset_at",
		"temp_unschedulable_until", "overload_until", "group_ids",
	};
	AUTO_FREE char *words = live ? host_account_complaint(live) : NULL;

	jout_object(out, "was");
	for (size_t i = 0; i < COUNT(members); i++) {
		const json_t *value = json_object_get(live, members[i]);

		if (value && !json_is_null(value))
			jout_json(out, members[i], value);
	}
	if (words)
		jout_str(out, "complaint", words);
	jout_object_end(out);
}

static void note_event(struct import *im, const struct reuse_rule *rule,
		       unsigned facts, const json_t *live)
{
	CLEANUP(jout_done) struct jout out = { .text.max = 4096 };

	jout_object(&out, NULL);
	jout_str(&out, "account_id",
		 im->resources[IMPORT_ACCOUNT].host_resource_id);
	jout_str(&out, "rule", rule->name);
	jout_array(&out, "facts");
	for (unsigned i = 0; i < REUSE_FACT__MAX; i++)
		if (facts & BIT(i))
			jout_str(&out, NULL, reuse_fact_name(i));
	jout_array_end(&out);
	write_was(&out, live);
	jout_object_end(&out);
	import_note(im, rule->event, buf_str(&out.text));
}

static bool uses_it(const struct reuse_rule *rule)
{
	return rule->resolution == RESOLUTION_REUSED ||
	       rule->resolution == RESOLUTION_REACTIVATED;
}

/* The first decision is what the item shows; those after it are its doing. */
static void note_decision(struct import *im, const struct reuse_rule *rule,
			  unsigned facts, const json_t *live)
{
	struct item *item = &im->item;
	const char *id = im->resources[IMPORT_ACCOUNT].host_resource_id;

	if (item->resolution != RESOLUTION_NONE)
		return;
	item->resolution = rule->resolution;
	item->match = rule->match;
	if (uses_it(rule)) {
		item->provision_reused = true;
		own_set(&item->reused_from_provider_id, item->provider_id);
		own_set(&item->reused_from_account_id, id);
	}
	if (rule->warning)
		item_warn(item, rule->warning, id);
	/* Widening says so when the host has been told. */
	if (rule->next != REUSE_WIDEN)
		note_event(im, rule, facts, live);
	if (item->adopt_account_id && uses_it(rule) &&
	    strcmp(item->adopt_account_id, id) != 0)
		item_warn(item, "adopt_refused", "this key has an account of "
			  "CRM's already, and that is used");
}

/* Nobody is left to be used: its row is closed, and the next one is new. */
static struct verdict make_another(struct import *im)
{
	im->memo.reviving = false;
	import_gone(im, IMPORT_ACCOUNT);
	im->item.resolution = RESOLUTION_REPLACED;
	return import_doubt(im, "provision.group", FAILURE_GONE);
}

/* It stays on the host, and is ours again should the other not do. */
static struct verdict let_go(struct import *im)
{
	struct resource *row = &im->resources[IMPORT_ACCOUNT];
	char *written = TAKE(row->written_json);
	struct verdict v;

	im->memo.retire = import_id(im, IMPORT_ACCOUNT);
	snprintf(im->memo.retire_row, sizeof(im->memo.retire_row), "%s",
		 row->resource_id);
	v = make_another(im);
	row->written_json = written;
	return v;
}

static struct verdict go_about(struct import *im, const char *held,
			       const char *not_held)
{
	if (im->memo.revivals++ >= REVIVALS_MAX) {
		import_blame(im, "the account changes as often as it is "
			     "put right");
		return failed(FAILURE_NOT_AS_WRITTEN);
	}
	return go_to(import_holds(im, IMPORT_ACCOUNT) ? held : not_held);
}

struct verdict import_reuse(struct import *im, const json_t *live)
{
	unsigned facts = import_reuse_facts(im, live);
	const struct reuse_rule *rule = reuse_decide(facts);

	note_decision(im, rule, facts, live);
	switch (rule->next) {
	case REUSE_REPLACE:
		return let_go(im);
	case REUSE_MAKE:
		return make_another(im);
	case REUSE_WIDEN:
		return go_about(im, "widen.read", "widen.account");
	case REUSE_REVIVE:
		return go_about(im, "reuse.read", "reuse.hold");
	case REUSE_PROVE:
	case REUSE_ADOPT:
	case REUSE_NEXT__MAX:
		break;
	}
	return go_on();
}

struct verdict got_hold(void *subject, const struct answer *answer)
{
	struct import *im = subject;

	(void)answer;
	im->memo.reviving = true;
	return take_resource(IMPORT_ACCOUNT, "reuse.read");
}

/* The frozen body as this import wants it: its groups, its proxy, its models. */
static void want_now(struct import *im, const json_t *live)
{
	struct resource *row = &im->resources[IMPORT_ACCOUNT];
	json_t *wanted;

	import_widen(im, live);
	wanted = json_loads(row->wanted_json, 0, NULL);
	json_object_set_new(wanted, "group_ids", json_pack("[I]",
			    (json_int_t)import_id(im, IMPORT_GROUP)));
	if (import_proxy(im) != 0)
		json_object_set_new(wanted, "proxy_id",
				    json_integer(import_proxy(im)));
	free(row->wanted_json);
	row->wanted_json = json_dumps(wanted, JSON_COMPACT);
	json_decref(wanted);
}

/* As its row and a person's wish have it; release with import_case_done(). */
static void wished_case(const struct import *im, const json_t *live,
			struct import_case *ret)
{
	import_case(im, &im->resources[IMPORT_ACCOUNT], live, ret);
	ret->the.wish = true;
	ret->the.done = (unsigned)im->memo.done;
	ret->the.changed_at = im->memo.changed_at;
}

static void remember_off(struct import *im, const json_t *live)
{
	const char *status = host_member_text(live, "status");

	/* What the host's own error did to it nobody wants back. */
	if (im->memo.calls > 0 || (status && strcmp(status, "error") == 0))
		return;
	im->memo.was_inactive = status && strcmp(status, "inactive") == 0;
	im->memo.was_unschedulable =
		json_is_false(json_object_get(live, "schedulable"));
}

static struct verdict revived(struct import *im, const json_t *live)
{
	const struct resource *row = &im->resources[IMPORT_ACCOUNT];

	import_keep_seen(im, row, live, 0);
	im->memo.done = im->memo.mend = 0;
	/* It is called in the live group, where it was. */
	im->memo.proven = true;
	return go_to("confirm.account");
}

/*
 * In a group of several a host may not notice that an account is back, and
 * their answers would hide it.
 */
static bool needs_nudge(const struct import *im)
{
	const unsigned back = BIT(HOST_REPAIR_RECOVER) |
		BIT(HOST_REPAIR_SWITCH_ON) | BIT(HOST_REPAIR_WAIT);

	return im->memo.live && (unsigned)im->memo.done & back &&
	       !((unsigned)im->memo.done & BIT(HOST_REPAIR_NUDGE));
}

struct verdict got_reuse_read(void *subject, const struct answer *answer)
{
	struct import *im = subject;
	enum failure why = host_judge(answer);
	const json_t *live = host_data(answer);
	static const struct host_mend nudge = {
		BIT(HOST_REPAIR_NUDGE), HOST_MEND_GAP_MS,
	};
	struct host_mend_plan plan;
	struct import_case the;
	struct verdict next = go_on();

	import_saw(im, answer);
	if (why == FAILURE_GONE)
		return make_another(im);
	if (why != FAILURE_NONE)
		return import_host_failed(im, answer, why);
	remember_off(im, live);
	want_now(im, live);
	wished_case(im, live, &the);
	plan = host_mend_plan(&the.the);
	import_case_done(&the);
	if (plan.count == 0 && needs_nudge(im)) {
		plan.count = 1;
		plan.mends[0] = nudge;
	}
	if (plan.count == 0 || im->memo.calls >= CALLS_MAX)
		return revived(im, live);
	im->memo.mend = plan.mends[0].repairs;
	im->memo.mend_delay = plan.count > 1 ? plan.mends[1].delay_ms : 0;
	import_keep_seen(im, &im->resources[IMPORT_ACCOUNT], live,
			 plan.symptoms | BIT(HOST_SYMPTOM_STALE));
	next.delay_ms = plan.mends[0].delay_ms;
	return next;
}

static struct host_mend mend_of(const struct import *im)
{
	return (struct host_mend){ .repairs = (unsigned)im->memo.mend };
}

bool ask_reuse_act(const void *subject, struct request *request)
{
	const struct import *im = subject;
	const struct host_mend mend = mend_of(im);
	struct import_case the;
	bool asks;

	wished_case(im, NULL, &the);
	asks = host_ask_mend(request, &im->peer, &the.the, &mend);
	import_case_done(&the);
	return asks;
}

/* What the account had not and has now, with before and after. */
#define PATCHED (BIT(HOST_REPAIR_MODE) | BIT(HOST_REPAIR_MAPPING) | \
		 BIT(HOST_REPAIR_ERROR_CODES) | BIT(HOST_REPAIR_POOL) | \
		 BIT(HOST_REPAIR_PROXY))

static void note_act(struct import *im, const struct host_mend_case *the)
{
	const struct host_mend mend = mend_of(im);
	CLEANUP(jout_done) struct jout out = { .text.max = 4096 };

	jout_object(&out, NULL);
	jout_str(&out, "account_id",
		 im->resources[IMPORT_ACCOUNT].host_resource_id);
	host_mend_write(&out, the, &mend);
	jout_object_end(&out);
	import_note(im, mend.repairs & PATCHED ? "patch_only" : "repaired",
		    buf_str(&out.text));
}

/*
 * The group in which it is to be called is gone as well.  Whoever makes groups
 * must not hold an account, so it is put back first.
 */
static struct verdict group_lost(struct import *im, enum failure why)
{
	im->memo.reviving = false;
	im->memo.proven = false;
	im->memo.done = im->memo.mend = 0;
	import_give_back(im, IMPORT_ACCOUNT);
	import_gone(im, IMPORT_GROUP);
	return import_doubt(im, "provision.group", why);
}

struct verdict got_reuse_act(void *subject, const struct answer *answer)
{
	struct import *im = subject;
	const struct host_mend mend = mend_of(im);
	struct verdict next = go_to("reuse.read");
	enum failure why = FAILURE_NONE;
	const json_t *live = NULL;
	struct import_case the;

	wished_case(im, NULL, &the);
	if (answer) {
		why = host_judge_mend(answer, &the.the, &mend, &live);
		import_saw(im, answer);
	}
	if (why == FAILURE_NONE && answer)
		note_act(im, &the.the);
	if (why == FAILURE_NONE && mend.repairs & BIT(HOST_REPAIR_EXTEND))
		import_wrote(im, IMPORT_ACCOUNT, "expires_at", json_null());
	import_case_done(&the);
	if (answer && host_reason_is(answer, "GROUP_NOT_FOUND"))
		return group_lost(im, why);
	if (why != FAILURE_NONE && why != FAILURE_GONE)
		return import_host_failed(im, answer, why);
	im->memo.calls++;
	im->memo.done |= im->memo.mend;
	im->memo.mend = 0;
	im->memo.changed_at = im->memo.bound_at = im->now;
	next.delay_ms = im->memo.mend_delay;
	return next;
}
