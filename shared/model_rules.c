#include "shared/model_rules.h"

#include <assert.h>
#include <string.h>

#include "shared/own.h"

#define WORDS_MAX 512

/* Written by scripts/embed-text.sh. */
extern const char model_families_tsv[];
extern const char model_words_tsv[];

/* ---- families.tsv ---- */

static void read_families(struct model_rules *rules)
{
	const struct tsv *table = &rules->families_text;

	rules->families = xcalloc(table->count, sizeof(*rules->families));
	for (size_t i = 0; i < table->count; i++) {
		char *const *cells = table->rows[i].cells;

		rules->families[i] = (struct model_family){
			.family = cells[0],
			.word = cells[1],
			.head = cells[2],
			.head_len = strlen(cells[2]),
			.letter = *cells[3] == '-' ? '\0' : *cells[3],
			.open = tsv_has(cells[4], "open"),
			.digit = tsv_has(cells[4], "digit"),
			.keep = tsv_has(cells[4], "keep"),
			.split = tsv_has(cells[4], "split"),
		};
	}
	rules->nfamilies = table->count;
}

static const struct model_family *family_of(const struct model_rules *rules,
					    const char *word)
{
	for (size_t i = 0; i < rules->nfamilies; i++)
		if (strcmp(rules->families[i].word, word) == 0)
			return &rules->families[i];
	return NULL;
}

/* ---- words.tsv ---- */

/* Names are compared without the hyphens between words: so are words. */
static size_t squeeze(char *text, size_t len)
{
	size_t n = 0;

	for (size_t i = 0; i < len; i++)
		if (text[i] != '-')
			text[n++] = text[i];
	return n;
}

static void add_word(struct model_rules *rules, const char *text, size_t len,
		     enum model_word_kind kind,
		     const struct model_family *family)
{
	assert(rules->nwords < WORDS_MAX && len > 0);
	assert(family || kind == MODEL_WORD_JOINED);
	rules->words[rules->nwords++] =
		(struct model_word){ text, len, kind, family };
}

static struct strmap *set_of(struct model_rules *rules, const char *kind)
{
	return strcmp(kind, "org") == 0 ? &rules->orgs :
	       strcmp(kind, "scheme") == 0 ? &rules->schemes :
	       strcmp(kind, "suffix") == 0 ? &rules->suffixes :
	       strcmp(kind, "level") == 0 ? &rules->levels :
	       strcmp(kind, "variant") == 0 ? &rules->variants : NULL;
}

static enum model_word_kind kind_of(const char *kind)
{
	if (strcmp(kind, "brand") == 0)
		return MODEL_WORD_BRAND;
	if (strcmp(kind, "short") == 0)
		return MODEL_WORD_SHORT;
	assert(strcmp(kind, "joined") == 0);
	return MODEL_WORD_JOINED;
}

/* Rows differ in width: what a word means stands behind only some kinds. */
static void read_line(struct model_rules *rules, char *line)
{
	const char *kind = strsep(&line, "\t");
	char *items = strsep(&line, "\t");
	const char *meaning = strsep(&line, "\t");
	struct strmap *set = set_of(rules, kind);
	char *item;

	assert(rules && items);
	if (strcmp(kind, "rename") == 0) {
		assert(rules->nrenames < MODEL_RENAMES_MAX && meaning && line);
		rules->renames[rules->nrenames++] =
			(struct model_rename){ items, meaning, line };
		return;
	}
	while ((item = strsep(&items, "|"))) {
		size_t len = squeeze(item, strlen(item));

		if (set)
			strmap_add(set, item, len, 1);
		else
			add_word(rules, item, len, kind_of(kind), meaning
				 ? family_of(rules, meaning) : NULL);
	}
}

static void read_words(struct model_rules *rules)
{
	const struct tsv *table = &rules->words_text;
	struct strmap *sets[] = { &rules->orgs, &rules->schemes,
		&rules->suffixes, &rules->levels, &rules->variants };

	for (size_t i = 0; i < sizeof(sets) / sizeof(*sets); i++)
		strmap_init(sets[i], WORDS_MAX);
	rules->words = xcalloc(WORDS_MAX, sizeof(*rules->words));
	for (size_t i = 0; i < rules->nfamilies; i++)
		add_word(rules, rules->families[i].word,
			 strlen(rules->families[i].word), MODEL_WORD_FAMILY,
			 &rules->families[i]);
	for (size_t i = 0; i < table->count; i++)
		read_line(rules, table->rows[i].cells[0]);
}

/* ---- the lexicon ---- */

static int by_first_and_length(const void *a, const void *b)
{
	const struct model_word *x = a, *y = b;
	int byte = (unsigned char)*x->text - (unsigned char)*y->text;

	if (byte)
		return byte;
	if (x->len != y->len)
		return x->len < y->len ? 1 : -1;
	return (int)x->kind - (int)y->kind;
}

static void sort_words(struct model_rules *rules)
{
	size_t at = 0;

	qsort(rules->words, rules->nwords, sizeof(*rules->words),
	      by_first_and_length);
	for (size_t byte = 0; byte < 256; byte++) {
		rules->first[byte] = at;
		while (at < rules->nwords &&
		       (unsigned char)*rules->words[at].text == byte)
			at++;
	}
	rules->first[256] = at;
}

const struct model_rules *model_rules(void)
{
	static struct model_rules rules;

	if (rules.words)
		return &rules;
	tsv_read(&rules.families_text, model_families_tsv, 5);
	tsv_read(&rules.words_text, model_words_tsv, 0);
	read_families(&rules);
	read_words(&rules);
	sort_words(&rules);
	return &rules;
}

const struct model_word *model_rules_word(const char *text, size_t len,
					  const struct model_word *last)
{
	const struct model_rules *rules = model_rules();
	unsigned char byte = (unsigned char)*text;
	const struct model_word *word = last ? last + 1
		: rules->words + rules->first[byte];
	const struct model_word *end = rules->words + rules->first[byte + 1];

	for (; word < end; word++)
		if (word->len <= len &&
		    memcmp(word->text, text, word->len) == 0)
			return word;
	return NULL;
}
