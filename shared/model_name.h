/*
 * model_name: what a model's name says, however it is spelled.
 *
 * A name is cut down to a key: kimi 2.6, KIMI-K2.6, Pro/moonshotai/Kimi-K2.6
 * and k2p6 have one key, and two names are names of one model exactly when
 * their keys are equal.  That needs no table of models: what is released
 * tomorrow is compared as well.  Pure; the rules are those of model_rules.h.
 *
 * Left out of a key: who serves the model (a path of known organisations, a
 * brand before the family's word), how it is served (:free, -FP8, [1m], the
 * date of a deployment), the letter that says nothing (kimi-k), and what
 * stands between words.  Part of it: versions, and every word that makes
 * another model; nothing is rounded or guessed.
 */
#ifndef SHARED_MODEL_NAME_H
#define SHARED_MODEL_NAME_H

#include <stdbool.h>
#include <stddef.h>

#include "shared/model_rules.h"
#include "shared/model_text.h"

#define MODEL_NAME_MAX 200	/* bytes of a name */
#define MODEL_KEY_MAX (MODEL_TEXT_MAX + 64)
#define MODEL_LEVEL_MAX 16

struct model_name {
	size_t len;		/* of the key */
	size_t head;		/* of it, the part that is the family's word */
	size_t raw_len;
	const struct model_family *family;	/* NULL: none that we know */
	bool foreign;		/* of an organisation that we do not know */
	int dropped;		/* parts that say only how it is served */
	long stamp;		/* the date of a deployment, as digits; or 0 */
	char level[MODEL_LEVEL_MAX];	/* "high" of "...(high)", or "" */
	char key[MODEL_KEY_MAX];
	char raw[MODEL_TEXT_MAX];	/* before brands and families count */
};

/*
 * Read a name that is folded already.  False if nothing is left of it; *ret
 * is only partly written, for it is large.
 */
bool model_name_read(const struct model_text *text, struct model_name *ret);

/* Both at once; false also for what model_text_fold() refuses. */
bool model_name_parse(const char *name, size_t len, struct model_name *ret);

/* A family's word or a brand alone: "kimi". */
bool model_name_is_bare(const struct model_name *name);

/*
 * Words that make variants, and versions where no family is named, and
 * nothing else: "flash", "v3", "glm latest".  A bare one is not vague.
 */
bool model_name_is_vague(const struct model_name *name);

#endif
