/*
 * symptom: what an account shows, one look for each symptom of mend.h.
 */
#ifndef SCHEDD_HOST_SYMPTOM_H
#define SCHEDD_HOST_SYMPTOM_H

#include "schedd/host/mend.h"

/* All symptoms, as bits. */
unsigned host_symptoms(const struct host_mend_case *the,
		       const struct host_account *account);

/* It is off, and by us or by the host's error: it may be switched on. */
bool host_may_switch_on(const struct host_mend_case *the,
			const struct host_account *account);

/* The address that was asked for; or NULL. */
const char *host_wanted_base_url(const struct host_mend_case *the);

/* Wanted names that the account does not map. */
json_t *host_missing_models(const struct host_mend_case *the,
			    const struct host_account *account);

#endif
