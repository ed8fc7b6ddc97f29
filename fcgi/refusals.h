/*
 * refusals: requests that would have changed something and were refused for
 * want of a token or of its scope.
 *
 * They are counted in memory by token and minute and written at most once a
 * second, so that a flood of them costs no flood of writes; what is counted
 * since then is written with one of the next requests, or when the worker
 * ends.
 */
#ifndef FCGI_REFUSALS_H
#define FCGI_REFUSALS_H

#include "fcgi/route.h"
#include "shared/audit.h"

#define REFUSALS_MAX 16

/* Zeroed is empty. */
struct refusals {
	struct audit_refusal list[REFUSALS_MAX];
	size_t n;
	int64_t written_at;
};

/* `token` is empty if it was none of ours. */
void refusals_note(const struct worker *worker, const struct route *route,
		   const struct token *token, const char *request_id,
		   int64_t now);

/* Write what there is, if it is time, or in any case. */
void refusals_flush(const struct worker *worker, int64_t now, bool always);

#endif
