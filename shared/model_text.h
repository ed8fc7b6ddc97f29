/*
 * model_text: the text of a model's name, as names are compared.
 *
 * NFKC, case folded, and every run of blanks, hyphens, underscores and dots
 * one '-', with none at the ends.  What is not seen (zero-width characters)
 * is left out.  The Unicode tables are libunistring's.
 */
#ifndef SHARED_MODEL_TEXT_H
#define SHARED_MODEL_TEXT_H

#include <stdbool.h>
#include <stddef.h>

#define MODEL_TEXT_MAX 256

struct model_text {
	size_t len;
	char text[MODEL_TEXT_MAX];	/* ends in NUL */
};

/* False if nothing is left, or it is no UTF-8, or too long to be a name. */
bool model_text_fold(const char *name, size_t len, struct model_text *ret);

#endif
