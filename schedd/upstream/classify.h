/*
 * classify: what a provider's error means.
 *
 * Codes in the body come before the status: providers say "no money" with
 * 400, 402, 403, 429 and 500, and "no such model" with 503.
 */
#ifndef SCHEDD_UPSTREAM_CLASSIFY_H
#define SCHEDD_UPSTREAM_CLASSIFY_H

#include "schedd/exchange.h"
#include "shared/failure.h"

#define UPSTREAM_DETAIL_MAX 300

/* The provider's own words, redacted. */
struct upstream_error {
	int status;		/* 0: no answer */
	char code[100];		/* or its type; "" if it gives neither */
	char text[UPSTREAM_DETAIL_MAX + 1];
};

/*
 * The class of an answer that is not what was asked for; never FAILURE_NONE.
 * A success that says nothing known is FAILURE_INSPECT_BODY.  `detail` may be
 * NULL.
 */
enum failure upstream_classify(const struct answer *answer,
			       struct upstream_error *detail);

/* "HTTP 402 insufficient_balance: ..." for people.  The caller frees it. */
char *upstream_detail(const struct answer *answer);

#endif
