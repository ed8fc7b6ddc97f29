/*
 * walk: one page of a list, with a ceiling on the rows that are looked at.
 *
 * A list has one leading filter, which an index serves; the others are looked
 * at row by row.  So that a page costs the same however few rows match, its
 * query walks that index for at most `max` rows in a subquery named `page`
 * and joins the row itself, LEFT, under the other filters: where they do not
 * hold, the first column is NULL.  The last column is the id of the page, that
 * of the row that was looked at, and so of a cursor.  A page may be short and
 * still have another behind it.
 */
#ifndef SHARED_WALK_H
#define SHARED_WALK_H

#include <stdbool.h>
#include <stdint.h>

#include "shared/db.h"

/* Looked at for one page: a few milliseconds, if none of them matches. */
#define WALK_ROWS 2000
#define WALK_ID_MAX 65

/* What stands behind every character of an id, and of a URL. */
#define WALK_END "\x7f"

/* Zeroed is none; release with walk_done(). */
struct walk {
	struct db_rows rows;
	int id_column;
	int64_t max;			/* the LIMIT of the subquery */
	int64_t looked;
	char last[WALK_ID_MAX];		/* the id looked at last */
	char *held[3];			/* texts bound to the query */
};

void walk_done(struct walk *walk);

/* 1 for each row that matches, 0 at the end, -1 on failure. */
int walk_next(struct walk *walk, struct err *err) MUST_CHECK;

/* At the end: were the rows all, or may others follow behind `last`? */
bool walk_was_cut(const struct walk *walk);

/* "" stands for a filter that was not given. */
const char *walk_given(const char *text);

#endif
