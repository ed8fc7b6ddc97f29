#include "cli/run_file.h"

#include <stdio.h>
#include <string.h>

#include "cli/run_rows.h"
#include "cli/text_file.h"
#include "shared/table.h"

#define TABLE_MAX (256 << 10)
#define DAYS_MAX 36500
#define CANARY_MAX 1000

/* Options that say something which a file of lines cannot, or must not. */
static const struct {
	enum opt opt;
	const char *why;
} misplaced[] = {
	{ OPT_BASE_URL, "is a column of the file" },
	{ OPT_KEY_FILE, "is a column of the file" },
	{ OPT_MODEL, "is a column of the file" },
	{ OPT_LABEL, "is a column of the file" },
	{ OPT_NOTE, "is a column of the file" },
};

static int check_options(const struct args *args, struct err *err)
{
	for (size_t i = 0; i < COUNT(misplaced); i++)
		if (args_has(args, misplaced[i].opt))
			return args_refuse(err, "--%s %s",
					   opt_spec(misplaced[i].opt)->name,
					   misplaced[i].why);
	if (!args_has(args, OPT_HOST))
		return args_refuse(err, "--host is missing: a file of rows "
				   "does not name it");
	return 0;
}

static int add_number(struct api_filters *query, const char *name,
		      const struct args *args, enum opt opt, int64_t max,
		      struct err *err)
{
	int64_t n;

	if (args_number(args, opt, 1, max, &n, err))
		return -1;
	api_filter(query, name, args_get(args, opt));
	return 0;
}

static void add_users(struct api_filters *query, const struct args *args)
{
	CLEANUP(buf_done) struct buf list = { .max = 4096 };
	const char *user;
	size_t at = 0;

	while ((user = args_each(args, OPT_SELECTOR, &at)))
		buf_addf(&list, "%s%s", list.len ? "," : "", user);
	if (list.len)
		api_filter(query, "subscription_users", buf_str(&list));
}

static int add_options(struct api_filters *query, const struct args *args,
		       struct err *err)
{
	api_filter(query, "host_id", args_get(args, OPT_HOST));
	api_filter(query, "access_mode", args_get(args, OPT_ACCESS_MODE));
	add_users(query, args);
	if (args_has(args, OPT_REBIND))
		api_filter(query, "rebind", "true");
	if (args_has(args, OPT_STRICT))
		api_filter(query, "strict", "true");
	if (args_has(args, OPT_IGNORE_PACKS))
		api_filter(query, "ignore_packs", "true");
	if (add_number(query, "subscription_days", args, OPT_DAYS, DAYS_MAX,
		       err) ||
	    add_number(query, "canary_items", args, OPT_CANARY, CANARY_MAX,
		       err))
		return -1;
	return add_number(query, "canary_stop_after", args, OPT_STOP_AFTER,
			  CANARY_MAX, err);
}

int run_file_read(const struct args *args, struct jout *body,
		  struct api_filters *query, struct err *err)
{
	if (check_options(args, err) || add_options(query, args, err))
		return -1;
	body->text.max = RUN_ROWS_MAX;
	return text_file_bytes(args_get(args, OPT_FILE), "the rows",
			       &body->text, err);
}

static const struct column reject_columns[] = {
	{ "LINE", "line" }, { "ROW", "row" }, { "FIELD", "field" },
	{ "WHAT IS WRONG", "detail" },
};

void run_file_report(const json_t *run)
{
	CLEANUP(buf_done) struct buf out = { .max = TABLE_MAX };
	const json_t *list = json_object_get(run, "rejected");
	int64_t n = api_number(run, "items_rejected");

	run_rows_charset(api_text(run, "read_as"));
	if (n == 0 || !json_is_array(list))
		return;
	columns_list(&out, reject_columns, COUNT(reject_columns), list);
	fprintf(stderr, "crmctl: %lld row%s left out; what was found first:\n"
		"%s", (long long)n, n == 1 ? " was" : "s were",
		buf_str(&out));
}

const char *run_file_template(const char *language)
{
	/* The mark makes Excel read Chinese as it should. */
	return strcmp(language, "zh") == 0
		? "\xef\xbb\xbf"
		  "接口地址,密钥,模型,标签,备注,代理\n"
		  "https://api.deepseek.com,填入密钥,deepseek-chat,团队甲,"
		  "\"备注, 可留空\",\n"
		: "base_url,api_key,models,label,note,account_proxy\n"
		  "https://api.deepseek.com,YOUR-KEY-HERE,deepseek-chat,team-a,"
		  "\"a note, may be left out\",\n";
}
