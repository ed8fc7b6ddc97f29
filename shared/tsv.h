/*
 * tsv: rows of a table that is a part of the program: cells between tabs.
 *
 * Lines that are empty or begin with '#' are for people.  A table of ours
 * that is malformed is a mistake of ours, and tests read every one: it is
 * asserted, not reported.
 */
#ifndef SHARED_TSV_H
#define SHARED_TSV_H

#include <stdbool.h>
#include <stddef.h>

#define TSV_CELLS_MAX 5

struct tsv_row {
	char *cells[TSV_CELLS_MAX];	/* borrowed from the text */
};

/* Tables of the program are kept for its life. */
struct tsv {
	char *text;
	struct tsv_row *rows;
	size_t count;
};

/* Every row has `columns` cells; 0: it is left whole, as its first cell. */
void tsv_read(struct tsv *ret, const char *text, size_t columns);

/*
 * The next of the items between '|', its length in *ret_len; NULL after the
 * last.  Start with *at pointing to the cell.
 */
const char *tsv_item(const char **at, size_t *ret_len);

/* Is it one of the items?  One that ends in '*' stands for any rest. */
bool tsv_has(const char *cell, const char *text);

#endif
