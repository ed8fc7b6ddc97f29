/*
 * rejects: the rows of a batch that are left out, with what is wrong.
 *
 * The first REJECTS_MAX findings are kept, as JSON {row, line, field, detail}:
 * `row` counts rows from 1, `line` is null where there is no file of lines, and
 * `field` is "" where the whole row is meant.  They are stored with the run:
 * whatever looks like a key is masked.
 */
#ifndef FCGI_REJECTS_H
#define FCGI_REJECTS_H

#include <stddef.h>
#include <stdint.h>

#include "shared/jdec.h"
#include "shared/jout.h"

#define REJECTS_MAX 100

/* Zeroed but for `name` is empty; release with rejects_done(). */
struct rejects {
	const char *name;		/* of the list they stood in */
	size_t rows;			/* that were left out */
	size_t listed;
	struct jout list;		/* elements, without the brackets */
};

void rejects_done(struct rejects *rejects);

/*
 * The row `row` has these problems, with the plain names of its fields.  They
 * are added to `all` with the place of the row before their names, too:
 * "items[6].api_key", or "line 8: api_key".
 */
void rejects_add(struct rejects *rejects, size_t row, int64_t line,
		 const struct jdec_problems *problems,
		 struct jdec_problems *all);

/* The findings as a JSON array. */
char *rejects_json(const struct rejects *rejects);

#endif
