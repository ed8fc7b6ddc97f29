#include "schedd/job.h"

#include <string.h>

#include "shared/secrets.h"

struct job *job_new(struct task *take_task)
{
	struct job *job = xcalloc(1, sizeof(*job));

	job->task = *take_task;
	*take_task = (struct task){ 0 };
	return job;
}

void job_reset(struct job *job, struct limits *limits)
{
	if (job->entered)
		limits_leave(limits, &job->limits);
	if (job->subject)
		job->flow->free(&job->subject);
	request_done(&job->request);
	answer_done(&job->answer);
	own_wipe(&job->captured);
	own_set(&job->replaces, NULL);
	own_set(&job->next_step, NULL);
	own_set(&job->next_memo, NULL);
	job->limits = (struct limit_names){ 0 };
	job->entered = job->asked = job->judged = false;
	job->waiting_since = job->ask_again_at = 0;
}

void job_free(struct job **jobp)
{
	struct job *job = *jobp;

	if (!job)
		return;
	job->entered = false;	/* the limits end with the engine */
	job_reset(job, NULL);
	task_done(&job->task);
	free(job);
	*jobp = NULL;
}

int job_begin(struct job *job, const struct store *store, int64_t now,
	      struct err *err)
{
	job->flow = flow_find(job->task.flow);
	job->step = job->flow ? flow_step(job->flow, job->task.step) : NULL;
	if (!job->step)
		return err_set(err, ERR_INTERNAL, "task %s: no step %s.%s",
			       job->task.task_id, job->task.flow,
			       job->task.step);
	if (job->flow->load(store, &job->task, now, &job->subject, err))
		return err_wrap(err, "task %s", job->task.task_id);
	job->state = JOB_READY;
	/* Who is told to end asks nothing more, but for taking back. */
	if (job->task.cancel && !flow_is_undo(job->flow, job->step))
		return 0;
	if (!job->step->request ||
	    !job->step->request(job->subject, &job->request))
		return 0;
	job->flow->limits(job->subject, &job->request, &job->limits);
	job->state = JOB_WAITING;
	job->waiting_since = now;
	job->asked = true;
	return 0;
}

int job_wire(struct job *job, const struct store *store, struct wire **ret,
	     struct err *err)
{
	CLEANUP(wire_secrets_wipe) struct wire_secrets secrets = { 0 };
	const struct settings *settings = store->settings;
	unsigned slots = wire_slots(&job->request);
	struct wire *wire;

	for (unsigned i = 0; i < SLOT__MAX; i++) {
		const char *id;

		if (!(slots & 1u << i))
			continue;
		id = job->flow->secret_id(job->subject, (enum slot)i);
		if (!id || secrets_open(store->db, store->key, id,
					&secrets.text[i], err))
			return id ? -1 : err_set(err, ERR_INTERNAL, "%s: no "
						 "secret for its request",
						 job->step->name);
	}
	wire = wire_make(&job->request, &secrets);
	if (!wire)
		return err_set(err, ERR_INTERNAL, "%s: the request is too "
			       "long", job->step->name);
	wire->timeout_ms = job->request.chat ? settings->chat_timeout_ms
					     : settings->exchange_timeout_ms;
	wire->answer_max = settings->answer_max;
	*ret = wire;
	return 0;
}

void job_advance(struct job *job, int64_t now)
{
	free(job->task.step);
	job->task.step = TAKE(job->next_step);
	free(job->task.memo);
	job->task.memo = TAKE(job->next_memo);
	job->task.step_since = now;
	job->task.attempt = 0;
}

struct job *job_successor(const struct job *job, int64_t now)
{
	const struct task *task = &job->task;
	struct task next = {
		.task_id = xstrdup(task->task_id),
		.flow = xstrdup(task->flow),
		.subject_id = xstrdup(task->subject_id),
		.run_id = xstrdup_null(task->run_id),
		.host_id = xstrdup(task->host_id),
		.step = xstrdup(job->next_step),
		.step_since = now,
		.not_before = task->not_before,
		.fence = task->fence,
		.cancel = task->cancel,
		.memo = xstrdup(job->next_memo),
	};

	return job_new(&next);
}

/* Take the text at a JSON pointer out of `json`.  NULL if there is none. */
static char *take_out(json_t *json, const char *pointer)
{
	const char *name = pointer + 1;
	json_t *at = json;
	const char *slash;
	char *text;

	while ((slash = strchr(name, '/'))) {
		at = json_object_getn(at, name, (size_t)(slash - name));
		name = slash + 1;
	}
	text = xstrdup_null(json_string_value(json_object_get(at, name)));
	if (text)
		json_object_set_new(at, name, json_string("***"));
	return text;
}

void job_answered(struct job *job, struct answer *take_answer)
{
	const struct capture *capture = &job->step->capture;

	job->answer = *take_answer;
	*take_answer = (struct answer){ 0 };
	answer_parse(&job->answer);
	job->state = JOB_READY;
	if (!capture->pointer || !job->answer.json)
		return;
	job->captured = take_out(job->answer.json, capture->pointer);
	own_set(&job->replaces, job->flow->secret_id(job->subject,
						     capture->slot));
	/* The raw text holds it still. */
	if (job->answer.body)
		explicit_bzero(job->answer.body, job->answer.body_len);
}
