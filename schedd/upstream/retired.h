/*
 * retired: models that their vendors announced to withdraw, or have withdrawn.
 *
 * A model is retired at one vendor's endpoints and may live on at others.
 * The table is what was public when it was compiled: what is not in it may
 * be retired all the same, which a proof shows.
 */
#ifndef SCHEDD_UPSTREAM_RETIRED_H
#define SCHEDD_UPSTREAM_RETIRED_H

#include <stdbool.h>
#include <stdint.h>

/* Strings are of the table. */
struct upstream_retirement {
	const char *date;	/* "2026-07-24", "2026-09"; "": none is named */
	int64_t at;		/* the beginning of that day or month; 0 */
	bool over;		/* that has passed, or it is said to be gone */
	const char *replacement;
	const char *source;	/* who says so */
};

/*
 * Is `model`, as this endpoint calls it, announced to be retired, or gone?
 * `base_url` is normalised.
 */
bool upstream_retirement(const char *base_url, const char *model,
			 int64_t now, struct upstream_retirement *ret);

#endif
