/*
 * strset: distinct strings, numbered in the order in which they came.
 *
 * Strings are borrowed and must outlive the set.  The hash has a random seed,
 * so that nobody who chooses the strings can make it slow.
 */
#ifndef FCGI_STRSET_H
#define FCGI_STRSET_H

#include <stddef.h>
#include <stdint.h>

struct strset {
	const char **texts;	/* by number */
	size_t count;
	size_t *slots;		/* number + 1, or 0 */
	size_t nslots;		/* a power of two */
	uint64_t seed;
};

/* Room for `max` strings.  Release with strset_done(). */
void strset_init(struct strset *set, size_t max);
void strset_done(struct strset *set);

/* The number of `text`: it is new if that is what `count` was before. */
size_t strset_add(struct strset *set, const char *text);

#endif
