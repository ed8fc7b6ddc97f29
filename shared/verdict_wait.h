/*
 * verdict_wait: for how long a peer says, or we think, that waiting helps.
 */
#ifndef SHARED_VERDICT_WAIT_H
#define SHARED_VERDICT_WAIT_H

#include <stdint.h>

#include "shared/failure.h"

/* Nobody waits longer: a month of a plan, and a day. */
#define WAIT_MAX_MS (INT64_C(32) * 24 * 3600 * 1000)

/*
 * What the header Retry-After says: seconds, or a date of HTTP, which is held
 * against `now`.  -1 if it says nothing that can be used.
 */
int64_t wait_of_header(const char *value, int64_t now);

/*
 * "try again in 7m12s", "请在 30 秒后重试" in `words` (verdict_words), or "will
 * reset at 2026-11-24 08:00:00 +0800" in `text`; a time without a zone is
 * China's.  -1 if there is none.
 */
int64_t wait_in_text(const char *words, const char *text, int64_t now);

/* Our own guess for a class that passes; -1 if it does not. */
int64_t wait_of_class(enum failure class);

#endif
