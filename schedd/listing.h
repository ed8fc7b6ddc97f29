/*
 * listing: may a list that comes in pages be believed?
 *
 * Pages are asked for in the order of ids.  They are believed while the ids
 * really ascend from page to page, no page is short, and as many come as were
 * said to be there.  New ones at the end do no harm; whatever else moves under
 * our eyes makes what was read worth nothing: the list is read once more from
 * its beginning, and if that does not end well either, it tells nothing.
 * Pure.
 */
#ifndef SCHEDD_LISTING_H
#define SCHEDD_LISTING_H

#include <stdbool.h>
#include <stdint.h>

#include "schedd/host/answer.h"

/* Kept from page to page.  Zeroed: page 1 comes next. */
struct listing {
	int64_t page;		/* how many were taken */
	int64_t last_id;	/* the highest one so far */
	int64_t seen;
	int64_t total;		/* as said last */
	int64_t looks;		/* that came to nothing */
};

enum listing_verdict {
	LISTING_MORE,		/* the page is good, another follows */
	LISTING_END,		/* it is good, and the last one */
	LISTING_AGAIN,		/* begin anew; the listing is reset for that */
	LISTING_UNKNOWN,	/* this list tells nothing */
};

/*
 * The ids for which the page speaks: one of ours among them that is not on it
 * is suspect.
 */
struct listing_range {
	int64_t above;		/* this one is not among them */
	int64_t to;
};

/* `page_size` is what was asked for. */
enum listing_verdict listing_take(struct listing *listing,
				  const struct host_page *page,
				  int64_t page_size,
				  struct listing_range *ret);

#endif
