#include "shared/csv_rows.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "shared/csv.h"
#include "shared/redact.h"
#include "shared/table.h"

#define NAME_MAX_BYTES 64	/* of a header, folded */
#define SHOWN_MAX 40		/* bytes of a header that is refused */

enum column {
	COLUMN_BASE_URL,
	COLUMN_API_KEY,
	COLUMN_MODELS,
	COLUMN_LABEL,
	COLUMN_NOTE,
	COLUMN_ACCOUNT_PROXY,
	COLUMN_ADOPT,
	COLUMN__MAX,
	COLUMN_NONE = COLUMN__MAX	/* a column without a name */
};

/* The member of a row that a column becomes. */
static const char *const members[] = {
	[COLUMN_BASE_URL]      = "base_url",
	[COLUMN_API_KEY]       = "api_key",
	[COLUMN_MODELS]	       = "requested_models",
	[COLUMN_LABEL]	       = "label",
	[COLUMN_NOTE]	       = "note",
	[COLUMN_ACCOUNT_PROXY] = "account_proxy",
	[COLUMN_ADOPT]	       = "adopt_account_id",
};
_Static_assert(COUNT(members) == COLUMN__MAX, "a member for every column");

/* What people call columns, folded as fold_name() does. */
static const struct {
	const char *name;
	enum column column;
} headers[] = {
	{ "baseurl",	COLUMN_BASE_URL },	{ "url",	COLUMN_BASE_URL },
	{ "endpoint",	COLUMN_BASE_URL },	{ "apiurl",	COLUMN_BASE_URL },
	{ "接口地址",	COLUMN_BASE_URL },	{ "接口",	COLUMN_BASE_URL },
	{ "地址",	COLUMN_BASE_URL },	{ "网址",	COLUMN_BASE_URL },
	{ "api地址",	COLUMN_BASE_URL },	{ "链接",	COLUMN_BASE_URL },
	{ "apikey",	COLUMN_API_KEY },	{ "key",	COLUMN_API_KEY },
	{ "token",	COLUMN_API_KEY },	{ "密钥",	COLUMN_API_KEY },
	{ "令牌",	COLUMN_API_KEY },	{ "秘钥",	COLUMN_API_KEY },
	{ "api密钥",	COLUMN_API_KEY },	{ "密匙",	COLUMN_API_KEY },
	{ "requestedmodels", COLUMN_MODELS },	{ "models",	COLUMN_MODELS },
	{ "model",	COLUMN_MODELS },	{ "模型",	COLUMN_MODELS },
	{ "模型名",	COLUMN_MODELS },	{ "模型名称",	COLUMN_MODELS },
	{ "label",	COLUMN_LABEL },		{ "name",	COLUMN_LABEL },
	{ "标签",	COLUMN_LABEL },		{ "名称",	COLUMN_LABEL },
	{ "名字",	COLUMN_LABEL },
	{ "note",	COLUMN_NOTE },		{ "notes",	COLUMN_NOTE },
	{ "remark",	COLUMN_NOTE },		{ "remarks",	COLUMN_NOTE },
	{ "comment",	COLUMN_NOTE },		{ "备注",	COLUMN_NOTE },
	{ "说明",	COLUMN_NOTE },
	{ "accountproxy", COLUMN_ACCOUNT_PROXY }, { "proxy",	COLUMN_ACCOUNT_PROXY },
	{ "proxyid",	COLUMN_ACCOUNT_PROXY },	{ "代理",	COLUMN_ACCOUNT_PROXY },
	{ "代理id",	COLUMN_ACCOUNT_PROXY },	{ "账号代理",	COLUMN_ACCOUNT_PROXY },
	{ "代理编号",	COLUMN_ACCOUNT_PROXY },
	{ "adoptaccountid", COLUMN_ADOPT },	{ "adopt",	COLUMN_ADOPT },
	{ "收编账号",	COLUMN_ADOPT },		{ "收编",	COLUMN_ADOPT },
	{ "收编账号id",	COLUMN_ADOPT },
};

/* The blanks of other scripts, and marks that editors leave behind. */
static const char *const blanks[] = {
	" ", "\t", "\r", "\n", "\xc2\xa0", "\xe3\x80\x80", "\xe2\x80\x8b",
	"\xef\xbb\xbf",
};

/* How long the blank at the beginning of `text` is; 0: there is none. */
static size_t blank_len(const char *text)
{
	for (size_t i = 0; i < COUNT(blanks); i++) {
		size_t n = strlen(blanks[i]);

		if (strncmp(text, blanks[i], n) == 0)
			return n;
	}
	return 0;
}

/* `text` without the blanks around it: *ret_len bytes from the result on. */
static const char *trim(const char *text, size_t *ret_len)
{
	size_t n, end = 0;

	while ((n = blank_len(text)) > 0)
		text += n;
	for (size_t i = 0; text[i] != '\0';) {
		n = blank_len(text + i);
		i += n ? n : 1;
		if (n == 0)
			end = i;
	}
	*ret_len = end;
	return text;
}

/* A full-width form (U+FF01 to U+FF5E) as the ASCII that it stands for. */
static char narrow(const char *text)
{
	const unsigned char *c = (const unsigned char *)text;

	if (c[0] != 0xef || (c[1] != 0xbc && c[1] != 0xbd) || c[2] < 0x80)
		return 0;
	c++;
	if ((c[0] == 0xbc && c[1] < 0x81) || (c[0] == 0xbd && c[1] > 0x9e))
		return 0;
	return (char)(0x21 + (c[0] - 0xbc) * 0x40 + c[1] - 0x81);
}

/*
 * A header as the table has it: small letters, full-width forms narrowed,
 * without blanks, '_', '-' and the '*' that marks what must be filled in.
 */
static void fold_name(const char *text, char ret[NAME_MAX_BYTES])
{
	size_t len = 0;

	while (*text != '\0' && len + 1 < NAME_MAX_BYTES) {
		size_t n = blank_len(text);
		char c = narrow(text);

		if (n > 0) {
			text += n;
			continue;
		}
		text += c ? 3 : 1;
		c = c ? c : text[-1];
		if (!strchr("_-*", c))
			ret[len++] = (char)tolower((unsigned char)c);
	}
	ret[len] = '\0';
}

static enum column column_of(const char *header)
{
	char name[NAME_MAX_BYTES];

	fold_name(header, name);
	for (size_t i = 0; i < COUNT(headers); i++)
		if (strcmp(headers[i].name, name) == 0)
			return headers[i].column;
	return COLUMN_NONE;
}

/* What each cell of a row is. */
struct plan {
	enum column columns[CSV_CELLS_MAX];
	size_t count;
};

/* The name may be a key: a file without a header begins with one. */
static void refuse_name(const char *name, int64_t line,
			struct jdec_problems *problems)
{
	AUTO_FREE char *shown = redact_text(name, SHOWN_MAX);
	AUTO_FREE char *prefix = xasprintf("line %lld: ", (long long)line);

	jdec_problem(problems, prefix, "header", "has a column that is not "
		     "known: '%s'", shown);
}

static void plan_column(struct plan *plan, const char *name, int64_t line,
			struct jdec_problems *problems)
{
	enum column column = column_of(name);
	char prefix[32];
	size_t len;

	trim(name, &len);
	snprintf(prefix, sizeof(prefix), "line %lld: ", (long long)line);
	if (len > 0 && column == COLUMN_NONE)
		refuse_name(name, line, problems);
	for (size_t i = 0; i < plan->count && column != COLUMN_NONE; i++)
		if (plan->columns[i] == column)
			jdec_problem(problems, prefix, "header", "has two "
				     "columns for %s", members[column]);
	plan->columns[plan->count++] = column;
}

static bool has_column(const struct plan *plan, enum column column)
{
	for (size_t i = 0; i < plan->count; i++)
		if (plan->columns[i] == column)
			return true;
	return false;
}

static bool read_header(struct csv *csv, struct plan *plan,
			struct jdec_problems *problems)
{
	static const enum column needed[] = { COLUMN_BASE_URL, COLUMN_API_KEY };
	size_t before = problems->count;
	struct csv_row row;

	if (!csv_next(csv, &row)) {
		jdec_problem(problems, "", "header", "is missing: the first "
			     "line names the columns");
		return false;
	}
	if (row.problem)
		jdec_problem(problems, "", "header", "%s", row.problem);
	for (size_t i = 0; i < row.count; i++)
		plan_column(plan, row.cells[i], row.line, problems);
	for (size_t i = 0; i < COUNT(needed) && !row.problem; i++)
		if (!has_column(plan, needed[i]))
			jdec_problem(problems, "", "header", "has no column %s;"
				     " the first line names the columns",
				     members[needed[i]]);
	return problems->count == before;
}

/* What parts the models of one cell. */
static const char *const between[] = {
	";", "|", ",", "\n", "\r", "、", "；", "，", "｜",
};

static size_t between_len(const char *text)
{
	for (size_t i = 0; i < COUNT(between); i++) {
		size_t n = strlen(between[i]);

		if (strncmp(text, between[i], n) == 0)
			return n;
	}
	return 0;
}

static void add_model(json_t *models, const char *text, size_t len)
{
	AUTO_FREE char *one = xstrndup(text, len);
	size_t trimmed;
	const char *from = trim(one, &trimmed);

	if (trimmed > 0)
		json_array_append_new(models,
				      json_stringn_nocheck(from, trimmed));
}

static json_t *models_of(const char *text)
{
	json_t *models = json_array();
	size_t len = 0;

	while (text[len] != '\0') {
		size_t n = between_len(text + len);

		if (n == 0) {
			len++;
			continue;
		}
		add_model(models, text, len);
		text += len + n;
		len = 0;
	}
	add_model(models, text, len);
	return models;
}

/* NULL, or why the cells do not fit the columns. */
static const char *add_cell(json_t *item, enum column column, const char *text)
{
	size_t len;
	const char *from = trim(text, &len);

	if (len == 0)
		return NULL;
	if (column == COLUMN_NONE)
		return "has a cell in a column without a name";
	json_object_set_new_nocheck(item, members[column],
				    column == COLUMN_MODELS ? models_of(from) :
				    json_stringn_nocheck(from, len));
	return NULL;
}

static void add_row(struct file_rows *rows, const struct plan *plan,
		    const struct csv_row *row)
{
	json_auto_t *item = json_object();
	const char *problem = row->problem;

	for (size_t i = 0; i < row->count && !problem; i++)
		problem = add_cell(item, i < plan->count ? plan->columns[i]
				   : COLUMN_NONE, row->cells[i]);
	if (problem)
		file_rows_add_bad(rows, problem, row->line);
	else if (json_object_size(item) > 0)
		file_rows_add(rows, json_incref(item), row->line);
}

static void csv_done(struct csv **csv)
{
	csv_close(csv);
}

void csv_rows_read(struct file_rows *rows, const char *text, size_t len,
		   size_t max, struct jdec_problems *problems)
{
	CLEANUP(buf_wipe) struct buf narrowed = { .max = len };
	CLEANUP(csv_done) struct csv *csv = NULL;
	struct plan plan = { .count = 0 };
	/* The sign between the cells shows in the first line that has any. */
	size_t blank = strspn(text, "\r\n "), skip;
	bool wide;
	char delimiter = csv_delimiter(text + blank, len - blank, &wide,
				       &skip);
	struct csv_row row;

	if (wide) {
		csv_narrow(text, len, &narrowed);
		text = buf_str(&narrowed);
		len = narrowed.len;
	}
	skip = blank ? 0 : skip;
	csv_open(&csv, text + skip, len - skip, delimiter, skip ? 2 : 1);
	if (!read_header(csv, &plan, problems))
		return;
	while (json_array_size(rows->items) <= max && csv_next(csv, &row))
		add_row(rows, &plan, &row);
}
