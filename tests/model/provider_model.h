/*
 * provider_model: an OpenAI-compatible provider, without any I/O.
 *
 * Its personality says what it answers on which path; its keys say who may
 * ask.  Everything that providers were seen to do that matters to an import
 * is a personality, a row of a table.
 */
#ifndef TESTS_MODEL_PROVIDER_MODEL_H
#define TESTS_MODEL_PROVIDER_MODEL_H

#include <jansson.h>

#include "tests/model/model.h"

struct provider_model;

/*
 * What a provider is asked to be.  Strings are borrowed until
 * provider_model_new() returns.
 */
struct provider_options {
	const char *personality;	/* a name of provider_personalities() */
	uint64_t seed;
	int64_t delay_ms;		/* of every answer */
	const char *models;		/* comma separated; NULL: the default */
	/*
	 * Comma separated.  NULL: every key that starts with "good-" is good,
	 * "quota-" has no money, "limited-" is rate limited, all others are
	 * unknown.
	 */
	const char *keys;
	int64_t revoke_after;		/* questions; 0: never */
	int64_t retire_after;		/* questions; 0: never */
	const char *vendor;		/* whose balance it tells; NULL: none */
	double amount;			/* of money, or per cent of a plan */
	int64_t expires_at;		/* of the plan; 0: never */
};

/* NULL if there is no such personality or vendor. */
struct provider_model *provider_model_new(const struct provider_options *o);
void provider_model_free(struct provider_model **model);

/* NULL-terminated names, for --help and for tests that walk them all. */
const char *const *provider_personalities(void);

/* Answer one request that arrives at `now`; delay_ms says when it is done. */
void provider_model_request(struct provider_model *model, int64_t now,
			    const struct model_request *request,
			    struct model_answer *ret);

/*
 * Do what happens to providers: {"do":NAME,...}, by the table at the end of
 * provider_control.c.  NULL, or what is wrong with the wish.
 */
const char *provider_model_control(struct provider_model *model, int64_t now,
				   const json_t *body) MUST_CHECK;

/* Counters per path and status, for checks from outside. */
json_t *provider_model_state(const struct provider_model *model);

#endif
