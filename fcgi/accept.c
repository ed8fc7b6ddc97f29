#include "fcgi/accept.h"

#include <ctype.h>
#include <stddef.h>
#include <string.h>
#include <strings.h>

#include "shared/table.h"

#define Q_FULL 1000	/* "q=1", in thousandths */

/* What we have, and a range of a header that takes it, loosest first. */
struct offer {
	const char *name;
	const char *ranges[3];	/* NULL: no such */
	bool prefix;		/* "en" is taken by "en-GB", too */
};

/* How much an offer is wanted. */
struct wish {
	int q;			/* 0 to Q_FULL */
	int tight;		/* how closely the range names it; -1: none */
	size_t position;	/* of that range in the header */
};

static bool is_range(const struct offer *offer, int tight, const char *text,
		     size_t len)
{
	const char *range = offer->ranges[tight];
	size_t wanted = range ? strlen(range) : 0;

	if (!range || len < wanted || strncasecmp(text, range, wanted) != 0)
		return false;
	return len == wanted ||
	       (offer->prefix && *range != '*' && text[wanted] == '-');
}

/* "0.85" is 850; what is no such number counts as wanted. */
static int thousandths(const char *text)
{
	int q = 0, unit = Q_FULL / 10;

	if (*text != '0')
		return Q_FULL;
	if (*++text != '.')
		return 0;
	for (text++; isdigit((unsigned char)*text) && unit; unit /= 10)
		q += (*text++ - '0') * unit;
	return q;
}

/* The q of one range: of "text/plain; q=0.5", what follows the ';'. */
static int q_of(const char *from, const char *end)
{
	while (from < end && (from = memchr(from, ';',
					    (size_t)(end - from)))) {
		from += 1 + strspn(from + 1, " \t");
		if (end - from > 2 && strncasecmp(from, "q=", 2) == 0)
			return thousandths(from + 2);
	}
	return Q_FULL;
}

static void look(const struct offer *offer, const char *from, const char *end,
		 size_t position, struct wish *wish)
{
	size_t len;

	from += strspn(from, " \t");
	len = strcspn(from, " \t;,");
	for (int i = 0; i < (int)COUNT(offer->ranges); i++)
		if (i > wish->tight && is_range(offer, i, from, len))
			*wish = (struct wish){ q_of(from, end), i, position };
}

static struct wish wish_for(const struct offer *offer, const char *header)
{
	struct wish wish = { .tight = -1 };

	for (size_t i = 0; header && *header != '\0'; i++) {
		const char *end = header + strcspn(header, ",");

		look(offer, header, end, i, &wish);
		header = *end ? end + 1 : end;
	}
	return wish;
}

/* The offer that is wanted most; of equals the one that was named first. */
static size_t best(const struct offer *offers, size_t count,
		   const char *header)
{
	struct wish most = wish_for(&offers[0], header);
	size_t ret = 0;

	for (size_t i = 1; i < count; i++) {
		struct wish wish = wish_for(&offers[i], header);

		if (wish.q > most.q || (wish.q == most.q && wish.q > 0 &&
					wish.position < most.position)) {
			most = wish;
			ret = i;
		}
	}
	return ret;
}

bool accept_is_plain(const char *accept)
{
	static const struct offer offers[] = {
		{ "json", { "*/*", "application/*", "application/json" },
		  false },
		{ "plain", { "*/*", "text/*", "text/plain" }, false },
	};

	return best(offers, COUNT(offers), accept) == 1;
}

bool accept_is_csv(const char *accept)
{
	static const struct offer offers[] = {
		{ "json", { "*/*", "application/*", "application/json" },
		  false },
		{ "csv", { "*/*", "text/*", "text/csv" }, false },
	};

	return best(offers, COUNT(offers), accept) == 1;
}

const char *accept_lang(const char *accept_language)
{
	static const struct offer offers[] = {
		{ "zh", { "*", "zh", NULL }, true },
		{ "en", { "*", "en", NULL }, true },
	};

	return offers[best(offers, COUNT(offers), accept_language)].name;
}
