/*
 * checkpoint: the one thread that copies the write-ahead log back into the
 * database, on a connection of its own.
 *
 * Nobody else checkpoints (see db.c).  It may have to wait for readers, which
 * is why it is not in the loop; it does nothing else.
 */
#ifndef SCHEDD_CHECKPOINT_H
#define SCHEDD_CHECKPOINT_H

#include "shared/err.h"

struct checkpoint;

int checkpoint_start(struct checkpoint **ret, const char *database,
		     struct err *err) MUST_CHECK;

/* Make a last one, and end the thread. */
void checkpoint_stop(struct checkpoint **checkpoint);

#endif
