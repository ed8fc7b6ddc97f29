/*
 * model_known: the models that are known by name, and names no rule explains.
 *
 * packs/openai-cn-pack/model-names/models.tsv and aliases.tsv, read once.
 * What is not here is unknown; that is no fault, and never a reason to take
 * a model that is.
 */
#ifndef SHARED_MODEL_KNOWN_H
#define SHARED_MODEL_KNOWN_H

#include "shared/model_name.h"

struct model {
	const char *name;	/* canonical: "MiniMax-M2.5" */
	const char *family;
	const char *key;
	size_t key_len;
};

/* NULL if it is none that is known. */
const struct model *model_known(const struct model_name *name);

/* By its canonical name, to the letter; NULL. */
const struct model *model_known_by_name(const char *name);

/* All, family by family, a family's newest first. */
const struct model *model_known_all(size_t *ret_count);

/*
 * Is the beginning of the key, longer than `head`, that of a known model?
 * "qwen-plus-latest" is another model than qwen-plus, but no vague word.
 */
bool model_known_begins(const char *key, size_t head, size_t len);

/*
 * How many keys of known models go on from this one with a letter, as
 * "kimi2.7code" does from "kimi2.7"?
 */
size_t model_known_going_on(const char *key, size_t len);

#endif
