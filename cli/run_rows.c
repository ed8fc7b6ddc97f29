#include "cli/run_rows.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "cli/text_file.h"
#include "shared/charset.h"
#include "shared/csv_rows.h"

#define ROWS_MAX 100000
#define GROWTH 2		/* GBK to UTF-8: two bytes become three */

/* Of --form, the ending of a name, and of plans. */
static const struct {
	const char *name;
	const char *form;	/* NULL: JSON */
} forms[] = {
	{ "json",	NULL },
	{ "csv",	"csv" },
	{ "tsv",	"csv" },
	{ "jsonl",	"jsonl" },
	{ "ndjson",	"jsonl" },
};

static bool find_form(const char *name, const char **ret)
{
	for (size_t i = 0; i < COUNT(forms); i++) {
		if (strcasecmp(forms[i].name, name) != 0)
			continue;
		*ret = forms[i].form;
		return true;
	}
	return false;
}

int run_rows_form(const struct args *args, const char **ret, struct err *err)
{
	const char *form = args_get(args, OPT_FORM);
	const char *path = args_get(args, OPT_FILE);
	const char *dot = path ? strrchr(path, '.') : NULL;

	*ret = NULL;
	if (form && !path)
		return args_refuse(err, "--form goes with --file");
	if (form && !find_form(form, ret))
		return args_refuse(err, "--form must be csv, jsonl or json");
	if (!form && dot && !find_form(dot + 1, ret))
		*ret = NULL;
	return 0;
}

const char *run_rows_type(const char *form)
{
	if (!form)
		return NULL;
	return strcmp(form, "csv") == 0 ? "text/csv" : "application/x-ndjson";
}

static void wipe(json_t *value)
{
	const char *name;
	json_t *one;
	size_t i;

	if (json_is_string(value))
		explicit_bzero((void *)(uintptr_t)json_string_value(value),
			       json_string_length(value));
	json_object_foreach(value, name, one)
		wipe(one);
	json_array_foreach(value, i, one)
		wipe(one);
}

void run_rows_wipe(json_t **rows)
{
	wipe(*rows);
	json_decref(*rows);
	*rows = NULL;
}

void run_rows_charset(const char *charset)
{
	static bool told;	/* a plan reads its file twice */

	if (told)
		return;
	told = true;
	if (*charset && strcmp(charset, "utf-8") != 0)
		fprintf(stderr, "crmctl: the file is not UTF-8; it was read as "
			"%s\n", charset);
}

/* ---- JSON ---- */

static int read_json(const char *path, const struct buf *text, json_t **ret,
		     struct err *err)
{
	static const char mark[] = "\xef\xbb\xbf";
	size_t skip = sizeof(mark) - 1;
	json_error_t why;

	/* Editors of Windows put it there. */
	if (strncmp(buf_str(text), mark, skip) != 0)
		skip = 0;
	*ret = json_loadb(buf_str(text) + skip, text->len - skip,
			  JSON_REJECT_DUPLICATES, &why);
	if (*ret)
		return 0;
	return err_set(err, ERR_INVALID, "'%s' is not JSON, line %d, column "
		       "%d; --form says what else it is", path, why.line,
		       why.column);
}

/* ---- lines ---- */

static int refuse(const char *path, size_t n, struct err *err)
{
	return err_set(err, ERR_INVALID, "'%s': %zu thing%s wrong, as told "
		       "above; mend the file", path, n,
		       n == 1 ? " is" : "s are");
}

static int tell_problems(const char *path,
			 const struct jdec_problems *problems, struct err *err)
{
	for (size_t i = 0; i < problems->count && i < JDEC_PROBLEMS_MAX; i++)
		fprintf(stderr, "%s: %s %s\n", path, problems->list[i].field,
			problems->list[i].why);
	return refuse(path, problems->count, err);
}

static int check_rows(const char *path, const struct file_rows *file,
		      struct err *err)
{
	const json_t *row;
	size_t i, bad = 0;

	json_array_foreach(file->items, i, row) {
		if (!json_is_string(row))
			continue;
		fprintf(stderr, "%s:%lld: %s\n", path,
			(long long)file->lines[i], json_string_value(row));
		bad++;
	}
	if (bad)
		return refuse(path, bad, err);
	if (json_array_size(file->items) > ROWS_MAX)
		return err_set(err, ERR_INVALID, "'%s' has more than %d rows",
			       path, ROWS_MAX);
	return json_array_size(file->items) ? 0
		: err_set(err, ERR_INVALID, "'%s' has no rows", path);
}

static void problems_free(struct jdec_problems **problems)
{
	free(*problems);
}

static int read_lines(const char *path, const char *form,
		      const struct buf *bytes, json_t **ret, struct err *err)
{
	CLEANUP(buf_wipe) struct buf storage = { .max = GROWTH * bytes->len };
	CLEANUP(file_rows_done) struct file_rows file = { 0 };
	CLEANUP(problems_free) struct jdec_problems *problems =
		xcalloc(1, sizeof(*problems));
	enum charset charset;
	const char *text;
	struct err why;
	size_t len;

	if (charset_read(buf_str(bytes), bytes->len, &storage, &text, &len,
			 &charset, &why))
		return err_set(err, ERR_INVALID, "'%s' %s", path, why.msg);
	run_rows_charset(charset_name(charset));
	file_rows_init(&file);
	if (strcmp(form, "csv") == 0)
		csv_rows_read(&file, text, len, ROWS_MAX, problems);
	else
		file_rows_read_json(&file, text, len, ROWS_MAX);
	if (problems->count)
		return tell_problems(path, problems, err);
	if (check_rows(path, &file, err))
		return -1;
	*ret = json_incref(file.items);
	return 0;
}

int run_rows_read(const char *path, const char *form, json_t **ret,
		  struct err *err)
{
	CLEANUP(buf_wipe) struct buf text = { .max = RUN_ROWS_MAX };
	const char *known = NULL;

	if (form && !find_form(form, &known))
		return err_set(err, ERR_INVALID, "'%s' is said to be %.40s, "
			       "which this crmctl cannot read", path, form);
	if (text_file_bytes(path, "the rows", &text, err))
		return -1;
	return known ? read_lines(path, known, &text, ret, err)
		     : read_json(path, &text, ret, err);
}
