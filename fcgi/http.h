/*
 * http: a request as it came and as handlers see it, and the reply they make.
 *
 * serve.c fills `struct wire` from FastCGI, a test fills it by hand; nothing
 * behind dispatch() knows which.
 */
#ifndef FCGI_HTTP_H
#define FCGI_HTTP_H

#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <jansson.h>

#include "shared/db.h"
#include "shared/endpoint.h"
#include "shared/id.h"
#include "shared/jout.h"
#include "shared/seal.h"
#include "shared/settings.h"
#include "shared/table.h"
#include "shared/tokens.h"

enum http_method {
	HTTP_GET,
	HTTP_POST,
	HTTP_PUT,
	HTTP_PATCH,
	HTTP_DELETE,
	HTTP_METHOD__MAX
};

TABLE_ENUM_DECLARE(http_method);

#define HTTP_IDS_MAX 2		/* in a path */
#define HTTP_ID_MAX 64		/* characters of an id of ours */
#define HTTP_ID_TEXT ENDPOINT_KEY_MAX	/* room for any, with its NUL */
#define HTTP_REQUEST_ID_TEXT 65
#define HTTP_REPLY_MAX (32 << 20)

struct refusals;

/* What a worker process holds.  Made by main(), borrowed by everybody. */
struct worker {
	struct db *db;
	const struct settings *settings;
	const struct seal_public *key;
	const char *wake_path;		/* NULL: there is nobody to wake */
	struct refusals *refusals;	/* NULL: they are not counted */
	/* Of serve(); NULL where there is no loop, as in tests. */
	const sigset_t *while_waiting;	/* lets the signals in that end us */
	const volatile sig_atomic_t *stopping;
};

/* What a body is written in, as its media type says. */
enum http_form {
	HTTP_FORM_JSON,
	HTTP_FORM_LINES,		/* JSON, an object a line */
	HTTP_FORM_CSV,
	HTTP_FORM_BUNDLE,		/* a pack as tar.gz */
	HTTP_FORM__MAX
};

TABLE_ENUM_DECLARE(http_form);

enum body_state {
	BODY_WHOLE,		/* also if there is none */
	BODY_TOO_LARGE,
	BODY_TRUNCATED,		/* shorter than it was said to be */
	BODY_OVERLONG,		/* longer than it was said to be */
};

/* What came.  Everything is borrowed; headers that were not sent are NULL. */
struct wire {
	const char *method;
	const char *path;		/* decoded */
	const char *query;		/* behind the '?', as it came */
	const char *content_type;
	const char *authorization;
	const char *idempotency_key;
	const char *prefer;
	const char *accept;
	const char *accept_language;
	const char *request_id;
	const char *pack_signature;
	const char *body;
	size_t body_len;
	enum body_state body_state;
	int64_t now;
};

struct trail;

/* What a handler gets: everything that its route demands is checked. */
struct request {
	const struct worker *worker;
	struct db *db;
	const struct token *token;	/* NULL where a route needs none */
	char ids[HTTP_IDS_MAX][HTTP_ID_TEXT];	/* those of the path */
	const char *query;		/* "" if there was none */
	const char *accept;		/* or NULL */
	const char *accept_language;	/* or NULL */
	const char *pack_signature;	/* or NULL */
	enum http_form form;
	const json_t *body;		/* of JSON; NULL if there was none */
	const char *text;		/* of other forms; ends in NUL */
	size_t text_len;
	int64_t now;
	struct db_tx *tx;		/* see request_begin() */
	struct trail *trail;		/* see trail.h; NULL: none is kept */
};

/*
 * A reply that is too long to be held whole: what `out` begins is gone on with,
 * part by part, while it is sent.  Nothing of the request is left then.
 */
struct reply_source {
	/* Add the next part to `out`: 1; 0 if there is none. */
	int (*next)(struct reply_source *source, struct buf *out,
		    struct err *err);
	/* Add what tells a reader that the rest is missing. */
	void (*spoil)(struct buf *out);
	void (*free)(struct reply_source *source);
};

/* Start from `{ .out.text.max = HTTP_REPLY_MAX }`; release: reply_done(). */
struct reply {
	int status;
	struct jout out;
	char *location;			/* or NULL */
	char subject[HTTP_ID_TEXT];	/* the id at the end of location */
	char allow[32];			/* of 405 */
	bool is_problem;
	bool is_plain;			/* text for people, no JSON */
	const char *media_type;		/* if it is neither; constant */
	char attachment[HTTP_ID_TEXT + 16];	/* a file name, or "" */
	struct reply_source *source;	/* owned; NULL: `out` is all */
	bool is_early;			/* 200, but there may be more to say
					 * for whoever waits */
	bool replayed;
	int retry_after;		/* seconds; 0: not said */
	int64_t waited_s;		/* Prefer: wait that was honoured */
	char request_id[HTTP_REQUEST_ID_TEXT];
};

void reply_done(struct reply *reply);

/* Status, and where the thing `id` is: "/api/hosts/" and the id. */
void reply_locate(struct reply *reply, int status, const char *folder,
		  const char *id);

/*
 * Begin the write transaction of a request, once all that can be done before
 * is done.  The dispatcher commits it, together with what an Idempotency-Key
 * must remember, if the handler succeeds.
 */
int request_begin(const struct request *req, struct err *err) MUST_CHECK;

/* "Not Found" of 404. */
const char *http_reason(int status);

/* 1 to 64 of [A-Za-z0-9_-]. */
bool http_is_id(const char *text);

/* The same, as long as the key of an endpoint may be. */
bool http_is_key(const char *text);

/* Take the caller's request id if it is a sane one, else make one. */
void http_request_id(const char *offered, int64_t now,
		     char ret[HTTP_REQUEST_ID_TEXT]);

/*
 * Undo percent-encoding in place; `plus` makes '+' a blank.  False if it is
 * wrong or hides a NUL.
 */
bool http_unescape(char *text, bool plus) MUST_CHECK;

/* How long a body of this media type may be. */
size_t http_body_max(const struct settings *settings,
		     const char *content_type);

/* The form of a media type, with or without parameters; NULL has none. */
bool http_form_of(const char *content_type, enum http_form *ret) MUST_CHECK;

#endif
