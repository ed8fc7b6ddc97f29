/*
 * host_way: how a request of one protocol is put to an upstream that speaks
 * the same or another one, and how its answer gets back.
 */
#ifndef TESTS_MODEL_HOST_WAY_H
#define TESTS_MODEL_HOST_WAY_H

#include "tests/model/host_gateway.h"
#include "tests/model/host_probe.h"

/* The endpoint of the upstream that the exchange's way leads to. */
enum host_endpoint host_way_endpoint(enum host_way way);

/* Whether the upstream is asked as a chat, with an Accept of its own. */
bool host_way_is_chat(enum host_way way);

/* The way that the account's flags make for the exchange; sets flag_unset. */
enum host_way host_way_choose(const struct host_model *model,
			      const struct host_account *account,
			      struct host_exchange *exchange);

/* The body for the upstream, which knows the model under `name`. */
json_t *host_way_ask(const struct host_model *model,
		     const struct host_exchange *exchange, const char *name);

/* The client's answer.  False: it is a failure that the upstream caused. */
bool host_way_tell(const struct host_model *model,
		   const struct host_exchange *exchange,
		   const struct model_answer *answer,
		   struct model_answer *ret);

/* Bodies in the other protocol.  New objects. */
json_t *host_ask_chat_as_responses(const struct host_model *model,
				   const json_t *body);
json_t *host_ask_responses_as_chat(const struct host_model *model,
				   const json_t *body);
json_t *host_ask_messages_as_chat(const struct host_model *model,
				  const json_t *body);
json_t *host_ask_messages_as_responses(const struct host_model *model,
				       const json_t *body);

struct host_said;

/* What was said, as a client of each protocol reads it. */
void host_tell_chat(const struct host_model *model,
		    const struct host_exchange *exchange,
		    const struct host_said *said, struct model_answer *ret);
void host_tell_responses(const struct host_model *model,
			 const struct host_exchange *exchange,
			 const struct host_said *said,
			 struct model_answer *ret);
void host_tell_messages(const struct host_model *model,
			const struct host_exchange *exchange,
			const struct host_said *said,
			struct model_answer *ret);

#endif
