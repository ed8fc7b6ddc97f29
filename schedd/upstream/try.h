/*
 * try: one small request for each thing that a provider's key may be able to
 * do, and what its answer shows.
 *
 * Never more than the answer shows: "yes" takes a real completion or stream
 * that has the thing in it, "no" a refusal that names it.  A path that is
 * refused is no more than that: whether the path or the key is meant, the
 * caller knows who has seen the key served elsewhere.
 */
#ifndef SCHEDD_UPSTREAM_TRY_H
#define SCHEDD_UPSTREAM_TRY_H

#include "schedd/exchange.h"
#include "shared/profile.h"

/* In the order in which they are tried. */
enum upstream_try {
	TRY_STREAM,		/* shows chat, too */
	TRY_CHAT,
	TRY_RESPONSES,
	TRY_MESSAGES,
	TRY_TOOLS,
	TRY_JSON_MODE,
	TRY__MAX
};

TABLE_ENUM_DECLARE(upstream_try);

/* The budget of tokens for the answer; `generous`: the second time. */
int64_t upstream_try_tokens(enum upstream_try try, bool generous);

/*
 * `url` is where chat is, and for TRY_MESSAGES where that is.  Names
 * SLOT_PROVIDER_KEY.
 */
void upstream_ask_try(struct request *request, enum upstream_try try,
		      const char *url, const char *model, const char *nonce,
		      bool generous);

struct upstream_tried {
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

void upstream_judge_try(const struct answer *answer, enum upstream_try try,
			bool generous, struct upstream_tried *ret);

/*
 * Nothing more is to be asked with this key now: limits, money, the key.
 * `served`: it was answered elsewhere, so that a path that says 401, 402 or
 * 403 means itself.
 */
bool upstream_try_stops(const struct upstream_tried *tried, bool served);

#endif
