/*
 * account: an account on the simulated host, as somebody with the host's
 * database would see it.
 */
#ifndef TESTS_SIM_ACCOUNT_H
#define TESTS_SIM_ACCOUNT_H

#include <jansson.h>

#include "tests/sim/site.h"

#define ACCOUNT_KEY_MAX 80

/* Borrowed from *ret_state, which is the caller's to release; or NULL. */
const json_t *account_of(struct site *site, const char *account_id,
			 json_t **ret_state);

/* The caller releases it. */
json_t *account_mapping(struct site *site, const char *account_id);

void account_key(struct site *site, const char *account_id,
		 char ret[ACCOUNT_KEY_MAX]);

#endif
