#include "shared/model_dress.h"

#include <ctype.h>
#include <string.h>

#include "shared/table.h"

static const struct {
	const char *opens, *closes;
} pairs[] = {
	{ "[", "]" }, { "(", ")" }, { "{", "}" }, { "<", ">" },
	{ "【", "】" }, { "（", "）" }, { "「", "」" }, { "『", "』" },
	{ "〔", "〕" }, { "《", "》" },
};

/* What is left of an id. */
struct rest {
	const char *at;
	size_t len;
};

static bool has_foreign(const char *text, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if ((unsigned char)text[i] >= 0x80)
			return true;
	return false;
}

static bool begins(const struct rest *rest, const char *text)
{
	size_t n = strlen(text);

	return rest->len >= n && memcmp(rest->at, text, n) == 0;
}

static bool ends(const struct rest *rest, const char *text)
{
	size_t n = strlen(text);

	return rest->len >= n &&
	       memcmp(rest->at + rest->len - n, text, n) == 0;
}

static void drop(struct rest *rest, size_t n)
{
	rest->at += n;
	rest->len -= n;
}

static void trim(struct rest *rest)
{
	while (rest->len > 0 && strchr(" -_:|", *rest->at))
		drop(rest, 1);
	while (rest->len > 0 && strchr(" -_:|", rest->at[rest->len - 1]))
		rest->len--;
}

static bool drop_first_pair(struct rest *rest)
{
	for (size_t i = 0; i < COUNT(pairs); i++) {
		size_t n = strlen(pairs[i].closes);
		const char *end = begins(rest, pairs[i].opens)
			? memmem(rest->at, rest->len, pairs[i].closes, n)
			: NULL;
		size_t len = end ? (size_t)(end - rest->at) : 0;

		if (!end || (n == 1 && !has_foreign(rest->at, len)))
			continue;
		drop(rest, len + n);
		return true;
	}
	return false;
}

/* The last one that opens, and only if it holds words of this kind. */
static bool drop_last_pair(struct rest *rest)
{
	for (size_t i = 0; i < COUNT(pairs); i++) {
		size_t n = strlen(pairs[i].opens);

		if (!ends(rest, pairs[i].closes))
			continue;
		for (size_t at = rest->len - n; at > 0; at--) {
			if (memcmp(rest->at + at, pairs[i].opens, n) != 0)
				continue;
			if (!has_foreign(rest->at + at + n,
					 rest->len - at - 2 * n))
				break;
			rest->len = at;
			return true;
		}
	}
	return false;
}

static bool drop_path(struct rest *rest)
{
	const char *slash = memchr(rest->at, '/', rest->len);
	size_t len = slash ? (size_t)(slash - rest->at) : 0;

	if (!slash || !has_foreign(rest->at, len))
		return false;
	drop(rest, len + 1);
	return true;
}

/* "官转glm-4.7": letters follow at once, or after a stroke. */
static bool drop_run(struct rest *rest)
{
	struct rest after = *rest;

	while (after.len > 0 && (unsigned char)*after.at >= 0x80)
		drop(&after, 1);
	if (after.len == rest->len)
		return false;
	trim(&after);
	if (after.len == 0 || !isalpha((unsigned char)*after.at))
		return false;
	*rest = after;
	return true;
}

bool model_undress(const char *id, size_t len, size_t *ret_from,
		   size_t *ret_len)
{
	struct rest rest = { id, len };

	while (rest.len > 0 && (drop_first_pair(&rest) ||
				drop_last_pair(&rest) || drop_path(&rest) ||
				drop_run(&rest)))
		trim(&rest);
	*ret_from = (size_t)(rest.at - id);
	*ret_len = rest.len;
	return rest.len > 0 && rest.len < len;
}
