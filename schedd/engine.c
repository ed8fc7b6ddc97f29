#include "schedd/engine.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "schedd/job.h"
#include "schedd/known_hosts.h"
#include "schedd/limits.h"
#include "schedd/settle.h"
#include "schedd/turns.h"
#include "schedd/upkeep.h"
#include "schedd/watch.h"

#define BATCH_MAX	8	/* verdicts in one transaction; see engine.h */
#define ROUNDS_MAX	64	/* of one tick */
#define CHAIN_MAX	24	/* steps that ask nothing, in one transaction */
#define FETCH_MS	100	/* while another job logs in for all */
#define TROUBLE_MS	1000	/* before the database is tried again */

struct engine {
	struct store store;
	struct world world;
	struct limits *limits;
	struct turns *turns;
	int64_t now;		/* of this tick */
	char owner[ID_MAX];
	struct job **jobs;
	size_t njobs;
	size_t size;
	uint64_t last_tag;
	struct upkeep upkeep;
	int64_t trouble_until;	/* the database refused: be patient */
	bool stopping;
	bool dead;		/* the world says that we crashed */
};

struct engine *engine_new(struct db *db, const struct seal_private *key,
			  const struct settings *settings,
			  const struct world *world)
{
	struct engine *engine = xcalloc(1, sizeof(*engine));

	engine->store = (struct store){ db, key, settings, world->random,
					world->arg, known_hosts_new() };
	engine->world = *world;
	engine->limits = limits_new(settings);
	engine->size = (size_t)settings->concurrency + TURNS_CLAIM_MAX;
	engine->turns = turns_new(engine->size);
	engine->jobs = xcalloc(engine->size, sizeof(*engine->jobs));
	id_make(engine->owner, "own", 0, world->random(world->arg));
	return engine;
}

void engine_free(struct engine **enginep)
{
	struct engine *engine = *enginep;

	if (!engine)
		return;
	for (size_t i = 0; i < engine->njobs; i++)
		job_free(&engine->jobs[i]);
	limits_free(&engine->limits);
	turns_free(&engine->turns);
	known_hosts_free(&engine->store.known);
	free(engine->jobs);
	free(engine);
	*enginep = NULL;
}

int engine_take_over(struct engine *engine, int64_t now, struct err *err)
{
	if (tasks_take_over(engine->store.db, now, err))
		return -1;
	return watch_begin(engine->store.db, engine->store.settings, now, err);
}

static void say(const struct engine *engine, const char *event,
		const char *text)
{
	engine->world.say(engine->world.arg, event, text);
}

/* The database would not: say so, and let it rest. */
static void trouble(struct engine *engine, int64_t now, const struct err *err)
{
	say(engine, "database.trouble", err->msg);
	engine->trouble_until = now + TROUBLE_MS;
}

static void note_death(struct engine *engine)
{
	if (engine->world.alive && !engine->world.alive(engine->world.arg))
		engine->dead = true;
}

static void remove_over(struct engine *engine)
{
	engine->njobs = turns_sweep(engine->turns, engine->jobs, engine->njobs);
}

static void claim(struct engine *engine, int64_t now)
{
	const struct task_lease lease = {
		engine->owner, now + engine->store.settings->lease_ms,
	};
	size_t before = engine->njobs;
	int64_t due;
	struct err err;

	if (engine->stopping || engine->njobs == engine->size)
		return;
	/* Turns are looked at only when there is something to claim. */
	if (tasks_next_due(engine->store.db, &due, &err)) {
		trouble(engine, now, &err);
		return;
	}
	if (due > now)
		return;
	if (turns_claim(engine->turns, engine->store.db, &lease, now,
			engine->jobs, &engine->njobs, &err)) {
		trouble(engine, now, &err);
		return;
	}
	for (size_t i = before; i < engine->njobs; i++)
		engine->jobs[i]->tag = ++engine->last_tag;
	if (engine->njobs > before)
		note_death(engine);
}

/* Give a task back as it is, to be tried at `not_before`. */
static int put_back(struct engine *engine, struct job *job,
		    int64_t not_before, const char *class, int64_t now,
		    struct err *err)
{
	const struct task_settlement s = {
		.next = TASK_DUE,
		.step = job->task.step,
		.step_since = job->task.step_since,
		.attempt = job->task.attempt,
		.not_before = not_before,
		.memo = job->task.memo,
		.last_class = class,
	};

	if (job->flow)
		job_reset(job, engine->limits);
	job->state = JOB_OVER;
	return tasks_settle(engine->store.db, &job->task, engine->owner, &s,
			    now, err);
}

/* A step that we cannot run at all must not be tried in a tight loop. */
static void give_up_for_now(struct engine *engine, struct job *job,
			    int64_t now, const struct err *why)
{
	char text[ERR_MSG_MAX + 80];
	struct err err;

	snprintf(text, sizeof(text), "task=%s step=%s msg=%s",
		 job->task.task_id, job->task.step, why->msg);
	say(engine, "task.trouble", text);
	/* Who lost its lease has nothing to put back. */
	if (put_back(engine, job, now + engine->store.settings->retry_max_ms,
		     failure_name(FAILURE_INTERNAL), now, &err) &&
	    err.kind != ERR_CONFLICT)
		trouble(engine, now, &err);
}

static void begin(struct engine *engine, struct job *job, int64_t now)
{
	struct err err;

	if (job_begin(job, &engine->store, now, &err)) {
		give_up_for_now(engine, job, now, &err);
		return;
	}
	/* One login is enough for all: a host counts them. */
	if (job->detour && jobs_fetch_it(engine->jobs, engine->njobs, job) &&
	    put_back(engine, job, now + FETCH_MS, NULL, now, &err))
		trouble(engine, now, &err);
}

/* What was read a while ago may have changed: somebody may be paused. */
static bool still_waits(struct engine *engine, struct job *job, int64_t now)
{
	int64_t since = job->waiting_since;

	if (now - job->read_at < TURNS_WAIT_MS)
		return true;
	job_reset(job, engine->limits);
	begin(engine, job, now);
	job->waiting_since = since;
	return job->state == JOB_WAITING;
}

/* Send a waiting job's request if the limits let it. */
static bool try_send(void *arg, struct job *job)
{
	struct engine *engine = arg;
	int64_t now = engine->now;
	struct wire *wire;
	struct err err;

	if (job->ask_again_at > now || !still_waits(engine, job, now))
		return false;
	if (!limits_enter(engine->limits, &job->limits, &job->request, now,
			  &job->ask_again_at))
		return false;
	job->entered = true;
	if (job_wire(job, &engine->store, &wire, &err)) {
		give_up_for_now(engine, job, now, &err);
		return false;
	}
	job->state = JOB_SENT;
	engine->world.send(engine->world.arg, job->tag, wire);
	return true;
}

static int yield_turn(struct engine *engine, struct job *job, int64_t now,
		      struct err *err)
{
	int64_t again = now + TURNS_WAIT_MS / 2 + (int64_t)
		(engine->world.random(engine->world.arg) % TURNS_WAIT_MS);

	if (job->ask_again_at > again)
		again = job->ask_again_at;
	/* Who lost its lease has nothing to put back. */
	return put_back(engine, job, again, NULL, now, err) &&
	       err->kind != ERR_CONFLICT ? -1 : 0;
}

/* Whoever waits for its turn for long lets others be claimed. */
static void yield_turns(struct engine *engine, int64_t now)
{
	CLEANUP(db_tx_done) struct db_tx tx = { 0 };
	int64_t lease_ms = engine->store.settings->lease_ms;
	struct err err;
	int rc = 0;

	for (size_t i = 0; i < engine->njobs && rc == 0; i++) {
		struct job *job = engine->jobs[i];

		if (!turns_must_yield(engine->turns, job, lease_ms, now))
			continue;
		if (!tx.db)
			rc = db_tx_begin(&tx, engine->store.db, &err);
		if (rc == 0)
			rc = yield_turn(engine, job, now, &err);
	}
	if (rc == 0 && tx.db)
		rc = db_tx_commit(&tx, &err);
	if (rc)
		trouble(engine, now, &err);
}

static void after_commit(struct engine *engine, struct job *job,
			 enum settled settled)
{
	if (settled == SETTLED_CONTINUES)
		job_advance(job);
	job_reset(job, engine->limits);
	job->state = settled == SETTLED_CONTINUES ? JOB_NEW : JOB_OVER;
	job->tag = ++engine->last_tag;
}

static void judge(struct engine *engine, struct job *job)
{
	if (!job->judged && !job->hold)
		job->verdict = settle_verdict(job, engine->store.settings,
			engine->world.random(engine->world.arg));
	job->judged = true;
}

/*
 * Steps that ask nothing need no commit of their own: they run in the
 * transaction of the one before.  `job` stays as it is, for the case that
 * this is rolled back; *ret_last, if there is one, is its last successor, and
 * *settled what became of that.
 */
static int run_on(struct engine *engine, const struct job *job,
		  struct job **ret_last, enum settled *settled, int64_t now,
		  struct err *err)
{
	for (int i = 0; i < CHAIN_MAX && *settled == SETTLED_CONTINUES; i++) {
		struct job *next = job_successor(*ret_last ? *ret_last : job);

		job_free(ret_last);
		*ret_last = next;
		if (job_begin(next, &engine->store, now, err))
			return -1;
		if (next->state != JOB_READY)
			return 0;
		judge(engine, next);
		if (settle_write(next, &engine->store, &next->verdict,
				 engine->owner, engine->stopping, now, settled,
				 err))
			return -1;
	}
	return 0;
}

/* What became of a job, or of its last successor, is committed. */
static void go_on_after(struct engine *engine, struct job *job,
			struct job **last, enum settled settled)
{
	struct job before;

	if (*last) {
		before = *job;
		*job = **last;
		**last = before;
		job_reset(*last, engine->limits);
		job_free(last);
	}
	if (job->state == JOB_WAITING)
		job->tag = ++engine->last_tag;
	else
		after_commit(engine, job, settled);
}

/* One transaction for the verdicts of `n` jobs and what follows, if `chain`. */
static int settle_together(struct engine *engine, struct job *const jobs[],
			   size_t n, bool chain, int64_t now, struct err *err)
{
	CLEANUP(db_tx_done) struct db_tx tx = { 0 };
	enum settled settled[BATCH_MAX];
	struct job *last[BATCH_MAX] = { NULL };
	int rc = db_tx_begin(&tx, engine->store.db, err);

	for (size_t i = 0; i < n && rc == 0; i++) {
		rc = settle_write(jobs[i], &engine->store, &jobs[i]->verdict,
				  engine->owner, engine->stopping, now,
				  &settled[i], err);
		if (rc == 0 && chain && !engine->stopping)
			rc = run_on(engine, jobs[i], &last[i], &settled[i],
				    now, err);
	}
	if (rc == 0)
		rc = db_tx_commit(&tx, err);
	for (size_t i = 0; i < n; i++) {
		if (rc == 0)
			go_on_after(engine, jobs[i], &last[i], settled[i]);
		else
			job_free(&last[i]);
	}
	if (rc == 0)
		note_death(engine);
	return rc;
}

/* No verdict's fault: they stay as they are until the database lets us in. */
static bool must_wait(const struct err *err)
{
	return err->kind == ERR_BUSY || err->kind == ERR_LIMIT;
}

/*
 * Settle all in one transaction or, if that fails, each alone, so that one
 * bad verdict does not sink the others.  Its task is then read afresh, later.
 */
static int settle_all(struct engine *engine, struct job *const jobs[],
		      size_t n, int64_t now, struct err *err)
{
	if (!settle_together(engine, jobs, n, true, now, err))
		return 0;
	for (size_t i = 0; i < n && !must_wait(err) && !engine->dead; i++)
		if (settle_together(engine, &jobs[i], 1, false, now, err) &&
		    !must_wait(err))
			give_up_for_now(engine, jobs[i], now, err);
	return must_wait(err) ? -1 : 0;
}

/* False if nothing was ready, or a full batch: what follows goes out first. */
static bool settle_some(struct engine *engine, int64_t now)
{
	struct job *jobs[BATCH_MAX];
	struct err err;
	size_t n = 0;

	for (size_t i = 0; i < engine->njobs && n < BATCH_MAX; i++) {
		struct job *job = engine->jobs[i];

		if (job->state != JOB_READY)
			continue;
		if (!job->judged)
			job_heed(job, engine->limits, now);
		judge(engine, job);
		jobs[n++] = job;
	}
	if (n > 0 && settle_all(engine, jobs, n, now, &err)) {
		trouble(engine, now, &err);
		return false;
	}
	return n > 0 && n < BATCH_MAX;
}

static void begin_and_send(struct engine *engine, int64_t now)
{
	if (engine->stopping || engine->dead)
		return;
	for (size_t i = 0; i < engine->njobs; i++)
		if (engine->jobs[i]->state == JOB_NEW)
			begin(engine, engine->jobs[i], now);
	turns_serve(engine->turns, engine->jobs, engine->njobs, try_send,
		    engine);
}

static void keep_up(struct engine *engine, int64_t now)
{
	struct err err;

	if (engine->stopping)
		return;
	if (upkeep_turn(&engine->upkeep, &engine->store, now, &err))
		trouble(engine, now, &err);
}

static int64_t next_call(struct engine *engine, int64_t now)
{
	int64_t next = now + engine->store.settings->poll_ms, due;
	struct err err;

	if (now < engine->trouble_until)
		return engine->trouble_until;
	if (!engine->stopping &&
	    upkeep_next(&engine->upkeep, &engine->store) < next)
		next = upkeep_next(&engine->upkeep, &engine->store);
	if (!engine->stopping && engine->njobs < engine->size &&
	    !tasks_next_due(engine->store.db, &due, &err) &&
	    turns_next(engine->turns, due) < next)
		next = turns_next(engine->turns, due);
	return jobs_next(engine->jobs, engine->njobs, now, next);
}

int64_t engine_tick(struct engine *engine, int64_t now)
{
	if (engine->dead || now < engine->trouble_until)
		return engine->dead ? INT64_MAX : engine->trouble_until;
	engine->now = now;
	keep_up(engine, now);
	for (int round = 0; round < ROUNDS_MAX && !engine->dead; round++) {
		claim(engine, now);
		begin_and_send(engine, now);
		if (engine->dead || !settle_some(engine, now))
			break;
		remove_over(engine);
	}
	if (!engine->dead && now >= engine->trouble_until) {
		begin_and_send(engine, now);
		yield_turns(engine, now);
	}
	remove_over(engine);
	return engine->dead ? INT64_MAX : next_call(engine, now);
}

void engine_answered(struct engine *engine, uint64_t tag,
		     struct answer *answer)
{
	for (size_t i = 0; i < engine->njobs; i++) {
		struct job *job = engine->jobs[i];

		if (job->tag != tag || job->state != JOB_SENT)
			continue;
		job_answered(job, &engine->store, answer);
		return;
	}
	answer_done(answer);	/* of an exchange that nobody waits for */
}

void engine_clock_jumped(struct engine *engine, int64_t by)
{
	jobs_clock_jumped(engine->jobs, engine->njobs, by);
	limits_clock_jumped(engine->limits, by);
	upkeep_clock_jumped(&engine->upkeep, by);
	engine->trouble_until = 0;
}

void engine_stop(struct engine *engine)
{
	engine->stopping = true;
}

size_t engine_under_way(const struct engine *engine)
{
	return jobs_under_way(engine->jobs, engine->njobs);
}

void engine_release(struct engine *engine, int64_t now)
{
	struct err err;

	for (size_t i = 0; i < engine->njobs; i++)
		if (engine->jobs[i]->state != JOB_OVER &&
		    put_back(engine, engine->jobs[i], now, NULL, now, &err))
			say(engine, "task.not_released", err.msg);
	remove_over(engine);
}
