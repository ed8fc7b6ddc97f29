#include "fcgi/query.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "fcgi/http.h"

#define FIELDS_MAX 16		/* of a table; the bits of `seen` */

static int wrong(struct err *err, const char *name, const char *why)
{
	err_set(err, ERR_INVALID, "parameter %.64s %s", name, why);
	return err_code(err, "invalid_parameter");
}

static int read_int(const struct query_field *field, const char *text,
		    int64_t *ret, struct err *err)
{
	char why[96];
	char *end;
	long long n;

	errno = 0;
	n = strtoll(text, &end, 10);
	if (errno || end == text || *end != '\0' || n < field->min ||
	    n > field->max) {
		snprintf(why, sizeof(why), "must be a number from %" PRId64
			 " to %" PRId64, field->min, field->max);
		return wrong(err, field->name, why);
	}
	*ret = n;
	return 0;
}

static int read_flag(const struct query_field *field, const char *text,
		     bool *ret, struct err *err)
{
	if (strcmp(text, "true") != 0 && strcmp(text, "false") != 0)
		return wrong(err, field->name, "must be true or false");
	*ret = text[0] == 't';
	return 0;
}

static int read_text(const struct query_field *field, const char *text,
		     const char **ret, struct err *err)
{
	if (strlen(text) > (size_t)field->max)
		return wrong(err, field->name, "is too long");
	/* "state=" is what a form sends that asks for any state. */
	if (*text == '\0')
		return 0;
	if (field->is_valid && !field->is_valid(text))
		return wrong(err, field->name, "has a value that is not known");
	*ret = text;
	return 0;
}

static int read_value(const struct query_field *field, const char *text,
		      void *out, struct err *err)
{
	void *at = (char *)out + field->offset;

	switch (field->type) {
	case QUERY_INT:
		return read_int(field, text, at, err);
	case QUERY_FLAG:
		return read_flag(field, text, at, err);
	case QUERY_TEXT:
		break;
	}
	return read_text(field, text, at, err);
}

static int read_pair(char *pair, const struct query_field *fields,
		     size_t nfields, void *out, unsigned int *seen,
		     struct err *err)
{
	char *value = strchr(pair, '=');

	if (value)
		*value++ = '\0';
	if (!http_unescape(pair, true) ||
	    (value && !http_unescape(value, true)))
		return wrong(err, pair, "is not encoded as a URL demands");
	for (size_t i = 0; i < nfields && i < FIELDS_MAX; i++) {
		if (strcmp(fields[i].name, pair) != 0)
			continue;
		if (*seen & 1u << i)
			return wrong(err, pair, "comes twice");
		*seen |= 1u << i;
		return read_value(&fields[i], value ? value : "", out, err);
	}
	return wrong(err, pair, "is not known here");
}

int query_read(const char *query, const struct query_field *fields,
	       size_t nfields, void *out, char **storage, struct err *err)
{
	unsigned int seen = 0;
	char *rest = xstrdup(query);
	char *pair;

	free(*storage);
	*storage = rest;
	while ((pair = strsep(&rest, "&")) != NULL)
		if (*pair != '\0' &&
		    read_pair(pair, fields, nfields, out, &seen, err))
			return -1;
	return 0;
}
