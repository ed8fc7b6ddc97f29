/*
 * provider_call: one request to a modelled provider, and the answers that
 * several of its paths give.
 */
#ifndef TESTS_MODEL_PROVIDER_CALL_H
#define TESTS_MODEL_PROVIDER_CALL_H

#include "tests/model/provider_ask.h"
#include "tests/model/provider_state.h"

/* A request under way. */
struct provider_call {
	struct provider_model *model;
	const struct model_request *request;
	enum provider_path path;
	const char *model_id;	/* of PROVIDER_MODEL, borrowed */
	int64_t now;
	uint64_t id;
	struct model_answer *answer;
};

/* Whether the personality has this twist. */
bool provider_is(const struct provider_call *call, enum provider_twist twist);

void provider_answer_json(struct provider_call *call, int status,
			  const json_t *body);
void provider_answer_error(struct provider_call *call, int status,
			   const char *message, const char *code);

/* It has no model of this name. */
void provider_refuse_model(struct provider_call *call, const char *name);

void provider_list_models(struct provider_call *call);
void provider_show_model(struct provider_call *call);
void provider_tell_balance(struct provider_call *call,
			   enum provider_key class);

#endif
