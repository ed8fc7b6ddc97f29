/*
 * The steps of a repair: take hold of the resource, read it afresh, write what
 * is ours to restore by one call, read it again.  What the list said is not
 * gone by: somebody may have put it right meanwhile.
 *
 * A repair is counted: when somebody undoes it again and again, CRM stops and
 * says so, because it must not fight a person.
 */
#include <string.h>

#include "schedd/reconcile.h"

#define HOUR_MS 3600000
#define SETTLE_MS 1200	/* before it is looked at once more */
#define CONFIRMS_MAX 3		/* looks at what was written */

/*
 * This one cannot be repaired; the others can, unless it is the host as a
 * whole that fails, or nobody answers.
 */
static struct verdict failed_one(struct reconcile *rc,
				 const struct answer *answer, enum failure why)
{
	if (!reconcile_is_of_the_row(why) && why != FAILURE_GONE &&
	    why != FAILURE_NOT_AS_WRITTEN)
		return reconcile_failed(rc, answer, why);
	rc->memo.failure = (int)why;
	rc->gives_up = true;
	return go_to("repair.next");
}

/* Is anything of what was found to be done, not only asked? */
static bool is_for_us(const struct reconcile *rc)
{
	for (size_t i = 0; i < rc->nrows; i++)
		if (rc->rows[i].action != OWNED_ASK)
			return true;
	return false;
}

struct verdict got_repair_next(void *subject, const struct answer *answer)
{
	struct reconcile *rc = subject;

	(void)answer;
	if (!rc->row.resource_id)
		return done();
	if (rc->row.state == RESOURCE_GONE || !rc->row.host_resource_id) {
		rc->gives_up = true;
		return go_to("repair.next");
	}
	if (!is_for_us(rc)) {
		rc->asks = true;
		return go_to("repair.next");
	}
	snprintf(rc->memo.resource_id, sizeof(rc->memo.resource_id), "%s",
		 rc->row.resource_id);
	return go_on();
}

/* Whoever works on it is waited for. */
struct verdict got_repair_take(void *subject, const struct answer *answer)
{
	(void)subject;
	(void)answer;
	return take_resource(RECONCILE_ROW, "repair.read");
}

bool ask_repair_read(const void *subject, struct request *request)
{
	const struct reconcile *rc = subject;

	return rc->held && rc->row.host_resource_id &&
	       reconcile_ask_row(rc, request);
}

static bool is_recent(const struct reconcile *rc)
{
	return rc->row.mended_at != 0 && rc->now - rc->row.mended_at <
	       rc->settings->watch_repairs_hours * HOUR_MS;
}

bool reconcile_may_mend(const struct reconcile *rc)
{
	return strcmp(rc->run.requested_by, RECONCILE_BY_WATCH) != 0 ||
	       rc->memo.decided || !is_recent(rc) ||
	       rc->row.mends < rc->settings->watch_repairs;
}

/* What is left of the repair, with what the host shows now. */
static void plan(struct reconcile *rc)
{
	struct reconcile_seen seen;

	reconcile_see(rc, &rc->row, rc->live, &seen);
	rc->memo.fields = reconcile_may_mend(rc)
		? reconcile_fields(rc, &seen) : 0;
	reconcile_seen_done(&seen);
}

struct verdict got_repair_read(void *subject, const struct answer *answer)
{
	struct reconcile *rc = subject;
	enum failure why;

	if (!answer) {	/* it is not ours any more, or nobody can be asked */
		rc->gives_up = true;
		return go_to("repair.next");
	}
	why = reconcile_judge_row(rc, answer, &rc->live);
	if (why != FAILURE_NONE && why != FAILURE_GONE)
		return failed_one(rc, answer, why);
	rc->reads = true;
	plan(rc);
	return rc->memo.fields ? go_on() : go_to("repair.next");
}

bool ask_repair_write(const void *subject, struct request *request)
{
	return reconcile_ask_write(subject, request);
}

struct verdict got_repair_write(void *subject, const struct answer *answer)
{
	struct reconcile *rc = subject;
	enum failure why = answer ? reconcile_judge_write(rc, answer)
				  : FAILURE_HOST_REFUSED;

	return why == FAILURE_NONE ? go_on() : failed_one(rc, answer, why);
}

bool ask_repair_confirm(const void *subject, struct request *request)
{
	return reconcile_ask_row(subject, request);
}

/* Of what the host hides nothing can be read back. */
static bool is_shown(const struct reconcile_seen *seen,
		     const struct owned_finding *it)
{
	return it->live && (strcmp(it->field->name, "key") != 0 ||
			    json_object_get(seen->live, "key"));
}

static bool is_restored(struct reconcile *rc)
{
	struct reconcile_seen seen;
	bool restored = true;

	reconcile_see(rc, &rc->row, rc->live, &seen);
	for (size_t i = 0; i < seen.count; i++)
		if (is_shown(&seen, &seen.findings[i]) &&
		    reconcile_restores(rc, seen.findings[i].field->name))
			restored = false;
	reconcile_seen_done(&seen);
	return restored;
}

struct verdict got_repair_confirm(void *subject, const struct answer *answer)
{
	struct reconcile *rc = subject;
	enum failure why = reconcile_judge_row(rc, answer, &rc->live);

	if (why != FAILURE_NONE)
		return failed_one(rc, answer, why);
	if (!is_restored(rc))
		return rc->attempt + 1 < CONFIRMS_MAX
			? retry(FAILURE_NOT_AS_WRITTEN, SETTLE_MS)
			: failed_one(rc, answer, FAILURE_NOT_AS_WRITTEN);
	rc->confirms = true;
	return go_to("repair.next");
}
