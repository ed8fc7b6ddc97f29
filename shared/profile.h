/*
 * profile: what a provider's key can do, and how that is known.
 *
 * Which paths it serves, and of each model that was tried: chat, stream,
 * tools, JSON mode, whether it thinks.  Each is yes, no or unknown.  It is
 * "yes" only where a real completion or stream showed it, and "no" only where
 * the same key was served elsewhere: a refusal alone may be the key's.
 *
 * Pure.  As text it is the JSON that docs/openapi.yaml calls
 * CapabilityProfile.
 */
#ifndef SHARED_PROFILE_H
#define SHARED_PROFILE_H

#include <stdbool.h>
#include <stdint.h>

#include "shared/failure.h"
#include "shared/own.h"
#include "shared/table.h"

#define PROFILE_MODELS_MAX	5
#define PROFILE_MODEL_MAX	200	/* bytes of a name */
#define PROFILE_WORDS_MAX	120
#define PROFILE_URL_MAX		400
#define PROFILE_TEXT_MAX	16384	/* bytes of JSON; the table's limit */

/* How much is asked. */
enum profile_level { PROFILE_OFF, PROFILE_BASIC, PROFILE_FULL,
		     PROFILE_LEVEL__MAX };

enum capable { CAPABLE_UNKNOWN, CAPABLE_YES, CAPABLE_NO, CAPABLE__MAX };

enum learnt {
	LEARNT_NOT,
	LEARNT_PROBED,		/* the answer itself shows it */
	/* The path was refused while the same key was served elsewhere. */
	LEARNT_DIFFERENTIAL,
	LEARNT_PACK,		/* documented; nobody tried */
	LEARNT__MAX
};

enum profile_path { PATH_CHAT, PATH_RESPONSES, PATH_MESSAGES,
		    PROFILE_PATH__MAX };

enum skill { SKILL_CHAT, SKILL_STREAM, SKILL_TOOLS, SKILL_JSON_MODE,
	     SKILL_REASONING, SKILL__MAX };

/* What clients stumble over; bits of `quirks`. */
enum quirk {
	QUIRK_NO_DONE,		/* its streams end without [DONE] */
	QUIRK_STREAM_TYPE,	/* and do not call themselves events */
	QUIRK_THINK_TAGS,	/* it thinks inside of the content */
	QUIRK_THINKS_LONG,	/* small budgets end before it speaks */
	QUIRK_LIST_ABSENT,	/* it is documented to have no list of models */
	QUIRK_LIST_PUBLIC,	/* it lists models for any key, good or bad */
	QUIRK__MAX
};

TABLE_ENUM_DECLARE(profile_level);
TABLE_ENUM_DECLARE(capable);
TABLE_ENUM_DECLARE(learnt);
TABLE_ENUM_DECLARE(profile_path);
TABLE_ENUM_DECLARE(skill);
TABLE_ENUM_DECLARE(quirk);

/*
 * While profile_settle() has not been called, UNKNOWN with
 * LEARNT_DIFFERENTIAL is a refusal of which nobody knows yet whose it is.
 */
struct capability {
	enum capable is;
	enum learnt learnt;
	int status;		/* of HTTP; 0: no answer, or none was asked */
	enum failure class;	/* of a refusal; or FAILURE_NONE */
	int64_t at;		/* when it was learnt; 0: never */
	char words[PROFILE_WORDS_MAX + 1];	/* redacted; or "" */
};

struct profile_model {
	char model[PROFILE_MODEL_MAX + 1];
	struct capability skills[SKILL__MAX];
};

/* Plain data; zeroed is an empty one. */
struct profile {
	enum profile_level level;
	int64_t at;		/* when the asking began */
	enum failure stopped;	/* why it ended early; or FAILURE_NONE */
	bool over_budget;	/* that is why */
	int64_t probes, tokens;	/* what it cost */
	struct capability paths[PROFILE_PATH__MAX];
	char urls[PROFILE_PATH__MAX][PROFILE_URL_MAX + 1];
	struct profile_model models[PROFILE_MODELS_MAX];
	size_t nmodels;
	unsigned int quirks;	/* bits 1 << enum quirk */
};

/* It was asked to the end. */
bool profile_is_complete(const struct profile *profile);

/* Has anything worked with this key? */
bool profile_is_served(const struct profile *profile);

/* Refusals become "no" where something else worked, else they stay unknown. */
void profile_settle(struct profile *profile);

/* What is unknown here and known there is taken over, with its age. */
void profile_merge(struct profile *profile, const struct profile *older);

char *profile_text(const struct profile *profile) GIVES_MEMORY;

/* Of NULL, or of what is none, an empty one. */
void profile_parse(const char *text, struct profile *ret);

#endif
