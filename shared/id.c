#include "shared/id.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

#define TIME_CHARS 9		/* 45 bits of milliseconds: until year 3084 */
#define RANDOM_CHARS 10

static const char crockford[] = "0123456789abcdefghjkmnpqrstvwxyz";
static const char alphanumeric[] = "abcdefghijklmnopqrstuvwxyz0123456789";

static void put32(char *to, size_t chars, uint64_t value)
{
	for (size_t i = chars; i-- > 0; value >>= 5)
		to[i] = crockford[value & 31];
}

const char *id_make(char ret[ID_MAX], const char *prefix, int64_t now,
		    uint64_t random)
{
	size_t at = strlen(prefix);

	assert(at + 1 + TIME_CHARS + RANDOM_CHARS < ID_MAX);
	memcpy(ret, prefix, at);
	ret[at++] = '_';
	put32(ret + at, TIME_CHARS, (uint64_t)now);
	put32(ret + at + TIME_CHARS, RANDOM_CHARS, random);
	ret[at + TIME_CHARS + RANDOM_CHARS] = '\0';
	return ret;
}

const char *id_short(char ret[ID_SHORT_MAX], size_t len, uint64_t random)
{
	assert(len < ID_SHORT_MAX);
	for (size_t i = 0; i < len; i++, random /= 36)
		ret[i] = alphanumeric[random % 36];
	ret[len] = '\0';
	return ret;
}
