/*
 * limits: how much may be under way at once, and how often in a minute.
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
 * May an exchange under these names, of this budget, begin?  If so it is
 * counted until limits_leave().  If not, *ret_at is when to ask again, or 0:
 * when another one has ended.
 */
bool limits_enter(struct limits *limits, const struct limit_names *names,
		  enum budget budget, int64_t now, int64_t *ret_at)
	MUST_CHECK;
void limits_leave(struct limits *limits, const struct limit_names *names);

#endif
