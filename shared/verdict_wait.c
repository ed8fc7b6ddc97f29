#include "shared/verdict_wait.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>

#include "shared/table.h"

#define CHINA_S (8 * 3600)

/* Longest first where one begins with the other. */
static const struct {
	const char *name;
	int64_t ms;
} units[] = {
	{ "milliseconds", 1 }, { "millisecond", 1 }, { "ms", 1 },
	{ "minutes", 60000 }, { "minute", 60000 }, { "mins", 60000 },
	{ "min", 60000 }, { "m", 60000 },
	{ "seconds", 1000 }, { "second", 1000 }, { "secs", 1000 },
	{ "sec", 1000 }, { "s", 1000 },
	{ "hours", 3600000 }, { "hour", 3600000 }, { "hrs", 3600000 },
	{ "hr", 3600000 }, { "h", 3600000 },
	{ "days", 86400000 }, { "day", 86400000 }, { "d", 86400000 },
	{ "秒钟", 1000 }, { "秒", 1000 },
	{ "分钟", 60000 }, { "分", 60000 },
	{ "个小时", 3600000 }, { "小时", 3600000 }, { "天", 86400000 },
};

/* What stands before a time to wait. */
static const char *const leads[] = {
	"again in", "retry in", "retry after", "again after", "wait",
	"wait for", "wait at least", "wait about", "resets in", "reset in",
	"available in", "reset after", "retrying in", "请在", "请等待",
	"等待", "请于", "再过", "还需", "还需等待", "again in about",
	"wait for at least", "retry after about", "请", "需等待",
};

/* Beside those that the table of classes lets pass. */
static const struct {
	enum failure class;
	int seconds;
} guesses[] = {
	{ FAILURE_DNS, 60 },		{ FAILURE_REFUSED, 30 },
	{ FAILURE_TIMEOUT, 15 },	{ FAILURE_RESET, 5 },
	{ FAILURE_DEAD_END, 60 },	{ FAILURE_PROXY_FAILED, 30 },
	{ FAILURE_RATE_LIMITED, 20 },	{ FAILURE_OVERLOADED, 30 },
	{ FAILURE_TRANSIENT, 10 },	{ FAILURE_WARMING_UP, 2 },
	{ FAILURE_NO_ACCOUNT, 30 },	{ FAILURE_UPSTREAM_FAILED, 10 },
	{ FAILURE_MODEL_NOT_LISTED, 15 }, { FAILURE_CONCURRENCY_LIMITED, 10 },
	{ FAILURE_ACCOUNT_BENCHED, 600 }, { FAILURE_EMPTY_COMPLETION, 0 },
};

static int64_t within_bounds(double ms)
{
	if (!(ms >= 0))
		return -1;
	return ms < (double)WAIT_MAX_MS ? (int64_t)ms : WAIT_MAX_MS;
}

static int64_t until(int64_t at, int64_t now)
{
	if (now <= 0 || at - now > WAIT_MAX_MS)
		return -1;
	return at > now ? at - now : -1;
}

int64_t wait_of_header(const char *value, int64_t now)
{
	struct tm tm = { 0 };
	const char *rest;
	char *end;
	double seconds;

	value += strspn(value, " \t");
	if (*value >= '0' && *value <= '9') {
		seconds = strtod(value, &end);
		end += strspn(end, " \ts");
		return *end == '\0' ? within_bounds(seconds * 1000) : -1;
	}
	rest = strptime(value, "%a, %d %b %Y %H:%M:%S", &tm);
	if (!rest || now <= 0)
		return -1;
	/* A date that has passed: now. */
	if ((int64_t)timegm(&tm) * 1000 <= now)
		return 0;
	return until((int64_t)timegm(&tm) * 1000, now);
}

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static bool is_letter(char c)
{
	return c >= 'a' && c <= 'z';
}

/* The unit at *at, or 0; *at goes behind it. */
static int64_t read_unit(const char **at)
{
	const char *start = *at + strspn(*at, " ");

	for (size_t i = 0; i < COUNT(units); i++) {
		size_t len = strlen(units[i].name);

		if (strncmp(start, units[i].name, len) != 0 ||
		    (is_letter(*start) && is_letter(start[len])))
			continue;
		*at = start + len;
		return units[i].ms;
	}
	return 0;
}

/* "7m12s", "1.5 hours": -1 if it is none; *at goes behind it. */
static double read_duration(const char **at)
{
	double sum = -1;

	while (is_digit(**at)) {
		char *end;
		double number = strtod(*at, &end);
		const char *next = end;
		int64_t unit = read_unit(&next);

		if (unit == 0 || number > 1e9)
			break;
		sum = (sum < 0 ? 0 : sum) + number * (double)unit;
		*at = next + strspn(next, " ");
	}
	return sum;
}

/* Does what comes before `at` end in one of the leads? */
static bool is_led(const char *text, const char *at)
{
	while (at > text && at[-1] == ' ')
		at--;
	for (size_t i = 0; i < COUNT(leads); i++) {
		size_t len = strlen(leads[i]);

		if ((size_t)(at - text) >= len &&
		    memcmp(at - len, leads[i], len) == 0)
			return true;
	}
	return false;
}

static int64_t find_duration(const char *words)
{
	for (const char *at = words; *at; at++) {
		const char *end = at;
		double ms;

		if (!is_digit(*at) || (at > words && (is_digit(at[-1]) ||
						      is_letter(at[-1]))))
			continue;
		ms = read_duration(&end);
		if (ms >= 0 && (is_led(words, at) ||
				strncmp(end, "后", 3) == 0 ||
				strncmp(end, "之后", 6) == 0 ||
				strncmp(end, "以后", 6) == 0))
			return within_bounds(ms);
	}
	return -1;
}

/* "+0800", "+08:00", "Z", "UTC": seconds east; China if nothing is said. */
static int64_t read_zone(const char *at)
{
	int hours, minutes;
	char sign;

	at += strspn(at, " ");
	if (*at == 'Z' || strncmp(at, "UTC", 3) == 0 ||
	    strncmp(at, "GMT", 3) == 0)
		return 0;
	if (sscanf(at, "%c%2d:%2d", &sign, &hours, &minutes) != 3 &&
	    sscanf(at, "%c%2d%2d", &sign, &hours, &minutes) != 3)
		return CHINA_S;
	if (sign != '+' && sign != '-')
		return CHINA_S;
	return (sign == '-' ? -1 : 1) * (int64_t)(hours * 60 + minutes) * 60;
}

/* A date and time at `at`, in Unix milliseconds; -1 if there is none. */
static int64_t read_moment(const char *at)
{
	struct tm tm = { 0 };
	const char *rest;

	if (!is_digit(*at))
		return -1;
	rest = strptime(at, "%Y-%m-%d", &tm);
	if (!rest || (*rest != ' ' && *rest != 'T'))
		return -1;
	rest = strptime(rest + 1, "%H:%M:%S", &tm);
	if (!rest)
		return -1;
	if (*rest == '.')
		rest += 1 + strspn(rest + 1, "0123456789");
	return ((int64_t)timegm(&tm) - read_zone(rest)) * 1000;
}

static int64_t find_moment(const char *text, int64_t now)
{
	for (const char *at = text; *at; at++) {
		int64_t moment;

		if (at > text && is_digit(at[-1]))
			continue;
		moment = read_moment(at);
		if (moment > 0 && until(moment, now) >= 0)
			return until(moment, now);
	}
	return -1;
}

int64_t wait_in_text(const char *words, const char *text, int64_t now)
{
	int64_t wait = find_duration(words);

	return wait >= 0 ? wait : find_moment(text, now);
}

int64_t wait_of_class(enum failure class)
{
	for (size_t i = 0; i < COUNT(guesses); i++)
		if (guesses[i].class == class)
			return (int64_t)guesses[i].seconds * 1000;
	return -1;
}
