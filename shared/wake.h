/*
 * wake: "the database has news", from one program to another.
 *
 * A datagram of one byte.  It never says what the news is, so it may come
 * late, twice or not at all: who waits for it also looks by itself.
 */
#ifndef SHARED_WAKE_H
#define SHARED_WAKE_H

#include "shared/err.h"

/*
 * Make the socket at `path`, in place of one that a dead process left.  The
 * caller closes *ret_fd; it does not block.
 */
int wake_listen(const char *path, int *ret_fd, struct err *err) MUST_CHECK;

/* Call after a commit.  If nobody listens, somebody will look anyway. */
void wake_send(const char *path);

/* Take all that came, so that waiting for more makes sense. */
void wake_drain(int fd);

#endif
