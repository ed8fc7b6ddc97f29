/*
 * try: one small request for each thing that a provider's key may be able to
 * do, and what its answer shows.
 *
 * Never more than the answer shows: "yes" takes a real completion or stream
 * that has the thing in it, "no" a refusal that names it.  A path that is
 * refused is no more than that: whether the path or the key is meant, the
 * caller knows who has seen the key served elsewhere.  Pure: who carries the
 * request and its answer is schedd (schedd/upstream/try.h) or crmctl.
 */
#ifndef SHARED_TRY_H
#define SHARED_TRY_H

#include "shared/jout.h"
#include "shared/profile.h"
#include "shared/verdict.h"

/* In the order in which they are tried. */
enum try {
	TRY_STREAM,		/* shows chat, too */
	TRY_CHAT,
	TRY_RESPONSES,
	TRY_MESSAGES,
	TRY_TOOLS,
	TRY_JSON_MODE,
	TRY__MAX
};

TABLE_ENUM_DECLARE(try);

/* The budget of tokens for the answer; `generous`: the second time. */
int64_t try_tokens(enum try try, bool generous);

/* With less, models that think first say nothing at all. */
#define TRY_TOKENS_GENEROUS 1024

/* The body of the request: one JSON object.  `nonce` makes it a new one. */
void try_write(struct jout *out, enum try try, const char *model,
	       const char *nonce, bool generous);

struct tried {
	enum capable is;	/* of the thing itself */
	bool served;		/* a real completion: key, path and model work */
	bool refused;		/* the path, or the key on it */
	bool cut;		/* it thought until the tokens were used up */
	bool thought;
	bool whole;		/* a stream was asked for: it came in one */
	unsigned int quirks;	/* bits 1 << enum quirk */
	enum failure class;	/* FAILURE_NONE, or what is wrong */
	int status;		/* 0: no answer */
	int64_t tokens;		/* that it cost, or may have cost */
	char words[PROFILE_WORDS_MAX + 1];
};

void try_judge(const struct verdict_answer *answer, enum try try,
	       bool generous, struct tried *ret);

/*
 * A response object of /responses, be it cut short: a model that thinks
 * first does not get far with few tokens, and that is no fault of the path.
 */
bool try_is_response(const json_t *json);

/*
 * Nothing more is to be asked with this key now: limits, money, the key.
 * `served`: it was answered elsewhere, so that a path that says 401, 402 or
 * 403 means itself.
 */
bool try_stops(const struct tried *tried, bool served);

#endif
