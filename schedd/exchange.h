/*
 * exchange: one HTTP request and what became of it, as steps see them.
 *
 * A step builds a request from what is stored and reads an answer.  Both are
 * plain data.  A secret is never in a request: a header or a place in the
 * body names a slot, and wire.c puts the secret in when the request leaves.
 */
#ifndef SCHEDD_EXCHANGE_H
#define SCHEDD_EXCHANGE_H

#include <stdbool.h>
#include <stdint.h>

#include <jansson.h>

#include "shared/jout.h"
#include "shared/own.h"

/* The secrets that a request may name. */
enum slot {
	SLOT_NONE,
	SLOT_HOST_TOKEN,	/* of the administrator, as registered */
	SLOT_PROVIDER_KEY,	/* of the item */
	SLOT_USER_PASSWORD,	/* of the managed user */
	SLOT_USER_TOKEN,	/* JWT of the managed user */
	SLOT_USER_KEY,		/* API key of the managed user */
	SLOT_HOST_SESSION,	/* JWT of the administrator, by its password */
	SLOT_GIVEN_KEY,		/* of somebody real, given to prove access */
	SLOT_PROXY,		/* URL with credentials; only the wire's */
	SLOT__MAX
};

enum method { METHOD_GET, METHOD_POST, METHOD_PUT, METHOD_DELETE, METHOD__MAX };

/* Who is asked: decides limits and how the answer is judged. */
enum peer { PEER_HOST, PEER_PROVIDER };

/* Calls that a host counts (its rate limits). */
enum budget { BUDGET_NONE, BUDGET_LOGIN, BUDGET_USER_CALL, BUDGET__MAX };

#define REQUEST_HEADERS_MAX 16
#define REQUEST_HOLES_MAX 4
#define REQUEST_BODY_MAX (1 << 20)

struct request_header {
	char *name;		/* owned */
	char *value;		/* owned; what stands before the secret */
	enum slot slot;		/* SLOT_NONE: `value` is all of it */
};

/* Where in the body a secret goes: as a JSON string with its quotes. */
struct request_hole {
	size_t offset;
	enum slot slot;
};

/* Release with request_done(). */
struct request {
	enum method method;
	enum peer peer;
	enum budget budget;
	char *url;
	enum slot url_tail_slot;	/* ends the URL; SLOT_NONE: nothing does */
	size_t url_tail_len;
	struct request_header headers[REQUEST_HEADERS_MAX];
	size_t nheaders;
	struct jout body;	/* empty: no body */
	struct request_hole holes[REQUEST_HOLES_MAX];
	size_t nholes;
	bool bulky;		/* the answer may have megabytes: a long list */
	bool chat;		/* a completion: the longer timeout */
	bool background;	/* nobody waits: counts against a day's tokens */
	int64_t token_estimate;	/* of a background completion */
};

void request_done(struct request *request);

/* The URL is made of `base` and what printf makes of the rest. */
void request_start(struct request *request, enum method method,
		   enum peer peer, const char *base, const char *fmt, ...)
	PRINTF_LIKE(5, 6);

/*
 * The URL ends in the last `len` characters of the secret, escaped: a search
 * for a key that need not name all of it.
 */
void request_url_tail(struct request *request, enum slot slot, size_t len);

/* A header; its value is `value` followed by the secret in `slot`. */
void request_header(struct request *request, const char *name,
		    const char *value, enum slot slot);

/* Does a header hold the secret in `slot`? */
bool request_has_slot(const struct request *request, enum slot slot);

/* A member of the body whose value is the secret in `slot`. */
void request_secret(struct request *request, const char *name,
		    enum slot slot);

/* Text made safe to stand in a query or a path.  The caller frees it. */
char *request_escape(const char *text);

/* How an exchange ended, before anybody looked at the answer. */
enum transport {
	TRANSPORT_OK,		/* a status came, and the whole body */
	TRANSPORT_DNS,
	TRANSPORT_REFUSED,
	TRANSPORT_TLS,
	TRANSPORT_TIMEOUT,	/* not even connected */
	TRANSPORT_SILENT,	/* connected, and no answer in time */
	TRANSPORT_RESET,	/* the connection died; the effect may be there */
	TRANSPORT_TOO_LARGE,
	TRANSPORT_BAD_URL,
	TRANSPORT_FORBIDDEN,	/* the address may not be asked, see way.h */
	TRANSPORT_PROXY,	/* the proxy failed or refused, not the peer */
	TRANSPORT__MAX
};

/* Release with answer_done(). */
struct answer {
	enum transport transport;
	int status;		/* 0 unless a status came */
	char *content_type;	/* lower case, without parameters; or NULL */
	char *location;		/* of a redirect; or NULL */
	char *request_id;	/* X-Request-Id; or NULL */
	char *note;		/* why no answer came, in a few words; or NULL */
	int64_t retry_after_ms;	/* -1: not said */
	char *body;		/* NUL behind it; or NULL */
	size_t body_len;
	json_t *json;		/* the body, if it is JSON; or NULL */
	bool sliced;		/* and a list of which slices.h left little */
	int64_t latency_ms;
	int64_t first_byte_ms;
};

void answer_done(struct answer *answer);

/* Parse the body into `json`, if it is JSON. */
void answer_parse(struct answer *answer);

/* A value of the answer by JSON pointer ("/data/id"); NULL if not there. */
const json_t *answer_at(const struct answer *answer, const char *pointer);
const char *answer_text(const struct answer *answer, const char *pointer);

#endif
