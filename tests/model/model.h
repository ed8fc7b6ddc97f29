/*
 * model: the words that the host model, the provider model, the fault script
 * and whoever drives them have in common.
 *
 * The models are pure: no clock, no socket, no thread, no randomness but from
 * a seed.  Times are Unix milliseconds.  hostsim and providersim give them
 * sockets; the simulations call them directly.
 */
#ifndef TESTS_MODEL_MODEL_H
#define TESTS_MODEL_MODEL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "shared/own.h"

#define MODEL_HEADERS_MAX 32

struct model_header {
	char *name;		/* owned */
	char *value;		/* owned */
};

/* What somebody sends.  Members are owned; release with model_request_done. */
struct model_request {
	char *method;
	char *target;		/* path and query; for upstream calls a URL */
	char *proxy;		/* of upstream calls: its URL, or NULL */
	struct model_header headers[MODEL_HEADERS_MAX];
	size_t nheaders;
	char *body;		/* NUL behind it; never NULL */
	size_t body_len;
};

/* How an exchange ended, as the one who asked sees it. */
enum model_end {
	MODEL_END_COMPLETE,
	MODEL_END_CUT,		/* status and headers came, the body is short */
	MODEL_END_RESET,	/* the connection died before any answer */
	MODEL_END_REFUSED,	/* nobody listens there */
	MODEL_END_DNS,		/* the name does not resolve */
	MODEL_END_TLS,		/* the certificate is not accepted */
	MODEL_END_HANG,		/* no answer, ever */
	MODEL_END__MAX
};

/* What comes back.  Members are owned; release with model_answer_done(). */
struct model_answer {
	enum model_end end;
	int status;
	struct model_header headers[MODEL_HEADERS_MAX];
	size_t nheaders;
	char *body;		/* NUL behind it; never NULL once answered */
	size_t body_len;
	int64_t delay_ms;	/* from the request to the whole answer */
};

void model_request_done(struct model_request *request);
void model_answer_done(struct model_answer *answer);

/* Deep copies. */
void model_request_copy(struct model_request *to,
			const struct model_request *from);
void model_answer_copy(struct model_answer *to,
		       const struct model_answer *from);

/* The value of a header, compared without case; NULL if it is not there. */
const char *model_request_header(const struct model_request *request,
				 const char *name);
const char *model_answer_header(const struct model_answer *answer,
				const char *name);
void model_request_add_header(struct model_request *request, const char *name,
			      const char *value);
void model_answer_add_header(struct model_answer *answer, const char *name,
			     const char *value);

/* A complete answer with a body of its own copy. */
void model_answer_set(struct model_answer *answer, int status,
		      const char *content_type, const char *body);

#endif
