#include "schedd/host/mend.h"

#include "schedd/host/symptom.h"
#include "shared/table.h"

#define BIT(repair) (1u << (repair))

/* A limit that ends as soon as this is waited for; recovering gains nothing. */
#define WAIT_MAX_MS 10000

/* All that one bulk-update can do. */
#define PATCHES (BIT(HOST_REPAIR_MODE) | BIT(HOST_REPAIR_GROUPS) | \
		 BIT(HOST_REPAIR_MAPPING) | BIT(HOST_REPAIR_ERROR_CODES) | \
		 BIT(HOST_REPAIR_POOL) | BIT(HOST_REPAIR_BASE_URL) | \
		 BIT(HOST_REPAIR_PROXY) | BIT(HOST_REPAIR_ACTIVATE))

/* What the host forgets by being told to recover. */
#define ILLNESSES (BIT(HOST_SYMPTOM_ERROR) | BIT(HOST_SYMPTOM_BENCHED) | \
		   BIT(HOST_SYMPTOM_COOLING))

/* Which symptom the patch mends; the others need calls of their own. */
static const struct {
	enum host_symptom symptom;
	enum host_repair repair;
	bool wished;		/* only where an import wishes it */
} cures[] = {
	{ HOST_SYMPTOM_CONVERTS,    HOST_REPAIR_MODE },
	{ HOST_SYMPTOM_MODE,	    HOST_REPAIR_MODE },
	{ HOST_SYMPTOM_GROUPS,	    HOST_REPAIR_GROUPS },
	{ HOST_SYMPTOM_MAPPING,	    HOST_REPAIR_MAPPING },
	{ HOST_SYMPTOM_ERROR_CODES, HOST_REPAIR_ERROR_CODES },
	{ HOST_SYMPTOM_POOL,	    HOST_REPAIR_POOL },
	{ HOST_SYMPTOM_BASE_URL,    HOST_REPAIR_BASE_URL, true },
	{ HOST_SYMPTOM_PROXY,	    HOST_REPAIR_PROXY,	  true },
	{ HOST_SYMPTOM_OFF,	    HOST_REPAIR_ACTIVATE, true },
};

static enum failure first_class(unsigned symptoms)
{
	for (unsigned i = 0; i < HOST_SYMPTOM__MAX; i++)
		if (symptoms & BIT(i))
			return host_symptom_facts(i)->class;
	return FAILURE_NONE;
}

/* An account that is gone, off or another one's is left as it is. */
static bool is_anothers(const struct host_mend_case *the, unsigned symptoms)
{
	unsigned off = BIT(HOST_SYMPTOM_OFF) | BIT(HOST_SYMPTOM_EXPIRED);

	return symptoms & (BIT(HOST_SYMPTOM_GONE) | BIT(HOST_SYMPTOM_KIND) |
			   (the->wish ? 0 : off));
}

/* Recovered with a wrong key or address it would only fall ill again. */
static bool is_asked_about(const struct host_mend_case *the,
			   unsigned symptoms)
{
	return symptoms & (BIT(HOST_SYMPTOM_KEY) |
			   (the->wish ? 0 : BIT(HOST_SYMPTOM_BASE_URL)));
}

static unsigned patches_for(const struct host_mend_case *the,
			    unsigned symptoms)
{
	unsigned repairs = 0;

	for (size_t i = 0; i < COUNT(cures); i++)
		if (symptoms & BIT(cures[i].symptom) &&
		    (the->wish || !cures[i].wished))
			repairs |= BIT(cures[i].repair);
	return repairs & ~the->done;
}

static void add(struct host_mend_plan *plan, unsigned repairs,
		int64_t delay_ms)
{
	plan->mends[plan->count++] = (struct host_mend){
		.repairs = repairs,
		.delay_ms = delay_ms > 0 ? delay_ms : 0,
	};
}

static int64_t gap(const struct host_mend_case *the)
{
	return the->features->loses_events ? HOST_MEND_GAP_MS : 0;
}

/* Until the change before this one has surely been taken in. */
static int64_t gap_before(const struct host_mend_case *the,
			  const struct host_mend_plan *plan)
{
	int64_t since = the->now - the->changed_at;

	if (plan->count > 0)
		return gap(the);
	return since >= 0 && since < gap(the) ? gap(the) - since : 0;
}

static bool provider_fails(const struct host_mend_case *the)
{
	/* A model that thinks for long has said enough: the key is good. */
	return the->direct_known && the->direct != FAILURE_NONE &&
	       the->direct != FAILURE_EMPTY_COMPLETION;
}

/*
 * Only a limit holds it, and not for long: it comes back by itself, and to
 * the group's other accounts' company only by a nudge.
 */
static bool waits_out(const struct host_mend_case *the,
		      const struct host_account *account, unsigned symptoms)
{
	return account->limited && !(symptoms & BIT(HOST_SYMPTOM_ERROR)) &&
	       account->bench_until - the->now <= WAIT_MAX_MS;
}

static void plan_recovery(const struct host_mend_case *the,
			  const struct host_account *account,
			  struct host_mend_plan *plan)
{
	if (waits_out(the, account, plan->symptoms)) {
		add(plan, BIT(HOST_REPAIR_WAIT),
		    account->bench_until - the->now);
		return;
	}
	if (provider_fails(the)) {
		plan->held_back = true;
		return;
	}
	if (plan->symptoms & ILLNESSES &&
	    !(the->done & BIT(HOST_REPAIR_RECOVER)))
		add(plan, BIT(HOST_REPAIR_RECOVER), gap_before(the, plan));
	if (host_may_switch_on(the, account) &&
	    !(the->done & BIT(HOST_REPAIR_SWITCH_ON)))
		add(plan, BIT(HOST_REPAIR_SWITCH_ON), gap_before(the, plan));
}

/* A group of several learns of a return by an event only. */
static bool needs_nudge(const struct host_mend_case *the,
			const struct host_account *account,
			const struct host_mend_plan *plan)
{
	unsigned last = plan->count
		? plan->mends[plan->count - 1].repairs : 0;

	if (the->done & BIT(HOST_REPAIR_NUDGE))
		return false;
	if (plan->symptoms & BIT(HOST_SYMPTOM_STALE))
		return true;
	if (!the->shared || last == 0 || last & PATCHES)
		return false;
	return account->limited || the->features->loses_events;
}

struct host_mend_plan host_mend_plan(const struct host_mend_case *the)
{
	struct host_account account = host_account_read(the->live, the->inst,
							the->now);
	struct host_mend_plan plan = { .symptoms = host_symptoms(the,
								 &account) };
	unsigned patches = patches_for(the, plan.symptoms);

	plan.class = first_class(plan.symptoms);
	if (is_anothers(the, plan.symptoms))
		return plan;
	if (plan.symptoms & BIT(HOST_SYMPTOM_EXPIRED) &&
	    !(the->done & BIT(HOST_REPAIR_EXTEND)))
		add(&plan, BIT(HOST_REPAIR_EXTEND), 0);
	if (patches)
		add(&plan, patches, plan.count ? gap(the) : 0);
	if (plan.symptoms & ILLNESSES && !is_asked_about(the, plan.symptoms))
		plan_recovery(the, &account, &plan);
	if (needs_nudge(the, &account, &plan))
		add(&plan, BIT(HOST_REPAIR_NUDGE), HOST_MEND_GAP_MS);
	plan.ours = plan.count > 0;
	return plan;
}

/* ---- the calls ---- */

/* What it is bound to and what it should be: a list replaces the other. */
json_t *host_mend_groups(const struct host_mend_case *the)
{
	json_t *ids = host_account_groups(the->live);
	size_t i;
	json_t *value;

	json_array_foreach(json_object_get(the->wanted, "group_ids"), i, value)
		if (!host_account_in_group(the->live,
					   json_integer_value(value)))
			json_array_append(ids, value);
	return ids;
}

/* A mapping is replaced whole, and never made smaller by us. */
static json_t *all_models(const struct host_mend_case *the,
			  const struct host_account *account)
{
	json_t *models = account->mapping ? json_deep_copy(account->mapping)
					  : json_object();
	json_auto_t *missing = host_missing_models(the, account);

	json_object_update(models, missing);
	return models;
}

static void ask_patch(struct request *request, const struct host_peer *peer,
		      const struct host_mend_case *the, unsigned repairs)
{
	struct host_account account = host_account_read(the->live, the->inst,
							the->now);
	json_auto_t *groups = host_mend_groups(the);
	const int64_t proxy = host_member_i64(the->wanted, "proxy_id");
	const bool on = true;
	json_auto_t *models = all_models(the, &account);
	struct host_account_patch patch = {
		.relay = repairs & BIT(HOST_REPAIR_MODE),
		.group_ids = repairs & BIT(HOST_REPAIR_GROUPS) ? groups : NULL,
		.models = repairs & BIT(HOST_REPAIR_MAPPING) ? models : NULL,
		.show_errors = repairs & BIT(HOST_REPAIR_ERROR_CODES),
		.pool_mode = repairs & BIT(HOST_REPAIR_POOL),
		.base_url = repairs & BIT(HOST_REPAIR_BASE_URL)
			? host_wanted_base_url(the) : NULL,
		.proxy_id = repairs & BIT(HOST_REPAIR_PROXY) ? &proxy : NULL,
	};

	if (repairs & BIT(HOST_REPAIR_ACTIVATE)) {
		patch.status = "active";
		patch.schedulable = &on;
	}
	/* The same value: it changes nothing and tells the scheduler. */
	if (repairs & BIT(HOST_REPAIR_NUDGE))
		patch.priority = &account.priority;
	host_ask_account_patch(request, peer, account.id, &patch);
}

bool host_ask_mend(struct request *request, const struct host_peer *peer,
		   const struct host_mend_case *the,
		   const struct host_mend *mend)
{
	int64_t id = host_object_id(the->live);

	if (mend->repairs & BIT(HOST_REPAIR_WAIT))
		return false;
	if (mend->repairs & BIT(HOST_REPAIR_EXTEND))
		host_ask_account_put(request, peer, id,
			&(struct host_account_put){ .never_expires = true });
	else if (mend->repairs & BIT(HOST_REPAIR_RECOVER))
		host_ask_account_recover(request, peer, id);
	else if (mend->repairs & BIT(HOST_REPAIR_SWITCH_ON))
		host_ask_account_schedulable(request, peer, id, true);
	else
		ask_patch(request, peer, the, mend->repairs);
	return true;
}

enum failure host_judge_mend(const struct answer *answer,
			     const struct host_mend_case *the,
			     const struct host_mend *mend,
			     const json_t **ret_live)
{
	int64_t id = host_object_id(the->live);
	enum failure why;

	*ret_live = NULL;
	if (mend->repairs & (PATCHES | BIT(HOST_REPAIR_NUDGE)))
		return host_judge_account_patch(answer, id);
	why = host_judge(answer);
	if (why == FAILURE_NONE && host_object_id(host_data(answer)) == id)
		*ret_live = host_data(answer);
	return why;
}
