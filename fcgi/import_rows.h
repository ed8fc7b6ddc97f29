/*
 * import_rows: the rows of a batch import: checked, normalised, and each
 * endpoint and key only once.
 *
 * Pure: it knows neither the database nor the sealing key.
 */
#ifndef FCGI_IMPORT_ROWS_H
#define FCGI_IMPORT_ROWS_H

#include <stddef.h>

#include <jansson.h>

#include "fcgi/strset.h"
#include "shared/buf.h"
#include "shared/endpoint.h"
#include "shared/jdec.h"

/* An endpoint that rows name, each way of writing its URL once. */
struct import_endpoint {
	char *url;			/* normalised; NULL if it is wrong */
	char key[ENDPOINT_KEY_MAX];
	char problem[96];		/* why it is wrong */
	size_t number;			/* the same for the same key */
};

/* A row that becomes an item. */
struct import_row {
	size_t seq;			/* 1 for the first row */
	const struct import_endpoint *endpoint;
	size_t key;			/* number in `keys` */
	json_t *models;			/* array; a reference of ours */
	struct buf again;		/* "5, 9": the rows that repeat it */
	size_t nagain;
	char pair[48];			/* endpoint and key, for the set */
};

struct import_rows {
	struct import_row *rows;
	size_t count;
	struct strset keys;		/* distinct keys, borrowed from JSON */
	struct strset urls;
	struct strset names;		/* of endpoints */
	struct strset pairs;
	struct import_endpoint *endpoints;	/* by number in `urls` */
};

/*
 * Read the array `items`, elements that are no objects left out.  What is
 * wrong is added to `problems`; the rows are of use only if nothing is.
 * `items` must outlive them.  Release with import_rows_done().
 */
void import_rows_read(struct import_rows *rows, const json_t *items,
		      struct jdec_problems *problems);
void import_rows_done(struct import_rows *rows);

/* The warnings that a new item begins with, as a JSON array. */
char *import_row_warnings(const struct import_row *row);

#endif
