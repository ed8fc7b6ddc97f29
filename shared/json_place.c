#include "shared/json_place.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

/* A walk through a text that is known to be JSON. */
struct walk {
	const char *at;
	int line;
};

static void skip_blanks(struct walk *w)
{
	for (; *w->at && strchr(" \t\r\n", *w->at); w->at++)
		w->line += *w->at == '\n';
}

/* Behind the closing quote. */
static void skip_string(struct walk *w)
{
	for (w->at++; *w->at && *w->at != '"'; w->at++)
		if (*w->at == '\\' && w->at[1])
			w->at++;
	w->at += *w->at == '"';
}

/* Behind a value of whatever kind. */
static void skip_value(struct walk *w)
{
	int depth = 0;

	skip_blanks(w);
	do {
		if (*w->at == '"') {
			skip_string(w);
		} else if (*w->at == '{' || *w->at == '[') {
			depth++;
			w->at++;
		} else if (*w->at == '}' || *w->at == ']') {
			depth--;
			w->at++;
		} else if (*w->at == ',' || *w->at == ':') {
			w->at++;
		} else {
			w->at += strcspn(w->at, " \t\r\n,:{}[]\"");
		}
		skip_blanks(w);
	} while (depth > 0 && *w->at);
}

/* Is the string at `at` this name?  Names of ours need no escapes. */
static bool is_name(const char *at, const char *name, size_t len)
{
	return strncmp(at + 1, name, len) == 0 && at[len + 1] == '"';
}

/* To the value of the member, from the '{'.  False if it is not there. */
static bool enter_member(struct walk *w, const char *name, size_t len)
{
	w->at++;
	for (skip_blanks(w); *w->at == '"'; skip_blanks(w)) {
		struct walk key = *w;

		skip_string(w);
		skip_blanks(w);
		if (*w->at != ':')
			return false;
		w->at++;
		skip_blanks(w);
		if (is_name(key.at, name, len)) {
			w->line = key.line;
			return true;
		}
		skip_value(w);
		if (*w->at != ',')
			return false;
		w->at++;
	}
	return false;
}

static bool enter_element(struct walk *w, long n)
{
	w->at++;
	skip_blanks(w);
	for (; n > 0 && *w->at && *w->at != ']'; n--) {
		skip_value(w);
		if (*w->at != ',')
			return false;
		w->at++;
		skip_blanks(w);
	}
	return *w->at && *w->at != ']';
}

/* One step down the path; false if there is no such thing. */
static bool enter(struct walk *w, const char **path)
{
	if (**path == '[' && *w->at == '[') {
		char *end;
		long n = strtol(*path + 1, &end, 10);

		*path = end + (*end == ']');
		return enter_element(w, n);
	}
	if (**path != '[' && *w->at == '{') {
		size_t len = strcspn(*path, ".[");
		const char *name = *path;

		*path += len;
		return enter_member(w, name, len);
	}
	return false;
}

int json_place_line(const char *text, const char *path)
{
	struct walk w = { text, 1 };
	int line;

	skip_blanks(&w);
	line = w.line;
	while (*path) {
		struct walk next = w;

		path += *path == '.';
		if (!enter(&next, &path))
			break;
		w = next;
		line = w.line;
	}
	return line;
}

/* What was wanted, and what begins with one of `near` stood there. */
static const struct {
	const char *wanted, *near, *hint;
} hints[] = {
	{ "string or '}' expected near '", ",}",
	  "; there is a comma too many, perhaps" },
	{ "unexpected token near '", ",]",
	  "; there is a comma too many, perhaps" },
	{ "'}' expected near '", "\"",
	  "; a comma is missing before it, perhaps" },
	{ "']' expected near '", "\"{[-0123456789",
	  "; a comma is missing before it, perhaps" },
};

const char *json_place_hint(const char *said)
{
	for (size_t i = 0; i < sizeof(hints) / sizeof(hints[0]); i++) {
		size_t len = strlen(hints[i].wanted);

		if (strncmp(said, hints[i].wanted, len) == 0 && said[len] &&
		    strchr(hints[i].near, said[len]))
			return hints[i].hint;
	}
	return "";
}
