#include "shared/csv.h"

#include <string.h>

#include <csv.h>

#include "shared/table.h"

static const char wide_comma[] = "\xef\xbc\x8c";

/* What a row can be refused for, before anybody looks at its cells. */
static const char too_long[] =
	"is longer than 16 KiB; is there a quote that is never closed?";
static const char not_closed[] = "has a quote that is never closed";
static const char stray_quote[] =
	"has a quote where none may stand: a cell with quotes in it is put "
	"into quotes, and they are doubled";
static const char too_many[] = "has more than 64 cells";

struct csv {
	struct csv_parser parser;
	const char *text;
	size_t len;
	size_t at;			/* what is fed next */
	int64_t line;			/* its number */
	char delimiter;
	bool inside;			/* a quote is open across lines */
	bool ended;			/* the row is complete */
	bool crowded;			/* it has too many cells */
	struct buf cells;		/* each with a NUL */
	size_t starts[CSV_CELLS_MAX];	/* of cells, in that text */
	size_t count;
};

/* Without its end. */
static size_t line_len(const char *text, size_t len)
{
	size_t n = 0;

	while (n < len && text[n] != '\n' && text[n] != '\r')
		n++;
	return n;
}

/* With its end: "\r\n" is one. */
static size_t whole_line(const char *text, size_t len)
{
	size_t n = line_len(text, len);

	if (n + 1 < len && text[n] == '\r' && text[n + 1] == '\n')
		return n + 2;
	return n < len ? n + 1 : n;
}

static size_t count_outside(const char *text, size_t len, const char *sign)
{
	size_t n = strlen(sign), found = 0;
	bool quoted = false;

	for (size_t i = 0; i + n <= len; i++) {
		quoted ^= text[i] == '"';
		found += !quoted && memcmp(text + i, sign, n) == 0;
	}
	return found;
}

char csv_delimiter(const char *text, size_t len, bool *ret_wide,
		   size_t *ret_skip)
{
	static const char *const signs[] = { ",", ";", "\t", "|", wide_comma };
	size_t first = line_len(text, len), most = 0, best = 0;

	*ret_wide = false;
	*ret_skip = 0;
	if (first == 5 && strncmp(text, "sep=", 4) == 0) {
		*ret_skip = whole_line(text, len);
		return text[4];
	}
	for (size_t i = 0; i < COUNT(signs); i++) {
		size_t n = count_outside(text, first, signs[i]);

		if (n > most) {
			most = n;
			best = i;
		}
	}
	*ret_wide = signs[best] == wide_comma;
	return *ret_wide ? CSV_NARROW : signs[best][0];
}

void csv_narrow(const char *text, size_t len, struct buf *ret)
{
	static const char narrow[] = { CSV_NARROW };
	size_t n = sizeof(wide_comma) - 1, from = 0;
	bool quoted = false;

	for (size_t i = 0; i < len;) {
		/* A quote too many is to harm no more than its line. */
		quoted = text[i] != '\n' && quoted != (text[i] == '"');
		if (quoted || i + n > len ||
		    memcmp(text + i, wide_comma, n) != 0) {
			i++;
			continue;
		}
		buf_add(ret, text + from, i - from);
		buf_add(ret, narrow, sizeof(narrow));
		i += n;
		from = i;
	}
	buf_add(ret, text + from, len - from);
}

static void start_parser(struct csv *csv)
{
	/* Without an option, a quote that is never closed is no error. */
	csv_init(&csv->parser, CSV_STRICT | CSV_STRICT_FINI);
	csv_set_delim(&csv->parser, (unsigned char)csv->delimiter);
	/* Room for any row at once: nothing is left behind by growing. */
	csv_set_blk_size(&csv->parser, 2 * CSV_ROW_MAX);
}

static void stop_parser(struct csv *csv)
{
	if (csv->parser.entry_buf)
		explicit_bzero(csv->parser.entry_buf, csv->parser.entry_size);
	csv_free(&csv->parser);
}

void csv_open(struct csv **ret, const char *text, size_t len, char delimiter,
	      int64_t line)
{
	struct csv *csv = xcalloc(1, sizeof(*csv));

	csv->text = text;
	csv->len = len;
	csv->line = line;
	csv->delimiter = delimiter;
	csv->cells.max = 2 * CSV_ROW_MAX + CSV_CELLS_MAX;
	start_parser(csv);
	*ret = csv;
}

void csv_close(struct csv **csv)
{
	if (!*csv)
		return;
	stop_parser(*csv);
	buf_wipe(&(*csv)->cells);
	free(*csv);
	*csv = NULL;
}

static void on_cell(void *data, size_t len, void *to)
{
	struct csv *csv = to;

	if (csv->count == CSV_CELLS_MAX) {
		csv->crowded = true;
		return;
	}
	csv->starts[csv->count++] = csv->cells.len;
	buf_add(&csv->cells, data, len);
	buf_add(&csv->cells, "", 1);
}

static void on_row(int end, void *to)
{
	struct csv *csv = to;

	(void)end;
	csv->ended = true;
}

/* The row that began at `at` is no row: go on behind its first line. */
static void give_up(struct csv *csv, size_t at, struct csv_row *row,
		    const char *problem)
{
	row->problem = problem;
	csv->at = at + whole_line(csv->text + at, csv->len - at);
	csv->line = row->line + 1;
	csv->inside = false;
	stop_parser(csv);
	start_parser(csv);
}

/*
 * Feed one line, so that we know where rows begin: at most one ends in it.
 * What goes on past the end of a line is a cell in quotes.  NULL, or what is
 * wrong.
 */
static const char *feed_line(struct csv *csv, size_t row_at)
{
	const char *line = csv->text + csv->at;
	size_t len = whole_line(line, csv->len - csv->at);

	if (csv->at + len - row_at > CSV_ROW_MAX)
		return too_long;
	if (csv_parse(&csv->parser, line, len, on_cell, on_row, csv) != len)
		return stray_quote;
	csv->inside = !csv->ended && (csv->inside || memchr(line, '"', len));
	csv->at += len;
	csv->line++;
	if (csv->at < csv->len || csv->ended)
		return NULL;
	return csv_fini(&csv->parser, on_cell, on_row, csv) ? not_closed
							    : NULL;
}

static void give_cells(const struct csv *csv, struct csv_row *ret)
{
	ret->count = csv->count;
	for (size_t i = 0; i < csv->count; i++)
		ret->cells[i] = csv->cells.text + csv->starts[i];
	if (csv->crowded)
		ret->problem = too_many;
}

bool csv_next(struct csv *csv, struct csv_row *ret)
{
	size_t row_at = csv->at;

	buf_reset(&csv->cells);
	csv->count = 0;
	csv->ended = csv->crowded = false;
	ret->problem = NULL;
	ret->count = 0;
	while (csv->at < csv->len && !csv->ended) {
		const char *problem;

		if (!csv->inside) {
			row_at = csv->at;
			ret->line = csv->line;
		}
		problem = feed_line(csv, row_at);
		if (problem) {
			give_up(csv, row_at, ret, problem);
			return true;
		}
	}
	if (csv->ended)
		give_cells(csv, ret);
	return csv->ended;
}
