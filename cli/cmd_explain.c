/* cmd_explain: what CRM has to say: of one thing, and without being asked. */
#include <string.h>

#include "cli/api.h"
#include "cli/words.h"
#include "shared/table.h"

static const struct column notice_columns[] = {
	{ "SINCE", "at" },	{ "KIND", "kind" },	{ "NOTICE", "text" },
	{ "ENDED", "ended_at" },
};

/* What can be explained, and the parameter that names it. */
static const char *const things[][2] = {
	{ "item", "item_id" },
	{ "access", "access_id" },
	{ "host", "host_id" },
};

static const char *find_thing(const char *word)
{
	for (size_t i = 0; i < COUNT(things); i++)
		if (strcmp(things[i][0], word) == 0)
			return things[i][1];
	return NULL;
}

static int print_explanation(struct call *call, struct err *err)
{
	const char *text = api_text(call->reply.body, "text");
	AUTO_FREE char *line = NULL;
	size_t len = strlen(text);

	if (call->form != PRINT_TABLE || !len)
		return print_object(call->form, call->reply.body, NULL, err);
	line = xasprintf("%s%s", text, text[len - 1] == '\n' ? "" : "\n");
	return print_text(line, err);
}

int cmd_explain(struct call *call, struct err *err)
{
	CLEANUP(api_filters_done) struct api_filters filters = { 0 };
	const struct args *args = &call->args;
	const char *name = find_thing(args->words[0]);
	const char *language;
	const struct api_call get = {
		.method = "GET", .path = API_EXPLAIN,
		.query = (const char *const *)filters.list,
	};

	if (!name)
		return args_refuse(err, "explain what?  item, access or host, "
				   "not '%s'", args->words[0]);
	if (words_language(args, &language, err))
		return -1;
	api_filter(&filters, name, args->words[1]);
	api_filter(&filters, "lang", language);
	if (client_call(call->client, &get, &call->reply, err))
		return -1;
	return print_explanation(call, err);
}

/* What still holds comes first in a list; --all shows the rest, too. */
static json_t *wanted_notices(const json_t *list, bool all,
			      const char *language)
{
	json_t *wanted = json_array();
	json_t *notice;
	size_t i;

	json_array_foreach(list, i, notice) {
		if (!all && !json_is_true(json_object_get(notice, "open")))
			continue;
		if (language)
			json_array_append_new(wanted,
					      words_view(notice, language));
		else
			json_array_append(wanted, notice);
	}
	return wanted;
}

int cmd_notice_list(struct call *call, struct err *err)
{
	CLEANUP(api_filters_done) struct api_filters filters = { 0 };
	const struct args *args = &call->args;
	json_auto_t *list = NULL;
	json_auto_t *wanted = NULL;
	const char *language;

	if (words_language(args, &language, err))
		return -1;
	api_filter(&filters, "host_id", args_get(args, OPT_HOST));
	if (api_list(call, API_NOTICES, (const char *const *)filters.list, 0,
		     &list, err))
		return -1;
	wanted = wanted_notices(list, args_has(args, OPT_ALL),
				call->form == PRINT_TABLE ? language : NULL);
	return print_list(call->form, notice_columns, COUNT(notice_columns),
			  wanted, err);
}
