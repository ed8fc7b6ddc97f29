#include "shared/clock.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

static int64_t read_us(clockid_t id)
{
	struct timespec now;

	clock_gettime(id, &now);
	return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

int64_t clock_wall_ms(void)
{
	return read_us(CLOCK_REALTIME) / 1000;
}

int64_t clock_mono_ms(void)
{
	return read_us(CLOCK_MONOTONIC) / 1000;
}

int64_t clock_mono_us(void)
{
	return read_us(CLOCK_MONOTONIC);
}

/* Less than this is how clocks are kept right, and how a process is held. */
#define JUMP_MS 1000

int64_t clock_jumped(struct clock_watch *watch, int64_t wall, int64_t mono)
{
	int64_t by = watch->begun ? wall - mono - watch->ahead : 0;

	watch->begun = true;
	watch->ahead = wall - mono;
	return by >= JUMP_MS || by <= -JUMP_MS ? by : 0;
}

/* `width` digits of `value`, and what stands behind them. */
static char *put(char *to, int value, int width, char behind)
{
	for (int i = width - 1; i >= 0; i--, value /= 10)
		to[i] = (char)('0' + value % 10);
	to[width] = behind;
	return to + width + 1;
}

/* By hand: lists hold hundreds of moments, and strftime() is slow. */
const char *clock_format(int64_t at, char text[CLOCK_TEXT_MAX])
{
	int64_t ms = at % 1000;
	time_t seconds = at / 1000;
	struct tm tm;
	char *to = text;

	if (ms < 0) {
		ms += 1000;
		seconds--;
	}
	if (!gmtime_r(&seconds, &tm) || tm.tm_year < -1900 ||
	    tm.tm_year > 9999 - 1900) {
		snprintf(text, CLOCK_TEXT_MAX, "9999-12-31T23:59:59.999Z");
		return text;
	}
	to = put(to, tm.tm_year + 1900, 4, '-');
	to = put(to, tm.tm_mon + 1, 2, '-');
	to = put(to, tm.tm_mday, 2, 'T');
	to = put(to, tm.tm_hour, 2, ':');
	to = put(to, tm.tm_min, 2, ':');
	to = put(to, tm.tm_sec, 2, '.');
	to = put(to, (int)ms, 3, 'Z');
	*to = '\0';
	return text;
}

/* Read a fraction of a second, if there is one.  Digits past ms are dropped. */
static const char *parse_fraction(const char *p, int64_t *ret_ms)
{
	int64_t unit = 100;

	*ret_ms = 0;
	if (*p != '.')
		return p;
	for (p++; isdigit((unsigned char)*p); p++, unit /= 10)
		*ret_ms += (*p - '0') * unit;
	return p;
}

static bool parse_offset(const char *p, int64_t *ret_ms)
{
	int hours, minutes, used = 0;
	char sign;

	*ret_ms = 0;
	if ((*p == 'Z' || *p == 'z') && p[1] == '\0')
		return true;
	if (sscanf(p, "%c%2d:%2d%n", &sign, &hours, &minutes, &used) != 3 ||
	    p[used] != '\0' || (sign != '+' && sign != '-'))
		return false;
	*ret_ms = (hours * 60 + minutes) * INT64_C(60000);
	if (sign == '-')
		*ret_ms = -*ret_ms;
	return true;
}

bool clock_parse(const char *text, int64_t *ret)
{
	struct tm tm = { 0 };
	int64_t ms, offset;
	const char *rest = strptime(text, "%Y-%m-%dT%H:%M:%S", &tm);

	if (!rest)
		return false;
	rest = parse_fraction(rest, &ms);
	if (!parse_offset(rest, &offset))
		return false;
	*ret = (int64_t)timegm(&tm) * 1000 + ms - offset;
	return true;
}
