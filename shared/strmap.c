#include "shared/strmap.h"

#include <assert.h>
#include <string.h>

#include "shared/own.h"

#define SLOTS_MIN 16

void strmap_init(struct strmap *map, size_t max)
{
	*map = (struct strmap){ .nslots = SLOTS_MIN };
	while (map->nslots < 2 * max)
		map->nslots *= 2;
	map->slots = xcalloc(map->nslots, sizeof(*map->slots));
}

void strmap_done(struct strmap *map)
{
	free(map->slots);
	*map = (struct strmap){ 0 };
}

#define MIX UINT64_C(0x9e3779b97f4a7c15)

/* Eight bytes at a time: names are short, and looked up in several maps. */
static uint32_t hash_of(const char *key, size_t len)
{
	uint64_t h = len * MIX;
	uint64_t part;

	for (; len >= sizeof(part); len -= sizeof(part)) {
		memcpy(&part, key, sizeof(part));
		key += sizeof(part);
		h = (h ^ part) * MIX;
		h ^= h >> 32;
	}
	part = 0;
	memcpy(&part, key, len);
	h = (h ^ part) * MIX;
	return (uint32_t)(h >> 32);
}

/* The slot of the key, or the free one where it belongs. */
static struct strmap_slot *slot_of(const struct strmap *map, const char *key,
				   size_t len, uint32_t hash)
{
	size_t mask = map->nslots - 1;
	size_t at = hash & mask;

	for (;; at = (at + 1) & mask) {
		struct strmap_slot *slot = &map->slots[at];

		if (!slot->key || (slot->hash == hash && slot->len == len &&
				   memcmp(slot->key, key, len) == 0))
			return slot;
	}
}

bool strmap_add(struct strmap *map, const char *key, size_t len, int value)
{
	uint32_t hash = hash_of(key, len);
	struct strmap_slot *slot = slot_of(map, key, len, hash);

	if (slot->key)
		return false;
	assert(map->count < map->nslots / 2);
	map->count++;
	if (len > map->longest)
		map->longest = len;
	*slot = (struct strmap_slot){ key, (uint32_t)len, hash, value };
	return true;
}

int strmap_get(const struct strmap *map, const char *key, size_t len)
{
	const struct strmap_slot *slot;

	if (map->count == 0 || len > map->longest)
		return -1;
	slot = slot_of(map, key, len, hash_of(key, len));
	return slot->key ? slot->value : -1;
}
