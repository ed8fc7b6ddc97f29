#include "shared/verdict_words.h"

#include <ctype.h>
#include <stdint.h>
#include <string.h>

#include "shared/redact.h"
#include "shared/table.h"

#define LITERAL_MAX 128

/* ---- one form ---- */

static bool is_word(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
}

static bool is_upper(char c)
{
	return c >= 'A' && c <= 'Z';
}

static bool is_lower(char c)
{
	return c >= 'a' && c <= 'z';
}

static bool is_ascii(char c)
{
	return (unsigned char)c < 0x80;
}

static char last_of(const struct buf *out)
{
	return out->len > 0 ? out->text[out->len - 1] : '\n';
}

/* No blank at the start of a line, after another, or after Chinese. */
static void add_blank(struct buf *out)
{
	char last = last_of(out);

	if (last != ' ' && last != '\n' && is_ascii(last))
		buf_add(out, " ", 1);
}

static void add_break(struct buf *out)
{
	if (last_of(out) == ' ')
		out->text[--out->len] = '\0';
	if (last_of(out) != '\n')
		buf_add(out, "\n", 1);
}

/* "invalidApiKey", "APIKey": does a word begin at this capital? */
static bool begins_word(const char *at, const char *start)
{
	char before = at > start ? at[-1] : ' ';

	if (!is_upper(*at))
		return false;
	if (is_lower(before) || (before >= '0' && before <= '9'))
		return true;
	return is_upper(before) && is_lower(at[1]) &&
	       !(at[1] == 's' && !isalpha((unsigned char)at[2]));
}

static void add_ascii(struct buf *out, const char *at, const char *start)
{
	char c = (char)tolower((unsigned char)*at);
	bool inside = at > start && isalnum((unsigned char)at[-1]) &&
		      isalnum((unsigned char)at[1]);

	if (begins_word(at, start))
		add_blank(out);
	if (c == '\'' && inside)
		return;
	if (is_word(c) || ((c == '.' || c == '/') && inside))
		buf_add(out, &c, 1);
	else if (c == '.' || c == '!' || c == '?' || c == ';')
		add_break(out);
	else
		add_blank(out);
}

/* U+FF01 to U+FF5E are the ASCII signs in full width. */
static char narrow_of(const unsigned char *c)
{
	unsigned code = (c[0] & 0x0fu) << 12 | (c[1] & 0x3fu) << 6 |
			(c[2] & 0x3fu);

	return code >= 0xff01 && code <= 0xff5e ? (char)(code - 0xfee0) : '\0';
}

/* Signs beyond ASCII that are nothing but blanks. */
static bool is_sign(const char *at, size_t len)
{
	static const char *const signs[] = {
		"、", "【", "】", "「", "」", "“", "”", "‘", "《", "》", "…",
		"—", "·", "\u00a0", "\u3000", "\u200b", "\ufeff", "｜",
	};

	for (size_t i = 0; i < COUNT(signs); i++)
		if (strlen(signs[i]) == len && memcmp(at, signs[i], len) == 0)
			return true;
	return false;
}

static void add_wide(struct buf *out, const char *at, size_t len,
		     const char *start)
{
	char narrow = len == 3 ? narrow_of((const unsigned char *)at) : '\0';
	bool apostrophe = len == 3 && memcmp(at, "’", 3) == 0;

	if (apostrophe && at > start && isalpha((unsigned char)at[-1]) &&
	    isalpha((unsigned char)at[3]))
		return;
	if (len == 3 && memcmp(at, "。", 3) == 0) {
		add_break(out);
	} else if (narrow) {
		char alone[] = { narrow, '\0' };

		add_ascii(out, alone, alone);
	} else if (apostrophe || is_sign(at, len)) {
		add_blank(out);
	} else {
		if (last_of(out) == ' ')
			out->text[--out->len] = '\0';
		buf_add(out, at, len);
	}
}

void words_add(struct buf *out, const char *text)
{
	const char *at = text;

	while (*at && !out->failed) {
		size_t len = redact_character(at);

		if (len == 0) {
			add_blank(out);
			len = 1;
		} else if (len == 1) {
			add_ascii(out, at, text);
		} else {
			add_wide(out, at, len, text);
		}
		at += len;
	}
	add_break(out);
}

/* ---- phrases ---- */

/* Some text, not ended by NUL. */
struct span {
	const char *at;
	size_t len;
};

static struct span span_of(const char *text)
{
	return (struct span){ text, strlen(text) };
}

/* Cut off what stands before `mark`; `rest` is empty after the last. */
static struct span cut(struct span *rest, const char *mark)
{
	size_t n = strlen(mark);
	const char *at = memmem(rest->at, rest->len, mark, n);
	struct span first = *rest;

	if (!at) {
		*rest = (struct span){ rest->at + rest->len, 0 };
		return first;
	}
	first.len = (size_t)(at - rest->at);
	rest->at = at + n;
	rest->len -= first.len + n;
	return first;
}

/* Cut off a piece; *ret_gap is how far the next one may be away. */
static struct span cut_piece(struct span *rest, size_t *ret_gap)
{
	const char *far = memmem(rest->at, rest->len, "..", 2);
	const char *near = memchr(rest->at, '~', rest->len);
	bool is_near = near && (!far || near < far);

	*ret_gap = is_near ? 1 : WORDS_GAP;
	return cut(rest, is_near ? "~" : "..");
}

/* Where a piece may begin, and what must follow it. */
struct search {
	const char *text;	/* all of it, for what stands before */
	struct span rest;	/* further pieces */
	const struct words_sets *sets;
	size_t gap;		/* between the piece and the rest */
};

static bool pieces_match(const struct search *all, const char *from,
			 const char *until);

/* Does the text begin here as a word of its own, and end as one? */
static bool stands_alone(const struct search *search, const char *at,
			 struct span word, bool to_end)
{
	if (is_word(*word.at) && at > search->text && is_word(at[-1]))
		return false;
	return !to_end || !is_word(at[word.len]);
}

/* Where the gap behind a piece ends: with the sentence at the latest. */
static const char *gap_end(const char *at, size_t gap)
{
	size_t len = 0;

	while (len < gap && at[len] != '\0' && at[len] != '\n')
		len++;
	return at + len;
}

/* Is `word`, and then the rest, anywhere between `from` and `until`? */
static bool word_matches(const struct search *search, struct span word,
			 const char *from, const char *until)
{
	bool to_end = word.len > 0 && word.at[word.len - 1] == '$';
	const char *at = from;

	word.len -= to_end;
	while (word.len > 0 && at <= until) {
		at = memmem(at, (size_t)(until - at) +
			    strnlen(until, word.len), word.at, word.len);
		if (!at || at > until)
			return false;
		if (stands_alone(search, at, word, to_end) &&
		    (search->rest.len == 0 ||
		     pieces_match(search, at + word.len,
				  gap_end(at + word.len, search->gap))))
			return true;
		at++;
	}
	return false;
}

static bool set_matches(const struct search *search, struct span name,
			const char *from, const char *until)
{
	const char *list = words_set_list(search->sets, name.at, name.len);
	struct span words = span_of(list ? list : "");

	while (words.len > 0)
		if (word_matches(search, cut(&words, "|"), from, until))
			return true;
	return false;
}

/* `all->rest` is what is looked for, beginning between `from` and `until`. */
static bool pieces_match(const struct search *all, const char *from,
			 const char *until)
{
	struct search search = *all;
	struct span piece = cut_piece(&search.rest, &search.gap);

	return piece.len > 0 && *piece.at == '{'
		? set_matches(&search, piece, from, until)
		: word_matches(&search, piece, from, until);
}

static bool group_matches(const char *text, struct span group,
			  const struct words_sets *sets)
{
	while (group.len > 0) {
		const struct search search = {
			.text = text,
			.rest = cut(&group, "|"),
			.sets = sets,
		};

		if (pieces_match(&search, text, text + strlen(text)))
			return true;
	}
	return false;
}

bool words_match(const char *text, const char *condition,
		 const struct words_sets *sets)
{
	struct span rest = span_of(condition);

	while (rest.len > 0) {
		struct span group = cut(&rest, " & ");
		bool wanted = *group.at != '!';

		if (!wanted)
			group = (struct span){ group.at + 1, group.len - 1 };
		if (group_matches(text, group, sets) != wanted)
			return false;
	}
	return true;
}

const char *words_set_list(const struct words_sets *sets, const char *name,
			   size_t len)
{
	for (size_t i = 0; i < sets->count; i++)
		if (len == strlen(sets->sets[i].name) + 2 &&
		    memcmp(name + 1, sets->sets[i].name, len - 2) == 0)
			return sets->sets[i].list;
	return NULL;
}

/* ---- what is well written ---- */

static int check_literal(struct span word, struct err *err)
{
	CLEANUP(buf_done) struct buf form = { .max = LITERAL_MAX };
	char text[LITERAL_MAX];

	if (word.len > 0 && word.at[word.len - 1] == '$')
		word.len--;
	if (word.len == 0 || word.len >= sizeof(text))
		return err_set(err, ERR_INVALID, "an empty or endless text");
	memcpy(text, word.at, word.len);
	text[word.len] = '\0';
	words_add(&form, text);
	if (form.len != word.len + 1 ||
	    memcmp(buf_str(&form), text, word.len) != 0)
		return err_set(err, ERR_INVALID, "\"%s\" is not in the form of"
			       " what is searched", text);
	return 0;
}

static int check_piece(struct span piece, const struct words_sets *sets,
		       struct err *err)
{
	struct span words = piece;

	if (piece.len > 0 && *piece.at == '{') {
		const char *list = words_set_list(sets, piece.at, piece.len);

		if (!list)
			return err_set(err, ERR_INVALID, "no set %.*s",
				       (int)piece.len, piece.at);
		words = span_of(list);
	}
	do {
		if (check_literal(cut(&words, "|"), err))
			return -1;
	} while (words.len > 0);
	return 0;
}

static int check_phrase(struct span phrase, const struct words_sets *sets,
			struct err *err)
{
	size_t gap;

	do {
		if (check_piece(cut_piece(&phrase, &gap), sets, err))
			return -1;
	} while (phrase.len > 0);
	return 0;
}

int words_check(const char *condition, const struct words_sets *sets,
		struct err *err)
{
	struct span rest = span_of(condition);

	while (rest.len > 0) {
		struct span group = cut(&rest, " & ");

		if (group.len > 0 && *group.at == '!')
			group = (struct span){ group.at + 1, group.len - 1 };
		do {
			if (check_phrase(cut(&group, "|"), sets, err))
				return -1;
		} while (group.len > 0);
	}
	return 0;
}
