/*
 * classify: what a provider's error means, for steps.
 *
 * What is known about providers is in shared/verdict.h; this puts answers of
 * exchanges before it.
 */
#ifndef SCHEDD_UPSTREAM_CLASSIFY_H
#define SCHEDD_UPSTREAM_CLASSIFY_H

#include "schedd/exchange.h"
#include "shared/verdict.h"

#define UPSTREAM_DETAIL_MAX FINDING_TEXT_MAX

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

/* An answer as verdict_of() takes it; borrowed from `answer`. */
struct verdict_answer upstream_verdict_answer(const struct answer *answer);

/* "HTTP 402 insufficient_balance: ..." for people.  The caller frees it. */
char *upstream_detail(const struct answer *answer);

#endif
