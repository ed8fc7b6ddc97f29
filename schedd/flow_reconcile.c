/*
 * flow_reconcile: what we own on a host, held against what the host shows, as
 * a table.
 */
#include <string.h>

#include "schedd/host/account_view.h"
#include "schedd/host/group.h"
#include "schedd/host/owned_reads.h"
#include "schedd/host/user.h"
#include "schedd/reconcile.h"
#include "shared/notices.h"

#define TEXT_KEYS_HIDDEN "the host gives no export of accounts: whether " \
	"keys were replaced is judged by what they do"

#define GONE_QUORUM 3		/* missing, before a host is doubted */

struct verdict reconcile_failed(struct reconcile *rc,
				const struct answer *answer, enum failure why)
{
	AUTO_FREE char *words = host_detail(answer);

	snprintf(rc->memo.detail, sizeof(rc->memo.detail), "%s",
		 words ? words : "");
	if (failure_facts(why)->passes ||
	    host_may_stumble(answer, why, rc->attempt))
		return retry(why, host_retry_after_ms(answer));
	return failed(why);
}

static struct verdict got_begin(void *subject, const struct answer *answer)
{
	(void)subject;
	(void)answer;
	return go_on();
}

/* ---- lists ---- */

static bool lists(const struct reconcile *rc, enum resource_type type)
{
	return rc->memo.lists & INT64_C(1) << type;
}

static bool ask_groups(const void *subject, struct request *request)
{
	const struct reconcile *rc = subject;

	if (!lists(rc, RESOURCE_GROUP))
		return false;
	reconcile_ask_list(rc, RESOURCE_GROUP, request);
	return true;
}

static bool ask_accounts(const void *subject, struct request *request)
{
	const struct reconcile *rc = subject;

	if (!lists(rc, RESOURCE_ACCOUNT))
		return false;
	reconcile_ask_list(rc, RESOURCE_ACCOUNT, request);
	return true;
}

/* The list says nothing of its kind, and what it said so far is void. */
static struct verdict lose(struct reconcile *rc, enum resource_type type)
{
	rc->memo.unknown |= INT64_C(1) << type;
	rc->memo.list = (struct listing){ 0 };
	rc->memo.list_compared = rc->memo.list_skipped = 0;
	rc->restart = true;
	return go_on();
}

/* What the list before this one came to. */
static void add_up(struct reconcile *rc)
{
	rc->memo.compared += rc->memo.list_compared;
	rc->memo.skipped += rc->memo.list_skipped;
	rc->memo.list_compared = rc->memo.list_skipped = 0;
}

static int64_t page_size_of(const struct reconcile *rc,
			    enum resource_type type)
{
	return type == RESOURCE_GROUP ? HOST_GROUPS_PAGE
				      : reconcile_page_size(rc);
}

/* From the beginning, as pages of another size have other borders. */
static void begin_smaller(struct reconcile *rc)
{
	rc->memo.smaller++;
	rc->memo.list = (struct listing){ .looks = rc->memo.list.looks };
	rc->memo.list_compared = rc->memo.list_skipped = 0;
	rc->restart = true;
}

/* `again`: the step itself.  It keeps its lease, which a poll gives back. */
static struct verdict got_list(struct reconcile *rc, enum resource_type type,
			       const char *again, const struct answer *answer)
{
	struct host_page page = { 0 };
	enum failure why = host_judge_page(answer, &page);

	rc->page_type = type;
	if (rc->memo.list.page == 0 && rc->memo.list.looks == 0)
		add_up(rc);
	if (why == FAILURE_TOO_LARGE && type == RESOURCE_ACCOUNT &&
	    rc->memo.smaller < RECONCILE_SMALLER_MAX) {
		begin_smaller(rc);
		return go_to(again);
	}
	if (why != FAILURE_NONE)
		return reconcile_failed(rc, answer, why);
	switch (listing_take(&rc->memo.list, &page, page_size_of(rc, type),
			     &rc->range)) {
	case LISTING_MORE:
		rc->page = page;
		return go_to(again);
	case LISTING_END:
		rc->page = page;
		rc->memo.list = (struct listing){ 0 };
		return go_on();
	case LISTING_AGAIN:
		rc->restart = true;
		rc->memo.list_compared = rc->memo.list_skipped = 0;
		return go_to(again);
	case LISTING_UNKNOWN:
		break;
	}
	return lose(rc, type);
}

static struct verdict got_groups(void *subject, const struct answer *answer)
{
	if (!answer)
		return go_on();
	return got_list(subject, RESOURCE_GROUP, "reconcile.groups", answer);
}

static struct verdict got_accounts(void *subject, const struct answer *answer)
{
	if (!answer)
		return go_on();
	return got_list(subject, RESOURCE_ACCOUNT, "reconcile.accounts",
			answer);
}

/* Is it one of ours, or may it be? */
static bool is_wanted(const void *subject, int64_t id)
{
	const struct reconcile *rc = subject;
	size_t from = 0, to = rc->nids;

	while (from < to) {
		size_t middle = from + (to - from) / 2;

		if (rc->ids[middle] == id)
			return true;
		if (rc->ids[middle] < id)
			from = middle + 1;
		else
			to = middle;
	}
	return rc->nids == RECONCILE_IDS && from == rc->nids;
}

/* ---- one by one ---- */

/*
 * What a host refuses to show it does not refuse of all: that one is not told.
 * A thing that is gone is another matter.
 */
bool reconcile_is_of_the_row(enum failure why)
{
	return why == FAILURE_HOST_REFUSED || why == FAILURE_HOST_UNSUPPORTED;
}

static bool ask_one(const void *subject, struct request *request)
{
	const struct reconcile *rc = subject;

	if (!rc->row.resource_id || rc->row.state != RESOURCE_PRESENT)
		return false;
	return reconcile_ask_row(rc, request);
}

static struct verdict got_one(void *subject, const struct answer *answer)
{
	struct reconcile *rc = subject;
	enum failure why;

	if (!rc->row.resource_id)
		return rc->walks_on ? go_to("reconcile.one") : go_on();
	if (!answer) {
		rc->overtaken = true;
		return go_to("reconcile.one");
	}
	why = reconcile_judge_row(rc, answer, &rc->live);
	if (reconcile_is_of_the_row(why)) {
		rc->memo.unknown |= INT64_C(1) << rc->row.type;
		rc->overtaken = true;
		return go_to("reconcile.one");
	}
	if (why != FAILURE_NONE && why != FAILURE_GONE)
		return reconcile_failed(rc, answer, why);
	rc->saw = true;
	return go_to("reconcile.one");
}

/* ---- what it comes to ---- */

/*
 * When most of what we have on a host is gone, it is the host that is another
 * one, or empty: nothing of it is concluded.
 */
static bool is_another_host(const struct reconcile *rc)
{
	return rc->run.scope == RECONCILE_HOST &&
	       rc->memo.missing >= GONE_QUORUM &&
	       rc->memo.missing * 2 > rc->memo.compared;
}

static struct verdict got_judge(void *subject, const struct answer *answer)
{
	struct reconcile *rc = subject;

	(void)answer;
	add_up(rc);
	if (is_another_host(rc)) {
		rc->gives_up = true;
		rc->memo.unknown = (INT64_C(1) << RESOURCE_TYPE__MAX) - 1;
		free(rc->detail);
		rc->detail = xstrdup("most of what CRM has there is gone: the "
				     "host may be another one");
		return done();
	}
	return rc->run.repair ? go_to("repair.next") : done();
}

/* There is nothing to take back: what is held is let go of at the end. */
static struct verdict got_undo_end(void *subject, const struct answer *answer)
{
	struct reconcile *rc = subject;

	(void)answer;
	own_set(&rc->detail, *rc->memo.detail ? rc->memo.detail : NULL);
	return failed((enum failure)rc->memo.failure);
}

static const struct step steps[] = {
	{ RECONCILE_FIRST_STEP, 0, NULL,	 got_begin },
	{ "reconcile.groups",	0, ask_groups,	 got_groups,
	  .slices = { is_wanted, host_group_reads } },
	{ "reconcile.keys",	0, ask_reconcile_keys, got_reconcile_keys,
	  .fingerprints = true },
	{ "reconcile.accounts", 0, ask_accounts, got_accounts,
	  .fingerprints = true, .slices = { is_wanted, host_account_reads } },
	{ "reconcile.one",	0, ask_one,	 got_one,
	  .fingerprints = true },
	{ "reconcile.judge",	0, NULL,	 got_judge },

	{ "host.login",		0, ask_reconcile_login, got_reconcile_login,
	  { HOST_LOGIN_TOKEN, SLOT_HOST_SESSION } },

	/* one resource after the other, until none is left */
	{ "repair.next",	0, NULL,	 got_repair_next },
	{ "repair.take",	0, NULL,	 got_repair_take },
	{ "repair.read",	0, ask_repair_read, got_repair_read,
	  .fingerprints = true },
	{ "repair.write",	0, ask_repair_write, got_repair_write },
	{ "repair.confirm",	0, ask_repair_confirm, got_repair_confirm,
	  .fingerprints = true },

	{ "undo.end",		0, NULL,	 got_undo_end },
};

/* ---- what the engine asks of it ---- */

static int save(const struct store *store, const struct task *task,
		void *subject, const struct step *step,
		const struct verdict *verdict, int64_t now, struct err *err)
{
	struct reconcile *rc = subject;
	bool repairs = strncmp(step->name, "repair.", 7) == 0;

	(void)task;
	(void)verdict;
	if (rc->new_session &&
	    hosts_session(store->db, rc->host.host_id,
			  rc->host.session_secret_id,
			  rc->host.session_expires_at, now, err))
		return -1;
	if (repairs)
		return reconcile_keep_repair(store, rc, now, err);
	if ((rc->page.items || rc->restart) &&
	    reconcile_keep_page(store, rc, now, err))
		return -1;
	if (rc->exported && reconcile_keep_keys(store, rc, now, err))
		return -1;
	return reconcile_keep_row(store, rc, now, err);
}

static void name_unknown(struct reconcile *rc)
{
	CLEANUP(jout_done) struct jout out = { .text.max = 1024 };

	jout_array(&out, NULL);
	for (int i = 0; i < RESOURCE_TYPE__MAX; i++)
		if (rc->memo.unknown & INT64_C(1) << i)
			jout_str(&out, NULL, resource_type_name(i));
	jout_array_end(&out);
	free(rc->run.unknown_parts);
	rc->run.unknown_parts = buf_take(&out.text);
}

static enum reconcile_result result_of(const struct reconcile *rc,
				       const struct verdict *verdict)
{
	const struct reconcile_counts *n = &rc->run.counts;

	if (verdict->kind == VERDICT_FAILED)
		return RECONCILE_FAILED;
	if (n->found || n->asked || n->failed || n->dropped)
		return RECONCILE_DRIFTED;
	if (strcmp(rc->run.unknown_parts, "[]") != 0)
		return RECONCILE_UNKNOWN;
	return n->repaired || n->accepted ? RECONCILE_REPAIRED
					  : RECONCILE_IN_SYNC;
}

static int sum_up(const struct store *store, struct reconcile *rc,
		  const struct verdict *verdict, struct err *err)
{
	struct reconcile_run *run = &rc->run;

	/* A decision adds nothing to what was looked at. */
	if (!rc->memo.decided) {
		run->counts.compared = rc->memo.compared;
		run->counts.missing = rc->memo.missing;
		run->counts.skipped = rc->memo.skipped;
		run->counts.dropped = rc->memo.dropped;
		name_unknown(rc);
	}
	if (findings_count(store->db, run->reconcile_id, &run->counts, err))
		return -1;
	run->result = result_of(rc, verdict);
	own_set(&run->failure_class, verdict->kind == VERDICT_FAILED
		? failure_name(verdict->failure) : NULL);
	own_set(&run->failure_detail, rc->detail ? rc->detail
		: rc->memo.keys_hidden ? TEXT_KEYS_HIDDEN : NULL);
	return 0;
}

static int end(const struct store *store, const struct task *task,
	       void *subject, const struct verdict *verdict, int64_t now,
	       struct err *err)
{
	struct reconcile *rc = subject;

	(void)task;
	if ((rc->gives_up && findings_forget_missing(store->db,
					rc->run.reconcile_id, err)) ||
	    sum_up(store, rc, verdict, err) ||
	    reconcile_ask_proofs(store, rc, now, err) ||
	    reconcile_tell(store, rc, now, err))
		return -1;
	return reconciles_finish(store->db, &rc->run, now, err);
}

static void fail(void *subject, enum failure why)
{
	struct reconcile *rc = subject;

	rc->memo.failure = (int)why;
}

static void want(const void *subject, int resource, struct resource_want *ret)
{
	const struct reconcile *rc = subject;

	(void)resource;
	ret->type = rc->row.type;
	ret->hold = true;
	snprintf(ret->lookup, sizeof(ret->lookup), "%s", rc->row.lookup);
}

static int took(const struct store *store, void *subject, int resource,
		struct resource *take_row, int64_t now, struct err *err)
{
	struct reconcile *rc = subject;

	(void)store;
	(void)resource;
	(void)now;
	(void)err;
	resource_done(&rc->row);
	rc->row = *take_row;
	*take_row = (struct resource){ 0 };
	return 0;
}

static const char *secret_id(const void *subject, enum slot slot)
{
	const struct reconcile *rc = subject;

	if (slot == SLOT_HOST_SESSION)
		return rc->host.session_secret_id;
	if (slot == SLOT_PROVIDER_KEY)
		return rc->secret_id;
	return slot == SLOT_HOST_TOKEN ? rc->host.auth_secret_id : NULL;
}

static void limits(const void *subject, const struct request *request,
		   struct limit_names *ret)
{
	const struct reconcile *rc = subject;

	(void)request;
	ret->host = rc->host.host_id;
}

static void pauses(const void *subject, struct pauses *ret)
{
	const struct reconcile *rc = subject;

	if (rc->host.paused_at)
		ret->host = rc->host.host_id;
}

static void way(const void *subject, const struct request *request,
		struct way *ret)
{
	const struct reconcile *rc = subject;

	(void)request;
	ret->proxy_secret_id = rc->host.proxy_secret_id;
	ret->ca_pem = rc->host.ca_pem;
}

const struct flow flow_reconcile = {
	.name = RECONCILE_FLOW,
	.steps = steps,
	.nsteps = COUNT(steps),
	.undo = "undo.end",
	.load = reconcile_load,
	.save = save,
	.end = end,
	.free = reconcile_free,
	.fail = fail,
	.want = want,
	.took = took,
	.secret_id = secret_id,
	.detour = reconcile_detour,
	.refused = reconcile_refused,
	.captured = reconcile_captured,
	.limits = limits,
	.pauses = pauses,
	.way = way,
	.memo = reconcile_memo_write,
};
