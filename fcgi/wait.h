/*
 * wait: hold a reply until what was begun is over (Prefer: wait, RFC 7240).
 *
 * A worker that waits serves nobody else, so only as many may as there are
 * slots: file locks in the runtime folder, which the kernel takes back from
 * whoever dies.
 */
#ifndef FCGI_WAIT_H
#define FCGI_WAIT_H

#include "fcgi/route.h"

/*
 * How long to wait, in seconds, 0 for not at all: what `prefer` says, else
 * `otherwise`; never more than `max`.  *ret_asked: it was said.
 */
int64_t wait_seconds(const char *prefer, int64_t otherwise, int64_t max,
		     bool *ret_asked);

enum wait_end {
	WAIT_IS_OVER,
	WAIT_TIMED_OUT,
	WAIT_CANNOT,	/* no slot is free, or the worker is asked to end */
};

/*
 * Look at the database until `waiting` is over.  Looking may fail, too, as if
 * it could not wait: the work is committed, so that none of these is an error
 * of the request.
 */
enum wait_end wait_until_over(const struct request *req,
			      const struct waiting *waiting,
			      const char *subject, int64_t seconds);

#endif
