/*
 * buf: text that grows, up to a ceiling.
 *
 * Start from `{ .max = N }`.  What does not fit is dropped and sets `failed`,
 * which stays set: add without looking, and look once at the end.
 */
#ifndef SHARED_BUF_H
#define SHARED_BUF_H

#include <stdbool.h>
#include <stddef.h>

#include "shared/own.h"

struct buf {
	char *text;		/* owned, ends in NUL; NULL while empty */
	size_t len;
	size_t size;		/* of the memory behind `text` */
	size_t max;		/* ceiling of `len` */
	bool failed;
};

void buf_add(struct buf *buf, const void *data, size_t len);
/*
 * Room for `len` more bytes, which are part of the text already and are for
 * the caller to write; NULL, and `failed`, if they do not fit.
 */
char *buf_room(struct buf *buf, size_t len);
void buf_adds(struct buf *buf, const char *text);
void buf_addf(struct buf *buf, const char *fmt, ...) PRINTF_LIKE(2, 3);

/* The text so far, "" while empty.  Borrowed from `buf`. */
const char *buf_str(const struct buf *buf);

/* Hand the text over; the buffer is as new.  Never NULL. */
char *buf_take(struct buf *buf);

/* Forget the text but keep its memory for what comes next. */
void buf_reset(struct buf *buf);

void buf_done(struct buf *buf);

/* As buf_done(), for a text that holds a secret: wiped first. */
void buf_wipe(struct buf *buf);

#endif
