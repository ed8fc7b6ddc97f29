#include "schedd/window.h"

#include <string.h>

#include "shared/own.h"

#define MINUTE_MS 60000
#define HOUR_MS INT64_C(3600000)
#define ROOM_MIN 8

void window_done(struct window *window)
{
	free(window->at);
	*window = (struct window){ 0 };
}

static int64_t *moment(const struct window *window, size_t i)
{
	return &window->at[(window->first + i) % window->room];
}

void window_shift(struct window *window, int64_t by)
{
	for (size_t i = 0; i < window->count; i++)
		*moment(window, i) += by;
}

/* Forget what is older than a minute. */
static void pass(struct window *window, int64_t now)
{
	int64_t newest;

	if (window->count == 0)
		return;
	newest = *moment(window, window->count - 1);
	if (newest > now)	/* the clock was set back */
		window_shift(window, now - newest);
	while (window->count > 0 &&
	       now - *moment(window, 0) >= MINUTE_MS) {
		window->first = (window->first + 1) % window->room;
		window->count--;
	}
}

bool window_has_room(struct window *window, int64_t limit, int64_t now,
		     int64_t *ret_at)
{
	if (limit <= 0)
		return true;
	pass(window, now);
	if (window->count < (size_t)limit)
		return true;
	/* The limit may be lower than it was. */
	*ret_at = *moment(window, window->count - (size_t)limit) + MINUTE_MS;
	return false;
}

static void grow(struct window *window)
{
	size_t room = window->room ? window->room * 2 : ROOM_MIN;
	int64_t *at = xcalloc(room, sizeof(*at));

	for (size_t i = 0; i < window->count; i++)
		at[i] = *moment(window, i);
	free(window->at);
	window->at = at;
	window->room = room;
	window->first = 0;
}

void window_add(struct window *window, int64_t now)
{
	if (window->count == window->room)
		grow(window);
	window->count++;
	*moment(window, window->count - 1) = now;
}

bool window_is_empty(struct window *window, int64_t now)
{
	pass(window, now);
	return window->count == 0;
}

static int64_t *of_hour(struct day *day, int64_t hour)
{
	const int64_t n = DAY_HOURS + 1;

	return &day->spent[(hour % n + n) % n];	/* also before 1970 */
}

/* The clock was set back: what was spent is told of as many hours ago. */
static void turn_back(struct day *day, int64_t hour)
{
	struct day was = *day;

	for (int64_t ago = 0; ago <= DAY_HOURS; ago++)
		*of_hour(day, hour - ago) = *of_hour(&was, was.hour - ago);
	day->hour = hour;
}

static void let_pass(struct day *day, int64_t now)
{
	int64_t hour = now / HOUR_MS;

	if (hour < day->hour)
		turn_back(day, hour);
	for (int i = 0; day->hour < hour && i <= DAY_HOURS; i++) {
		day->hour++;
		day->sum -= *of_hour(day, day->hour);
		*of_hour(day, day->hour) = 0;
	}
	if (day->hour < hour)	/* more than a day ago: all is zero */
		day->hour = hour;
}

bool day_has_room(struct day *day, int64_t limit, int64_t amount, int64_t now,
		  int64_t *ret_at)
{
	int64_t left;

	if (limit <= 0)
		return true;
	let_pass(day, now);
	left = day->sum;
	if (left == 0 || left + amount <= limit)
		return true;
	for (int64_t hour = day->hour - DAY_HOURS; hour <= day->hour; hour++) {
		left -= *of_hour(day, hour);
		*ret_at = (hour + DAY_HOURS + 1) * HOUR_MS;
		if (left == 0 || left + amount <= limit)
			break;
	}
	return false;
}

void day_add(struct day *day, int64_t amount, int64_t now)
{
	let_pass(day, now);
	*of_hour(day, day->hour) += amount;
	day->sum += amount;
}

bool day_is_empty(struct day *day, int64_t now)
{
	let_pass(day, now);
	return day->sum == 0;
}
