/*
 * slices: a long list of which only few objects matter, without reading the
 * others.
 *
 * To read a page of JSON costs several times what it takes to fetch it, and
 * most of what a host lists is none of ours.  The text is walked once, object
 * by object; those that nobody wants become their id, a number, of the others the
 * members that nobody reads are left out, and what is left is parsed as usual.
 */
#ifndef SCHEDD_SLICES_H
#define SCHEDD_SLICES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "shared/buf.h"

typedef bool slices_want(const void *subject, int64_t id);

/* A member of an object, at its top; `unless` is one that says the same. */
struct slices_member {
	const char *name;
	size_t len;
	const char *unless;	/* not where this one is an array; or NULL */
};

#define SLICES_MEMBER(name, unless) { name, sizeof(name) - 1, unless }

/* What matters of a list.  NULL `wants`: all of it. */
struct slices {
	slices_want *wants;	/* which objects; pure */
	/* What of them, "id" too, up to one without a name; NULL: all. */
	const struct slices_member *reads;
};

/*
 * The text of a host's list, {"data":{"items":[...]}}, with no more of its
 * objects than matters: those that are not wanted are their id, a number.
 * False if it is not of this form, all items objects: then it is to be read as
 * a whole.
 */
bool slices_keep(const char *text, size_t len, const struct slices *s,
		 const void *subject, struct buf *ret) MUST_CHECK;

#endif
