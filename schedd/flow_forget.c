/*
 * flow_forget: the records of a host go, a batch at a time; the host itself is
 * asked nothing.
 */
#include "schedd/step.h"
#include "shared/host_forget.h"
#include "shared/table.h"

#define ROWS 200	/* in one transaction */

struct forgetting {
	bool gone;
};

static struct verdict got_some(void *subject, const struct answer *answer)
{
	const struct forgetting *f = subject;

	(void)answer;
	return f->gone ? done() : poll_after(0, FAILURE_NONE);
}

static const struct step steps[] = {
	{ FORGET_FIRST_STEP, 0, NULL, got_some },
};

static int forgetting_load(const struct store *store, const struct task *task,
			   int64_t now, void **ret, struct err *err)
{
	struct forgetting *f = xcalloc(1, sizeof(*f));
	json_auto_t *memo = json_loads(task->memo, 0, NULL);

	(void)store;
	(void)now;
	(void)err;
	f->gone = json_is_true(json_object_get(memo, "gone"));
	*ret = f;
	return 0;
}

static int forgetting_save(const struct store *store, const struct task *task,
			   void *subject, const struct step *step,
			   const struct verdict *verdict, int64_t now,
			   struct err *err)
{
	struct forgetting *f = subject;
	bool more;

	(void)step;
	(void)now;
	if (verdict->kind != VERDICT_POLL)
		return 0;
	if (host_forget_some(store->db, task->host_id, ROWS, &more, err))
		return -1;
	f->gone = !more;
	return 0;
}

static int forgetting_end(const struct store *store, const struct task *task,
			  void *subject, const struct verdict *verdict,
			  int64_t now, struct err *err)
{
	(void)store;
	(void)task;
	(void)subject;
	(void)verdict;
	(void)now;
	(void)err;
	return 0;
}

static void forgetting_free(void **subject)
{
	free(*subject);
	*subject = NULL;
}

static void forgetting_fail(void *subject, enum failure why)
{
	(void)subject;
	(void)why;
}

/* Nobody is asked anything, so there are no secrets, limits or pauses. */
static const char *forgetting_secret_id(const void *subject, enum slot slot)
{
	(void)subject;
	(void)slot;
	return NULL;
}

static void forgetting_captured(void *subject, enum slot slot,
				const struct secret_face *face)
{
	(void)subject;
	(void)slot;
	(void)face;
}

static void forgetting_limits(const void *subject,
			      const struct request *request,
			      struct limit_names *ret)
{
	(void)subject;
	(void)request;
	(void)ret;
}

static char *forgetting_memo(const void *subject)
{
	const struct forgetting *f = subject;

	return xstrdup(f->gone ? "{\"gone\":true}" : "{}");
}

const struct flow flow_forget = {
	.name = FORGET_FLOW,
	.steps = steps,
	.nsteps = COUNT(steps),
	.load = forgetting_load,
	.save = forgetting_save,
	.end = forgetting_end,
	.free = forgetting_free,
	.fail = forgetting_fail,
	.secret_id = forgetting_secret_id,
	.captured = forgetting_captured,
	.limits = forgetting_limits,
	.memo = forgetting_memo,
};
