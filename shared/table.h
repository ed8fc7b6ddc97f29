/*
 * table: constant tables, and enums whose names live in one.
 */
#ifndef SHARED_TABLE_H
#define SHARED_TABLE_H

#include <stdbool.h>
#include <stddef.h>
#include <string.h>

#include "shared/own.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/*
 * Find `name` among `count` names.  False, and *ret untouched, if it is not
 * there or NULL.
 */
static inline bool table_find(const char *const names[], size_t count,
			      const char *name, int *ret)
{
	for (size_t i = 0; name && i < count; i++) {
		if (names[i] && strcmp(names[i], name) == 0) {
			*ret = (int)i;
			return true;
		}
	}
	return false;
}

/*
 * Declare, and in one .c file define, the two ways between an enum and the
 * names that the database and the API use for it.  The definition does not
 * compile when a name is missing at the end of the table.
 */
#define TABLE_ENUM_DECLARE(type) \
	const char *type##_name(enum type value); \
	bool type##_parse(const char *name, enum type *ret) MUST_CHECK

#define TABLE_ENUM_DEFINE(type, names, max) \
	_Static_assert(COUNT(names) == (max), "name every " #type); \
	const char *type##_name(enum type value) \
	{ \
		return names[value]; \
	} \
	bool type##_parse(const char *name, enum type *ret) \
	{ \
		int found; \
		if (!table_find(names, COUNT(names), name, &found)) \
			return false; \
		*ret = (enum type)found; \
		return true; \
	} \
	_Static_assert(1, "swallow the semicolon")

#endif
