/*
 * jout: write JSON straight into a text.
 *
 * What comes in is jansson's; what goes out goes through here, because
 * building a tree first costs fifteen times as much.  `name` is NULL for the
 * outermost value and for elements of arrays.  Text must be UTF-8; bytes that
 * are not are replaced, so that the result is JSON whatever a peer sent.  Look
 * at `text.failed` once, at the end.
 */
#ifndef SHARED_JOUT_H
#define SHARED_JOUT_H

#include <stdbool.h>
#include <stdint.h>

#include <jansson.h>

#include "shared/buf.h"

/* Start from `{ .text.max = N }`; release with jout_done(). */
struct jout {
	struct buf text;
	bool comma;		/* the next value needs one before it */
};

void jout_object(struct jout *out, const char *name);
void jout_object_end(struct jout *out);
void jout_array(struct jout *out, const char *name);
void jout_array_end(struct jout *out);

void jout_str(struct jout *out, const char *name, const char *value);
void jout_strn(struct jout *out, const char *name, const char *value,
	       size_t len);
void jout_i64(struct jout *out, const char *name, int64_t value);
void jout_bool(struct jout *out, const char *name, bool value);
void jout_null(struct jout *out, const char *name);

/* A moment as RFC 3339, null for 0. */
void jout_time(struct jout *out, const char *name, int64_t at);

/* A value of jansson's, written as it is. */
void jout_json(struct jout *out, const char *name, const json_t *value);

/* Text that is JSON already; NULL or "" becomes null. */
void jout_raw(struct jout *out, const char *name, const char *json);

/* Write `"name":` or nothing, and the comma: what follows is the caller's. */
void jout_lead(struct jout *out, const char *name);

/* The text as a JSON string, with its quotes. */
void jout_quoted(struct buf *buf, const char *text, size_t len);

void jout_done(struct jout *out);

#endif
