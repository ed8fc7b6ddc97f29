#include "cli/yaml.h"

#include <ctype.h>
#include <stdbool.h>
#include <string.h>
#include <strings.h>

#include "shared/jout.h"
#include "shared/table.h"

/* Words that YAML, in one version or another, takes for something else. */
static const char *const reserved[] = {
	"true", "false", "yes", "no", "on", "off", "null", "y", "n",
};

static bool is_reserved(const char *text)
{
	for (size_t i = 0; i < COUNT(reserved); i++)
		if (strcasecmp(reserved[i], text) == 0)
			return true;
	return false;
}

/* Stricter than YAML: in doubt a string is quoted. */
static bool is_plain(const char *text)
{
	unsigned char first = (unsigned char)text[0];

	if (!isalpha(first) && first != '/' && first != '_')
		return false;
	for (const char *at = text; *at; at++) {
		unsigned char c = (unsigned char)*at;

		if (c == ':' ? at[1] == '\0' || at[1] == ' '
			     : !isalnum(c) && !strchr(" _./@%+-*=()", c))
			return false;
	}
	return text[strlen(text) - 1] != ' ' && !is_reserved(text);
}

static void write_string(struct buf *out, const char *text)
{
	if (is_plain(text))
		buf_adds(out, text);
	else
		jout_quoted(out, text, strlen(text));
}

static bool is_nested(const json_t *value)
{
	return json_object_size(value) > 0 || json_array_size(value) > 0;
}

static void write_scalar(struct buf *out, const json_t *value)
{
	AUTO_FREE char *text = NULL;

	if (json_is_string(value)) {
		write_string(out, json_string_value(value));
		return;
	}
	/* Numbers, true, false, null, {} and [] are written as JSON does. */
	text = json_dumps(value, JSON_ENCODE_ANY | JSON_COMPACT);
	buf_adds(out, text ? text : "null");
}

/* The first line of what stands behind "- " is indented already. */
static void indent(struct buf *out, int depth, bool *open)
{
	if (!*open)
		buf_addf(out, "%*s", 2 * depth, "");
	*open = false;
}

static void write_nested(struct buf *out, json_t *value, int depth,
			 bool open);

static void write_list(struct buf *out, json_t *list, int depth,
		       bool open)
{
	json_t *element;
	size_t i;

	json_array_foreach(list, i, element) {
		indent(out, depth, &open);
		buf_adds(out, "- ");
		if (is_nested(element)) {
			write_nested(out, element, depth + 1, true);
			continue;
		}
		write_scalar(out, element);
		buf_adds(out, "\n");
	}
}

static void write_map(struct buf *out, json_t *map, int depth,
		      bool open)
{
	const char *name;
	json_t *member;

	json_object_foreach(map, name, member) {
		indent(out, depth, &open);
		write_string(out, name);
		buf_adds(out, is_nested(member) ? ":\n" : ": ");
		if (is_nested(member)) {
			write_nested(out, member, depth + 1, false);
			continue;
		}
		write_scalar(out, member);
		buf_adds(out, "\n");
	}
}

static void write_nested(struct buf *out, json_t *value, int depth,
			 bool open)
{
	if (json_is_array(value))
		write_list(out, value, depth, open);
	else
		write_map(out, value, depth, open);
}

void yaml_write(struct buf *out, json_t *value)
{
	if (is_nested(value)) {
		write_nested(out, value, 0, false);
		return;
	}
	write_scalar(out, value);
	buf_adds(out, "\n");
}
