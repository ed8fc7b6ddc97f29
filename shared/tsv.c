#include "shared/tsv.h"

#include <assert.h>
#include <string.h>

#include "shared/own.h"

static size_t count_lines(const char *text)
{
	size_t n = 1;

	for (; *text; text++)
		n += *text == '\n';
	return n;
}

static void read_row(struct tsv_row *row, char *line, size_t columns)
{
	if (columns == 0) {
		row->cells[0] = line;
		return;
	}
	for (size_t i = 0; i < columns; i++) {
		assert(line);
		row->cells[i] = strsep(&line, "\t");
	}
	assert(!line);
}

void tsv_read(struct tsv *ret, const char *text, size_t columns)
{
	char *rest, *line;

	assert(columns <= TSV_CELLS_MAX);
	*ret = (struct tsv){ .text = xstrdup(text) };
	ret->rows = xcalloc(count_lines(text), sizeof(*ret->rows));
	rest = ret->text;
	while ((line = strsep(&rest, "\n")))
		if (*line != '\0' && *line != '#')
			read_row(&ret->rows[ret->count++], line, columns);
}

const char *tsv_item(const char **at, size_t *ret_len)
{
	const char *item = *at;

	if (!item)
		return NULL;
	*ret_len = strcspn(item, "|");
	*at = item[*ret_len] == '|' ? item + *ret_len + 1 : NULL;
	return item;
}

bool tsv_has(const char *cell, const char *text)
{
	const char *item;
	size_t len;

	while ((item = tsv_item(&cell, &len))) {
		if (len > 0 && item[len - 1] == '*') {
			if (strncmp(item, text, len - 1) == 0)
				return true;
		} else if (strncmp(item, text, len) == 0 &&
			   text[len] == '\0') {
			return true;
		}
	}
	return false;
}
