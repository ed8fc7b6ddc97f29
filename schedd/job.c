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

size_t jobs_sweep(struct job *jobs[], size_t njobs)
{
	size_t kept = 0;

	for (size_t i = 0; i < njobs; i++) {
		if (jobs[i]->state == JOB_OVER)
			job_free(&jobs[i]);
		else
			jobs[kept++] = jobs[i];
	}
	return kept;
}

bool jobs_fetch_it(struct job *const jobs[], size_t njobs,
		   const struct job *job)
{
	for (size_t i = 0; i < njobs; i++) {
		const struct job *other = jobs[i];

		if (other != job && other->detour &&
		    (other->state == JOB_WAITING || other->state == JOB_SENT) &&
		    strcmp(other->task.host_id, job->task.host_id) == 0)
			return true;
	}
	return false;
}

size_t jobs_under_way(struct job *const jobs[], size_t njobs)
{
	size_t n = 0;

	for (size_t i = 0; i < njobs; i++)
		n += jobs[i]->state == JOB_SENT;
	return n;
}

int64_t jobs_next(struct job *const jobs[], size_t njobs, int64_t now,
		  int64_t latest)
{
	for (size_t i = 0; i < njobs; i++) {
		const struct job *job = jobs[i];

		if (job->state == JOB_NEW || job->state == JOB_READY)
			return now;
		if (job->state == JOB_WAITING && job->ask_again_at > now &&
		    job->ask_again_at < latest)
			latest = job->ask_again_at;
	}
	return latest;
}

void jobs_clock_jumped(struct job *const jobs[], size_t njobs, int64_t by)
{
	for (size_t i = 0; i < njobs; i++) {
		struct job *job = jobs[i];

		job->task.step_since += by;
		job->waiting_since += by;
		job->read_at += by;
		if (job->ask_again_at > 0)
			job->ask_again_at += by;
	}
}

void job_heed(const struct job *job, struct limits *limits, int64_t now)
{
	const struct answer *answer = &job->answer;

	if (job->asked && answer->retry_after_ms > 0 &&
	    (answer->status == 429 || answer->status == 503))
		limits_pause(limits, &job->limits, &job->request, now,
			     now + answer->retry_after_ms);
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
	job->entered = job->asked = job->judged = job->detour = false;
	job->hold = HOLD_NONE;
	job->hold_on = NULL;
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

/* Build the request of the step, or of the one that has to come before. */
static bool build(struct job *job)
{
	const char *first = NULL;

	if (!job->step->request ||
	    !job->step->request(job->subject, &job->request))
		return false;
	if (job->flow->detour)
		first = job->flow->detour(job->subject, &job->request);
	if (!first)
		return true;
	request_done(&job->request);
	job->detour = true;
	job->step = flow_step(job->flow, first);
	return job->step && job->step->request(job->subject, &job->request);
}

/* Does the host, asked for this, ask the provider in its turn? */
static bool reaches_provider(const struct request *request)
{
	if (request->peer == PEER_PROVIDER || request->chat)
		return true;
	return request_has_slot(request, SLOT_USER_KEY) ||
	       request_has_slot(request, SLOT_GIVEN_KEY);
}

/* Whoever is paused is asked nothing. */
static void heed_pauses(struct job *job)
{
	struct pauses pauses = { 0 };

	if (!job->flow->pauses)
		return;
	job->flow->pauses(job->subject, &pauses);
	if (pauses.host)
		job->hold = HOLD_HOST;
	else if (pauses.endpoint && reaches_provider(&job->request))
		job->hold = HOLD_ENDPOINT;
	else
		return;
	job->hold_on = pauses.host ? pauses.host : pauses.endpoint;
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
	job->read_at = now;
	job->state = JOB_READY;
	/* Who is told to end asks nothing more, but for taking back. */
	if (job->task.cancel && !flow_is_undo(job->flow, job->step))
		return 0;
	if (!build(job))
		return 0;
	heed_pauses(job);
	if (job->hold)
		return 0;
	job->flow->limits(job->subject, &job->request, &job->limits);
	job->state = JOB_WAITING;
	job->waiting_since = now;
	job->asked = true;
	return 0;
}

/* The plaintexts that the request names, and that of the way's proxy. */
static int open_secrets(const struct job *job, const struct store *store,
			const struct way *way, struct wire_secrets *ret,
			struct err *err)
{
	unsigned slots = wire_slots(&job->request);

	for (unsigned i = 0; i < SLOT__MAX; i++) {
		const char *id;

		if (!(slots & 1u << i))
			continue;
		id = job->flow->secret_id(job->subject, (enum slot)i);
		if (!id || secrets_open(store->db, store->key, id,
					&ret->text[i], err))
			return id ? -1 : err_set(err, ERR_INTERNAL, "%s: no "
						 "secret for its request",
						 job->step->name);
	}
	if (!way->proxy_secret_id)
		return 0;
	return secrets_open(store->db, store->key, way->proxy_secret_id,
			    &ret->text[SLOT_PROXY], err);
}

int job_wire(struct job *job, const struct store *store, struct wire **ret,
	     struct err *err)
{
	CLEANUP(wire_secrets_wipe) struct wire_secrets secrets = { 0 };
	const struct settings *settings = store->settings;
	struct wire *wire;
	struct way way;

	way_start(&way, job->request.peer, settings);
	if (job->flow->way)
		job->flow->way(job->subject, &job->request, &way);
	if (open_secrets(job, store, &way, &secrets, err))
		return -1;
	wire = wire_make(&job->request, &secrets);
	if (!wire)
		return err_set(err, ERR_INTERNAL, "%s: the request is too "
			       "long", job->step->name);
	wire->timeout_ms = job->request.chat ? settings->chat_timeout_ms
					     : settings->exchange_timeout_ms;
	wire->answer_max = settings->answer_max;
	wire_go_by(wire, &way, job->request.peer, secrets.text[SLOT_PROXY]);
	*ret = wire;
	return 0;
}

void job_advance(struct job *job)
{
	free(job->task.step);
	job->task.step = TAKE(job->next_step);
	free(job->task.memo);
	job->task.memo = TAKE(job->next_memo);
	job->task.step_since = job->next_since;
	job->task.attempt = job->next_attempt;
}

struct job *job_successor(const struct job *job)
{
	const struct task *task = &job->task;
	struct task next = {
		.task_id = xstrdup(task->task_id),
		.flow = xstrdup(task->flow),
		.subject_id = xstrdup(task->subject_id),
		.run_id = xstrdup_null(task->run_id),
		.host_id = xstrdup(task->host_id),
		.step = xstrdup(job->next_step),
		.step_since = job->next_since,
		.attempt = job->next_attempt,
		.not_before = task->not_before,
		.fence = task->fence,
		.cancel = task->cancel,
		.memo = xstrdup(job->next_memo),
	};

	struct job *successor = job_new(&next);

	successor->lane = job->lane;
	return successor;
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

#define KEY_MIN 20	/* shorter ones have no fingerprint (D22) */
#define DEPTH_MAX 16

/* Does a member of this name hold an API key, where a host shows them? */
static bool holds_key(const char *name, const json_t *value)
{
	return (strcmp(name, "key") == 0 || strcmp(name, "api_key") == 0) &&
	       json_string_length(value) > 0;
}

/* Jansson frees texts as they are; and has no other way to what it holds. */
static void wipe_text(json_t *value)
{
	explicit_bzero((char *)(uintptr_t)json_string_value(value),
		       json_string_length(value));
}

static void hide_key(json_t *value, const struct seal_public *key)
{
	char print[SEAL_FINGERPRINT_TEXT] = "***";

	if (json_string_length(value) >= KEY_MIN)
		seal_fingerprint(key, json_string_value(value), print);
	wipe_text(value);
	json_string_set(value, print);
}

static void fingerprint_keys(json_t *json, const struct seal_public *key,
			     int depth)
{
	const char *name;
	json_t *value;
	size_t i;

	if (depth > DEPTH_MAX)
		return;
	json_array_foreach(json, i, value)
		fingerprint_keys(value, key, depth + 1);
	json_object_foreach(json, name, value) {
		if (holds_key(name, value))
			hide_key(value, key);
		else
			fingerprint_keys(value, key, depth + 1);
	}
}

/* Nobody needs the text any more, and it is long. */
static void drop_body(struct answer *answer)
{
	explicit_bzero(answer->body, answer->body_len);
	free(answer->body);
	answer->body = NULL;
	answer->body_len = 0;
}

/* What the step wants of a list, and no more. */
static bool parse_wanted(struct job *job)
{
	struct answer *answer = &job->answer;
	CLEANUP(buf_wipe) struct buf text = { .max = answer->body_len };

	if (!job->step->slices.wants || !answer->body ||
	    !slices_keep(answer->body, answer->body_len, &job->step->slices,
			 job->subject, &text))
		return false;
	answer->json = json_loadb(text.text, text.len, JSON_ALLOW_NUL, NULL);
	answer->sliced = answer->json != NULL;
	if (answer->sliced)
		drop_body(answer);
	return answer->sliced;
}

/*
 * Half an answer is no JSON that keys could be taken out of, and is not to be
 * told to people as it is.
 */
static void wipe_fragment(struct answer *answer)
{
	const char *at = answer->body;

	if (!at)
		return;
	at += strspn(at, " \t\r\n");
	if (*at == '{' || *at == '[')
		explicit_bzero(answer->body, answer->body_len);
}

void job_answered(struct job *job, const struct store *store,
		  struct answer *take_answer)
{
	const struct capture *capture = &job->step->capture;

	job->answer = *take_answer;
	*take_answer = (struct answer){ 0 };
	if (!parse_wanted(job))
		answer_parse(&job->answer);
	job->state = JOB_READY;
	if (!job->answer.json && job->step->fingerprints)
		wipe_fragment(&job->answer);
	if (!job->answer.json || (!capture->pointer && !job->step->fingerprints))
		return;
	if (job->step->fingerprints)
		fingerprint_keys(job->answer.json, &store->key->pub, 0);
	if (capture->pointer) {
		job->captured = take_out(job->answer.json, capture->pointer);
		own_set(&job->replaces, job->flow->secret_id(job->subject,
							     capture->slot));
	}
	/* The raw text holds it still. */
	if (job->answer.body)
		explicit_bzero(job->answer.body, job->answer.body_len);
}
