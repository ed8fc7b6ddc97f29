/*
 * judge: what can be said of an answer before asking who gave it.
 *
 * Pure, as everything that judges: an answer goes in, a class comes out.
 */
#ifndef SCHEDD_JUDGE_H
#define SCHEDD_JUDGE_H

#include <stdbool.h>

#include "schedd/exchange.h"
#include "shared/failure.h"

/*
 * FAILURE_NONE if an answer came that is worth reading, whatever its status;
 * else why none came, or FAILURE_REDIRECTED: we never follow.
 */
enum failure judge_delivery(const struct answer *answer);

bool judge_is_success(const struct answer *answer);	/* 2xx */
bool judge_is_html(const struct answer *answer);

/*
 * May the effect of the request be there although nobody said so?  Then look
 * for it before asking again (decision D16).
 */
bool judge_is_doubtful(const struct answer *answer);

#endif
