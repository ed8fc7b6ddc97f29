/*
 * host_accounts: what the handlers of accounts have in common.
 */
#ifndef TESTS_MODEL_HOST_ACCOUNTS_H
#define TESTS_MODEL_HOST_ACCOUNTS_H

#include "tests/model/host_call.h"

/* The account of the path; NULL: 404 is answered. */
struct host_account *account_or_404(struct host_call *call);

/* Whether all groups of the body exist; if not, 404 is answered. */
bool body_groups_exist(struct host_call *call);

void reply_account(struct host_call *call,
		   const struct host_account *account);

/* A new account from an object as create and import take it. */
struct host_account *account_make(struct host_model *model,
				  const json_t *spec);

/* "active", "inactive" or "error". */
void account_set_status(struct host_account *account, const char *status);

/* Clear what recover-state clears. */
void account_recover(struct host_model *model, struct host_account *account);

/* Whether there is such a proxy; 0, none, always is. */
bool host_proxy_exists(const struct host_model *model, int64_t id);

/* "http://127.0.0.1:3128"; NULL for 0 and what is not there. */
char *host_proxy_url(const struct host_model *model, int64_t id);

/* Handlers that live in files of their own. */
void host_account_list(struct host_call *call);
void host_account_export(struct host_call *call);
void host_account_bulk(struct host_call *call);
void host_account_test(struct host_call *call);
void host_account_sync(struct host_call *call);

#endif
