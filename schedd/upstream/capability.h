/*
 * capability: what a provider can do with one key, by its own answers.
 *
 * Each thing is asked for by the smallest request that needs it, and only
 * where a plain chat works: then an answer tells of the thing, not of the
 * key, the money or the model.
 */
#ifndef SCHEDD_UPSTREAM_CAPABILITY_H
#define SCHEDD_UPSTREAM_CAPABILITY_H

#include "schedd/completion.h"
#include "schedd/exchange.h"
#include "schedd/upstream/responses.h"
#include "shared/failure.h"

enum capable { CAPABLE_UNKNOWN, CAPABLE_YES, CAPABLE_NO, CAPABLE__MAX };

TABLE_ENUM_DECLARE(capable);

/* Zeroed: nothing is known. */
struct upstream_capability {
	enum capable chat;
	enum capable stream;
	enum capable tools;
	enum upstream_responses responses;
};

/* "chat_only", "dual" or "unknown". */
const char *upstream_profile(const struct upstream_capability *capability);

/* A chat whose answer comes in events.  Names SLOT_PROVIDER_KEY. */
void upstream_ask_stream(struct request *request, const char *chat_url,
			 const char *model, const char *nonce);

/*
 * As upstream_judge_chat(); FAILURE_INSPECT_BODY also where a completion came
 * in one piece, FAILURE_TRANSIENT where the stream was cut: neither a reason to
 * finish nor [DONE] came, of which one is enough.
 */
enum failure upstream_judge_stream(const struct answer *answer,
				   struct completion *ret);

/* A chat that asks for a call of a function.  Names SLOT_PROVIDER_KEY. */
void upstream_ask_tools(struct request *request, const char *chat_url,
			const char *model, const char *nonce);

/*
 * FAILURE_NONE if it was answered at all; *ret_called says whether a function
 * was called, which a model may decline.
 */
enum failure upstream_judge_tools(const struct answer *answer,
				  struct completion *ret, bool *ret_called);

/* What a class says of the thing that was asked for, where chat works. */
enum capable upstream_capable(enum failure failure);

#endif
