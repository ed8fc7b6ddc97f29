/*
 * provider_balance: what a provider tells about money and plans, in the form
 * of one vendor or another.
 */
#ifndef TESTS_MODEL_PROVIDER_BALANCE_H
#define TESTS_MODEL_PROVIDER_BALANCE_H

#include <jansson.h>

#include "shared/table.h"

enum provider_vendor {
	PROVIDER_DEEPSEEK,	/* /user/balance */
	PROVIDER_MOONSHOT,	/* /users/me/balance */
	PROVIDER_SILICONFLOW,	/* /user/info */
	PROVIDER_OPENROUTER,	/* /key */
	PROVIDER_MINIMAX,	/* /token_plan/remains */
	PROVIDER_STEPFUN,	/* /accounts */
	PROVIDER_VENDOR__MAX
};

TABLE_ENUM_DECLARE(provider_vendor);

/*
 * The vendor whose balance lies at the end of a path of this length, and how
 * long that end is.  False if none.
 */
bool provider_balance_path(const char *path, size_t len,
			   enum provider_vendor *ret, size_t *ret_tail);

/*
 * The body, a new object.  `amount` is money, or, where a plan is told, the
 * percentage that is left of it; `expires_at` is in milliseconds, 0 is
 * never.
 */
json_t *provider_balance_body(enum provider_vendor vendor, double amount,
			      int64_t expires_at, int64_t now);

#endif
