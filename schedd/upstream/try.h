/*
 * try: what shared/try.h asks and judges, as requests and answers of steps.
 */
#ifndef SCHEDD_UPSTREAM_TRY_H
#define SCHEDD_UPSTREAM_TRY_H

#include "schedd/exchange.h"
#include "shared/try.h"

/*
 * `url` is where chat is, and for TRY_MESSAGES where that is.  Names
 * SLOT_PROVIDER_KEY.
 */
void upstream_ask_try(struct request *request, enum try try,
		      const char *url, const char *model, const char *nonce,
		      bool generous);

void upstream_judge_try(const struct answer *answer, enum try try,
			bool generous, struct tried *ret);

#endif
