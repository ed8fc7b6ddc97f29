/*
 * host_said: what an upstream said, whatever protocol it spoke: read once,
 * and told again in the words of any other.
 */
#ifndef TESTS_MODEL_HOST_SAID_H
#define TESTS_MODEL_HOST_SAID_H

#include <jansson.h>
#include <stdbool.h>

#include "tests/model/model.h"

/*
 * Release with host_said_done().  Texts come in the pieces of the stream
 * that they came in, empty ones among them; a plain answer is one piece.
 */
struct host_said {
	bool is_answer;		/* else nothing below is set */
	char *id;
	json_t *texts;		/* pieces of the answer */
	json_t *thoughts;	/* pieces of the reasoning */
	json_t *calls;		/* {"id","name","pieces":[...]} */
	const char *finish;	/* "stop", "length" or "tool_calls" */
	json_t *usage;		/* as chat counts it; NULL: not said */
};

/* A chat completion, plain or streamed. */
struct host_said host_said_of_chat(const char *body, bool stream);

/* A stream of /responses, which needs its last event. */
struct host_said host_said_of_responses(const char *body);

void host_said_done(struct host_said *said);

/* The pieces as one text. */
char *host_said_join(const json_t *pieces) GIVES_MEMORY;

/* A number of the usage by its name in a chat, or 0. */
int64_t host_said_tokens(const struct host_said *said, const char *name);
int64_t host_said_cached(const struct host_said *said);

/* A text among the members, "" if it is none. */
const char *host_text(const json_t *object, const char *name);

#endif
