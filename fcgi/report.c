#include "fcgi/report.h"

#include <inttypes.h>
#include <string.h>

#include <jansson.h>

#include "shared/badge.h"
#include "shared/clock.h"
#include "shared/failure.h"
#include "shared/table.h"

#define BYTE_ORDER_MARK "\xef\xbb\xbf"

static bool is_formula(const char *text)
{
	return *text && strchr("=+-@\t\r", *text) != NULL;
}

static void cell(struct buf *out, const char *text)
{
	const char *mark = is_formula(text) ? "'" : "";

	if (!text[strcspn(text, ",\"\r\n")]) {
		buf_adds(out, mark);
		buf_adds(out, text);
		return;
	}
	buf_adds(out, "\"");
	buf_adds(out, mark);
	for (; *text != '\0'; text++)
		buf_add(out, *text == '"' ? "\"\"" : text, *text == '"' ? 2 : 1);
	buf_adds(out, "\"");
}

static void number(struct buf *out, int64_t value)
{
	if (value)
		buf_addf(out, "%" PRId64, value);
}

static void moment(struct buf *out, int64_t at)
{
	char text[CLOCK_TEXT_MAX];

	if (at)
		buf_adds(out, clock_format(at, text));
}

/* The strings of a JSON array, or its members' `code`, with blanks between. */
static void words(struct buf *out, const char *json)
{
	json_auto_t *list = json ? json_loads(json, 0, NULL) : NULL;
	CLEANUP(buf_done) struct buf text = { .max = out->max };
	const json_t *one;
	size_t i;

	json_array_foreach(list, i, one) {
		const char *word = json_string_value(json_is_object(one)
			? json_object_get(one, "code") : one);

		if (word && text.len)
			buf_adds(&text, " ");
		if (word)
			buf_adds(&text, word);
	}
	cell(out, buf_str(&text));
}

static void failure(struct buf *out, const char *class, const char *lang)
{
	enum failure known;

	if (!class || !failure_parse(class, &known) || known == FAILURE_NONE)
		return;
	cell(out, strcmp(lang, "zh") == 0 ? failure_facts(known)->zh
					  : failure_facts(known)->en);
}

enum column_form { TEXT, NUMBER, TIME, WORDS, STATE, FAILURE };

/*
 * A column.  Text, numbers and moments are members of struct item_row at
 * `offset`; a state is what `state` says, called as its badge.
 */
struct column {
	const char *zh, *en;
	enum column_form form;
	size_t offset;
	const char *(*state)(const struct item *item);
	enum badge_kind badge;
};

static const char *stage_of(const struct item *item)
{
	return item_stage_name(item->stage);
}

static const char *confirmation_of(const struct item *item)
{
	return confirmation_name(item->confirmation);
}

static const char *access_of(const struct item *item)
{
	return access_status_name(item->access);
}

static const char *match_of(const struct item *item)
{
	return account_match_name(item->match);
}

static const char *resolution_of(const struct item *item)
{
	return item->resolution == RESOLUTION_NONE
		? NULL : account_resolution_name(item->resolution);
}

#define AT(member) offsetof(struct item_row, item.member)
#define STATE_COLUMN(zh, en, of, badge) { zh, en, STATE, 0, of, badge }

static const struct column columns[] = {
	{ "行号", "row", NUMBER, AT(seq) },
	{ "文件行", "line", NUMBER, AT(line) },
	{ "标签", "label", TEXT, AT(label) },
	{ "备注", "note", TEXT, AT(note) },
	{ "密钥尾号", "key_last4", TEXT, AT(api_key_last4) },
	{ "供应商", "provider_id", TEXT, AT(provider_id) },
	{ "地址", "base_url", TEXT, AT(base_url) },
	{ "要求的模型", "requested_models", WORDS, AT(requested_models) },
	{ "模型", "models", WORDS, AT(models) },
	{ "推荐的模型", "recommended_models", WORDS, AT(recommended_models) },
	{ "实测模型", "smoke_model", TEXT, AT(resolved_smoke_model) },
	STATE_COLUMN("阶段", "stage", stage_of, BADGE_STAGE),
	STATE_COLUMN("核对", "confirmation", confirmation_of,
		     BADGE_CONFIRMATION),
	STATE_COLUMN("可用性", "access", access_of, BADGE_ACCESS),
	STATE_COLUMN("已有账号", "matched_account", match_of, BADGE_MATCH),
	STATE_COLUMN("处理方式", "resolution", resolution_of,
		     BADGE_RESOLUTION),
	{ "失败类别", "failure_class", TEXT, AT(failure_class) },
	{ "失败原因", "failure", FAILURE, AT(failure_class) },
	{ "失败细节", "failure_detail", TEXT, AT(failure_detail) },
	{ "提醒", "warnings", WORDS, AT(warnings) },
	{ "重试次数", "retries", NUMBER, AT(retry_count) },
	{ "账号编号", "account_id", TEXT, AT(account_id) },
	{ "分组编号", "group_id", TEXT, AT(group_id) },
	{ "渠道编号", "channel_id", TEXT, AT(channel_id) },
	{ "主机", "host_id", TEXT, offsetof(struct item_row, host_id) },
	{ "批次", "run_id", TEXT, AT(run_id) },
	{ "条目", "item_id", TEXT, AT(item_id) },
	{ "创建时间", "created_at", TIME, AT(created_at) },
	{ "结束时间", "finished_at", TIME, AT(finished_at) },
};

void report_head(struct buf *out, const char *lang)
{
	bool zh = strcmp(lang, "zh") == 0;

	buf_adds(out, BYTE_ORDER_MARK);
	for (size_t i = 0; i < COUNT(columns); i++) {
		buf_adds(out, i ? "," : "");
		cell(out, zh ? columns[i].zh : columns[i].en);
	}
	buf_adds(out, "\r\n");
}

static void column(struct buf *out, const struct column *column,
		   const struct item_row *row, const char *lang)
{
	const void *at = (const char *)row + column->offset;
	const char *text;

	switch (column->form) {
	case NUMBER:
		number(out, *(const int64_t *)at);
		return;
	case TIME:
		moment(out, *(const int64_t *)at);
		return;
	case STATE:
		cell(out, badge_label(column->badge, column->state(&row->item),
				      lang));
		return;
	case TEXT:
	case WORDS:
	case FAILURE:
		break;
	}
	text = *(char *const *)at;
	if (column->form == WORDS)
		words(out, text);
	else if (column->form == FAILURE)
		failure(out, text, lang);
	else
		cell(out, text ? text : "");
}

void report_row(struct buf *out, const struct item_row *row, const char *lang)
{
	for (size_t i = 0; i < COUNT(columns); i++) {
		buf_adds(out, i ? "," : "");
		column(out, &columns[i], row, lang);
	}
	buf_adds(out, "\r\n");
}

void report_spoil(struct buf *out)
{
	buf_adds(out, "!,!,报告不完整，请重新下载 / this report is incomplete:"
		 " ask for it again\r\n");
}
