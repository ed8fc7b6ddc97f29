/*
 * mark: names of what we make on a host, and finding them again.
 *
 * A name is something readable, a blank and the mark, at most 100 bytes: a
 * host searches accounts by name only, and answers 500 to longer names.
 */
#ifndef SCHEDD_HOST_MARK_H
#define SCHEDD_HOST_MARK_H

#include <stdbool.h>

#include "schedd/host/answer.h"
#include "schedd/host/peer.h"

#define HOST_NAME_MAX_LEN 100

/*
 * `readable` cut between characters so that the mark fits behind it.  What
 * is no text (control characters, stray bytes) becomes '?'.
 */
char *host_mark_name(const char *readable, const char *mark) GIVES_MEMORY;

/* Is this the mark alone, or something readable that ends with it? */
bool host_mark_matches(const char *name, const char *mark);

/*
 * The mark of this installation that ends a name, as a part of `name`; NULL
 * if none does: then it is somebody else's.
 */
const char *host_mark_of(const char *name, const char *inst);

/* Does a mark end it, of whichever installation? */
bool host_mark_is_any(const char *name);

#define HOST_FOUND_MAX 8

/* What carries a mark, lowest id first; more than one are duplicates. */
struct host_found {
	int64_t ids[HOST_FOUND_MAX];
	size_t count;		/* 0: none on this page */
	bool last;		/* there are no more pages */
};

/* The objects of a page whose name carries the mark. */
enum failure host_judge_found(const struct answer *answer, const char *mark,
			      struct host_found *ret);

#endif
