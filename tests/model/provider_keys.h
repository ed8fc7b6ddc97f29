/*
 * provider_keys: who may ask a provider.
 */
#ifndef TESTS_MODEL_PROVIDER_KEYS_H
#define TESTS_MODEL_PROVIDER_KEYS_H

#include <jansson.h>

#include "shared/table.h"

enum provider_key {
	PROVIDER_KEY_MISSING,
	PROVIDER_KEY_UNKNOWN,
	PROVIDER_KEY_GOOD,
	PROVIDER_KEY_QUOTA,	/* known, but has no money */
	PROVIDER_KEY_LIMITED,	/* known, but asked too often */
	PROVIDER_KEY__MAX
};

TABLE_ENUM_DECLARE(provider_key);

/* The words of a comma separated list, as an array of strings. */
json_t *provider_words(const char *list);

/*
 * The keys of a comma separated list; NULL, for NULL, knows them by their
 * prefixes alone.
 */
json_t *provider_keys_new(const char *list);

/* "good-for-N-...": so many questions, and no more; 0: for ever. */
int64_t provider_key_lasts(const char *key);

enum provider_key provider_keys_class(const json_t *keys, const char *key);

#endif
