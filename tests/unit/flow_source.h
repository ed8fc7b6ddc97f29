/*
 * flow_source: the functions of flows, read as text.
 *
 * A table of steps can be walked; where its functions lead to cannot, but by
 * reading them.  For each function: the steps that it names, whether it can
 * say go_on(), and whom it calls.
 */
#ifndef TESTS_UNIT_FLOW_SOURCE_H
#define TESTS_UNIT_FLOW_SOURCE_H

#include <ctype.h>
#include <glob.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "shared/own.h"
#include "shared/table.h"

#define FUNCTIONS_MAX 1600
#define NAMED_MAX 8
#define CALLS_MAX 40
#define WORD_MAX 64
#define TEXT_MAX (256 << 10)

struct function {
	char file[WORD_MAX];
	char name[WORD_MAX];
	char steps[NAMED_MAX][WORD_MAX];	/* that it names */
	size_t nsteps;
	char calls[CALLS_MAX][WORD_MAX];	/* any word before a '(' */
	size_t ncalls;
	bool goes_on;		/* says go_on() or take_resource() itself */
	bool seen;		/* by the present walk */
};

/* The functions of some files, and the table rows that they hold. */
struct source {
	struct function functions[FUNCTIONS_MAX];
	size_t nfunctions;
};

static inline char *source_text(const char *path)
{
	FILE *file = fopen(path, "r");
	char *text = xcalloc(1, TEXT_MAX);

	if (!file || fread(text, 1, TEXT_MAX - 1, file) == 0 || !feof(file))
		abort();
	fclose(file);
	return text;
}

/* "access.create_user": how steps are called, and nothing else. */
static inline bool is_step_name(const char *text, size_t len)
{
	size_t dots = 0;

	for (size_t i = 0; i < len; i++) {
		dots += text[i] == '.';
		if (!islower((unsigned char)text[i]) && text[i] != '_' &&
		    text[i] != '.')
			return false;
	}
	return len > 2 && len < WORD_MAX && dots == 1 && text[0] != '.' &&
	       text[len - 1] != '.';
}

static inline void note_word(char list[][WORD_MAX], size_t *n, size_t max,
			     const char *word, size_t len)
{
	if (*n == max || len >= WORD_MAX)
		abort();
	memcpy(list[*n], word, len);
	list[(*n)++][len] = '\0';
}

/* What one line of a body says. */
static inline void read_line(struct function *f, const char *line, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		size_t word = 0;

		if (line[i] == '"') {
			word = strcspn(line + i + 1, "\"\n");
			if (is_step_name(line + i + 1, word))
				note_word(f->steps, &f->nsteps, NAMED_MAX,
					  line + i + 1, word);
			i += word + 1;
			continue;
		}
		while (isalnum((unsigned char)line[i + word]) ||
		       line[i + word] == '_')
			word++;
		if (word > 0 && line[i + word] == '(') {
			note_word(f->calls, &f->ncalls, CALLS_MAX, line + i,
				  word);
			if (strcmp(f->calls[f->ncalls - 1], "go_on") == 0 ||
			    strcmp(f->calls[f->ncalls - 1],
				   "take_resource") == 0)
				f->goes_on = true;
		}
		i += word ? word - 1 : 0;
	}
}

/* The name in "static struct verdict got_x(void *subject,". */
static inline bool is_head(const char *line, char ret[WORD_MAX])
{
	size_t open = strcspn(line, "(\n"), from = open;

	if (!isalpha((unsigned char)line[0]) || line[open] != '(')
		return false;
	while (from > 0 && (isalnum((unsigned char)line[from - 1]) ||
			    line[from - 1] == '_'))
		from--;
	if (from == 0 || open - from >= WORD_MAX)
		return false;
	memcpy(ret, line + from, open - from);
	ret[open - from] = '\0';
	return true;
}

static inline void read_functions(struct source *source, const char *path,
				  const char *text)
{
	char name[WORD_MAX] = "";
	struct function *f = NULL;

	for (const char *line = text; *line;) {
		size_t len = strcspn(line, "\n");

		if (line[0] == '{' && *name) {
			if (source->nfunctions == FUNCTIONS_MAX)
				abort();
			f = &source->functions[source->nfunctions++];
			snprintf(f->file, WORD_MAX, "%s", path);
			snprintf(f->name, WORD_MAX, "%s", name);
		} else if (line[0] == '}') {
			f = NULL;
			name[0] = '\0';
		} else if (f) {
			read_line(f, line, len);
		} else {
			is_head(line, name);
		}
		line += len + (line[len] == '\n');
	}
}

static inline void source_read(struct source *source, const char *pattern)
{
	glob_t found;

	if (glob(pattern, 0, NULL, &found))
		abort();
	for (size_t i = 0; i < found.gl_pathc; i++) {
		AUTO_FREE char *text = source_text(found.gl_pathv[i]);

		read_functions(source, found.gl_pathv[i], text);
	}
	globfree(&found);
}

/* The one called `name`; a static one of `file` goes before others. */
static inline struct function *source_find(struct source *source,
					   const char *file, const char *name)
{
	struct function *other = NULL;

	for (size_t i = 0; i < source->nfunctions; i++) {
		struct function *f = &source->functions[i];

		if (strcmp(f->name, name) != 0)
			continue;
		if (strcmp(f->file, file) == 0)
			return f;
		other = f;
	}
	return other;
}

/* Call `visit` for `f` and for all that it calls, each once. */
static inline void source_walk(struct source *source, struct function *f,
			       void (*visit)(const struct function *f,
					     void *arg), void *arg)
{
	if (!f || f->seen)
		return;
	f->seen = true;
	visit(f, arg);
	for (size_t i = 0; i < f->ncalls; i++)
		source_walk(source, source_find(source, f->file, f->calls[i]),
			    visit, arg);
}

static inline void source_forget_walk(struct source *source)
{
	for (size_t i = 0; i < source->nfunctions; i++)
		source->functions[i].seen = false;
}

#endif
