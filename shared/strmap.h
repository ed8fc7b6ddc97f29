/*
 * strmap: from strings to numbers; what was put in first stays.
 *
 * Keys are borrowed and must outlive the map.  For tables of ours and lists
 * with a ceiling: who chooses the keys can make it slow, not endless.
 */
#ifndef SHARED_STRMAP_H
#define SHARED_STRMAP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct strmap_slot {
	const char *key;	/* NULL: free */
	uint32_t len;
	uint32_t hash;
	int value;
};

struct strmap {
	struct strmap_slot *slots;
	size_t nslots;		/* a power of two */
	size_t count;
	size_t longest;		/* key: nothing longer is looked for */
};

/* Room for `max` keys.  Release with strmap_done(). */
void strmap_init(struct strmap *map, size_t max);
void strmap_done(struct strmap *map);

/* False if the key is there already: its number stays. */
bool strmap_add(struct strmap *map, const char *key, size_t len, int value);

/* -1 if it is not there; also in a zeroed map. */
int strmap_get(const struct strmap *map, const char *key, size_t len);

#endif
