/*
 * loop: waits for transfers, signals, wake-ups and the clock.
 *
 * The only file that waits.  What to do is the engine's business.
 */
#ifndef SCHEDD_LOOP_H
#define SCHEDD_LOOP_H

#include "shared/db.h"
#include "shared/err.h"
#include "shared/seal.h"
#include "shared/settings.h"

struct loop;

/*
 * Open the wake-up socket and start curl.  All arguments are borrowed for
 * the life of the loop.
 */
int loop_new(struct loop **ret, struct db *db, const struct seal_private *key,
	     const struct settings *settings, struct err *err) MUST_CHECK;
void loop_free(struct loop **loop);

/*
 * Run until SIGTERM or SIGINT; exchanges under way may then still end, for a
 * few seconds.
 */
int loop_run(struct loop *loop, struct err *err) MUST_CHECK;

#endif
