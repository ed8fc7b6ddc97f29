/*
 * host_sse: server-sent events, read and written.
 */
#ifndef TESTS_MODEL_HOST_SSE_H
#define TESTS_MODEL_HOST_SSE_H

#include <jansson.h>
#include <stdbool.h>

#include "shared/buf.h"

/* Room for an answer that our models make. */
#define HOST_SSE_MAX (64 * 1024 * 1024)

/*
 * The next "data:" line from *at on, which moves behind it.  NULL at the
 * end.  *ret_done is set when the line is no JSON but [DONE].
 */
json_t *host_sse_next(const char **at, bool *ret_done);

/* Add "event: type" (unless NULL), the data (taken), and a blank line. */
void host_sse_add(struct buf *out, const char *type, json_t *data);

#endif
