/* What of a value may be kept in the audit log, and how much of it. */
#include <ctype.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "shared/audit.h"
#include "shared/redact.h"

#define STRING_MAX 512
#define DEPTH_MAX 6
#define SOURCE_MAX (256 << 10)	/* what is longer is not even parsed */

/* Members that hold secrets where something holds secrets. */
static const char *const secret_names[] = {
	"api_key", "apikey", "auth_token", "token", "access_token",
	"refresh_token", "password", "secret", "key", "custom_key",
	"probe_api_key", "access_api_key", "authorization", "phrase",
	"signature", "credential",
};

static bool is_secret_name(const char *name)
{
	for (size_t i = 0; i < COUNT(secret_names); i++)
		if (strcmp(name, secret_names[i]) == 0)
			return true;
	return false;
}

/* "run_" and 19 characters, as id_make() writes them: no secret. */
static bool is_id(const char *text)
{
	size_t len = strlen(text);

	if (len != 23 || text[3] != '_')
		return false;
	for (size_t i = 0; i < len; i++)
		if (i != 3 && !islower((unsigned char)text[i]) &&
		    !(i > 3 && isdigit((unsigned char)text[i])))
			return false;
	return true;
}

static json_t *clean(json_t *value, int depth);

static json_t *clean_string(const json_t *value)
{
	const char *text = json_string_value(value);
	AUTO_FREE char *fit = NULL;

	if (is_id(text))
		return json_string(text);
	fit = redact_text(text, STRING_MAX);
	return json_string(fit);
}

static json_t *clean_object(json_t *value, int depth)
{
	json_t *ret = json_object();
	const char *name;
	json_t *member;

	json_object_foreach(value, name, member) {
		AUTO_FREE char *fit = redact_text(name, STRING_MAX);

		if (is_secret_name(name) && json_is_string(member))
			json_object_set_new(ret, fit,
					    json_string(REDACT_MASK));
		else
			json_object_set_new(ret, fit,
					    clean(member, depth + 1));
	}
	return ret;
}

static json_t *clean(json_t *value, int depth)
{
	json_t *ret, *element;
	size_t i;

	if (depth > DEPTH_MAX)
		return json_string("(more)");
	if (json_is_string(value))
		return clean_string(value);
	if (json_is_object(value))
		return clean_object(value, depth);
	if (!json_is_array(value))
		return json_deep_copy(value);
	ret = json_array();
	json_array_foreach(value, i, element)
		json_array_append_new(ret, clean(element, depth + 1));
	return ret;
}

/* As many members as there is room for, the short ones first to stay. */
static char *cut(json_t *object)
{
	json_auto_t *ret = json_pack("{s:b}", "truncated", 1);
	size_t room = AUDIT_VALUE_MAX - 32;
	const char *name;
	json_t *member;

	json_object_foreach(object, name, member) {
		size_t len = json_dumpb(member, NULL, 0, JSON_COMPACT |
					JSON_ENCODE_ANY) +
			     2 * strlen(name) + 4;

		if (len > room || len > AUDIT_VALUE_MAX / 2)
			continue;
		room -= len;
		json_object_set(ret, name, member);
	}
	return json_dumps(ret, JSON_COMPACT);
}

static char *too_long(size_t len)
{
	return xasprintf("{\"truncated\":true,\"bytes\":%zu}", len);
}

char *audit_clean(const char *json)
{
	size_t len = json ? strlen(json) : 0;
	json_auto_t *value = NULL;
	json_auto_t *fit = NULL;
	char *text;

	if (len == 0)
		return NULL;
	if (len > SOURCE_MAX)
		return too_long(len);
	value = json_loads(json, JSON_DECODE_ANY, NULL);
	if (!value)
		value = json_string(json);
	if (!value || json_is_null(value) ||
	    (json_is_object(value) && json_object_size(value) == 0))
		return NULL;
	fit = clean(value, 0);
	text = json_dumps(fit, JSON_COMPACT | JSON_ENCODE_ANY);
	if (!text || strlen(text) <= AUDIT_VALUE_MAX)
		return text;
	free(text);
	return json_is_object(fit) ? cut(fit) : too_long(len);
}

static char *text_of(const json_t *object)
{
	return json_object_size(object) ? json_dumps(object, JSON_COMPACT)
					: NULL;
}

/* Members of `a` that `b` has not, or has otherwise. */
static json_t *only_in(json_t *a, const json_t *b)
{
	json_t *ret = json_object();
	const char *name;
	json_t *member;

	json_object_foreach(a, name, member)
		if (!json_equal(member, json_object_get(b, name)))
			json_object_set(ret, name, member);
	return ret;
}

void audit_differ(const char *before, const char *after, char **ret_before,
		  char **ret_after)
{
	json_auto_t *a = before ? json_loads(before, 0, NULL) : NULL;
	json_auto_t *b = after ? json_loads(after, 0, NULL) : NULL;
	json_auto_t *was = only_in(a, b);
	json_auto_t *is = only_in(b, a);

	*ret_before = text_of(was);
	*ret_after = text_of(is);
}
