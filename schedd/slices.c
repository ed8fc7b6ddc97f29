#include "schedd/slices.h"

#include <ctype.h>
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

/* The id of the object, and its text; 0 if it has none that is a number. */
static int64_t id_of(const struct place *object, struct place *ret_text)
{
	struct place p = *object;
	int64_t id = 0;

	if (!find_member(&p, "id"))
		return 0;
	ret_text->at = p.at;
	while (p.at < p.end && isdigit((unsigned char)*p.at) &&
	       id < INT64_MAX / 10 - 1)
		id = id * 10 + (*p.at++ - '0');
	ret_text->end = p.at;
	return p.at < p.end && strchr(",} \t\r\n", *p.at) ? id : 0;
}

static void add(struct buf *ret, const struct place *text)
{
	buf_add(ret, text->at, (size_t)(text->end - text->at));
}

static bool has_array(const char *from, const char *to, const char *name)
{
	struct place p = { from, to };

	return find_member(&p, name) && *p.at == '[';
}

/* A name that is written with escapes may be any. */
static bool is_read(const struct place *object, const struct slices *s,
		    const char *name, size_t len)
{
	for (const struct slices_member *m = s->reads; m->name; m++)
		if (m->len == len && memcmp(m->name, name, len) == 0)
			return !m->unless ||
			       !has_array(object->at, object->end, m->unless);
	return memchr(name, '\\', len) != NULL;
}

/* The members that are read; false if it is not quite an object. */
static bool keep_members(const struct place *object, const struct slices *s,
			 struct buf *ret)
{
	struct place p = *object;
	char before = '{';
	const char *name;
	size_t len;

	do {
		if (!next_member(&p, &name, &len) || !skip_value(&p))
			return false;
		if (is_read(object, s, name, len)) {
			buf_add(ret, &before, 1);
			buf_add(ret, name - 1, (size_t)(p.at - name) + 1);
			before = ',';
		}
		skip_blanks(&p);
	} while (p.at < p.end && *p.at == ',');
	if (before == '{' || p.at + 1 != p.end)
		return false;
	buf_add(ret, "}", 1);
	return true;
}

/* What is not understood is left to the reader. */
static void keep_wanted(const struct place *object, const struct slices *s,
			struct buf *ret)
{
	size_t len = ret->len;

	if (s->reads && keep_members(object, s, ret))
		return;
	ret->len = len;
	add(ret, object);
}

/* One object of the list, or what matters of it, or its id. */
static bool keep_object(struct place *p, const struct slices *s,
			const void *subject, struct buf *ret)
{
	struct place object = { .at = p->at }, number = { 0 };
	int64_t id;

	if (p->at == p->end || *p->at != '{' || !skip_nested(p))
		return false;
	object.end = p->at;
	id = id_of(&object, &number);
	if (id == 0)
		add(ret, &object);
	else if (s->wants(subject, id))
		keep_wanted(&object, s, ret);
	else
		add(ret, &number);
	return true;
}

/* Up to the end of the array that begins here. */
static bool keep_items(struct place *p, const struct slices *s,
		       const void *subject, struct buf *ret)
{
	p->at++;
	for (;;) {
		skip_blanks(p);
		if (p->at < p->end && *p->at == ']')
			return true;
		if (!keep_object(p, s, subject, ret))
			return false;
		skip_blanks(p);
		if (p->at == p->end || (*p->at != ',' && *p->at != ']'))
			return false;
		if (*p->at == ',')
			buf_add(ret, p->at++, 1);
	}
}

bool slices_keep(const char *text, size_t len, const struct slices *s,
		 const void *subject, struct buf *ret)
{
	struct place p = { text, text + len };

	skip_blanks(&p);
	if (!find_member(&p, "data") || !find_member(&p, "items") ||
	    *p.at != '[')
		return false;
	buf_add(ret, text, (size_t)(p.at - text) + 1);
	if (!keep_items(&p, s, subject, ret))
		return false;
	buf_add(ret, p.at, (size_t)(p.end - p.at));
	return !ret->failed;
}
