/*
 * verdict_words: what peers say brought into one form, and phrases in it.
 *
 * The form: lower case; codes such as "InvalidApiKey" and "invalid_api_key"
 * are the words "invalid api key"; signs are blanks; a line for each sentence
 * or value; no blank beside a Chinese character, so that "API 密钥 无效" and
 * "API密钥无效" are the same.
 *
 * A phrase is written in this form.  ".." lets up to WORDS_GAP bytes of the
 * same sentence stand between two pieces, "~" at most one blank.  A piece is
 * a text or the name of a set in braces.  A text that starts with a letter
 * starts at a word's beginning; "$" behind it ends at a word's end.
 *
 *	{bad}..{key}|unknown model|no$~{key}
 *
 * A condition is groups of phrases: "a|b & c & !d" asks for a or b, and c,
 * and not d.
 */
#ifndef SHARED_VERDICT_WORDS_H
#define SHARED_VERDICT_WORDS_H

#include <stdbool.h>
#include <stddef.h>

#include "shared/buf.h"
#include "shared/err.h"

#define WORDS_GAP 48

/* Alternatives between '|' under a name. */
struct words_set {
	const char *name;
	const char *list;
};

struct words_sets {
	const struct words_set *sets;
	size_t count;
};

/* Add the form of `text` to `out`, and the end of a line. */
void words_add(struct buf *out, const char *text);

/* Is the condition true of `text`, which has the form? */
bool words_match(const char *text, const char *condition,
		 const struct words_sets *sets);

/* Are the phrases of the condition well written, and all sets there? */
int words_check(const char *condition, const struct words_sets *sets,
		struct err *err) MUST_CHECK;

/* The list of a set by its name in braces at `name`; NULL if not there. */
const char *words_set_list(const struct words_sets *sets, const char *name,
			   size_t len);

#endif
