#include "cli/columns.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <wchar.h>

#include "shared/own.h"

#define CELL_MAX (64 << 10)
#define GAP "  "

void columns_text(struct buf *out, const char *text)
{
	mbstate_t state = { 0 };
	size_t left = strlen(text);

	while (left > 0) {
		wchar_t wide;
		size_t n = mbrtowc(&wide, text, left, &state);

		if (n == 0 || n > left) {
			buf_adds(out, "?");
			memset(&state, 0, sizeof(state));
			n = 1;
		} else if (wide == L'\n') {
			buf_adds(out, "\\n");
		} else if (wcwidth(wide) < 0) {
			buf_addf(out, "\\u%04x", (unsigned)wide);
		} else {
			buf_add(out, text, n);
		}
		text += n;
		left -= n;
	}
}

size_t columns_width(const char *text)
{
	mbstate_t state = { 0 };
	size_t left = strlen(text), width = 0;

	while (left > 0) {
		wchar_t wide;
		size_t n = mbrtowc(&wide, text, left, &state);
		int columns = n == 0 || n > left ? -1 : wcwidth(wide);

		if (n == 0 || n > left) {
			memset(&state, 0, sizeof(state));
			n = 1;
		}
		width += columns < 0 ? 1 : (size_t)columns;
		text += n;
		left -= n;
	}
	return width;
}

static bool is_flat(const json_t *list)
{
	const json_t *element;
	size_t i;

	json_array_foreach(list, i, element) {
		if (json_is_object(element) || json_is_array(element))
			return false;
	}
	return json_is_array(list);
}

/* "a=1, b=two", if that is all there is to an object. */
static bool write_flat(struct buf *out, const json_t *object)
{
	const char *name, *comma = "";
	json_t *member;

	json_object_foreach((json_t *)(uintptr_t)object, name, member)
		if (json_is_object(member) || json_is_array(member))
			return false;
	json_object_foreach((json_t *)(uintptr_t)object, name, member) {
		buf_adds(out, comma);
		columns_text(out, name);
		buf_adds(out, "=");
		columns_value(out, member);
		comma = ", ";
	}
	return json_is_object(object);
}

void columns_value(struct buf *out, const json_t *value)
{
	AUTO_FREE char *text = NULL;
	const json_t *element;
	size_t i;

	if (!value || json_is_null(value) ||
	    (json_is_string(value) && json_string_length(value) == 0) ||
	    (json_is_object(value) && json_object_size(value) == 0) ||
	    (json_is_array(value) && json_array_size(value) == 0)) {
		buf_adds(out, "-");
	} else if (json_is_string(value)) {
		columns_text(out, json_string_value(value));
	} else if (json_is_boolean(value)) {
		buf_adds(out, json_is_true(value) ? "yes" : "no");
	} else if (is_flat(value)) {
		json_array_foreach(value, i, element) {
			buf_adds(out, i ? ", " : "");
			columns_value(out, element);
		}
	} else if (!write_flat(out, value)) {
		text = json_dumps(value, JSON_ENCODE_ANY | JSON_COMPACT);
		columns_text(out, text ? text : "?");
	}
}

static char *cell_text(const json_t *value)
{
	struct buf cell = { .max = CELL_MAX };

	columns_value(&cell, value);
	return buf_take(&cell);
}

static void pad(struct buf *out, const char *text, size_t width)
{
	size_t used = columns_width(text);

	buf_adds(out, text);
	for (; used < width; used++)
		buf_adds(out, " ");
}

/* All cells of a table, row by row, the titles first. */
struct grid {
	char **cells;
	size_t rows, columns;
};

static void grid_done(struct grid *grid)
{
	for (size_t i = 0; i < grid->rows * grid->columns; i++)
		free(grid->cells[i]);
	free(grid->cells);
}

static void grid_fill(struct grid *grid, const struct column *columns,
		      const json_t *list)
{
	char **cell;
	const json_t *element;
	size_t i;

	grid->cells = xcalloc(grid->rows * grid->columns, sizeof(char *));
	cell = grid->cells;
	for (size_t c = 0; c < grid->columns; c++)
		*cell++ = xstrdup(columns[c].title);
	json_array_foreach(list, i, element) {
		for (size_t c = 0; c < grid->columns; c++)
			*cell++ = cell_text(json_object_get(element,
						columns[c].member));
	}
}

static size_t grid_width(const struct grid *grid, size_t column)
{
	size_t widest = 0;

	for (size_t r = 0; r < grid->rows; r++) {
		size_t width = columns_width(grid->cells[r * grid->columns +
							 column]);

		if (width > widest)
			widest = width;
	}
	return widest;
}

void columns_list(struct buf *out, const struct column *columns,
		  size_t ncolumns, const json_t *list)
{
	CLEANUP(grid_done) struct grid grid = {
		NULL, json_array_size(list) + 1, ncolumns
	};
	AUTO_FREE size_t *widths = xcalloc(ncolumns, sizeof(*widths));

	grid_fill(&grid, columns, list);
	for (size_t c = 0; c < ncolumns; c++)
		widths[c] = grid_width(&grid, c);
	for (size_t i = 0; i < grid.rows * ncolumns; i++) {
		bool last = i % ncolumns == ncolumns - 1;

		/* The last one gets no blanks behind it. */
		pad(out, grid.cells[i], last ? 0 : widths[i % ncolumns]);
		buf_adds(out, last ? "\n" : GAP);
	}
}

void columns_object(struct buf *out, json_t *object)
{
	const char *name;
	json_t *member;
	size_t widest = 0;

	json_object_foreach(object, name, member) {
		size_t width = columns_width(name);

		if (width > widest)
			widest = width;
	}
	json_object_foreach(object, name, member) {
		AUTO_FREE char *text = cell_text(member);

		pad(out, name, widest);
		buf_addf(out, GAP "%s\n", text);
	}
}
