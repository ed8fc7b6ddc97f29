/*
 * verdict_chat: is a success a completion?
 *
 * Only what a user can read, or a tool that is called by its name, makes one.
 * What thinks and is cut before it speaks is inconclusive.
 */
#ifndef SHARED_VERDICT_CHAT_H
#define SHARED_VERDICT_CHAT_H

#include <stdbool.h>

#include <jansson.h>

#include "shared/failure.h"
#include "shared/own.h"

#define CHAT_CONTENT_MAX ((size_t)4096)

/* Zeroed: none.  Release with chat_done(). */
struct chat {
	char *content;		/* what was said, cut; or NULL */
	char *finish_reason;	/* or NULL */
	char *model;		/* as the answer names it; or NULL */
	bool thought;		/* aloud, in a member of its own or in tags */
	bool think_tags;	/* in <think> at the head of the content */
};

void chat_done(struct chat *chat);

/*
 * FAILURE_NONE; FAILURE_EMPTY_COMPLETION: cut, or only thought; ask again
 * with a larger budget; FAILURE_CONTENT_BLOCKED; FAILURE_INSPECT_BODY: an
 * error beside or instead of a completion, or something else altogether.
 */
enum failure chat_read(const json_t *json, struct chat *ret);

/*
 * As chat_read(), for the events of a stream.  FAILURE_TRANSIENT if it was
 * cut in the middle: neither a reason to finish nor [DONE] came.
 */
enum failure chat_read_events(const json_t *events, bool done,
			      struct chat *ret);

#endif
