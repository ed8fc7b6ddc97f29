/*
 * dispatch: from what came to what goes back.
 *
 * Finds the route, meets its preconditions (token, body, Idempotency-Key),
 * calls the handler, commits, wakes schedd, waits if that is wanted, and turns
 * every error into a problem document.  Knows nothing of FastCGI.
 */
#ifndef FCGI_DISPATCH_H
#define FCGI_DISPATCH_H

#include "fcgi/http.h"

/* Cannot fail: what goes wrong is in `reply`, and in the log if it is ours. */
void dispatch(const struct worker *worker, const struct wire *wire,
	      struct reply *reply);

#endif
