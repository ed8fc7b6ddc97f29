#include "cli/print.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "cli/yaml.h"
#include "shared/table.h"

#define OUTPUT_MAX (256 << 20)

static const char *const forms[] = {
	[PRINT_TABLE]	= "table",
	[PRINT_JSON]	= "json",
	[PRINT_YAML]	= "yaml",
};

_Static_assert(COUNT(forms) == PRINT__MAX, "name every form");

int print_form_read(const struct args *args, enum print_form *ret,
		    struct err *err)
{
	const char *name = args_get(args, OPT_OUTPUT);
	int form = PRINT_TABLE;

	if (name && !table_find(forms, COUNT(forms), name, &form))
		return args_refuse(err, "--output must be table, json or yaml");
	*ret = (enum print_form)form;
	return 0;
}

int print_text(const char *text, struct err *err)
{
	if (fputs(text, stdout) == EOF || fflush(stdout) == EOF)
		return err_set(err, ERR_INTERNAL, "standard output: %s",
			       strerror(errno));
	return 0;
}

static int print_buf(const struct buf *out, struct err *err)
{
	if (out->failed)
		return err_set(err, ERR_INTERNAL, "the output is too large");
	return print_text(buf_str(out), err);
}

static void write_json(struct buf *out, const json_t *value)
{
	AUTO_FREE char *text = json_dumps(value, JSON_INDENT(2) |
					  JSON_ENCODE_ANY);

	buf_adds(out, text ? text : "null");
	buf_adds(out, "\n");
}

int print_list(enum print_form form, const struct column *columns,
	       size_t ncolumns, json_t *list, struct err *err)
{
	CLEANUP(buf_done) struct buf out = { .max = OUTPUT_MAX };

	if (form == PRINT_JSON)
		write_json(&out, list);
	else if (form == PRINT_YAML)
		yaml_write(&out, list);
	else
		columns_list(&out, columns, ncolumns, list);
	return print_buf(&out, err);
}

static void write_table(struct buf *out, json_t *object,
			const struct print_part *parts)
{
	json_auto_t *rest = json_copy(object);

	for (const struct print_part *p = parts; p && p->member; p++)
		json_object_del(rest, p->member);
	columns_object(out, rest);
	for (const struct print_part *p = parts; p && p->member; p++) {
		const json_t *list = json_object_get(object, p->member);

		if (json_array_size(list) == 0)
			continue;
		buf_addf(out, "\n%s:\n", p->member);
		columns_list(out, p->columns, p->ncolumns, list);
	}
}

int print_object(enum print_form form, json_t *object,
		 const struct print_part *parts, struct err *err)
{
	CLEANUP(buf_done) struct buf out = { .max = OUTPUT_MAX };

	if (form == PRINT_JSON)
		write_json(&out, object);
	else if (form == PRINT_YAML)
		yaml_write(&out, object);
	else
		write_table(&out, object, parts);
	return print_buf(&out, err);
}
