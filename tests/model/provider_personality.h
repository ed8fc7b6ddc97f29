/*
 * provider_personality: what providers are like, as tables.
 *
 * A personality names the reply that each kind of path gives, and twists that
 * concern more than one reply.  It knows nothing of requests.
 */
#ifndef TESTS_MODEL_PROVIDER_PERSONALITY_H
#define TESTS_MODEL_PROVIDER_PERSONALITY_H

#include "tests/model/model.h"

enum provider_path {
	PROVIDER_CHAT,
	PROVIDER_RESPONSES,
	PROVIDER_RESPONSES_PART,	/* below /responses */
	PROVIDER_MODELS,
	PROVIDER_MODEL,			/* below /models */
	PROVIDER_EMBEDDINGS,
	PROVIDER_MESSAGES,		/* of Anthropic's protocol */
	PROVIDER_COUNT_TOKENS,		/* below /messages */
	PROVIDER_BALANCE,
	PROVIDER_OTHER,
	PROVIDER_PATH__MAX
};

/* A reply that does not depend on the question. */
struct provider_reply {
	int status;			/* 0: the ordinary answer */
	const char *type;
	const char *body;
	const char *header;		/* one more, or NULL */
	const char *value;
	enum model_end end;
	bool before_key;		/* given to strangers too */
};

enum provider_twist {
	TWIST_SLOW	= 1 << 0,	/* every answer takes 3 s */
	TWIST_CUT	= 1 << 1,	/* every answer breaks off */
	TWIST_ENDLESS	= 1 << 2,	/* no answer ever ends */
	TWIST_FLAP	= 1 << 3,	/* every second question gets 429 */
	TWIST_THINK	= 1 << 4,	/* thinks, and needs tokens for it */
	TWIST_ECHO	= 1 << 5,	/* shows a wrong key in its answer */
	TWIST_MASK	= 1 << 6,	/* shows its ends only */
	TWIST_OPEN	= 1 << 7,	/* lists its models to anybody */
	TWIST_MODEL_400	= 1 << 8,	/* a model it lacks is a bad request */
	TWIST_REVOKE	= 1 << 9,	/* after 20 questions no key is good */
	TWIST_RETIRE	= 1 << 10,	/* after 20 its last model is gone */
	TWIST_UNLIST	= 1 << 11,	/* its second list lacks the last one */
	TWIST_PARTS	= 1 << 12,	/* /responses/compact and the like work */
	TWIST_NO_TOOLS	= 1 << 13,	/* tools are a bad request */
	TWIST_NO_JSON	= 1 << 14,	/* and so is JSON mode */
	TWIST_WHOLE	= 1 << 15,	/* streams come in one piece, as JSON */
	TWIST_TAGS	= 1 << 16,	/* thinks in the content; no [DONE] */
	TWIST_APART	= 1 << 17,	/* /messages is below /anthropic only */
	TWIST_AGENT	= 1 << 18,	/* lets one user agent by */
	TWIST_NO_LIMIT	= 1 << 19,	/* max_tokens is a bad request */
};

struct provider_personality {
	const char *name;
	const char *summary;
	const struct provider_reply *replies[PROVIDER_PATH__MAX];
	unsigned int twists;		/* of enum provider_twist */
};

/* NULL if there is no such personality; NULL stands for the first one. */
const struct provider_personality *provider_personality_find(const char *name);

/* What keys without money, or used too often, get. */
extern const struct provider_reply *const provider_reply_quota;
extern const struct provider_reply *const provider_reply_limited;

#endif
