/*
 * redact: a peer's words, made fit to be stored.
 *
 * Error texts echo keys, whole or in part.  What looks like one is masked:
 * by its prefix ("sk-", "admin-", "eyJ"), by what stands before it ("Bearer",
 * "api_key="), or because it is long and no word.  The rules rather mask too
 * much; names of models and error codes stay readable.
 */
#ifndef SHARED_REDACT_H
#define SHARED_REDACT_H

#include <stddef.h>

#include "shared/own.h"

#define REDACT_MASK "[redacted]"

/*
 * At most `max` bytes, cut between characters; white space and control
 * characters become single blanks, bytes that are not UTF-8 become '?'.
 * Never NULL, not even of NULL; the caller frees it.
 */
char *redact_text(const char *text, size_t max) GIVES_MEMORY;

/* How long the UTF-8 character at `text` is; 0 if there is none. */
size_t redact_character(const char *text);

/* Where to cut `text` so that at most `max` bytes of whole characters stay. */
size_t redact_cut(const char *text, size_t max);

#endif
