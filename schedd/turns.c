#include "schedd/turns.h"

#include <assert.h>
#include <search.h>
#include <string.h>

#define RESERVED	32	/* places for lanes that are not there yet */
#define LANES_MAX	TURNS_CLAIM_MAX	/* that one claim serves */
#define QUEUE_MAX	TURNS_CLAIM_MAX	/* that wait to be sent, of a lane */
#define LOOKS_MAX	256	/* at lanes, in one claim */

struct lane {
	char name[ID_MAX];
	size_t jobs;		/* places that it has */
	size_t queued;		/* of them, those that could not be sent */
	uint64_t served;	/* when it last sent something; 0: never */
	struct job *waiting;	/* while turns are served */
	struct job **last;	/* where the next one is put */
};

struct turns {
	size_t places;
	void *lanes;		/* tsearch(3) tree of those with a job */
	size_t nlanes;
	char after[ID_MAX];	/* where the last claim stopped */
	size_t share;		/* of each lane, as counted last */
	bool out;		/* what is due has to wait for a place */
	int64_t next;		/* then: when something else is due */
	uint64_t sent;
	struct lane **serving;	/* room for turns_serve() */
};

/* gcc's analyzer does not know that tsearch(3) keeps what it is given. */
#ifndef __clang__
#pragma GCC diagnostic ignored "-Wanalyzer-malloc-leak"
#endif

static int compare(const void *a, const void *b)
{
	return strcmp(((const struct lane *)a)->name,
		      ((const struct lane *)b)->name);
}

/* Places that lanes which are there may fill. */
static size_t usable(const struct turns *turns)
{
	return turns->places > RESERVED ? turns->places - RESERVED
					: turns->places;
}

struct turns *turns_new(size_t places)
{
	struct turns *turns = xcalloc(1, sizeof(*turns));

	turns->places = places;
	turns->share = usable(turns);
	turns->serving = xcalloc(places, sizeof(*turns->serving));
	return turns;
}

void turns_free(struct turns **turnsp)
{
	struct turns *turns = *turnsp;

	if (!turns)
		return;
	tdestroy(turns->lanes, free);
	free(turns->serving);
	free(turns);
	*turnsp = NULL;
}

static struct lane *find(const struct turns *turns, const char *name)
{
	struct lane wanted = { 0 }, **node;

	snprintf(wanted.name, sizeof(wanted.name), "%s", name);
	node = tfind(&wanted, &turns->lanes, compare);
	return node ? *node : NULL;
}

static void join(struct turns *turns, const char *name, struct job *job)
{
	struct lane *lane = find(turns, name);

	if (!lane) {
		lane = xcalloc(1, sizeof(*lane));
		snprintf(lane->name, sizeof(lane->name), "%s", name);
		if (!tsearch(lane, &turns->lanes, compare))
			abort();
		turns->nlanes++;
	}
	lane->jobs++;
	job->lane = lane;
}

void turns_leave(struct turns *turns, struct job *job)
{
	struct lane *lane = job->lane;

	assert(lane && lane->jobs > 0);
	job->lane = NULL;
	turns->out = false;
	if (--lane->jobs > 0)
		return;
	tdelete(lane, &turns->lanes, compare);
	turns->nlanes--;
	free(lane);
}

size_t turns_sweep(struct turns *turns, struct job *jobs[], size_t njobs)
{
	for (size_t i = 0; i < njobs; i++)
		if (jobs[i]->state == JOB_OVER)
			turns_leave(turns, jobs[i]);
	return jobs_sweep(jobs, njobs);
}

int64_t turns_next(const struct turns *turns, int64_t due)
{
	return turns->out ? turns->next : due;
}

/* A lane that has no more than its share is there when its turn comes. */
bool turns_must_yield(const struct turns *turns, const struct job *job,
		      int64_t lease_ms, int64_t now)
{
	int64_t waited = now - job->waiting_since;

	if (job->state != JOB_WAITING || waited < TURNS_WAIT_MS)
		return false;
	return job->ask_again_at > now + TURNS_WAIT_MS ||
	       waited >= lease_ms / 2 || job->lane->jobs >= turns->share ||
	       job->lane->queued >= QUEUE_MAX;
}

/* The lanes that have something due, from where the last claim stopped. */
struct round {
	char names[LANES_MAX][ID_MAX];
	size_t n;
	char last[ID_MAX];	/* that was looked at */
	bool whole;		/* there are no others */
	int64_t next;		/* when one of the others is due */
};

static int look_round(const struct turns *turns, struct db *db, int64_t now,
		      struct round *ret, struct err *err)
{
	bool again = false;	/* from the first lane on */
	char *at = ret->last;
	int64_t due;

	*ret = (struct round){ .next = INT64_MAX };
	snprintf(at, ID_MAX, "%s", turns->after);
	for (int i = 0; i < LOOKS_MAX && ret->n < LANES_MAX; i++) {
		if (tasks_next_lane(db, at, at, &due, err))
			return -1;
		ret->whole = again && (*at == '\0' ||
				       strcmp(at, turns->after) > 0);
		if (ret->whole)
			return 0;
		if (*at == '\0')
			again = true;
		else if (due <= now)
			snprintf(ret->names[ret->n++], ID_MAX, "%s", at);
		else if (due < ret->next)
			ret->next = due;
	}
	return 0;
}

static size_t least(size_t a, size_t b)
{
	return a < b ? a : b;
}

/* What each lane gets if all that are there get the same. */
static void share_out(struct turns *turns, const struct round *round)
{
	size_t lanes = turns->nlanes;

	for (size_t i = 0; i < round->n; i++)
		lanes += !find(turns, round->names[i]);
	turns->share = usable(turns) / (lanes ? lanes : 1);
	if (turns->share == 0)
		turns->share = 1;
}

/* What is under way in one claim. */
struct claim {
	struct db *db;
	const struct task_lease *lease;
	int64_t now;
	struct job **jobs;
	size_t njobs;		/* with those claimed so far */
	size_t left;		/* of this claim */
};

/* More than can be sent need not be claimed. */
static size_t queue_room(const struct lane *lane)
{
	if (!lane)
		return QUEUE_MAX;
	return lane->queued < QUEUE_MAX ? QUEUE_MAX - lane->queued : 0;
}

static int take(struct turns *turns, struct claim *claim, const char *lane,
		size_t limit, struct err *err)
{
	CLEANUP(db_rows_done) struct db_rows rows = { 0 };
	CLEANUP(task_done) struct task task = { 0 };
	int more;

	limit = least(limit, queue_room(find(turns, lane)));
	if (limit == 0)
		return 0;
	if (tasks_claim(&rows, claim->db, lane, claim->lease, claim->now,
			(int64_t)limit, err))
		return -1;
	while ((more = tasks_claim_next(&rows, &task, err)) > 0) {
		struct job *job = job_new(&task);

		claim->jobs[claim->njobs++] = job;
		claim->left--;
		join(turns, lane, job);
	}
	snprintf(turns->after, sizeof(turns->after), "%s", lane);
	return more;
}

/* First to each its share, as far as there is room for all of them. */
static int take_shares(struct turns *turns, struct claim *claim,
		       const struct round *round, struct err *err)
{
	for (size_t i = 0; i < round->n && claim->left > 0; i++) {
		const struct lane *lane = find(turns, round->names[i]);
		size_t has = lane ? lane->jobs : 0, others = round->n - i;
		size_t most = (claim->left + others - 1) / others;

		if (has < turns->share &&
		    take(turns, claim, round->names[i],
			 least(turns->share - has, most), err))
			return -1;
	}
	return 0;
}

/* Then to whoever has more to do, but for what is kept for others. */
static int take_rest(struct turns *turns, struct claim *claim,
		     const struct round *round, struct err *err)
{
	size_t most = usable(turns);

	for (size_t i = 0; i < round->n && claim->left > 0 &&
	     claim->njobs < most; i++) {
		size_t others = round->n - i;
		size_t room = least(claim->left, most - claim->njobs);

		if (take(turns, claim, round->names[i],
			 (room + others - 1) / others, err))
			return -1;
	}
	return 0;
}

/* What was claimed in vain. */
static void give_up(struct turns *turns, struct claim *claim, size_t before)
{
	while (claim->njobs > before) {
		struct job **last = &claim->jobs[--claim->njobs];

		turns_leave(turns, *last);
		job_free(last);
	}
}

static int claim_round(struct turns *turns, struct claim *claim,
		       const struct round *round, struct err *err)
{
	CLEANUP(db_tx_done) struct db_tx tx = { 0 };
	size_t before = claim->njobs;

	if (db_tx_begin(&tx, claim->db, err))
		return -1;
	if (take_shares(turns, claim, round, err) ||
	    take_rest(turns, claim, round, err) || db_tx_commit(&tx, err)) {
		give_up(turns, claim, before);
		return -1;
	}
	return 0;
}

/* Is there a lane that may have another place? */
static bool may_take(const struct turns *turns, const struct round *round,
		     size_t njobs)
{
	for (size_t i = 0; i < round->n; i++) {
		const struct lane *lane = find(turns, round->names[i]);

		if (queue_room(lane) > 0 && (njobs < usable(turns) ||
		    !lane || lane->jobs < turns->share))
			return true;
	}
	return false;
}

int turns_claim(struct turns *turns, struct db *db,
		const struct task_lease *lease, int64_t now,
		struct job *jobs[], size_t *njobs, struct err *err)
{
	struct claim claim = { db, lease, now, jobs, *njobs, 0 };
	struct round round;

	claim.left = least(turns->places - *njobs, TURNS_CLAIM_MAX);
	if (claim.left == 0)
		return 0;
	if (look_round(turns, db, now, &round, err))
		return -1;
	share_out(turns, &round);
	turns->out = false;
	if (!may_take(turns, &round, *njobs)) {
		turns->out = round.whole && round.n > 0;
		turns->next = round.next;
		if (!round.whole)	/* the next claim looks at others */
			memcpy(turns->after, round.last, ID_MAX);
		return 0;
	}
	if (claim_round(turns, &claim, &round, err))
		return -1;
	*njobs = claim.njobs;
	return 0;
}

static int by_service(const void *a, const void *b)
{
	const struct lane *const *one = a, *const *other = b;

	return ((*one)->served > (*other)->served) -
	       ((*one)->served < (*other)->served);
}

/* Who waits stands in its lane, in the order of coming. */
static size_t line_up(struct turns *turns, struct job *const jobs[],
		      size_t njobs)
{
	size_t n = 0;

	for (size_t i = 0; i < njobs; i++) {
		struct lane *lane = jobs[i]->lane;

		if (jobs[i]->state != JOB_WAITING)
			continue;
		if (!lane->waiting) {
			turns->serving[n++] = lane;
			lane->last = &lane->waiting;
			lane->queued = 0;
		}
		lane->queued++;
		jobs[i]->behind = NULL;
		*lane->last = jobs[i];
		lane->last = &jobs[i]->behind;
	}
	qsort(turns->serving, n, sizeof(*turns->serving), by_service);
	return n;
}

/* The first of the lane that the limits let go; false if there is none. */
static bool serve_one(struct lane *lane, turns_send *send, void *arg)
{
	while (lane->waiting) {
		struct job *job = lane->waiting;

		lane->waiting = job->behind;
		if (send(arg, job))
			return true;
	}
	return false;
}

void turns_serve(struct turns *turns, struct job *const jobs[], size_t njobs,
		 turns_send *send, void *arg)
{
	size_t n = line_up(turns, jobs, njobs), kept;

	/* Who was served stands behind those that were not: round and round. */
	for (; n > 0; n = kept) {
		kept = 0;
		for (size_t i = 0; i < n; i++) {
			struct lane *lane = turns->serving[i];

			if (!serve_one(lane, send, arg))
				continue;
			lane->served = ++turns->sent;
			lane->queued--;
			turns->out = false;
			turns->serving[kept++] = lane;
		}
	}
}
