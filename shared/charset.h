/*
 * charset: a text file that somebody saved, as UTF-8.
 *
 * What spreadsheets write: UTF-8 with or without a byte order mark, UTF-16
 * with one ("Unicode text"), and what a Chinese Excel calls CSV, which is GBK,
 * a part of GB18030.  Workbooks and other bytes are refused with a sentence
 * that says what to do.  The conversion is libc's iconv.
 */
#ifndef SHARED_CHARSET_H
#define SHARED_CHARSET_H

#include <stddef.h>

#include "shared/buf.h"
#include "shared/err.h"
#include "shared/table.h"

enum charset {
	CHARSET_UTF8,
	CHARSET_UTF16,
	CHARSET_GB18030,
	CHARSET__MAX
};

TABLE_ENUM_DECLARE(charset);

/*
 * Load what conversions need, before the process may no longer open files.
 * What cannot be loaded is refused later, when a text needs it.
 */
void charset_start(void);

/*
 * *ret is `text` as UTF-8 without a mark: borrowed from `text`, or from
 * `storage` if it was converted; that is the caller's, who gives its ceiling
 * and wipes it where the text holds secrets.  There is no NUL in it.
 * ERR_INVALID if it is no text; then *ret is untouched, and the sentence
 * begins with the verb: the caller knows what was to be read.
 */
int charset_read(const char *text, size_t len, struct buf *storage,
		 const char **ret, size_t *ret_len, enum charset *ret_charset,
		 struct err *err) MUST_CHECK;

/*
 * What another program sent without saying how: if more of it is no UTF-8 than
 * is, and it can be read otherwise, then *body and *len are that, in
 * `storage`, which the caller releases.
 */
void charset_guess(const char **body, size_t *len, struct buf *storage);

#endif
