/*
 * amount: a number as its author wrote it.
 *
 * Sums of money come as texts and as JSON numbers.  They are shown as they
 * came, "26.00" and not 26 or 25.999; as numbers they are only compared.
 */
#ifndef SCHEDD_UPSTREAM_AMOUNT_H
#define SCHEDD_UPSTREAM_AMOUNT_H

#include <stdbool.h>

#include "schedd/exchange.h"

#define AMOUNT_MAX 32

/* All of `text` as a number: finite, decimal, nothing else around it. */
bool amount_read(const char *text, double *ret);

/*
 * The text of `value`, which is the member `name` of something in the answer;
 * false if it is no number, nor a text that is one.
 */
bool amount_take(const struct answer *answer, const json_t *value,
		 const char *name, char ret[AMOUNT_MAX]);

#endif
