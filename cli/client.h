/*
 * client: the HTTP API as a function call.  Beside cli/exchange.h, which asks
 * somebody else, the only file of crmctl that knows curl.
 *
 * A POST, PUT or PATCH carries an Idempotency-Key and is sent once
 * more, under the same key, if the connection broke: whether it had arrived
 * or not, its work is done once.
 */
#ifndef CLI_CLIENT_H
#define CLI_CLIENT_H

#include <stdbool.h>
#include <stdint.h>

#include <jansson.h>

#include "cli/context.h"
#include "shared/err.h"
#include "shared/jout.h"

struct client;

struct api_call {
	const char *method;
	const char *path;	/* "/api/hosts" */
	const char *const *query;	/* "name=value" ... NULL; or NULL */
	const struct jout *body;	/* or NULL */
	const char *content_type;	/* of the body; NULL: JSON */
	const char *header;	/* "Name: value" beside ours, or NULL */
	int64_t wait_s;		/* Prefer: wait; 0: not asked for */
	const char *accept;	/* NULL: JSON */
	const char *language;	/* of texts; NULL: not said */
	const char *idempotency_key;	/* NULL: one of its own */
};

/* What came back.  Release with api_reply_done(). */
struct api_reply {
	int status;
	json_t *body;		/* owned; NULL if there was none */
	bool replayed;		/* what was answered to the same key before */
};

void api_reply_done(struct api_reply *reply);

/* `context` is borrowed for the life of the client. */
int client_new(struct client **ret, const struct context *context,
	       struct err *err) MUST_CHECK;
void client_free(struct client **client);

/*
 * Fails for any status but 2xx, with the API's own sentence; *ret then holds
 * the problem itself.  ERR_UPSTREAM if nobody answers,
 * or not like the API; ERR_BUSY if an answer does not come in time.
 */
int client_call(struct client *client, const struct api_call *call,
		struct api_reply *ret, struct err *err) MUST_CHECK;

/*
 * A GET whose answer goes to standard output as it comes.  Fails as
 * client_call() does; nothing was written if the status was no 2xx.
 */
int client_download(struct client *client, const struct api_call *call,
		    struct err *err) MUST_CHECK;

/*
 * Does `text` look like an id or the key of an endpoint?  If not, it must not
 * become part of a path.
 */
int client_check_id(const char *text, struct err *err) MUST_CHECK;

#endif
