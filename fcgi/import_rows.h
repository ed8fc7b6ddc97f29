/*
 * import_rows: the rows of a batch import: checked, normalised, and each
 * endpoint and key only once.
 *
 * A row that is wrong does not sink the others: it is left out and told.
 * Pure: it knows neither the database nor the sealing key.
 */
#ifndef FCGI_IMPORT_ROWS_H
#define FCGI_IMPORT_ROWS_H

#include <stddef.h>
#include <stdint.h>

#include <jansson.h>

#include "fcgi/rejects.h"
#include "fcgi/strset.h"
#include "shared/buf.h"
#include "shared/endpoint.h"
#include "shared/jdec.h"

#define IMPORT_ID_TEXT 20	/* room for an id of the host's */

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
	int64_t line;			/* where it began; 0: no file of lines */
	const struct import_endpoint *endpoint;
	size_t key;			/* number in `keys` */
	json_t *models;			/* array; a reference of ours */
	char *label;			/* or NULL, as is the note */
	char *note;
	bool masked;			/* one of them looked like a key */
	char account_proxy[IMPORT_ID_TEXT];	/* "": none */
	char adopt_account_id[IMPORT_ID_TEXT];
	bool adopt_force;		/* even if another CRM made it */
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
	struct rejects rejects;
};

/*
 * Read the array `items`, which came as member `list`.  `lines` says where
 * each began in a file of lines, where an element that is a string is no row,
 * but why there is none; NULL: there is no such file.  What is wrong with rows
 * is added to `problems`, with the row's place, and to `rejects`.  `items` must
 * outlive the rows.  Release with import_rows_done().
 */
void import_rows_read(struct import_rows *rows, const char *list,
		      const json_t *items, const int64_t *lines,
		      struct jdec_problems *problems);
void import_rows_done(struct import_rows *rows);

/*
 * The warnings that a new item begins with, as a JSON array.  `hint`, or NULL,
 * is what is odd about its key.
 */
char *import_row_warnings(const struct import_row *row, const char *hint);

#endif
