/*
 * limits: how much may be under way at once, how often in a minute, how much
 * in a day, and for whom we were told to wait.
 *
 * Counts live in memory only: after a restart a host may see a minute's
 * calls twice, which its own limit answers with 429 and we wait out.
 */
#ifndef SCHEDD_LIMITS_H
#define SCHEDD_LIMITS_H

#include <stdbool.h>
#include <stdint.h>

#include "schedd/step.h"

struct limits;

/* `settings` is borrowed for the life of the object. */
struct limits *limits_new(const struct settings *settings);
void limits_free(struct limits **limits);

/*
 * May this exchange begin under these names?  If so it is counted until
 * limits_leave().  If not, *ret_at is when to ask again, or 0: when another
 * one has ended.
 */
bool limits_enter(struct limits *limits, const struct limit_names *names,
		  const struct request *request, int64_t now, int64_t *ret_at)
	MUST_CHECK;
void limits_leave(struct limits *limits, const struct limit_names *names);

/*
 * Who answered this request said when to come again (Retry-After): nothing
 * of the same provider and key is sent before `until`, nor to the same host;
 * where the host counts calls of one kind, nothing of that kind.  What a
 * gateway says to one user's key holds back nobody else.
 */
void limits_pause(struct limits *limits, const struct limit_names *names,
		  const struct request *request, int64_t now, int64_t until);

/* Somebody set the clock by so much: what was counted moves with it. */
void limits_clock_jumped(struct limits *limits, int64_t by);

#endif
