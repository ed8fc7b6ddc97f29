#include "schedd/host/mend.h"

#include "schedd/host/symptom.h"
#include "shared/clock.h"
#include "shared/table.h"

#define BIT(repair) (1u << (repair))

/* A limit that ends as soon as this is waited for; recovering gains nothing. */
#define WAIT_MAX_MS 10000

#define GROUPS_MAX 64
#define TEXT_MAX 300

/* All that one bulk-update can do. */
#define PATCHES (BIT(HOST_REPAIR_MODE) | BIT(HOST_REPAIR_GROUPS) | \
		 BIT(HOST_REPAIR_MAPPING) | BIT(HOST_REPAIR_ERROR_CODES) | \
		 BIT(HOST_REPAIR_POOL))

/* What the host forgets by being told to recover. */
#define ILLNESSES (BIT(HOST_SYMPTOM_ERROR) | BIT(HOST_SYMPTOM_BENCHED) | \
		   BIT(HOST_SYMPTOM_COOLING))

/* Which symptom the patch mends; the others need calls of their own. */
static const struct {
	enum host_symptom symptom;
	enum host_repair repair;
} cures[] = {
	{ HOST_SYMPTOM_CONVERTS,    HOST_REPAIR_MODE },
	{ HOST_SYMPTOM_MODE,	    HOST_REPAIR_MODE },
	{ HOST_SYMPTOM_GROUPS,	    HOST_REPAIR_GROUPS },
	{ HOST_SYMPTOM_MAPPING,	    HOST_REPAIR_MAPPING },
	{ HOST_SYMPTOM_ERROR_CODES, HOST_REPAIR_ERROR_CODES },
	{ HOST_SYMPTOM_POOL,	    HOST_REPAIR_POOL },
};

static enum failure first_class(unsigned symptoms)
{
	for (unsigned i = 0; i < HOST_SYMPTOM__MAX; i++)
		if (symptoms & BIT(i))
			return host_symptom_facts(i)->class;
	return FAILURE_NONE;
}

/* An account that is gone, off or another one's is left as it is. */
static bool is_anothers(unsigned symptoms)
{
	return symptoms & (BIT(HOST_SYMPTOM_GONE) | BIT(HOST_SYMPTOM_OFF) |
			   BIT(HOST_SYMPTOM_KIND));
}

/* Recovered with a wrong key or address it would only fall ill again. */
static bool is_asked_about(unsigned symptoms)
{
	return symptoms & (BIT(HOST_SYMPTOM_KEY) | BIT(HOST_SYMPTOM_BASE_URL));
}

static unsigned patches_for(const struct host_mend_case *the,
			    unsigned symptoms)
{
	unsigned repairs = 0;

	for (size_t i = 0; i < COUNT(cures); i++)
		if (symptoms & BIT(cures[i].symptom))
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
	if (is_anothers(plan.symptoms))
		return plan;
	if (patches)
		add(&plan, patches, 0);
	if (plan.symptoms & ILLNESSES && !is_asked_about(plan.symptoms))
		plan_recovery(the, &account, &plan);
	if (needs_nudge(the, &account, &plan))
		add(&plan, BIT(HOST_REPAIR_NUDGE), HOST_MEND_GAP_MS);
	plan.ours = plan.count > 0;
	return plan;
}

/* ---- the calls ---- */

/* What it is bound to and what it should be: a list replaces the other. */
static size_t all_groups(const struct host_mend_case *the,
			 int64_t ids[GROUPS_MAX])
{
	size_t count = 0, i;
	const json_t *value;
	const json_t *live = json_object_get(the->live, "group_ids");

	json_array_foreach(live, i, value)
		if (count < GROUPS_MAX)
			ids[count++] = json_integer_value(value);
	if (!live)
		json_array_foreach(json_object_get(the->live,
				   "account_groups"), i, value)
			if (count < GROUPS_MAX)
				ids[count++] = host_member_i64(value,
							       "group_id");
	json_array_foreach(json_object_get(the->wanted, "group_ids"), i, value)
		if (!host_account_in_group(the->live,
					   json_integer_value(value)) &&
		    count < GROUPS_MAX)
			ids[count++] = json_integer_value(value);
	return count;
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
	int64_t ids[GROUPS_MAX];
	json_auto_t *models = all_models(the, &account);
	struct host_account_patch patch = {
		.relay = repairs & BIT(HOST_REPAIR_MODE),
		.models = repairs & BIT(HOST_REPAIR_MAPPING) ? models : NULL,
		.show_errors = repairs & BIT(HOST_REPAIR_ERROR_CODES),
		.pool_mode = repairs & BIT(HOST_REPAIR_POOL),
	};

	if (repairs & BIT(HOST_REPAIR_GROUPS)) {
		patch.group_ids = ids;
		patch.ngroups = all_groups(the, ids);
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
	if (mend->repairs & BIT(HOST_REPAIR_RECOVER))
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

/* ---- for people ---- */

static void say_mode(const struct host_mend_case *the,
		     const struct host_account *account, struct buf *before,
		     struct buf *after)
{
	static const char *const flags[] = {
		[HOST_FLAG_UNSET] = "unset",
		[HOST_FLAG_FALSE] = "false",
		[HOST_FLAG_TRUE] = "true",
	};

	(void)the;
	buf_addf(before, "mode %s, supported %s",
		 account->mode ? account->mode : "unset",
		 flags[account->flag]);
	buf_adds(after, "mode force_chat_completions, supported false");
}

static void list_ids(struct buf *out, const int64_t *ids, size_t count)
{
	for (size_t i = 0; i < count; i++)
		buf_addf(out, "%s%lld", i ? ", " : "", (long long)ids[i]);
	if (count == 0)
		buf_adds(out, "-");
}

static void say_groups(const struct host_mend_case *the,
		       const struct host_account *account, struct buf *before,
		       struct buf *after)
{
	struct host_mend_case alone = { .live = the->live };
	int64_t ids[GROUPS_MAX];

	(void)account;
	list_ids(before, ids, all_groups(&alone, ids));
	list_ids(after, ids, all_groups(the, ids));
}

static void say_mapping(const struct host_mend_case *the,
			const struct host_account *account,
			struct buf *before, struct buf *after)
{
	json_auto_t *missing = host_missing_models(the, account);
	const char *name;
	json_t *target;

	buf_addf(before, "%zu", json_object_size(account->mapping));
	buf_addf(after, "%zu", json_object_size(account->mapping) +
			       json_object_size(missing));
	json_object_foreach(missing, name, target)
		buf_addf(after, " +%s", name);
}

static void say_error_codes(const struct host_mend_case *the,
			    const struct host_account *account,
			    struct buf *before, struct buf *after)
{
	AUTO_FREE char *codes = account->error_codes
		? json_dumps(account->error_codes, JSON_COMPACT) : NULL;

	(void)the;
	buf_addf(before, "on %s", codes ? codes : "[]");
	buf_adds(after, "off");
}

static void say_pool(const struct host_mend_case *the,
		     const struct host_account *account, struct buf *before,
		     struct buf *after)
{
	(void)the;
	buf_addf(before, "%s, %lld repeats", account->pool_mode ? "on" : "off",
		 (long long)account->pool_retries);
	buf_adds(after, "on, 0 repeats");
}

static void say_until(struct buf *out, int64_t until)
{
	char text[CLOCK_TEXT_MAX];

	if (until)
		buf_addf(out, " until %s", clock_format(until, text));
}

static void say_recover(const struct host_mend_case *the,
			const struct host_account *account,
			struct buf *before, struct buf *after)
{
	AUTO_FREE char *words = host_account_complaint(account->live);

	(void)the;
	buf_adds(before, account->status);
	say_until(before, account->bench_until);
	if (words)
		buf_addf(before, ": %s", words);
	buf_adds(after, "active");
}

static void say_switch_on(const struct host_mend_case *the,
			  const struct host_account *account,
			  struct buf *before, struct buf *after)
{
	(void)account;
	buf_addf(before, "schedulable false (%s)",
		 the->off_by_us ? "by CRM" : "by the host's error");
	buf_adds(after, "schedulable true");
}

static void say_nudge(const struct host_mend_case *the,
		      const struct host_account *account, struct buf *before,
		      struct buf *after)
{
	(void)the;
	(void)account;
	buf_adds(before, "scheduler's copy perhaps old");
	buf_adds(after, "read again");
}

static void say_wait(const struct host_mend_case *the,
		     const struct host_account *account, struct buf *before,
		     struct buf *after)
{
	(void)the;
	buf_adds(before, "limited");
	say_until(before, account->bench_until);
	buf_adds(after, "active");
}

static const struct {
	const char *name;
	const char *zh, *en;
	void (*say)(const struct host_mend_case *the,
		    const struct host_account *account, struct buf *before,
		    struct buf *after);
} repairs_table[] = {
	[HOST_REPAIR_MODE] = { "raw_chat", "对话模式", "chat mode", say_mode },
	[HOST_REPAIR_GROUPS] = { "regroup", "所属分组", "groups", say_groups },
	[HOST_REPAIR_MAPPING] = { "models", "模型映射", "mapped models",
				  say_mapping },
	[HOST_REPAIR_ERROR_CODES] = { "error_codes", "自定义错误码",
				      "custom error codes", say_error_codes },
	[HOST_REPAIR_POOL] = { "armour", "池模式", "pool mode", say_pool },
	[HOST_REPAIR_RECOVER] = { "recover", "账号状态", "account state",
				  say_recover },
	[HOST_REPAIR_SWITCH_ON] = { "enable", "调度开关", "switch",
				    say_switch_on },
	[HOST_REPAIR_NUDGE] = { "nudge", "调度副本", "scheduler", say_nudge },
	[HOST_REPAIR_WAIT] = { "wait", "限流", "limit", say_wait },
};
_Static_assert(COUNT(repairs_table) == HOST_REPAIR__MAX, "a row for each");

const char *host_repair_name(enum host_repair repair)
{
	return repairs_table[repair].name;
}

static void write_repair(struct jout *out, const struct host_mend_case *the,
			 const struct host_account *account, size_t i)
{
	CLEANUP(buf_done) struct buf before = { .max = TEXT_MAX };
	CLEANUP(buf_done) struct buf after = { .max = TEXT_MAX };
	AUTO_FREE char *zh = NULL, *en = NULL;

	repairs_table[i].say(the, account, &before, &after);
	zh = xasprintf("%s：%s → %s", repairs_table[i].zh, buf_str(&before),
		       buf_str(&after));
	en = xasprintf("%s: %s → %s", repairs_table[i].en, buf_str(&before),
		       buf_str(&after));
	jout_object(out, NULL);
	jout_str(out, "name", repairs_table[i].name);
	jout_str(out, "before", buf_str(&before));
	jout_str(out, "after", buf_str(&after));
	jout_str(out, "zh", zh);
	jout_str(out, "en", en);
	jout_object_end(out);
}

void host_mend_write(struct jout *out, const struct host_mend_case *the,
		     const struct host_mend *mend)
{
	struct host_account account = host_account_read(the->live, the->inst,
							the->now);

	jout_array(out, "repairs");
	for (size_t i = 0; i < COUNT(repairs_table); i++)
		if (mend->repairs & BIT(i))
			write_repair(out, the, &account, i);
	jout_array_end(out);
}
