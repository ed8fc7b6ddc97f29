/*
 * completion: one short chat, as asked for and as answered.
 *
 * The same for a provider and for a host's gateway: both speak OpenAI's chat
 * completions.
 */
#ifndef SCHEDD_COMPLETION_H
#define SCHEDD_COMPLETION_H

#include "schedd/exchange.h"
#include "shared/failure.h"

/* Most models of today think first; with less they say nothing at all. */
#define COMPLETION_MAX_TOKENS 1024

/* Instead of a limit: nothing is sent but the model and the message. */
#define COMPLETION_BARE (-1)

#define COMPLETION_PREVIEW_MAX 200

/* Zeroed: none.  Release with completion_done(). */
struct completion {
	char *preview;		/* the first words, redacted; or NULL */
	char *type;		/* content type of the answer; or NULL */
	char *finish_reason;	/* or NULL */
	char *model;		/* as the answer names it; or NULL */
};

void completion_done(struct completion *completion);

/*
 * Write the body and mark the request as a chat.  `nonce` makes the first
 * message one of its own: a gateway routes equal ones to the same account.
 * `max_tokens` may be 0, for the usual ones, or COMPLETION_BARE.
 */
void completion_ask(struct request *request, const char *model,
		    const char *nonce, int64_t max_tokens);

/*
 * Read an answer of status 2xx.  FAILURE_NONE if it says something, or calls
 * a tool; FAILURE_EMPTY_COMPLETION if it was cut, or thought, before it said
 * anything; FAILURE_CONTENT_BLOCKED; FAILURE_INSPECT_BODY if it is none, or an
 * error stands beside it.  A stream is none: it was not asked for.
 * *ret is filled in as far as it goes.
 */
enum failure completion_read(const struct answer *answer,
			     struct completion *ret);

/*
 * Do the words of a refusal blame a parameter?  Some know no max_tokens, or
 * want it within bounds of their own, and answer clients that never send it.
 */
bool completion_blames_parameter(enum failure why, const char *words);

#endif
