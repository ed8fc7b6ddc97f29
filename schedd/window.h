/*
 * window: how often in the last minute, and how much in the last day.
 *
 * Both count exactly: never more than the limit in any minute or any 24
 * hours, wherever one begins to look.  A clock that is set back moves what was
 * counted along with it; one that is set forward frees at most one limit.
 * Nothing here asks for the time.
 */
#ifndef SCHEDD_WINDOW_H
#define SCHEDD_WINDOW_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The moments of the last minute.  Zeroed: none.  Release: window_done(). */
struct window {
	int64_t *at;		/* a ring, the oldest first */
	size_t room;
	size_t first;
	size_t count;
};

void window_done(struct window *window);

/*
 * Is there room for one more below `limit` (0: there is none)?  If not,
 * *ret_at is when.
 */
bool window_has_room(struct window *window, int64_t limit, int64_t now,
		     int64_t *ret_at);

/* One more.  Call after window_has_room() and with the same `now`. */
void window_add(struct window *window, int64_t now);

bool window_is_empty(struct window *window, int64_t now);
void window_shift(struct window *window, int64_t by);

#define DAY_HOURS 24

/* What was spent in each of the last 24 hours and in this one. */
struct day {
	int64_t hour;			/* this one, since 1970 */
	int64_t spent[DAY_HOURS + 1];	/* by hour, modulo */
	int64_t sum;
};

/* As above.  What alone exceeds the limit fits when nothing else is there. */
bool day_has_room(struct day *day, int64_t limit, int64_t amount, int64_t now,
		  int64_t *ret_at);
void day_add(struct day *day, int64_t amount, int64_t now);
bool day_is_empty(struct day *day, int64_t now);

#endif
