/*
 * member: print one value of a JSON text.
 *
 * Usage: member PATH <TEXT
 *
 * PATH is a filter of jq such as .state, .items[0].item_id or .run_id // empty,
 * and what is printed is what jq -r prints.  For anything else, and whatever
 * is not a plain value, its status is 1 and it prints nothing: then ask jq,
 * whose start alone takes forty times as long.
 */
#include <stdint.h>
#include <jansson.h>

#include "shared/own.h"

/* Beyond it jq, which counts in doubles, prints something else. */
#define EXACT_MAX (INT64_C(1) << 53)

#define NAME_CHARS "abcdefghijklmnopqrstuvwxyz0123456789_"

/* The member of a null is null, as in jq; NULL means that jq must say. */
static const json_t *named(const json_t *value, const char **at)
{
	size_t len = strspn(*at, NAME_CHARS);
	AUTO_FREE char *name = xstrndup(*at, len);
	const json_t *member = json_object_get(value, name);

	*at += len;
	if (len == 0 || (name[0] >= '0' && name[0] <= '9'))
		return NULL;
	if (json_is_null(value) || (json_is_object(value) && !member))
		return json_null();
	return member;
}

static const json_t *numbered(const json_t *value, const char **at)
{
	size_t len = strspn(*at, "0123456789");
	unsigned long i = strtoul(*at, NULL, 10);
	const json_t *element = json_array_get(value, i);

	if (len == 0 || len > 6 || (*at)[len] != ']')
		return NULL;
	*at += len + 1;
	if (json_is_null(value) || (json_is_array(value) && !element))
		return json_null();
	return element;
}

/* What the path leads to; *rest is what follows it. */
static const json_t *follow(const json_t *value, const char *path,
			    const char **rest)
{
	if (*path != '.')
		return NULL;
	while (value && (*path == '.' || *path == '[')) {
		char sign = *path++;

		value = sign == '.' ? named(value, &path)
				    : numbered(value, &path);
	}
	*rest = path;
	return value;
}

static int print(const json_t *value)
{
	if (json_is_string(value))
		puts(json_string_value(value));
	else if (json_is_integer(value) &&
		 llabs(json_integer_value(value)) <= EXACT_MAX)
		printf("%lld\n", (long long)json_integer_value(value));
	else if (json_is_boolean(value))
		puts(json_is_true(value) ? "true" : "false");
	else if (json_is_null(value))
		puts("null");
	else
		return 1;
	return 0;
}

int main(int argc, char *argv[])
{
	json_auto_t *json = json_loadf(stdin, JSON_REJECT_DUPLICATES, NULL);
	const char *rest = NULL;
	const json_t *value;

	value = argc == 2 && json ? follow(json, argv[1], &rest) : NULL;
	if (!value)
		return 1;
	if (*rest == '\0')
		return print(value);
	if (strcmp(rest, " // empty") != 0)
		return 1;
	return json_is_null(value) || json_is_false(value) ? 0 : print(value);
}
