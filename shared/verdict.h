/*
 * verdict: what an answer of a provider or of a host's gateway means.
 *
 * Pure: an answer goes in, a finding comes out; no clock, no network, no
 * store.  Codes in the body come before the status, for providers say "no
 * money" with 400, 402, 403, 429 and 500, and "no such model" with 503.  What
 * the codes and words mean is data: shared/verdict/provider.tsv and
 * gateway.tsv, in the form that verdict_rules.h describes.
 */
#ifndef SHARED_VERDICT_H
#define SHARED_VERDICT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <jansson.h>

#include "shared/failure.h"

#define FINDING_TEXT_MAX 300

/* Whose answer it is: of a provider, or of a sub2api host to a user's key. */
enum verdict_peer { VERDICT_PROVIDER, VERDICT_GATEWAY, VERDICT_PEER__MAX };

TABLE_ENUM_DECLARE(verdict_peer);

struct verdict_answer {
	enum verdict_peer peer;
	const char *provider;	/* "zhipu", "minimax-cn"; NULL: not known */
	enum failure delivery;	/* why no answer came; FAILURE_NONE: one did */
	int status;
	const char *content_type; /* or NULL */
	const char *body;	/* or NULL; any bytes */
	size_t body_len;
	const json_t *json;	/* the body, if somebody parsed it; or NULL */
	int64_t retry_after_ms;	/* of the header; -1: it is not there */
	int64_t now;		/* for "reset at ..."; 0: not known */
};

/*
 * class		FAILURE_NONE: a completion came, with something in it.
 * waiting_helps	Asking again can help: later, or of what was cut,
 *			with a larger budget (FAILURE_EMPTY_COMPLETION).
 * retry_after_ms	how long to wait; -1 unless waiting_helps.
 */
struct finding {
	enum failure class;
	const char *cause_zh, *cause_en;
	bool waiting_helps;
	int64_t retry_after_ms;
	int status;		/* of HTTP; 0: no answer */
	char code[100];		/* or type, as it was said; "" if there is none */
	char text[FINDING_TEXT_MAX + 1]; /* the peer's words, redacted */
};

/* A whole answer came, and its status is 2xx. */
bool verdict_is_success(const struct verdict_answer *answer);

/* A page for people, where JSON was wanted. */
bool verdict_is_page(const struct verdict_answer *answer);

struct finding verdict_of(const struct verdict_answer *answer);

#endif
