#include "schedd/slices.h"

#include <ctype.h>
#include <inttypes.h>
#include <string.h>

/* Where we are, and where the text ends. */
struct place {
	const char *at, *end;
};

static void skip_blanks(struct place *p)
{
	while (p->at < p->end && strchr(" \t\r\n", *p->at) && *p->at)
		p->at++;
}

/* Is the quote at `at` one of the string that begins at `from`? */
static bool is_escaped(const char *from, const char *at)
{
	size_t n = 0;

	while (at - n > from && *(at - n - 1) == '\\')
		n++;
	return n % 2 == 1;
}

/* Behind the string that begins here. */
static bool skip_string(struct place *p)
{
	const char *from = p->at + 1, *at = from;

	if (p->at == p->end || *p->at != '"')
		return false;
	while (at < p->end &&
	       (at = memchr(at, '"', (size_t)(p->end - at))) &&
	       is_escaped(from, at))
		at++;
	if (!at || at >= p->end)
		return false;
	p->at = at + 1;
	return true;
}

/* Behind the object or array that begins here. */
static bool skip_nested(struct place *p)
{
	int depth = 0;

	while (p->at < p->end) {
		switch (*p->at) {
		case '"':
			if (!skip_string(p))
				return false;
			continue;
		case '{':
		case '[':
			depth++;
			break;
		case '}':
		case ']':
			depth--;
			break;
		default:
			break;
		}
		p->at++;
		if (depth == 0)
			return true;
	}
	return false;
}

static bool skip_value(struct place *p)
{
	if (p->at == p->end)
		return false;
	if (*p->at == '"')
		return skip_string(p);
	if (*p->at == '{' || *p->at == '[')
		return skip_nested(p);
	while (p->at < p->end && !strchr(",]} \t\r\n", *p->at))
		p->at++;
	return true;
}

/* To the value of the next member of an object; false if there is none. */
static bool next_member(struct place *p, const char **ret_name,
			size_t *ret_len)
{
	skip_blanks(p);
	if (p->at < p->end && (*p->at == ',' || *p->at == '{')) {
		p->at++;
		skip_blanks(p);
	}
	*ret_name = p->at + 1;
	if (!skip_string(p))
		return false;
	*ret_len = (size_t)(p->at - *ret_name) - 1;
	skip_blanks(p);
	if (p->at == p->end || *p->at++ != ':')
		return false;
	skip_blanks(p);
	return p->at < p->end;
}

/* From an object to the value of its member `name`. */
static bool find_member(struct place *p, const char *name)
{
	const char *has;
	size_t len;

	if (p->at == p->end || *p->at != '{')
		return false;
	while (next_member(p, &has, &len)) {
		if (len == strlen(name) && memcmp(has, name, len) == 0)
			return true;
		if (!skip_value(p))
			return false;
	}
	return false;
}

/* The id of the object in this text; 0 if it has none that is a number. */
static int64_t id_of(const char *from, const char *to)
{
	struct place p = { from, to };
	int64_t id = 0;

	if (!find_member(&p, "id"))
		return 0;
	while (p.at < p.end && isdigit((unsigned char)*p.at) &&
	       id < INT64_MAX / 10 - 1)
		id = id * 10 + (*p.at++ - '0');
	return p.at < p.end && strchr(",} \t\r\n", *p.at) ? id : 0;
}

/* One object of the list, or its id. */
static bool keep_object(struct place *p, slices_want *wants,
			const void *subject, struct buf *ret)
{
	const char *from = p->at;
	int64_t id;

	if (p->at == p->end || *p->at != '{' || !skip_nested(p))
		return false;
	id = id_of(from, p->at);
	if (id == 0 || wants(subject, id))
		buf_add(ret, from, (size_t)(p->at - from));
	else
		buf_addf(ret, "{\"id\":%" PRId64 "}", id);
	return true;
}

/* Up to the end of the array that begins here. */
static bool keep_items(struct place *p, slices_want *wants,
		       const void *subject, struct buf *ret)
{
	p->at++;
	for (;;) {
		skip_blanks(p);
		if (p->at < p->end && *p->at == ']')
			return true;
		if (!keep_object(p, wants, subject, ret))
			return false;
		skip_blanks(p);
		if (p->at == p->end || (*p->at != ',' && *p->at != ']'))
			return false;
		if (*p->at == ',')
			buf_add(ret, p->at++, 1);
	}
}

bool slices_keep(const char *text, size_t len, slices_want *wants,
		 const void *subject, struct buf *ret)
{
	struct place p = { text, text + len };

	skip_blanks(&p);
	if (!find_member(&p, "data") || !find_member(&p, "items") ||
	    *p.at != '[')
		return false;
	buf_add(ret, text, (size_t)(p.at - text) + 1);
	if (!keep_items(&p, wants, subject, ret))
		return false;
	buf_add(ret, p.at, (size_t)(p.end - p.at));
	return !ret->failed;
}
