#include "shared/model_name.h"

#include <string.h>

#include "shared/model_strip.h"

#define VARIANT_MAX 16		/* bytes of a word that makes a variant */
#define BEGINNINGS_MAX 4	/* brands before a family's word */

/* A name without what stands between its words. */
struct squeezed {
	size_t len;
	char *text;		/* as much as a model_text */
	bool apart[MODEL_TEXT_MAX];	/* something stood before this byte */
};

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static bool is_letter(char c)
{
	return c >= 'a' && c <= 'z';
}

/*
 * Words run together; only digits stay apart, by a dot: "5 3", "5-3" and
 * "5.3" are one version.
 */
static void squeeze(const char *text, size_t len, struct squeezed *ret)
{
	bool gap = false;

	ret->len = 0;
	for (size_t i = 0; i < len; i++) {
		char c = text[i];

		if (c == '-' || c == ':') {
			gap = ret->len > 0;
			continue;
		}
		if (gap && is_digit(c) && is_digit(ret->text[ret->len - 1])) {
			ret->apart[ret->len] = true;
			ret->text[ret->len++] = '.';
			gap = false;
		}
		ret->apart[ret->len] = gap;
		ret->text[ret->len++] = c;
		gap = false;
	}
}

/* ---- how it begins ---- */

/* Does a word end here?  Chinese ones do wherever they do. */
static bool word_ends(const struct squeezed *s, size_t at)
{
	return at >= s->len || s->apart[at] || !is_letter(s->text[at]) ||
	       !is_letter(s->text[at - 1]);
}

static bool family_fits(const struct squeezed *s, size_t at,
			const struct model_word *word)
{
	size_t end = at + word->len;

	if (word->family->digit)
		return end < s->len && is_digit(s->text[end]);
	return word->family->open || word_ends(s, end);
}

/* Does a family's word, or a brand, begin here? */
static bool something_known(const struct squeezed *s, size_t at)
{
	const struct model_word *word = NULL;

	if (at >= s->len)
		return false;
	while ((word = model_rules_word(s->text + at, s->len - at, word))) {
		if (word->kind == MODEL_WORD_BRAND)
			return true;
		if (word->kind == MODEL_WORD_FAMILY &&
		    family_fits(s, at, word))
			return true;
	}
	return false;
}

/* A version, with or without the letter before it; or nothing at all. */
static bool version_or_end(const struct squeezed *s, size_t at)
{
	if (at < s->len && (s->text[at] == 'v' || s->text[at] == 'r'))
		at++;
	return at >= s->len || is_digit(s->text[at]);
}

/* What the words at `at` mean; NULL: nothing.  *ret_passes: it is passed by. */
static const struct model_word *begins_with(const struct squeezed *s,
					    size_t at, bool *ret_passes)
{
	const struct model_word *word = NULL;

	while ((word = model_rules_word(s->text + at, s->len - at, word))) {
		size_t end = at + word->len;

		*ret_passes = false;
		if (word->kind == MODEL_WORD_FAMILY) {
			if (family_fits(s, at, word))
				return word;
			continue;
		}
		if (word->kind == MODEL_WORD_SHORT) {
			if (version_or_end(s, end))
				return word;
			continue;
		}
		*ret_passes = something_known(s, end);
		if (*ret_passes)
			return word;
		if (word->kind == MODEL_WORD_BRAND && word_ends(s, end))
			return word;
	}
	return NULL;
}

/* Pass by brands; *ret_rest is where what the family says begins. */
static const struct model_family *find_family(const struct squeezed *s,
					      size_t *ret_rest)
{
	size_t at = 0;

	*ret_rest = 0;
	for (int i = 0; i < BEGINNINGS_MAX && at < s->len; i++) {
		bool passes;
		const struct model_word *word = begins_with(s, at, &passes);

		if (!word)
			break;
		if (!passes) {
			*ret_rest = word->family->keep ? at : at + word->len;
			return word->family;
		}
		at += word->len;
	}
	*ret_rest = at;
	return NULL;
}

/* ---- the key ---- */

static void put(struct model_name *name, const char *text, size_t len)
{
	if (name->len + len >= MODEL_KEY_MAX)
		len = MODEL_KEY_MAX - 1 - name->len;
	memcpy(name->key + name->len, text, len);
	name->len += len;
}

/*
 * "k26", "m27": two digits right behind the letter, and nothing that would
 * make another number or a size of them.
 */
static bool is_glued_version(const struct squeezed *s, size_t at)
{
	if (at + 2 > s->len || !is_digit(s->text[at]) ||
	    s->text[at] == '0' || !is_digit(s->text[at + 1]))
		return false;
	if (at + 2 == s->len || s->apart[at + 2])
		return at + 2 == s->len || s->text[at + 2] != '.';
	return is_letter(s->text[at + 2]) && s->text[at + 2] != 'b' &&
	       s->text[at + 2] != 'k';
}

/* "2p6": the letter stands for a dot. */
static bool is_dot(const struct squeezed *s, size_t at)
{
	return s->text[at] == 'p' && at > 0 && at + 1 < s->len &&
	       is_digit(s->text[at - 1]) && is_digit(s->text[at + 1]) &&
	       !s->apart[at] && !s->apart[at + 1];
}

static void put_rest(struct model_name *name, const struct squeezed *s,
		     size_t at)
{
	size_t from = name->len;

	put(name, s->text + at, s->len - at);
	for (size_t i = at; i < s->len && from + i - at < name->len; i++)
		if (s->text[i] == 'p' && is_dot(s, i))
			name->key[from + i - at] = '.';
}

static void put_version(struct model_name *name, const struct squeezed *s,
			size_t at)
{
	const struct model_family *family = name->family;

	if (family->letter && at + 1 < s->len &&
	    s->text[at] == family->letter && is_digit(s->text[at + 1])) {
		at++;
		if (family->split && is_glued_version(s, at)) {
			put(name, s->text + at, 1);
			put(name, ".", 1);
			at++;
		}
	}
	put_rest(name, s, at);
}

/* The old word of a family's names becomes its new one. */
static void rename_words(struct model_name *name)
{
	const struct model_rules *rules = model_rules();

	for (size_t i = 0; i < rules->nrenames; i++) {
		const struct model_rename *row = &rules->renames[i];
		size_t old = strlen(row->old);
		char rest[MODEL_KEY_MAX];
		const char *at;
		size_t len;

		if (strcmp(row->family, name->family->family) != 0)
			continue;
		at = memmem(name->key + name->head, name->len - name->head,
			    row->old, old);
		if (!at)
			continue;
		len = name->len - (size_t)(at - name->key) - old;
		memcpy(rest, at + old, len);
		name->len = (size_t)(at - name->key);
		put(name, row->now, strlen(row->now));
		put(name, rest, len);
	}
}

static void make_key(struct model_name *name, const struct squeezed *s)
{
	size_t rest;

	name->family = find_family(s, &rest);
	if (name->family) {
		put(name, name->family->head, name->family->head_len);
		name->head = name->len;
		put_version(name, s, rest);
		rename_words(name);
	} else {
		name->head = name->len;
		put_rest(name, s, rest);
	}
	name->key[name->len] = '\0';
}

/* "Hunyuan-3 (Hy3)", "GLM-5.2 (智谱)": the same once more, or its maker. */
static bool says_the_same(const struct model_text *text,
			  const struct strip *strip,
			  const struct model_name *name)
{
	struct model_text inner;
	struct model_name said;

	inner.len = strip->aside_len;
	memcpy(inner.text, text->text + strip->aside, inner.len);
	inner.text[inner.len] = '\0';
	if (memchr(inner.text, '(', inner.len) ||
	    !model_name_read(&inner, &said))
		return true;
	if (said.len == name->len &&
	    memcmp(said.key, name->key, said.len) == 0)
		return true;
	return name->family && said.family && model_name_is_bare(&said) &&
	       strcmp(said.family->family, name->family->family) == 0;
}

static void read_part(const struct model_text *text, const struct strip *strip,
		      size_t end, struct model_name *ret)
{
	struct squeezed s = { .text = ret->raw };

	ret->len = 0;
	if (strip->begin > strip->name) /* an organisation that is unknown */
		put(ret, text->text + strip->name,
		    strip->begin - strip->name);
	squeeze(text->text + strip->begin, end - strip->begin, &s);
	ret->raw_len = s.len;
	make_key(ret, &s);
}

bool model_name_read(const struct model_text *text, struct model_name *ret)
{
	struct strip strip;

	strip_name(text, &strip);
	if (strip.end <= strip.begin)
		return false;
	ret->foreign = strip.begin > strip.name;
	ret->dropped = strip.dropped;
	ret->stamp = strip.stamp;
	memcpy(ret->level, strip.level, sizeof(ret->level));
	read_part(text, &strip, strip.end, ret);
	if (strip.aside_len > 0 && !says_the_same(text, &strip, ret))
		read_part(text, &strip, strip.whole, ret);
	return ret->len > 0;
}

bool model_name_parse(const char *name, size_t len, struct model_name *ret)
{
	struct model_text text;

	return len <= MODEL_NAME_MAX && model_text_fold(name, len, &text) &&
	       model_name_read(&text, ret);
}

/* ---- what it leaves open ---- */

bool model_name_is_bare(const struct model_name *name)
{
	return name->family && name->len == name->head && !name->foreign;
}

/*
 * A version alone: digits and dots, with a letter that families put before
 * them, or not.  "o3" is a name.
 */
static size_t version_at(const char *text, size_t len)
{
	size_t at = len > 0 && strchr("mrtvx", *text) ? 1 : 0;

	if (at >= len || !is_digit(text[at]))
		return 0;
	while (at < len && (is_digit(text[at]) || text[at] == '.'))
		at++;
	return at;
}

/* The longest word that makes a variant here. */
static size_t variant_at(const char *text, size_t len)
{
	for (size_t n = len < VARIANT_MAX ? len : VARIANT_MAX; n > 0; n--)
		if (strmap_get(&model_rules()->variants, text, n) >= 0)
			return n;
	return 0;
}

bool model_name_is_vague(const struct model_name *name)
{
	const char *text = name->key + name->head;
	size_t len = name->len - name->head;

	if (name->foreign || len == 0)
		return false;
	while (len > 0) {
		size_t n = name->family ? 0 : version_at(text, len);

		if (n == 0)
			n = variant_at(text, len);
		if (n == 0)
			return false;
		text += n;
		len -= n;
	}
	return true;
}
