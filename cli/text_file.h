/*
 * text_file: a small file, or standard input, as one text.
 */
#ifndef CLI_TEXT_FILE_H
#define CLI_TEXT_FILE_H

#include <stddef.h>

#include "shared/buf.h"
#include "shared/err.h"

/*
 * All of `path` ("-": standard input), without the blanks and ends of lines
 * behind the last visible character.  It has 1 to `max` bytes and no NUL.
 * *ret may hold a secret: release it with own_wipe() or AUTO_WIPE.  `what`
 * names it in errors, which are those of a wrong command line.
 */
int text_file_read(const char *path, const char *what, size_t max, char **ret,
		   struct err *err) MUST_CHECK;

/*
 * All of `path` as it is, up to the ceiling of *ret, which may hold secrets:
 * buf_wipe() it.
 */
int text_file_bytes(const char *path, const char *what, struct buf *ret,
		    struct err *err) MUST_CHECK;

#endif
