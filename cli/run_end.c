#include "cli/run_end.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "cli/api.h"
#include "cli/watch.h"
#include "cli/words.h"
#include "shared/table.h"

#define ITEMS_MAX 1000		/* that are looked through */
#define WARNED_MAX 200		/* with all that is known of them */
#define TABLE_MAX (256 << 10)

/* Rows that count() makes, of failures and of warnings. */
static const struct column class_columns[] = {
	{ "FAILURE", "code" },	{ "ITEMS", "items" },
	{ "FIRST", "first" },	{ "WHAT TO DO", "words" },
};
static const struct column warning_columns[] = {
	{ "WARNING", "code" },	{ "ITEMS", "items" },
	{ "FIRST", "first" },	{ "WHAT IT SAYS OF IT", "words" },
};

/* A row for each code, with how many items have it, and the first. */
static void count(json_t *rows, const char *code, const json_t *item,
		  const char *words)
{
	const char *label = api_text(item, "label");
	json_t *one;
	size_t i;

	json_array_foreach(rows, i, one) {
		if (strcmp(api_text(one, "code"), code) != 0)
			continue;
		json_object_set_new(one, "items", json_integer(
			api_number(one, "items") + 1));
		return;
	}
	json_array_append_new(rows, json_pack("{s:s, s:i, s:s, s:s}",
		"code", code, "items", 1, "first",
		*label ? label : api_text(item, "item_id"), "words", words));
}

/* Items of the run as the filters say; NULL: it is told beside the run. */
static json_t *items_by(struct call *call, const char *run_id,
			const char *const *filters, size_t limit)
{
	AUTO_FREE char *path = NULL;
	json_t *items = NULL;
	struct err err;

	if (api_path(&path, API_RUNS, run_id, "/items", &err) ||
	    api_list(call, path, filters, limit, &items, &err))
		return NULL;
	return items;
}

static json_t *find_classes(struct call *call, const char *run_id,
			    const char *language)
{
	static const char *const filters[] = { "access_status=broken",
					       "view=brief", NULL };
	json_auto_t *items = items_by(call, run_id, filters, ITEMS_MAX);
	json_t *classes = json_array();
	const json_t *item;
	size_t i;

	json_array_foreach(items, i, item)
		count(classes, api_text(item, "failure_class"), item,
		      words_of(item, "failure", language));
	return classes;
}

static void tell(const json_t *classes, const char *run_id, bool chinese)
{
	CLEANUP(buf_done) struct buf out = { .max = TABLE_MAX };

	columns_list(&out, class_columns, COUNT(class_columns), classes);
	fprintf(stderr, chinese
		? "%s逐项：crmctl item list %s --access broken；原因消除后："
		  "crmctl run retry %s --wait\n"
		: "%seach: crmctl item list %s --access broken; when that is "
		  "mended: crmctl run retry %s --wait\n",
		buf_str(&out), run_id, run_id);
}

/* The class of each broken item, with what helps. */
static void tell_broken(struct call *call, const json_t *run,
			const char *language)
{
	json_auto_t *classes = NULL;

	if (api_number(run, "items_broken") == 0)
		return;
	classes = find_classes(call, api_text(run, "run_id"), language);
	if (json_array_size(classes) > 0)
		tell(classes, api_text(run, "run_id"),
		     strcmp(language, "zh") == 0);
}

static void tell_warned(struct call *call, const json_t *run, bool chinese)
{
	static const char *const filters[] = { "warning=true", NULL };
	CLEANUP(buf_done) struct buf out = { .max = TABLE_MAX };
	const char *run_id = api_text(run, "run_id");
	json_auto_t *codes = json_array();
	json_auto_t *items = NULL;
	const json_t *item, *warning;
	size_t i, k;

	if (api_number(run, "items_warned") == 0)
		return;
	items = items_by(call, run_id, filters, WARNED_MAX);
	json_array_foreach(items, i, item)
		json_array_foreach(json_object_get(item, "warnings"), k,
				   warning)
			count(codes, api_text(warning, "code"), item,
			      api_text(warning, "detail"));
	if (json_array_size(codes) == 0)
		return;
	columns_list(&out, warning_columns, COUNT(warning_columns), codes);
	fprintf(stderr, chinese ? "%s逐项：crmctl item list %s --warning\n"
				: "%seach: crmctl item list %s --warning\n",
		buf_str(&out), run_id);
}

/* Of the run in call->reply, which is still there afterwards. */
static void tell_items(struct call *call)
{
	json_auto_t *run = json_incref(call->reply.body);
	const char *language;
	struct err err;

	if (strcmp(api_text(run, "state"), "running") == 0 ||
	    words_language(&call->args, &language, &err))
		return;
	tell_broken(call, run, language);
	tell_warned(call, run, strcmp(language, "zh") == 0);
	api_reply_done(&call->reply);
	call->reply.body = json_incref(run);
}

static const struct column reject_columns[] = {
	{ "LINE", "line" }, { "ROW", "row" }, { "FIELD", "field" },
	{ "WHAT IS WRONG", "detail" },
};

static const struct print_part run_parts[] = {
	{ "rejected", reject_columns, COUNT(reject_columns) },
	{ 0 }
};

int run_end_print(struct call *call, json_t *run, struct err *err)
{
	return print_object(call->form, run, run_parts, err);
}

int run_end_watch(struct call *call, const char *run_id, struct err *err)
{
	int rc = watch_run(call, run_id, err);
	struct err other;

	if (!call->reply.body || json_object_get(call->reply.body, "code"))
		return rc;
	tell_items(call);
	if (run_end_print(call, call->reply.body, &other) && rc == 0) {
		*err = other;
		return -1;
	}
	return rc;
}
