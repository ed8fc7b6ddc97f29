/*
 * clock: what time it is, in milliseconds, and RFC 3339 both ways.
 *
 * Only main loops ask for the time; everything below them is told.
 */
#ifndef SHARED_CLOCK_H
#define SHARED_CLOCK_H

#include <stdbool.h>
#include <stdint.h>

#include "shared/own.h"

/* Unix time; may jump when somebody sets the clock. */
int64_t clock_wall_ms(void);

/* Since some fixed moment; never jumps.  For durations. */
int64_t clock_mono_ms(void);
int64_t clock_mono_us(void);

/*
 * Tells a clock that was set from time that passed: by comparing the two.
 * Zeroed at first.
 */
struct clock_watch {
	bool begun;
	int64_t ahead;		/* of the one that never jumps */
};

/*
 * By how much the wall clock was set since the last call: below 0 is back, 0
 * if it was not, or by so little that nobody has to know.  Pure.
 */
int64_t clock_jumped(struct clock_watch *watch, int64_t wall, int64_t mono);

/* Room for "2026-11-23T08:15:00.123Z" and its NUL, years up to 9999. */
#define CLOCK_TEXT_MAX 32

/* Write `at` as RFC 3339 in UTC.  Returns `text`. */
const char *clock_format(int64_t at, char text[CLOCK_TEXT_MAX]);

/* Read RFC 3339 with any offset.  False if it is not that. */
bool clock_parse(const char *text, int64_t *ret) MUST_CHECK;

#endif
