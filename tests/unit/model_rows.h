/*
 * model_rows: the tables of tests/data/providers, and spellings of a name.
 */
#ifndef TESTS_UNIT_MODEL_ROWS_H
#define TESTS_UNIT_MODEL_ROWS_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#include "shared/model_say.h"
#include "shared/own.h"

#define ROW_CELLS 5
#define SPELLING_MAX 1024

/* Read a table whose first line is its heading; cells that lack are "". */
static inline size_t each_row(const char *path,
		       void (*look)(char *const cells[ROW_CELLS]))
{
	FILE *file = fopen(path, "re");
	char line[4096];
	size_t rows = 0;

	assert_non_null(file);
	assert_non_null(fgets(line, sizeof(line), file));
	while (fgets(line, sizeof(line), file)) {
		char *cells[ROW_CELLS];
		char *rest = line;

		line[strcspn(line, "\n")] = '\0';
		for (size_t i = 0; i < ROW_CELLS; i++) {
			cells[i] = strsep(&rest, "\t");
			if (!cells[i])
				cells[i] = line + strlen(line);
		}
		look(cells);
		rows++;
	}
	fclose(file);
	return rows;
}

static void resolve_in(const struct model_names *names, const char *name,
		       struct model_result *ret)
{
	model_names_resolve(names, name, strlen(name), ret);
}

/* With neither list nor endpoint. */
static inline void resolve(const char *name, struct model_result *ret)
{
	static struct model_names *names;

	if (!names)
		names = model_names_new(NULL, NULL);
	resolve_in(names, name, ret);
}

/* ---- spellings ---- */

static void upper(const char *name, char ret[SPELLING_MAX])
{
	size_t n = 0;

	for (; *name; name++)
		ret[n++] = *name >= 'a' && *name <= 'z'
			? (char)(*name - 'a' + 'A') : *name;
	ret[n] = '\0';
}

static void lower(const char *name, char ret[SPELLING_MAX])
{
	size_t n = 0;

	for (; *name; name++)
		ret[n++] = *name >= 'A' && *name <= 'Z'
			? (char)(*name - 'A' + 'a') : *name;
	ret[n] = '\0';
}

static void blanks_around(const char *name, char ret[SPELLING_MAX])
{
	snprintf(ret, SPELLING_MAX, " \t%s \xe3\x80\x80", name);
}

/* What stands between words becomes this. */
static void between(const char *name, const char *text, char ret[SPELLING_MAX])
{
	size_t n = 0;

	for (; *name; name++)
		if (strchr("-_ ", *name))
			n += (size_t)snprintf(ret + n, SPELLING_MAX - n, "%s",
					      text);
		else
			ret[n++] = *name;
	ret[n] = '\0';
}

static void hyphens(const char *name, char ret[SPELLING_MAX])
{
	between(name, "-", ret);
}

static void underscores(const char *name, char ret[SPELLING_MAX])
{
	between(name, "_", ret);
}

static void wide_blanks(const char *name, char ret[SPELLING_MAX])
{
	between(name, " \xe3\x80\x80 ", ret);
}

static void dashes(const char *name, char ret[SPELLING_MAX])
{
	between(name, "\xe2\x80\x93", ret);
}

/* Every ASCII character in its full-width form. */
static void full_width(const char *name, char ret[SPELLING_MAX])
{
	size_t n = 0;

	for (; *name; name++) {
		unsigned c = (unsigned char)*name;

		if (c > 0x20 && c < 0x7f) {
			c += 0xfee0;
			ret[n++] = (char)(0xe0 | c >> 12);
			ret[n++] = (char)(0x80 | (c >> 6 & 0x3f));
			ret[n++] = (char)(0x80 | (c & 0x3f));
		} else {
			ret[n++] = *name;
		}
	}
	ret[n] = '\0';
}

/* Zero-width characters come along when text is copied from pages. */
static void unseen(const char *name, char ret[SPELLING_MAX])
{
	size_t half = strlen(name) / 2;

	while (half > 0 && ((unsigned char)name[half] & 0xc0) == 0x80)
		half--;
	snprintf(ret, SPELLING_MAX, "\xef\xbb\xbf%.*s\xe2\x80\x8b%s",
		 (int)half, name, name + half);
}

static const struct {
	const char *what;
	void (*spell)(const char *name, char ret[SPELLING_MAX]);
} spellings[] = {
	{ "capitals", upper },		{ "small letters", lower },
	{ "blanks around", blanks_around }, { "hyphens", hyphens },
	{ "underscores", underscores },	{ "wide blanks", wide_blanks },
	{ "dashes", dashes },		{ "full width", full_width },
	{ "unseen characters", unseen },
};

#endif
