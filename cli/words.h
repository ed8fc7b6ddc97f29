/*
 * words: the language that people read, and answers put into it.
 *
 * The API says most things in Chinese and English at once; a table shows one
 * of them.
 */
#ifndef CLI_WORDS_H
#define CLI_WORDS_H

#include <jansson.h>

#include "cli/args.h"
#include "shared/badge.h"
#include "shared/err.h"

/*
 * "zh" or "en": --lang, else that of the terminal (LC_ALL, LC_MESSAGES,
 * LANG), which is English unless it names Chinese.
 */
int words_language(const struct args *args, const char **ret,
		   struct err *err) MUST_CHECK;

/* To standard error, below a preview: nothing was done, and how it is. */
void words_preview_only(const struct args *args);

/* Member `name`_zh or `name`_en; "" if there is none. */
const char *words_of(const json_t *object, const char *name,
		     const char *language);

/*
 * A view of `object` for a table, a new reference: of two members that say
 * the same in both languages one is left, without its ending, also in the
 * objects of its arrays; none where a third has that very name.
 */
json_t *words_view(json_t *object, const char *language);

/*
 * In each object of `list`: the state in `member` becomes what it is called.
 * For tables; objects that came from elsewhere are changed.
 */
void words_badges(json_t *list, const char *member, enum badge_kind kind,
		  const char *language);

/*
 * In the view of `object`: member "diagnosis" becomes its sentence, and "hops"
 * an array of what each hop showed, with a member "hop".  Nothing happens
 * without a diagnosis.
 */
void words_show_diagnosis(json_t *view, const json_t *object,
			  const char *language);

#endif
