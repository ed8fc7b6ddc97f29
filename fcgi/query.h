/*
 * query: decode the parameters of a URL into a struct, by table.
 *
 * Strict like bodies: a parameter that no row names, that comes twice or has
 * a wrong value is refused with its name, code invalid_parameter.
 */
#ifndef FCGI_QUERY_H
#define FCGI_QUERY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "shared/err.h"

enum query_type {
	QUERY_TEXT,	/* const char *, up to `max` bytes */
	QUERY_INT,	/* int64_t, `min` to `max` */
	QUERY_FLAG,	/* bool: true or false */
};

struct query_field {
	const char *name;
	enum query_type type;
	size_t offset;
	int64_t min, max;
	bool (*is_valid)(const char *text);	/* of QUERY_TEXT, or NULL */
};

/*
 * Fill `out`.  Texts are borrowed from *storage, which the caller frees.
 * What did not come keeps its value.
 */
int query_read(const char *query, const struct query_field *fields,
	       size_t nfields, void *out, char **storage, struct err *err)
	MUST_CHECK;

#endif
