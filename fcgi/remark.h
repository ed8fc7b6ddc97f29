/*
 * remark: what people say around a key, made fit to be stored and shown.
 *
 * Spreadsheets are pasted together by hand, and what was meant for the column
 * of keys lands in the one of labels: what looks like a key is masked.
 */
#ifndef FCGI_REMARK_H
#define FCGI_REMARK_H

#include <stdbool.h>
#include <stddef.h>

#include "shared/own.h"

#define REMARK_LABEL_MAX 120	/* characters */
#define REMARK_NOTE_MAX 1000

/*
 * *ret is a copy of `text` in one line, without blanks around it, NULL if
 * nothing is left, the caller's; *ret_masked whether anything is masked.
 * `key` is the key it speaks of, or NULL.  Returns NULL, or why the text is
 * refused; *ret is then untouched.
 */
const char *remark_read(const char *text, size_t max, const char *key,
			char **ret, bool *ret_masked) MUST_CHECK;

/*
 * The number of a thing on the host, from 1, as text of up to 18 digits
 * without a zero before them.
 */
bool remark_is_id(const char *text);

#endif
