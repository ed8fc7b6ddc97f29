/*
 * jdec: decode a JSON object into a struct, by table.
 *
 * A row says a member's name, type, place, whether it must be there and its
 * range.  Decoding is strict: members that no row names are problems.  All
 * problems are collected, each with the path of its member, so that a client
 * can mend them in one go.  Defaults are what the struct holds before.
 */
#ifndef SHARED_JDEC_H
#define SHARED_JDEC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <jansson.h>

#include "shared/own.h"

enum jdec_type {
	JDEC_STRING,	/* const char *, range of the length in characters */
	JDEC_INT,	/* int64_t */
	JDEC_BOOL,	/* bool */
	JDEC_ENUM,	/* int, an index into `names` */
	JDEC_STRINGS,	/* json_t *, array of strings of 1 to 200 characters */
	JDEC_TEXTS,	/* the same, up to 4000 characters: sentences */
	JDEC_INTS,	/* json_t *, array of whole numbers of 0 to 999999 */
	JDEC_MAP,	/* json_t *, object whose members are strings */
	JDEC_OBJECTS,	/* json_t *, array of objects; range of the count */
	JDEC_OBJECT,	/* json_t *, an object */
	JDEC_ANY,	/* json_t *, whatever it is: the caller looks at it */
};

struct jdec_field;

/* What an object may hold. */
struct jdec_shape {
	const struct jdec_field *fields;
	size_t count;
};

/* More than a range: what a string must be, for us and for a JSON Schema. */
struct jdec_form {
	bool (*is_valid)(const char *text);
	const char *pattern;		/* the same, as a regular expression */
	const char *what;		/* "must be ..." */
};

#define JDEC_NOWHERE SIZE_MAX	/* offset of a member that is only checked */

struct jdec_field {
	const char *name;
	enum jdec_type type;
	bool required;
	size_t offset;
	int64_t min;
	int64_t max;
	const char *const *names;	/* of JDEC_ENUM, NULL-terminated */
	const struct jdec_shape *shape;	/* of JDEC_OBJECT, JDEC_OBJECTS */
	const struct jdec_form *form;	/* of strings, or their elements */
};

/* Where member `m` of T is; does not compile unless it is a `type`. */
#define JDEC_AT(T, m, type) \
	(offsetof(T, m) + 0 * sizeof(struct { int i; _Static_assert( \
		__builtin_types_compatible_p(__typeof__(((T *)0)->m), type), \
		#m " has another type"); }))

#define JDEC_STR(T, m, must, lo, hi) \
	{ #m, JDEC_STRING, must, JDEC_AT(T, m, const char *), lo, hi, NULL }
#define JDEC_I64(T, m, must, lo, hi) \
	{ #m, JDEC_INT, must, JDEC_AT(T, m, int64_t), lo, hi, NULL }
#define JDEC_FLAG(T, m, must) \
	{ #m, JDEC_BOOL, must, JDEC_AT(T, m, bool), 0, 1, NULL }
#define JDEC_NAME(T, m, must, table) \
	{ #m, JDEC_ENUM, must, JDEC_AT(T, m, int), 0, 0, table }
#define JDEC_STRS(T, m, must, lo, hi) \
	{ #m, JDEC_STRINGS, must, JDEC_AT(T, m, json_t *), lo, hi, NULL }
#define JDEC_OBJS(T, m, must, lo, hi) \
	{ #m, JDEC_OBJECTS, must, JDEC_AT(T, m, json_t *), lo, hi, NULL }

#define JDEC_OBJ(T, m, must) \
	{ #m, JDEC_OBJECT, must, JDEC_AT(T, m, json_t *), 0, 0, NULL }
#define JDEC_VALUE(T, m, must) \
	{ #m, JDEC_ANY, must, JDEC_AT(T, m, json_t *), 0, 0, NULL }

#define JDEC_PROBLEMS_MAX 64

struct jdec_problem {
	char field[160];	/* "items[3].base_url" */
	char why[128];
};

/* `count` may exceed what is kept in `list`. */
struct jdec_problems {
	size_t count;
	struct jdec_problem list[JDEC_PROBLEMS_MAX];
};

/* Note a problem of a member: for checks that no table can make. */
void jdec_problem(struct jdec_problems *problems, const char *prefix,
		  const char *field, const char *fmt, ...) PRINTF_LIKE(4, 5);

/* All of `more` behind those that are there. */
void jdec_problems_add(struct jdec_problems *problems,
		       const struct jdec_problems *more);

/*
 * Decode `object` into the struct at `out`.  `prefix` ("", or "items[3].")
 * goes before the names in problems, which are added to what is there.
 * Strings and JSON values are borrowed from `object`.  False if anything was
 * wrong; members that were wrong then keep their defaults, so that the others
 * can be looked at for problems that no table finds.
 */
bool jdec(const json_t *object, const char *prefix,
	  const struct jdec_field *fields, size_t nfields, void *out,
	  struct jdec_problems *problems) MUST_CHECK;

/* Only look: all members of `shape` may be JDEC_NOWHERE. */
bool jdec_check(const json_t *object, const char *prefix,
		const struct jdec_shape *shape,
		struct jdec_problems *problems) MUST_CHECK;

#endif
