#include "schedd/settle.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "schedd/backoff.h"
#include "shared/secrets.h"

/* A step that failed in passing too often has failed. */
static void limit_retries(const struct job *job, struct verdict *v,
			  const struct settings *settings, uint64_t random)
{
	if (v->kind != VERDICT_RETRY)
		return;
	if (job->task.attempt + 1 >= settings->attempts_max) {
		*v = failed(v->failure);
		return;
	}
	v->delay_ms = backoff_ms(job->task.attempt, settings->retry_first_ms,
				 settings->retry_max_ms, v->delay_ms, random);
}

/*
 * The peer refused a login that we can renew: forget it and ask once more.
 * The repeat finds it gone and gets it anew first.
 */
static bool renews(struct job *job)
{
	if (!job->asked || job->answer.status != 401 || !job->flow->refused ||
	    job->task.attempt > 0 || job->detour)
		return false;
	for (size_t i = 0; i < job->request.nheaders; i++)
		if (job->request.headers[i].slot != SLOT_NONE &&
		    job->flow->refused(job->subject,
				       job->request.headers[i].slot))
			return true;
	return false;
}

struct verdict settle_verdict(struct job *job, const struct settings *settings,
			      uint64_t random)
{
	const struct step *due = flow_step(job->flow, job->task.step);
	bool undoing = flow_is_undo(job->flow, due);
	struct verdict v;

	if (job->task.cancel && !undoing)
		v = failed(FAILURE_CANCELLED);
	else if (renews(job))
		v = retry(FAILURE_HOST_AUTH, 0);
	else
		v = job->step->answer(job->subject,
				      job->asked ? &job->answer : NULL);
	limit_retries(job, &v, settings, random);
	/* What was begun is taken back before the flow ends as failed. */
	if (v.kind == VERDICT_FAILED && job->flow->undo && !undoing) {
		job->flow->fail(job->subject, v.failure);
		v = (struct verdict){ .kind = VERDICT_GO_TO,
				      .step = job->flow->undo,
				      .failure = v.failure };
	}
	return v;
}

/* What is to be written into the task's row. */
struct outcome {
	struct task_settlement s;
	char parked_on[ID_MAX];
};

static void move_to(const struct job *job, struct outcome *out,
		    const char *step, int64_t now)
{
	/* The last row of a table never says go_on(). */
	if (!step) {
		size_t i = (size_t)(job->step - job->flow->steps) + 1;

		assert(i < job->flow->nsteps);
		step = job->flow->steps[i].name;
	}
	out->s.step = step;
	out->s.step_since = now;
	out->s.attempt = 0;
}

/*
 * Several makers before us could not make it: fail with their class instead
 * of trying the same again.
 */
static int end_like_the_others(struct job *job, const struct resource *row,
			       int64_t now, struct outcome *out)
{
	enum failure why = FAILURE_HOST_REFUSED;

	if (!failure_parse(row->failure_class, &why))
		why = FAILURE_HOST_REFUSED;
	job->flow->fail(job->subject, why);
	move_to(job, out, job->flow->undo, now);
	return 0;
}

/* Get hold of a resource, or park on the one who makes it. */
static int take(struct job *job, const struct store *store,
		const struct verdict *v, int64_t now, struct outcome *out,
		struct err *err)
{
	CLEANUP(resource_done) struct resource row = { 0 };
	struct resource_want want = { .host_id = job->task.host_id,
				      .task_id = job->task.task_id };
	enum take got;

	job->flow->want(job->subject, v->resource, &want);
	if (resources_take(store->db, &want, now,
			   store->random(store->random_arg), &got, &row, err))
		return -1;
	if (got == TAKE_WAIT) {
		snprintf(out->parked_on, sizeof(out->parked_on), "%s",
			 row.resource_id);
		out->s.next = TASK_PARKED;
		out->s.parked_on = out->parked_on;
		return 0;
	}
	if (got == TAKE_REFUSED)
		return end_like_the_others(job, &row, now, out);
	if (got == TAKE_LATER) {
		out->s.next = TASK_DUE;
		out->s.not_before = row.next_retry_at;
		return 0;
	}
	move_to(job, out, got == TAKE_MINE ? NULL : v->step, now);
	return job->flow->took(store, job->subject, v->resource, &row, now,
			       err);
}

static void decide(const struct job *job, const struct verdict *v,
		   bool stopping, int64_t now, struct outcome *out)
{
	struct task_settlement *s = &out->s;

	switch (v->kind) {
	case VERDICT_GO_ON:
	case VERDICT_GO_TO:
		/* What had to come first has passed: now the one that is due. */
		if (job->detour && v->kind == VERDICT_GO_ON) {
			if (stopping)
				s->next = TASK_DUE;
			break;
		}
		move_to(job, out, v->step, now);
		if (v->delay_ms > 0 || stopping)
			s->next = TASK_DUE;
		break;
	case VERDICT_POLL:
		s->next = TASK_DUE;
		break;
	case VERDICT_RETRY:
		s->next = TASK_DUE;
		s->attempt++;
		break;
	case VERDICT_TAKE:
		if (stopping && s->next == TASK_STAYS_LEASED)
			s->next = TASK_DUE;
		break;
	case VERDICT_DONE:
	case VERDICT_FAILED:
	case VERDICT_KIND__MAX:
		s->next = TASK_DONE;
		break;
	}
	if (s->next == TASK_DUE && s->not_before == 0)
		s->not_before = now + v->delay_ms;
}

/* A secret that came in the answer is sealed and told to the subject. */
static int keep_captured(struct job *job, const struct store *store,
			 int64_t now, struct err *err)
{
	struct secret_face face;

	if (!job->captured)
		return 0;
	if (secrets_add(store->db, &store->key->pub, SECRET_JWT,
			job->captured, now, store->random(store->random_arg),
			&face, err))
		return -1;
	job->flow->captured(job->subject, job->step->capture.slot, &face);
	return 0;
}

static int end(struct job *job, const struct store *store,
	       const struct verdict *v, int64_t now, struct err *err)
{
	const char *class = v->kind == VERDICT_FAILED
		? failure_name(v->failure) : "";

	if (job->flow->end(store, &job->task, job->subject, v, now, err))
		return -1;
	return resources_release(store->db, job->task.task_id, class, 0, now,
				 err);
}

/* Nothing happened: the row stands before the step already. */
static int hold(const struct job *job, const struct store *store,
		const char *owner, int64_t now, enum settled *ret,
		struct err *err)
{
	*ret = SETTLED_LEAVES;
	return tasks_hold(store->db, &job->task, owner, job->hold,
			  job->hold_on, now, err);
}

int settle_write(struct job *job, const struct store *store,
		 const struct verdict *verdict, const char *owner,
		 bool stopping, int64_t now, enum settled *ret,
		 struct err *err)
{
	AUTO_FREE char *memo = NULL;
	struct outcome out = { .s = {
		.next = TASK_STAYS_LEASED,
		.step = job->task.step,
		.step_since = job->task.step_since,
		.attempt = job->task.attempt,
		.lease_until = now + store->settings->lease_ms,
		.last_class = verdict->failure
			? failure_name(verdict->failure) : NULL,
	} };

	if (job->hold)
		return hold(job, store, owner, now, ret, err);
	if (keep_captured(job, store, now, err) ||
	    (verdict->kind == VERDICT_TAKE &&
	     take(job, store, verdict, now, &out, err)) ||
	    job->flow->save(store, &job->task, job->subject, job->step,
			    verdict, now, err) ||
	    (job->captured && job->replaces &&
	     secrets_delete(store->db, job->replaces, err)))
		return -1;
	decide(job, verdict, stopping, now, &out);
	if (out.s.next == TASK_DONE && end(job, store, verdict, now, err))
		return -1;
	memo = job->flow->memo(job->subject);
	out.s.memo = memo;
	if (tasks_settle(store->db, &job->task, owner, &out.s, now, err))
		return -1;
	own_set(&job->next_step, out.s.step);
	job->next_since = out.s.step_since;
	job->next_attempt = out.s.attempt;
	own_set(&job->next_memo, memo);
	*ret = out.s.next == TASK_STAYS_LEASED ? SETTLED_CONTINUES
					       : SETTLED_LEAVES;
	return 0;
}
