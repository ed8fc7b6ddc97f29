/*
 * provider_answers: the ordinary answers of a provider.
 *
 * Bodies are owned by the caller.  Their text repeats the nonce of the
 * question, so that an answer from a cache shows.
 */
#ifndef TESTS_MODEL_PROVIDER_ANSWERS_H
#define TESTS_MODEL_PROVIDER_ANSWERS_H

#include <jansson.h>

#include "tests/model/provider_ask.h"

/* An answer to be written.  Members are borrowed. */
struct provider_telling {
	const struct provider_ask *ask;
	uint64_t id;		/* of this call, unique */
	int64_t created;	/* seconds */
	const char *text;	/* "" when thinking used up the tokens */
	const char *thought;	/* NULL: it does not think */
	bool cut_short;		/* by max_tokens */
	bool no_done;		/* a chat's stream ends without [DONE] */
	int64_t answer_tokens;
};

char *provider_chat_body(const struct provider_telling *telling);
char *provider_chat_stream(const struct provider_telling *telling);
char *provider_responses_body(const struct provider_telling *telling);
char *provider_responses_stream(const struct provider_telling *telling);
char *provider_messages_body(const struct provider_telling *telling);
char *provider_messages_stream(const struct provider_telling *telling);

#endif
