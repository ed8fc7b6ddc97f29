/*
 * say: sentences for people, in Chinese ("zh") or English ("en"), made from
 * templates in tables.
 *
 * Moments are said twice: absolutely, in UTC, and as seen from now, because
 * who was woken up at three does not want to subtract.
 */
#ifndef SHARED_SAY_H
#define SHARED_SAY_H

#include <stdbool.h>
#include <stdint.h>

#include <jansson.h>

#include "shared/buf.h"

/* One sentence in both languages. */
struct said {
	const char *zh;
	const char *en;
};

/* A word that stands in a template as {name}. */
struct say_word {
	const char *name;
	const char *value;
};

/* Chinese unless `lang` begins with "en". */
bool say_is_zh(const char *lang);

/* Borrowed from `said`; "" where there is nothing in the language. */
const char *say_in(const char *lang, const struct said *said);

/*
 * Add the template with every {name} replaced; what `words`, which ends with
 * a NULL name, does not have becomes "?".
 */
void say(struct buf *out, const char *text, const struct say_word *words);

/* The same with the members of an object: strings and whole numbers. */
void say_members(struct buf *out, const char *text, const json_t *object);

/* Room for the longest of the texts below and its NUL. */
#define SAY_TIME_MAX 96

/* "2026-11-23 08:15:00 UTC".  Returns `text`, as do the others. */
const char *say_moment(int64_t at, char text[SAY_TIME_MAX]);

/* "3 分钟后", "in 3 min", "2 小时前", "2 h ago", "此刻", "now". */
const char *say_distance(const char *lang, int64_t at, int64_t now,
			 char text[SAY_TIME_MAX]);

/* Both: "2026-11-23 08:15:00 UTC (in 3 min)". */
const char *say_when(const char *lang, int64_t at, int64_t now,
		     char text[SAY_TIME_MAX]);

#endif
