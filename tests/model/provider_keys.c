#include "tests/model/provider_keys.h"

#include <stdlib.h>
#include <string.h>

static const char *const class_names[] = {
	[PROVIDER_KEY_MISSING]	= "missing",
	[PROVIDER_KEY_UNKNOWN]	= "unknown",
	[PROVIDER_KEY_GOOD]	= "good",
	[PROVIDER_KEY_QUOTA]	= "quota",
	[PROVIDER_KEY_LIMITED]	= "limited",
};

static const struct {
	const char *prefix;
	enum provider_key class;
} prefixes[] = {
	{ "good-",	PROVIDER_KEY_GOOD },
	{ "quota-",	PROVIDER_KEY_QUOTA },
	{ "limited-",	PROVIDER_KEY_LIMITED },
};

TABLE_ENUM_DEFINE(provider_key, class_names, PROVIDER_KEY__MAX);

json_t *provider_words(const char *list)
{
	json_t *words = json_array();

	while (*list) {
		size_t len = strcspn(list, ",");

		if (len > 0)
			json_array_append_new(words, json_stringn(list, len));
		list += len;
		list += *list == ',';
	}
	return words;
}

json_t *provider_keys_new(const char *list)
{
	json_auto_t *words = list ? provider_words(list) : NULL;
	json_t *keys = list ? json_object() : NULL;
	json_t *word;
	size_t i;

	json_array_foreach(words, i, word)
		json_object_set(keys, json_string_value(word), word);
	return keys;
}

/* Where its own word begins: vendors put something like "sk-cp-" before it. */
static const char *word_of(const char *key)
{
	const char *at;

	if (strncmp(key, "sk-", 3) != 0)
		return key;
	for (size_t i = 0; i < COUNT(prefixes); i++) {
		AUTO_FREE char *word = xasprintf("-%s", prefixes[i].prefix);

		at = strstr(key, word);
		if (at)
			return at + 1;
	}
	return key;
}

int64_t provider_key_lasts(const char *key)
{
	static const char prefix[] = "good-for-";

	return strncmp(key, prefix, strlen(prefix)) == 0
		? strtoll(key + strlen(prefix), NULL, 10) : 0;
}

enum provider_key provider_keys_class(const json_t *keys, const char *key)
{
	const char *word = word_of(key);

	if (!key[0])
		return PROVIDER_KEY_MISSING;
	if (keys && !json_object_get(keys, key))
		return PROVIDER_KEY_UNKNOWN;
	for (size_t i = 0; i < COUNT(prefixes); i++) {
		const char *prefix = prefixes[i].prefix;

		if (strncmp(word, prefix, strlen(prefix)) == 0)
			return prefixes[i].class;
	}
	return keys ? PROVIDER_KEY_GOOD : PROVIDER_KEY_UNKNOWN;
}
