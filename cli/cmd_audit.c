/* cmd_audit: who did what, and whether that is still what was written. */
#include <inttypes.h>
#include <stdio.h>

#include "cli/api.h"
#include "cli/exits.h"
#include "shared/table.h"

#define ROWS 100		/* shown, unless --limit says otherwise */
#define ROWS_MAX 100000

static const struct column row_columns[] = {
	{ "SEQ", "seq" },		{ "AT", "at" },
	{ "ACTOR", "actor" },		{ "TOKEN", "token" },
	{ "ACTION", "action" },		{ "OBJECT", "object_id" },
	{ "RESULT", "result" },		{ "REQUEST", "request_id" },
};

/* The name of a token if we are told it, else its id. */
static void name_tokens(json_t *list)
{
	json_t *row;
	size_t i;

	json_array_foreach(list, i, row) {
		json_t *name = json_object_get(row, "token_name");

		json_object_set(row, "token", json_is_string(name)
			? name : json_object_get(row, "token_id"));
	}
}

int cmd_audit_list(struct call *call, struct err *err)
{
	static const struct {
		const char *name;
		enum opt opt;
	} known[] = {
		{ "actor", OPT_ACTOR },		{ "action", OPT_ACTION },
		{ "object_id", OPT_OBJECT },	{ "host_id", OPT_HOST },
		{ "token_id", OPT_TOKEN },	{ "request_id", OPT_REQUEST },
		{ "since", OPT_SINCE },		{ "until", OPT_UNTIL },
	};
	CLEANUP(api_filters_done) struct api_filters filters = { 0 };
	json_auto_t *list = NULL;
	int64_t limit = ROWS;

	if (args_number(&call->args, OPT_LIMIT, 1, ROWS_MAX, &limit, err))
		return -1;
	for (size_t i = 0; i < COUNT(known); i++)
		api_filter(&filters, known[i].name,
			   args_get(&call->args, known[i].opt));
	if (api_list(call, API_AUDIT, (const char *const *)filters.list,
		     (size_t)limit, &list, err))
		return -1;
	if (call->form == PRINT_TABLE)
		name_tokens(list);
	return print_list(call->form, row_columns, COUNT(row_columns), list,
			  err);
}

int cmd_audit_show(struct call *call, struct err *err)
{
	AUTO_FREE char *path = NULL;

	if (api_path(&path, API_AUDIT "/rows", call->args.words[0], "", err) ||
	    api_get(call, path, err))
		return -1;
	return print_object(call->form, call->reply.body, NULL, err);
}

int cmd_audit_refused(struct call *call, struct err *err)
{
	static const struct column columns[] = {
		{ "MINUTE", "minute" },	{ "TOKEN", "token_id" },
		{ "COUNT", "count" },	{ "LAST", "action" },
		{ "STATUS", "status" },	{ "REQUEST", "request_id" },
	};

	if (api_get(call, API_AUDIT "/refused", err))
		return -1;
	return print_list(call->form, columns, COUNT(columns),
			  json_object_get(call->reply.body, "rows"), err);
}

/* Page by page; *ret_rows is how many hold. */
static int verify_all(struct call *call, int64_t *ret_rows, struct err *err)
{
	const char *kept = args_get(&call->args, OPT_EXPECT);
	AUTO_FREE char *expect = kept ? xasprintf("expect=%s", kept) : NULL;
	AUTO_FREE char *after = NULL;

	*ret_rows = 0;
	for (;;) {
		const char *query[3] = { 0 };
		const struct api_call get = { .method = "GET",
			.path = API_AUDIT "/verify", .query = query };
		const char *next;
		size_t n = 0;

		if (expect)
			query[n++] = expect;
		query[n] = after;
		if (client_call(call->client, &get, &call->reply, err))
			return -1;
		*ret_rows += api_number(call->reply.body, "checked");
		next = api_text(call->reply.body, "next");
		if (!*next)
			return 0;
		free(after);
		after = xasprintf("after=%s", next);
	}
}

int cmd_audit_verify(struct call *call, struct err *err)
{
	json_t *report;
	int64_t rows;

	if (verify_all(call, &rows, err))
		return -1;
	report = call->reply.body;
	json_object_set_new(report, "checked", json_integer(rows));
	json_object_del(report, "next");
	if (print_object(call->form, report, NULL, err))
		return -1;
	if (json_is_true(json_object_get(report, "ok")))
		return 0;
	err_set(err, ERR_CONFLICT, "the audit log does not hold at row "
		"%" PRId64 ": %s", api_number(report, "seq"),
		api_text(report, "problem"));
	return err_code(err, EXITS_CODE_FAILED);
}
