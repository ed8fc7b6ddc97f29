/*
 * slices: a long list of which only few objects matter, without reading the
 * others.
 *
 * To read a page of JSON costs several times what it takes to fetch it, and
 * most of what a host lists is none of ours.  The text is walked once, object
 * by object; those that nobody wants become their id alone, and what is left
 * is parsed as usual.
 */
#ifndef SCHEDD_SLICES_H
#define SCHEDD_SLICES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "shared/buf.h"

typedef bool slices_want(const void *subject, int64_t id);

/*
 * The text of a host's list, {"data":{"items":[...]}}, with the objects that
 * `wants` does not want as {"id":N}.  False if it is not of this form: then it
 * is to be read as a whole.
 */
bool slices_keep(const char *text, size_t len, slices_want *wants,
		 const void *subject, struct buf *ret) MUST_CHECK;

#endif
