/*
 * cmd_model: what model names mean, without a server.
 *
 * A name a line in, a line of JSON out, in their order.  Empty lines are
 * passed over.
 */
#include <string.h>

#include "cli/command.h"
#include "cli/text_file.h"
#include "shared/model_listing.h"
#include "shared/model_say.h"

#define LINE_MAX_BYTES 4096
#define LIST_MAX_BYTES ((size_t)4 << 20)
#define OUT_MAX ((size_t)64 << 10)

static json_t *names_of_lines(char *text)
{
	json_t *names = json_array();
	char *line;

	while ((line = strsep(&text, "\n"))) {
		size_t len;

		line += strspn(line, " \t\r");
		len = strlen(line);
		while (len > 0 && strchr(" \t\r", line[len - 1]))
			len--;
		if (len > 0)
			json_array_append_new(names,
					      json_stringn(line, len));
	}
	return names;
}

/* *ret stays NULL if no list was given. */
static int read_list(const struct args *args, json_t **ret, struct err *err)
{
	const char *path = args_get(args, OPT_LISTED);
	AUTO_FREE char *text = NULL;
	json_auto_t *answer = NULL;

	if (!path)
		return 0;
	if (text_file_read(path, "the list", LIST_MAX_BYTES, &text, err))
		return -1;
	answer = json_loads(text, 0, NULL);
	*ret = answer ? model_listing(answer) : names_of_lines(text);
	if (!*ret)
		return args_refuse(err, "%s is no list of models", path);
	return 0;
}

static int read_endpoint(const struct args *args,
			 const struct model_endpoint **ret, struct err *err)
{
	const char *id = args_get(args, OPT_ENDPOINT);

	if (!id)
		return 0;
	*ret = model_endpoint_find(id);
	if (!*ret)
		*ret = model_endpoint_at(id);
	return *ret ? 0 : args_refuse(err, "no endpoint is known as %s", id);
}

static int answer_line(const struct model_names *names, const char *line,
		       size_t len, struct err *err)
{
	CLEANUP(jout_done) struct jout out = { .text.max = OUT_MAX };
	struct model_result result;

	model_names_resolve(names, line, len, &result);
	model_result_write(&out, NULL, names, line, len, &result);
	buf_add(&out.text, "\n", 1);
	return print_text(buf_str(&out.text), err);
}

/* False at the end.  What is longer than a line may be is cut there. */
static bool next_line(FILE *in, struct buf *line)
{
	int c;

	buf_reset(line);
	line->failed = false;
	while ((c = getc_unlocked(in)) != EOF && c != '\n') {
		char byte = (char)c;

		buf_add(line, &byte, 1);
	}
	while (line->len > 0 && line->text[line->len - 1] == '\r')
		line->text[--line->len] = '\0';
	return c != EOF || line->len > 0;
}

int cmd_model_resolve(struct call *call, struct err *err)
{
	CLEANUP(buf_done) struct buf line = { .max = LINE_MAX_BYTES };
	CLEANUP(model_names_free) struct model_names *names = NULL;
	const struct model_endpoint *at = NULL;
	json_auto_t *listed = NULL;

	if (read_endpoint(&call->args, &at, err) ||
	    read_list(&call->args, &listed, err))
		return -1;
	names = model_names_new(at, listed);
	while (next_line(stdin, &line)) {
		const char *text = buf_str(&line);

		if (strspn(text, " \t") < line.len &&
		    answer_line(names, text, line.len, err))
			return -1;
	}
	return 0;
}
