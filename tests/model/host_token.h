/*
 * host_token: access tokens.
 *
 * They look like JWTs and their claims can be read, but only the model that
 * made them knows the signature.  Nothing is stored.
 */
#ifndef TESTS_MODEL_HOST_TOKEN_H
#define TESTS_MODEL_HOST_TOKEN_H

#include "tests/model/host_store.h"

enum host_token_state {
	HOST_TOKEN_GOOD,
	HOST_TOKEN_INVALID,
	HOST_TOKEN_EXPIRED,
	HOST_TOKEN_NO_USER,
	HOST_TOKEN_INACTIVE,
	HOST_TOKEN_REVOKED,
	HOST_TOKEN_STATE__MAX
};

char *host_token_make(struct host_model *model, const struct host_user *user);

/* *ret is set only when the token is good. */
enum host_token_state host_token_read(const struct host_model *model,
				      const char *token,
				      struct host_user **ret);

#endif
