/*
 * transfer: a wire into a curl handle, and what curl says into an answer.
 *
 * http and https only, no redirects, certificates verified, a ceiling for
 * time and size; by the way that the wire names, see reach.h.
 */
#ifndef SCHEDD_TRANSFER_H
#define SCHEDD_TRANSFER_H

#include <stdint.h>

#include "schedd/exchange.h"
#include "schedd/wire.h"
#include "shared/err.h"
#include "shared/settings.h"

struct transfers;

/*
 * `multi` is the loop's CURLM, borrowed; so is `settings`, whose file of
 * certificates is read.  Call when curl has been started.
 */
int transfers_new(struct transfers **ret, void *multi,
		  const struct settings *settings, struct err *err)
	MUST_CHECK;
void transfers_free(struct transfers **transfers);

/* Begin; the wire is taken.  It ends in transfers_reap(). */
void transfers_send(struct transfers *transfers, uint64_t tag,
		    struct wire *wire);

/*
 * The next exchange that has ended: 1 and its answer, which the caller
 * releases or hands on; 0 if there is none.
 */
int transfers_reap(struct transfers *transfers, uint64_t *ret_tag,
		   struct answer *ret);

#endif
