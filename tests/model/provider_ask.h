/*
 * provider_ask: what a request to a provider asks for.
 */
#ifndef TESTS_MODEL_PROVIDER_ASK_H
#define TESTS_MODEL_PROVIDER_ASK_H

#include <jansson.h>

#include "tests/model/provider_balance.h"
#include "tests/model/provider_personality.h"

/*
 * Which path a target names, whatever base it stands under.  A base with two
 * versions, such as /v4/v1, or with a path inside it is nobody's base:
 * PROVIDER_OTHER.  *ret_id is the rest of a path below /models, borrowed.
 */
enum provider_path provider_path_of(const char *target, const char **ret_id);

/* Whose balance a target names.  False if none. */
bool provider_path_vendor(const char *target, enum provider_vendor *ret);

/* The method that a path takes; NULL: none does. */
const char *provider_path_method(enum provider_path path);

/*
 * A copy in which whatever is no printable ASCII is a question mark: bytes
 * from outside that are to stand in JSON.
 */
char *provider_plain(const char *text, size_t len);

/* The key of a request, plain; "" if it brings none.  Owned by the caller. */
char *provider_key_of(const struct model_request *request);

/*
 * Is it every second one with its key, as `turns` remembers?  Who asks with
 * another key meanwhile changes nothing.
 */
bool provider_turn(json_t *turns, const struct model_request *request);

/*
 * A question, read from a body.  Strings are borrowed from `body` unless they
 * own.  Release with provider_ask_done().
 */
struct provider_ask {
	json_t *body;		/* NULL: it was no JSON object */
	const char *model;	/* NULL: none was named */
	bool stream;
	bool stream_usage;
	bool wants_json;
	int64_t max_tokens;	/* 0: no limit */
	int64_t prompt_tokens;
	char *nonce;		/* of the last thing a user said, or NULL */
	const char *tool;	/* the function to call, or NULL */
	char *tool_arguments;	/* JSON text; NULL without a tool */
};

void provider_ask_read(struct provider_ask *ask,
		       const struct model_request *request);
void provider_ask_done(struct provider_ask *ask);

#endif
