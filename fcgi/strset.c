#include "fcgi/strset.h"

#include <assert.h>
#include <string.h>

#include "shared/own.h"
#include "shared/seal.h"

void strset_init(struct strset *set, size_t max)
{
	*set = (struct strset){ .nslots = 16, .seed = seal_random() };
	while (set->nslots < 2 * max)
		set->nslots *= 2;
	set->texts = xcalloc(set->nslots / 2, sizeof(*set->texts));
	set->slots = xcalloc(set->nslots, sizeof(*set->slots));
}

void strset_done(struct strset *set)
{
	free(set->texts);
	free(set->slots);
	*set = (struct strset){ 0 };
}

/* FNV-1a from a secret start; the last shuffle spreads its weak low bits. */
static uint64_t hash_of(const char *text, uint64_t seed)
{
	uint64_t h = 14695981039346656037u ^ seed;

	for (; *text != '\0'; text++)
		h = (h ^ (unsigned char)*text) * 1099511628211u;
	h ^= h >> 33;
	h *= 0xff51afd7ed558ccdu;
	return h ^ h >> 33;
}

size_t strset_add(struct strset *set, const char *text)
{
	size_t mask = set->nslots - 1;
	size_t at = hash_of(text, set->seed) & mask;

	for (; set->slots[at] != 0; at = (at + 1) & mask)
		if (strcmp(set->texts[set->slots[at] - 1], text) == 0)
			return set->slots[at] - 1;
	assert(set->count < set->nslots / 2);
	set->texts[set->count++] = text;
	set->slots[at] = set->count;
	return set->count - 1;
}
