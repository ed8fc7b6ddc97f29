/*
 * report: items as CSV (RFC 4180), for people and their spreadsheets.
 *
 * UTF-8 with a byte order mark, so that Excel reads Chinese; CRLF; quotes where
 * they are needed.  What would be a formula to a spreadsheet gets an
 * apostrophe in front: labels are typed by people, and models named by peers.
 * No secret is in it: of a key the last four characters.
 */
#ifndef FCGI_REPORT_H
#define FCGI_REPORT_H

#include "shared/buf.h"
#include "shared/item_list.h"

/* The byte order mark and the titles; `lang` is "zh" or "en". */
void report_head(struct buf *out, const char *lang);

void report_row(struct buf *out, const struct item_row *row, const char *lang);

/* The last line of a report that could not be finished. */
void report_spoil(struct buf *out);

#endif
