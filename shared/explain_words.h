/*
 * explain_words: the words that explain is made of, in Chinese and English.
 *
 * No word of a program stands in a sentence for people: what has no sentence
 * here is left out.
 */
#ifndef SHARED_EXPLAIN_WORDS_H
#define SHARED_EXPLAIN_WORDS_H

#include "shared/diagnosis.h"
#include "shared/explain.h"
#include "shared/failure.h"
#include "shared/items.h"
#include "shared/say.h"

/* Shown as a badge, and by its name in JSON. */
enum explain_state {
	STATE_UNKNOWN,
	STATE_ACTIVE,
	STATE_STALE,
	STATE_DEGRADED,
	STATE_BROKEN,
	STATE_IMPORTING,
	STATE_FAILED,
	STATE_CANCELLED,
	STATE_HOST_READY,
	STATE_HOST_UNREACHABLE,
	STATE_HOST_UNAUTHORIZED,
	STATE_HOST_COMPLIANCE,
	STATE_HOST_UNSUPPORTED,
	STATE_HOST_SUSPECT,
	EXPLAIN_STATE__MAX
};

struct explain_state_words {
	const char *name;
	enum explain_tone tone;
	struct said badge;
};

const struct explain_state_words *explain_state_words(enum explain_state s);

/* What is wrong, without a full stop and for use within a sentence. */
char *explain_cause(const char *lang, enum failure class) GIVES_MEMORY;

/* The other ones: what is to be done; "" if there are none. */
char *explain_remedy(const char *lang, enum failure class) GIVES_MEMORY;

/* How to do it, as commands or clicks. */
struct explain_commands {
	enum failure class;
	struct said how;
	bool instead;		/* of the remedy, which says the same */
};

/* NULL: the remedy says it all. */
const struct explain_commands *explain_commands(enum failure class);

/* What was done while it was imported, by stage. */
const struct said *explain_stage(enum item_stage stage);

/* Whose key proved it; "" words if it is not known. */
const struct said *explain_key_source(const char *source);

/* What one repair does; NULL if it is not known. */
struct explain_repair {
	const char *name;
	struct said what;
	bool before, after;	/* these values tell a person something */
};

const struct explain_repair *explain_repair(const char *name);

/* What kinds of events mean; NULL: nothing that people need. */
const struct said *explain_event(const char *kind);

const struct said *explain_actor_words(enum explain_actor actor);
const struct said *explain_part_words(enum explain_part part);

#endif
