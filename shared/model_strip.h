/*
 * model_strip: what around a model's name only says who serves it, and how.
 *
 * The second half of model_name.c: it looks at folded text and says which
 * part of it is the name.
 */
#ifndef SHARED_MODEL_STRIP_H
#define SHARED_MODEL_STRIP_H

#include "shared/model_name.h"

/* Places in the text. */
struct strip {
	size_t name;		/* behind organisations that are known */
	size_t begin;		/* behind one that is not, else as `name` */
	size_t end;
	size_t whole;		/* as `end`, but with what stood aside */
	size_t aside, aside_len; /* in parentheses, and no level; or 0 */
	int dropped;
	long stamp;
	char level[MODEL_LEVEL_MAX];
};

void strip_name(const struct model_text *text, struct strip *ret);

#endif
