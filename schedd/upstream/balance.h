/*
 * balance: what is left behind a key, where its provider tells.
 *
 * Money on most, calls or a percentage of a window on plans.  One table says
 * who tells it, where and in which shape.  What comes back is advice: that a
 * balance cannot be read, or that the path refuses the key, says nothing of
 * whether the key can chat.
 */
#ifndef SCHEDD_UPSTREAM_BALANCE_H
#define SCHEDD_UPSTREAM_BALANCE_H

#include <stdbool.h>
#include <stdint.h>

#include "schedd/exchange.h"
#include "schedd/upstream/amount.h"
#include "shared/failure.h"

struct upstream_balance {
	char amount[AMOUNT_MAX]; /* as the provider writes it; "": no limit */
	char currency[8];	/* "CNY", "USD", "%"; "": calls */
	int64_t expires_at;	/* of the key or its plan; 0: not said */
	bool low;		/* somebody should know */
};

/*
 * The URL to ask for a normalised base URL, NULL if nothing is offered.  The
 * host's name decides; where it is none that we know (a relay, a test), so
 * does `family`: a provider of the table, or a family of models as in
 * families.h; NULL: none.  The caller frees it.
 */
char *upstream_balance_url(const char *base_url, const char *family);

/* Names SLOT_PROVIDER_KEY. */
void upstream_ask_balance(struct request *request, const char *balance_url);

/*
 * FAILURE_NONE if it told; FAILURE_ENDPOINT_UNSUPPORTED if it does not offer
 * this, or not in a shape that we know.  *ret is zeroed on failure.  The
 * first two arguments after the answer are those of the URL.
 */
enum failure upstream_judge_balance(const struct answer *answer,
				    const char *base_url, const char *family,
				    struct upstream_balance *ret);

#endif
