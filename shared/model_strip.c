#include "shared/model_strip.h"

#include <string.h>

#define ORG_MAX 64
#define LEVEL_DIGITS_MAX 6

static bool in_set(const struct strmap *set, const char *text, size_t len)
{
	char word[ORG_MAX];
	size_t n = 0;

	for (size_t i = 0; i < len; i++) {
		if (text[i] == '-')
			continue;
		if (n == sizeof(word))
			return false;
		word[n++] = text[i];
	}
	return n > 0 && strmap_get(set, word, n) >= 0;
}

static bool all_digits(const char *text, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if (text[i] < '0' || text[i] > '9')
			return false;
	return len > 0;
}

static long number(const char *text, size_t len)
{
	long n = 0;

	for (size_t i = 0; i < len; i++)
		n = n * 10 + (text[i] - '0');
	return n;
}

/* ---- before it ---- */

static void strip_scheme(const struct model_text *text, struct strip *at)
{
	const char *from = text->text + at->begin;
	const char *colon = memchr(from, ':', at->end - at->begin);

	if (!colon || !in_set(&model_rules()->schemes, from,
			      (size_t)(colon - from)))
		return;
	at->begin += (size_t)(colon - from) + 1;
	at->dropped++;
}

static void skip_separator(const struct model_text *text, struct strip *at)
{
	while (at->begin < at->end && text->text[at->begin] == '-')
		at->begin++;
}

static void strip_path(const struct model_text *text, struct strip *at)
{
	const char *from, *slash;

	for (;;) {
		skip_separator(text, at);
		from = text->text + at->begin;
		slash = memchr(from, '/', at->end - at->begin);
		if (!slash || slash + 1 == text->text + at->end ||
		    !in_set(&model_rules()->orgs, from,
			    (size_t)(slash - from)))
			break;
		at->begin += (size_t)(slash - from) + 1;
		at->dropped++;
	}
	at->name = at->begin;
	slash = memrchr(text->text + at->begin, '/', at->end - at->begin);
	if (slash && slash + 1 < text->text + at->end) {
		at->begin = (size_t)(slash - text->text) + 1;
		skip_separator(text, at);
	}
}

/* ---- behind it ---- */

static void trim(const struct model_text *text, struct strip *at)
{
	while (at->end > at->begin && (text->text[at->end - 1] == '-' ||
				       text->text[at->end - 1] == ':'))
		at->end--;
}

/* What stands in the last pair of brackets; false: there is none. */
static bool last_pair(const struct model_text *text, const struct strip *at,
		      char opens, char closes, size_t *ret_open)
{
	const char *open;

	if (text->text[at->end - 1] != closes)
		return false;
	open = memrchr(text->text + at->begin, opens, at->end - at->begin);
	if (!open || open == text->text + at->begin)
		return false;
	*ret_open = (size_t)(open - text->text);
	return true;
}

/* "[1m]": how much of the context is served. */
static bool strip_size(const struct model_text *text, struct strip *at)
{
	size_t open;
	const char *inner;
	size_t len;

	if (!last_pair(text, at, '[', ']', &open))
		return false;
	inner = text->text + open + 1;
	len = at->end - open - 2;
	if (len < 2 || (inner[len - 1] != 'm' && inner[len - 1] != 'k') ||
	    !all_digits(inner, len - 1))
		return false;
	at->end = open;
	at->dropped++;
	return true;
}

static bool strip_level(const struct model_text *text, struct strip *at)
{
	size_t open, len;
	const char *inner;

	if (at->aside_len > 0 || !last_pair(text, at, '(', ')', &open))
		return false;
	inner = text->text + open + 1;
	len = at->end - open - 2;
	if (*at->level == '\0' && len < MODEL_LEVEL_MAX &&
	    ((all_digits(inner, len) && len <= LEVEL_DIGITS_MAX) ||
	     in_set(&model_rules()->levels, inner, len))) {
		memcpy(at->level, inner, len);
		at->level[len] = '\0';
	} else if (len > 0) {
		at->aside = open + 1;
		at->aside_len = len;
		at->whole = at->end;
	}
	at->end = open;
	return true;
}

static bool is_month(long n)
{
	return n >= 1 && n <= 12;
}

static bool is_day(long n)
{
	return n >= 1 && n <= 31;
}

/* YYMMDD, YYYYMM or YYYYMMDD; what else is a part of the name. */
static bool is_stamp(const char *text, size_t len)
{
	long n;

	if ((len != 6 && len != 8) || !all_digits(text, len))
		return false;
	n = number(text, len);
	if (len == 8)
		return n / 1000000 == 20 && is_month(n / 100 % 100) &&
		       is_day(n % 100);
	return (n / 10000 >= 20 && is_month(n / 100 % 100) &&
		is_day(n % 100)) ||
	       (n / 10000 == 20 && is_month(n % 100));
}

static size_t last_word(const struct model_text *text, const struct strip *at)
{
	size_t from = at->end;

	while (from > at->begin && text->text[from - 1] != '-' &&
	       text->text[from - 1] != ':')
		from--;
	return from;
}

/* The generation before a date: "-ga-260731". */
static void strip_ga(const struct model_text *text, struct strip *at)
{
	size_t from = last_word(text, at);

	if (from > at->begin && at->end - from == 2 &&
	    memcmp(text->text + from, "ga", 2) == 0)
		at->end = from;
	trim(text, at);
}

static bool strip_word(const struct model_text *text, struct strip *at)
{
	size_t from = last_word(text, at);
	const char *word = text->text + from;
	size_t len = at->end - from;

	if (from == at->begin)
		return false;
	if (is_stamp(word, len)) {
		at->stamp = number(word, len);
		at->end = from;
		trim(text, at);
		strip_ga(text, at);
	} else if (strmap_get(&model_rules()->suffixes, word, len) >= 0) {
		at->end = from;
	} else {
		return false;
	}
	at->dropped++;
	return true;
}

void strip_name(const struct model_text *text, struct strip *ret)
{
	*ret = (struct strip){ .end = text->len };
	strip_scheme(text, ret);
	strip_path(text, ret);
	do
		trim(text, ret);
	while (ret->end > ret->begin &&
	       (strip_level(text, ret) || strip_size(text, ret) ||
		strip_word(text, ret)));
}
