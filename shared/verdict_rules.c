#include "shared/verdict_rules.h"

#include <assert.h>
#include <string.h>
#include <strings.h>

#include "shared/table.h"

#define COLUMNS 8
#define COLUMNS_MIN 7	/* no note */
#define SET_NAME_MAX 64

/* Written by scripts/embed-text.sh. */
extern const char verdict_provider_tsv[];
extern const char verdict_gateway_tsv[];

static const char *const form_names[] = {
	[FORM_EMPTY] = "empty",
	[FORM_JSON] = "json",
	[FORM_PAGE] = "page",
	[FORM_STREAM] = "stream",
	[FORM_TEXT] = "text",
};
_Static_assert(COUNT(form_names) == FORM__MAX, "name every form");

void rules_done(struct rules *rules)
{
	free(rules->text);
	free(rules->sets);
	free(rules->rows);
	*rules = (struct rules){ 0 };
}

static struct words_sets sets_of(const struct rules *rules)
{
	return (struct words_sets){ rules->sets, rules->nsets };
}

/* ---- lists between '|' ---- */

typedef bool item_test(const char *item, size_t len, const void *about);

/* Is the test true of one item of the list? */
static bool any_item(const char *list, item_test *test, const void *about)
{
	while (*list) {
		size_t len = strcspn(list, "|");

		if (test(list, len, about))
			return true;
		list += len;
		list += *list == '|';
	}
	return false;
}

/* ---- statuses ---- */

/* "401", "4xx", "400-499": 0 and false if it is none of these. */
static bool read_range(const char *item, size_t len, int *from, int *to)
{
	static const char digits[] = "0123456789";

	*from = *to = 0;
	if (len == 3 && item[1] == 'x' && item[2] == 'x') {
		*from = (item[0] - '0') * 100;
		*to = *from + 99;
	} else if (len == 3 && strspn(item, digits) >= 3) {
		*from = *to = (int)strtol(item, NULL, 10);
	} else if (len == 7 && strspn(item, digits) == 3 && item[3] == '-' &&
		   strspn(item + 4, digits) >= 3) {
		*from = (int)strtol(item, NULL, 10);
		*to = (int)strtol(item + 4, NULL, 10);
	}
	return *from >= 100 && *to <= 999 && *from <= *to;
}

static bool is_no_range(const char *item, size_t len, const void *about)
{
	int from, to;
	bool negated = *item == '!';

	(void)about;
	return !read_range(item + negated, len - negated, &from, &to);
}

/* What an item says of a status: it is in, or it is out. */
struct membership {
	int status;
	bool wanted;		/* look at those without, or with '!' */
};

static bool holds_status(const char *item, size_t len, const void *about)
{
	const struct membership *m = about;
	bool negated = *item == '!';
	int from, to;

	return negated != m->wanted &&
	       read_range(item + negated, len - negated, &from, &to) &&
	       m->status >= from && m->status <= to;
}

static bool status_matches(const char *cell, int status)
{
	const struct membership in = { status, true };
	const struct membership out = { status, false };

	if (strcmp(cell, "*") == 0)
		return true;
	if (any_item(cell, holds_status, &out))
		return false;
	return *cell == '!' || any_item(cell, holds_status, &in);
}

/* ---- families ---- */

/* "minimax" is also "minimax-cn". */
static bool is_family(const char *item, size_t len, const void *about)
{
	const char *provider = about;

	return strncasecmp(provider, item, len) == 0 &&
	       (provider[len] == '\0' || strchr("-_./: ", provider[len]));
}

static bool family_matches(const struct rules *rules, const char *cell,
			   const char *provider)
{
	const struct words_sets sets = sets_of(rules);

	if (*cell == '{')
		cell = words_set_list(&sets, cell, strlen(cell));
	return any_item(cell, is_family, provider);
}

/* ---- codes ---- */

/* Cells are short: where in the code is the text, whatever its capitals? */
static bool holds_at(const char *code, const char *text, size_t len,
		     bool anywhere, bool to_end)
{
	size_t has = strlen(code);

	for (size_t i = 0; i + len <= has && (i == 0 || anywhere); i++)
		if (strncasecmp(code + i, text, len) == 0 &&
		    (!to_end || i + len == has))
			return true;
	return false;
}

static bool is_code(const char *item, size_t len, const void *about)
{
	bool lead = len > 1 && *item == '*';
	bool trail = len > 1 && item[len - 1] == '*';

	return holds_at(about, item + lead, len - lead - trail, lead, !trail);
}

static bool code_matches(const char *cell, const struct signal *signal)
{
	for (size_t i = 0; i < signal->ncodes; i++)
		if (any_item(cell, is_code, signal->codes[i]))
			return true;
	return false;
}

static bool form_matches(const char *cell, const struct signal *signal)
{
	if (strcmp(cell, "*") == 0)
		return true;
	if (strcmp(cell, "flat") == 0)
		return signal->flat;
	return strcmp(cell, form_names[signal->form]) == 0;
}

/* Whom the rows are asked about. */
struct question {
	const struct rules *rules;
	const struct signal *signal;
	const char *provider;	/* "": not said */
	int status;
};

static bool is_about(const struct row *row, const struct question *q)
{
	if (strcmp(row->family, "*") == 0)
		return true;
	if (strcmp(row->family, "?") == 0)
		return *q->provider == '\0';
	return *q->provider &&
	       family_matches(q->rules, row->family, q->provider);
}

static bool row_matches(const struct row *row, const struct question *q)
{
	const struct words_sets sets = sets_of(q->rules);

	return is_about(row, q) && status_matches(row->status, q->status) &&
	       form_matches(row->form, q->signal) &&
	       (strcmp(row->code, "-") == 0 ||
		code_matches(row->code, q->signal)) &&
	       (strcmp(row->says, "-") == 0 ||
		words_match(buf_str(&q->signal->words), row->says, &sets));
}

const struct row *rules_find(const struct rules *rules,
			     const struct signal *signal,
			     const char *provider, int status)
{
	const struct question q = {
		.rules = rules,
		.signal = signal,
		.provider = provider ? provider : "",
		.status = status,
	};

	for (size_t i = 0; i < rules->nrows; i++)
		if (row_matches(&rules->rows[i], &q))
			return &rules->rows[i];
	return NULL;
}

/* ---- reading the tables ---- */

static int read_wait(struct row *row, const char *cell, struct err *err)
{
	char *end;
	long seconds;

	if (strcmp(cell, "-") == 0)
		return 0;
	if (strcmp(cell, "never") == 0) {
		row->wait = ROW_WAIT_NEVER;
		return 0;
	}
	if (strcmp(cell, "window") == 0) {
		row->wait = ROW_WAIT_WINDOW;
		return 0;
	}
	seconds = strtol(cell, &end, 10);
	if (*cell == '\0' || *end != '\0' || seconds < 0 || seconds > 86400)
		return err_set(err, ERR_INVALID, "no such wait: %s", cell);
	row->wait = ROW_WAIT_SECONDS;
	row->seconds = (int)seconds;
	return 0;
}

static int check_form(const char *cell, struct err *err)
{
	int form;

	if (strcmp(cell, "*") == 0 || strcmp(cell, "flat") == 0 ||
	    table_find(form_names, COUNT(form_names), cell, &form))
		return 0;
	return err_set(err, ERR_INVALID, "no such form: %s", cell);
}

static int check_family(const struct rules *rules, const char *cell,
			struct err *err)
{
	const struct words_sets sets = sets_of(rules);

	if (*cell == '\0' ||
	    (*cell == '{' && !words_set_list(&sets, cell, strlen(cell))))
		return err_set(err, ERR_INVALID, "no such family: %s", cell);
	return 0;
}

static int read_row(struct rules *rules, char *const cells[COLUMNS], int line,
		    struct err *err)
{
	const struct words_sets sets = sets_of(rules);
	struct row *row = &rules->rows[rules->nrows];

	*row = (struct row){
		.family = cells[0], .status = cells[1], .form = cells[2],
		.code = cells[3], .says = cells[4], .line = line,
	};
	if (check_family(rules, row->family, err) ||
	    check_form(row->form, err) || read_wait(row, cells[6], err))
		return -1;
	if (strcmp(row->status, "*") != 0 &&
	    (*row->status == '\0' || any_item(row->status, is_no_range, NULL)))
		return err_set(err, ERR_INVALID, "no such status: %s",
			       row->status);
	if (!failure_parse(cells[5], &row->class))
		return err_set(err, ERR_INVALID, "no such class: %s",
			       cells[5]);
	if (*row->code == '\0' || *row->says == '\0')
		return err_set(err, ERR_INVALID, "an empty cell");
	if (strcmp(row->says, "-") != 0 &&
	    words_check(row->says, &sets, err))
		return -1;
	rules->nrows++;
	return 0;
}

/* "@name<tab>a|b" */
static int read_set(struct rules *rules, char *line, struct err *err)
{
	char *tab = strchr(line, '\t');

	if (!tab || tab == line + 1 || tab[1] == '\0' ||
	    tab - line > SET_NAME_MAX)
		return err_set(err, ERR_INVALID, "a set has a name and words");
	*tab = '\0';
	rules->sets[rules->nsets++] = (struct words_set){ line + 1, tab + 1 };
	return 0;
}

static int read_line(struct rules *rules, char *line, int number,
		     struct err *err)
{
	char *cells[COLUMNS];
	size_t n = 0;

	if (*line == '\0' || *line == '#')
		return 0;
	if (*line == '@')
		return read_set(rules, line, err);
	while (line && n < COLUMNS)
		cells[n++] = strsep(&line, "\t");
	if (n < COLUMNS_MIN || line)
		return err_set(err, ERR_INVALID, "a row has %d columns, or"
			       " %d with a note", COLUMNS_MIN, COLUMNS);
	return read_row(rules, cells, number, err);
}

/*
 * The next line, with those that go on from it; NULL after the last.  The
 * text only becomes shorter, so that it is joined where it stands.
 */
static char *next_line(char **rest, int *number)
{
	char *line = strsep(rest, "\n");
	size_t len = line ? strlen(line) : 0;

	*number += 1;
	while (len > 0 && line[len - 1] == '\\' && *rest) {
		const char *more = strsep(rest, "\n");
		size_t length;

		*number += 1;
		more += strspn(more, " \t");
		length = strlen(more);
		memmove(line + len - 1, more, length + 1);
		len += length - 1;
	}
	return line;
}

static size_t count_lines(const char *text)
{
	size_t n = 1;

	for (; *text; text++)
		n += *text == '\n';
	return n;
}

int rules_parse(struct rules *ret, const char *text, struct err *err)
{
	CLEANUP(rules_done) struct rules rules = { .text = xstrdup(text) };
	char *rest = rules.text;
	char *line;
	int number = 0;

	rules.sets = xcalloc(count_lines(text), sizeof(*rules.sets));
	rules.rows = xcalloc(count_lines(text), sizeof(*rules.rows));
	while ((line = next_line(&rest, &number)))
		if (read_line(&rules, line, number, err))
			return err_wrap(err, "line %d", number);
	*ret = rules;
	rules = (struct rules){ 0 };
	return 0;
}

/* A table that cannot be read is a mistake of ours: a test reads them. */
static const struct rules *rules_once(struct rules *rules, const char *text)
{
	struct err err;
	int rc = rules->text ? 0 : rules_parse(rules, text, &err);

	assert(rc == 0);
	return rules;
}

const struct rules *rules_of_providers(void)
{
	static struct rules rules;

	return rules_once(&rules, verdict_provider_tsv);
}

const struct rules *rules_of_gateways(void)
{
	static struct rules rules;

	return rules_once(&rules, verdict_gateway_tsv);
}
