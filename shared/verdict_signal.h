/*
 * verdict_signal: what an answer says, out of the many shapes it comes in.
 *
 * OpenAI's {"error":{"code","type","message"}}, flat {"code","message"},
 * MiniMax's base_resp, {"errors":[...]}, FastAPI's {"detail":[...]}, the
 * Response and ResponseMetadata of clouds, JSON inside of JSON, an event
 * stream, a bare string, plain text, a page of HTML.
 */
#ifndef SHARED_VERDICT_SIGNAL_H
#define SHARED_VERDICT_SIGNAL_H

#include <stdint.h>

#include <jansson.h>

#include "shared/buf.h"

#define SIGNAL_CODE_MAX 96
#define SIGNAL_TEXT_MAX 1024
#define SIGNAL_CODES_MAX 16

/* What the body is made of; a row of rules may ask for one. */
enum verdict_form {
	FORM_EMPTY,
	FORM_JSON,
	FORM_PAGE,		/* HTML */
	FORM_STREAM,		/* server-sent events */
	FORM_TEXT,
	FORM__MAX
};

/* Release with signal_done(). */
struct signal {
	enum verdict_form form;
	bool flat;		/* {"code":"WORD"}: the code is a text, on top */
	int status;		/* of HTTP, said inside the body; 0: none */
	size_t ncodes;
	char codes[SIGNAL_CODES_MAX][SIGNAL_CODE_MAX]; /* and types */
	struct buf words;	/* all of it, in the form of verdict_words */
	char code[SIGNAL_CODE_MAX];	/* the best one, for people; or "" */
	char text[SIGNAL_TEXT_MAX];	/* the best message; or the body, cut */
	int64_t wait_ms;	/* a member says how long; -1: none does */
	json_t *said;		/* what was read; owned */
};

void signal_done(struct signal *signal);

/*
 * `json` is the body if somebody parsed it already, else NULL.  `body` may be
 * NULL and need not end in NUL.
 */
void signal_read(struct signal *ret, const char *content_type,
		 const char *body, size_t len, const json_t *json);

/* HTML by its type or by how it begins. */
bool signal_is_page(const char *content_type, const char *body);

/*
 * The events of a stream, each parsed: an array of JSON values.  *ret_done:
 * "[DONE]" came.  NULL if the body is none.
 */
json_t *signal_events(const char *body, size_t len, bool *ret_done);

#endif
