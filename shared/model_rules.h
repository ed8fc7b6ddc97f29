/*
 * model_rules: the words around and in models' names, read from the pack.
 *
 * packs/openai-cn-pack/model-names/families.tsv and words.tsv say what they
 * are; both are made part of the programs at build time and read once.
 */
#ifndef SHARED_MODEL_RULES_H
#define SHARED_MODEL_RULES_H

#include <stdbool.h>
#include <stddef.h>

#include "shared/strmap.h"
#include "shared/tsv.h"

/* A row of families.tsv. */
struct model_family {
	const char *family;	/* "kimi" */
	const char *word;	/* how names begin */
	const char *head;	/* what that is compared as */
	size_t head_len;
	char letter;		/* that says nothing before a version; or 0 */
	bool open, digit, keep, split;
};

/* In the order in which words of one text are tried. */
enum model_word_kind {
	MODEL_WORD_JOINED,
	MODEL_WORD_BRAND,
	MODEL_WORD_SHORT,
	MODEL_WORD_FAMILY,
};

/* How a name may begin. */
struct model_word {
	const char *text;
	size_t len;
	enum model_word_kind kind;
	const struct model_family *family;	/* NULL: JOINED has none */
};

/* In names of a family `old` is `now`. */
struct model_rename {
	const char *family, *old, *now;
};

#define MODEL_RENAMES_MAX 8

struct model_rules {
	struct tsv families_text, words_text;
	struct model_family *families;
	size_t nfamilies;
	struct model_word *words;	/* by first byte, the longest first */
	size_t nwords;
	size_t first[257];		/* of `words`, by first byte */
	struct model_rename renames[MODEL_RENAMES_MAX];
	size_t nrenames;
	struct strmap orgs, schemes, suffixes, levels, variants;
};

const struct model_rules *model_rules(void);

/*
 * The next word that `text` begins with, after `last` (NULL: the first);
 * NULL after the last.
 */
const struct model_word *model_rules_word(const char *text, size_t len,
					  const struct model_word *last);

#endif
