/*
 * cursor: where the next page of a list begins, as text that means nothing to
 * the client.
 *
 * Inside are the list it belongs to and the last id that was read, so that a
 * cursor of another list is refused.
 */
#ifndef FCGI_CURSOR_H
#define FCGI_CURSOR_H

#include "shared/err.h"
#include "shared/jout.h"
#include "shared/walk.h"

#define CURSOR_MAX 270		/* text of a cursor, with its NUL */
#define CURSOR_ID_MAX 160

/* `list` is a short word; `id` is at most 159 bytes. */
const char *cursor_make(const char *list, const char *id,
			char ret[CURSOR_MAX]);

/*
 * The id in `text`; "" of NULL or "".  ERR_INVALID, code invalid_cursor, if
 * we did not make it for this list.
 */
int cursor_read(const char *list, const char *text, char ret[CURSOR_ID_MAX],
		struct err *err) MUST_CHECK;

/*
 * The member "next_cursor" of a page.  `more`: rows were left when the page
 * was full, and `last` is the id of its last one.
 */
void cursor_write(struct jout *out, const char *list, const struct walk *walk,
		  bool more, const char *last);

#endif
