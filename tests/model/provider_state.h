/*
 * provider_state: what a modelled provider holds.  Only the files of
 * provider_model include this.
 */
#ifndef TESTS_MODEL_PROVIDER_STATE_H
#define TESTS_MODEL_PROVIDER_STATE_H

#include <jansson.h>

#include "tests/model/provider_balance.h"
#include "tests/model/provider_keys.h"
#include "tests/model/provider_personality.h"

struct provider_model {
	const struct provider_personality *personality;
	uint64_t seed;
	int64_t delay_ms;
	json_t *models;		/* strings */
	bool any_model;		/* "*" was among them */
	json_t *retired;	/* model -> true: no longer answers */
	json_t *unlisted;	/* model -> true: no longer listed */
	json_t *keys;		/* of provider_keys_new() */
	json_t *revoked;	/* key -> true */
	json_t *used;		/* key that is good for a while -> questions */
	int64_t revoke_after;	/* questions; 0: never */
	int64_t retire_after;
	int64_t unlist_after;	/* lists */
	bool has_balance;
	enum provider_vendor vendor;
	double amount;
	int64_t expires_at;	/* 0: never */
	uint64_t requests;
	json_t *turns;		/* key -> whether its next question is limited */
	uint64_t answered;	/* questions that were */
	uint64_t lists;
	int64_t by_key[PROVIDER_KEY__MAX];
	json_t *by_path;	/* "POST /x" -> status -> count */
};

/* Whether it answers under this name. */
bool provider_has_model(const struct provider_model *model, const char *name);

/* The last of its models, which is the one that goes; NULL if none. */
const char *provider_last_model(const struct provider_model *model);

void provider_retire(struct provider_model *model, const char *name,
		     bool stays_listed);

#endif
