/*
 * conformance: does a provider behave as its manifest expects?
 *
 * The expectations are those of `conformance` in a manifest; "any" and what
 * is left out expects nothing and is not asked for.  What is asked and how an
 * answer is judged is that of shared/try.h and shared/models_answer.h.
 *
 * Pure: conformance_next() says what to ask, the caller asks, and
 * conformance_take() is told the answer, until nothing is left.  As few small
 * questions as can be: at most one for each expectation, and once more where
 * a path stands elsewhere or a model thought until its tokens were used up.
 */
#ifndef SHARED_CONFORMANCE_H
#define SHARED_CONFORMANCE_H

#include "shared/try.h"

enum conform_verdict { CONFORM_OK, CONFORM_DIFFERS, CONFORM_UNKNOWN,
		       CONFORM__MAX };

TABLE_ENUM_DECLARE(conform_verdict);

/* In the order in which they are asked. */
enum conform_ask {
	CONFORM_LIST,
	CONFORM_LIST_WRONG,	/* the list, with a key that is wrong */
	CONFORM_STREAM,
	CONFORM_CHAT,
	CONFORM_TOOLS,
	CONFORM_JSON_MODE,
	CONFORM_WRONG,		/* a chat, with a key that is wrong */
	CONFORM_RESPONSES,
	CONFORM_ASK__MAX
};

struct conform_question {
	enum conform_ask ask;
	enum try try;		/* not of a list */
	bool list;		/* GET, of the list of models */
	bool wrong_key;
	bool generous;
	size_t root;		/* which api_root() */
};

/* What became of one question. */
struct conform_seen {
	bool asked, done;
	struct tried tried;	/* of a list: status, class and words only */
	json_t *listed;		/* owned; of a list that came */
	int64_t ms;
};

/* Release with conformance_done(). */
struct conformance {
	const json_t *expected;	/* borrowed */
	size_t roots;		/* how many api_root() there are */
	size_t chat_root, list_root;	/* the one in use */
	bool generous;
	enum failure stopped;	/* nothing more is to be asked with the key */
	int64_t requests;
	struct conform_seen seen[CONFORM_ASK__MAX];
};

/* `expected` is the member `conformance` of a checked manifest. */
void conformance_init(struct conformance *ret, const json_t *expected,
		      const char *base_url);
void conformance_done(struct conformance *conformance);

/* False if nothing is left to ask. */
bool conformance_next(const struct conformance *conformance,
		      struct conform_question *ret);

void conformance_take(struct conformance *conformance,
		      const struct conform_question *question,
		      const struct verdict_answer *answer, int64_t ms);

/*
 * An array: for each expectation {"expectation", "expected", "status",
 * "seen", "verdict", "ms"}; a status of 0 is no answer.  The provider's words
 * are redacted.  *ret_worst: ok if all are, else differs if one does.
 */
json_t *conformance_rows(const struct conformance *conformance,
			 enum conform_verdict *ret_worst);

#endif
