/*
 * id: the ids that we make: short text, sorted by time of making.
 *
 * "run_01jdcq4v9x" + 10 random characters: 9 characters of time in Crockford's
 * base 32, lower case, then the random part, so that new rows of a table lie
 * side by side in its index and a page goes by key.
 */
#ifndef SHARED_ID_H
#define SHARED_ID_H

#include <stddef.h>
#include <stdint.h>

/* Room for any id and its NUL. */
#define ID_MAX 40
#define ID_SHORT_MAX 16

/*
 * Make an id.  `prefix` is a short word ("run"); `random` is 50 bits of
 * randomness, of which the lowest are used.  Returns `ret`.
 */
const char *id_make(char ret[ID_MAX], const char *prefix, int64_t now,
		    uint64_t random);

/*
 * Write `len` (at most ID_SHORT_MAX - 1) characters [a-z0-9] made from
 * `random`.  Returns `ret`.
 */
const char *id_short(char ret[ID_SHORT_MAX], size_t len, uint64_t random);

#endif
