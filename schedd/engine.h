/*
 * engine: claims tasks, runs their steps, writes down every verdict.
 *
 * Claim by lease, build the request, hand it to the world, and when its answer
 * is there: domain change, event and the task's next step in one transaction.
 * Verdicts that are ready in the same turn share a transaction, a few at a
 * time: with many together answers would come back in the bunches in which
 * the requests went out, ever larger ones, and in between peers would idle.
 *
 * After every exchange the subject is read afresh: nothing but exchanges under
 * way lives in memory, so any schedd can go on with any task after any crash.
 *
 * The engine does no I/O but through the state database and `struct world`;
 * times are Unix milliseconds that it is told.
 */
#ifndef SCHEDD_ENGINE_H
#define SCHEDD_ENGINE_H

#include <stdbool.h>
#include <stdint.h>

#include "schedd/exchange.h"
#include "schedd/wire.h"
#include "shared/db.h"
#include "shared/err.h"
#include "shared/seal.h"
#include "shared/settings.h"

/* What is outside: the loop implements it, and the simulator. */
struct world {
	void *arg;
	uint64_t (*random)(void *arg);
	/*
	 * Begin an exchange; the wire is the world's to free.  What becomes
	 * of it is told by engine_answered(), never from inside this call.
	 */
	void (*send)(void *arg, uint64_t tag, struct wire *wire);
	/* A line for the log; never holds a secret. */
	void (*say)(void *arg, const char *event, const char *text);
	/*
	 * Asked after every commit.  False: stop at once, as a crash would.
	 * NULL: never.
	 */
	bool (*alive)(void *arg);
};

struct engine;

/* All but `ret` is borrowed for the life of the engine. */
struct engine *engine_new(struct db *db, const struct seal_private *key,
			  const struct settings *settings,
			  const struct world *world);

/* Drops what is under way; its tasks' leases remain. */
void engine_free(struct engine **engine);

/* Make the leases of a schedd that died due again.  Call once at start. */
int engine_take_over(struct engine *engine, int64_t now, struct err *err)
	MUST_CHECK;

/*
 * Do what can be done at `now`.  Returns when to be called again at the
 * latest; call it also after engine_answered() and when somebody committed.
 */
int64_t engine_tick(struct engine *engine, int64_t now);

/*
 * Somebody set the clock by so much since the last tick: the next one works
 * with the new time, and whoever waits waits as long as before.
 */
void engine_clock_jumped(struct engine *engine, int64_t by);

/* What became of the exchange `tag`.  Takes what `answer` owns. */
void engine_answered(struct engine *engine, uint64_t tag,
		     struct answer *answer);

/* Claim nothing more; what is under way may still end. */
void engine_stop(struct engine *engine);

/* Exchanges that the world has not answered yet. */
size_t engine_under_way(const struct engine *engine);

/* Make the tasks that are still held due again, for the next schedd. */
void engine_release(struct engine *engine, int64_t now);

#endif
