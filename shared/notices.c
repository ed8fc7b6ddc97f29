#include "shared/notices.h"

#include <jansson.h>

#include "shared/failure.h"
#include "shared/say.h"

#define TEXT_MAX 4096

static const char *const kind_names[] = {
	[NOTICE_HOST_VERSION]		= "host_version",
	[NOTICE_HOST_SUSPECT]		= "host_suspect",
	[NOTICE_PROVIDER_SUSPECT]	= "provider_suspect",
	[NOTICE_BALANCE_LOW]		= "balance_low",
	[NOTICE_PLAN_ENDING]		= "plan_ending",
	[NOTICE_MODEL_RETIRED]		= "model_retired",
	[NOTICE_GAVE_UP]		= "gave_up",
	[NOTICE_RUN_HELD]		= "run_held",
	[NOTICE_DRIFT]			= "drift",
	[NOTICE_TOP_UPS_SPENT]		= "top_ups_spent",
	[NOTICE_TOP_UPS_LOW]		= "top_ups_low",
	[NOTICE_USER_BALANCE_LOW]	= "user_balance_low",
	[NOTICE_OLD_KEY_FREE]		= "old_key_free",
};
TABLE_ENUM_DEFINE(notice_kind, kind_names, NOTICE_KIND__MAX);

/* Words in braces are members of the detail. */
static const struct said sentences[] = {
	[NOTICE_HOST_VERSION] = {
		"主机版本由 {from} 变为 {to}，系统已按新版本重新探测其能力。",
		"The host changed its version from {from} to {to}; its"
		" capabilities were probed anew." },
	[NOTICE_HOST_SUSPECT] = {
		"主机疑似故障（最近检查 {checked} 项访问，失败 {failed} 项）。各"
		"项状态保持不变，请先检查主机。",
		"The host is suspected (accesses checked lately: {checked},"
		" failed: {failed}). Single items keep their state; look at"
		" the host first." },
	[NOTICE_PROVIDER_SUSPECT] = {
		"供应商疑似故障（最近检查 {checked} 项访问，失败 {failed} 项）。"
		"各项状态保持不变，请查看供应商公告。",
		"The provider is suspected (accesses checked lately:"
		" {checked}, failed: {failed}). Single items keep their state;"
		" see its status page." },
	[NOTICE_BALANCE_LOW] = {
		"密钥余额不足：仅剩 {amount} {currency}。请尽快充值。",
		"The balance of a key is low: {amount} {currency} left. Top it"
		" up soon." },
	[NOTICE_PLAN_ENDING] = {
		"密钥所属套餐将于 {expires_at} 到期。请在此之前续费或更换密钥"
		"。",
		"The plan of a key ends at {expires_at}. Renew it or replace"
		" the key before." },
	[NOTICE_MODEL_RETIRED] = {
		"供应商公告：正在使用的模型 {model} 将于 {date} 下线。请改用其"
		"他模型。",
		"The provider announced that the model {model}, which is in"
		" use, goes away on {date}. Change to another model." },
	[NOTICE_GAVE_UP] = {
		"同一处设置修复 {times} 次后又被改回，系统已停止修复。请查明是"
		"谁在修改主机账号。",
		"The same thing was repaired {times} times and undone each"
		" time, so it is repaired no more. Find out who changes the"
		" account on the host." },
	[NOTICE_RUN_HELD] = {
		"批次 {run_id} 已暂停，余下 {held} 项尚未开始：先行项目以同一"
		"原因失败。请处理原因后恢复或取消该批次。",
		"Run {run_id} was stopped, {held} items have not begun: those"
		" before them failed in the same way. See to the cause, then"
		" resume the run or cancel it." },
	[NOTICE_DRIFT] = {
		"主机上有 {findings} 处被他人改动，需人工决定：见对账"
		" {reconcile_id}。",
		"Things of CRM's on the host were changed by others:"
		" {findings} of them are for an operator to decide, see"
		" reconcile {reconcile_id}." },
	[NOTICE_TOP_UPS_SPENT] = {
		"该主机的自动充值预算已用完（24 小时内 {day}，30 天内 {month}），托"
		"管用户 {selector} 未能充值。请提高预算，或为其手工充值。",
		"The budget for top-ups of this host is used up ({day} in 24"
		" hours, {month} in 30 days): the managed user {selector} got"
		" nothing. Raise the budget, or top up by hand." },
	[NOTICE_TOP_UPS_LOW] = {
		"该主机的自动充值预算仅剩 {left}，按最近一周的用量约可用 {days} 天"
		"。",
		"{left} is left of the budget for top-ups of this host: about"
		" {days} days, as things went in the last week." },
	[NOTICE_USER_BALANCE_LOW] = {
		"托管用户 {selector} 的余额仅剩 {balance}，且系统不为其充值。请手"
		"工充值。",
		"The managed user {selector} has {balance} left, and CRM does"
		" not top it up. Do so by hand." },
	[NOTICE_OLD_KEY_FREE] = {
		"主机账号 {account_id} 的密钥轮换已完成，旧密钥（尾号 {old_last4}）"
		"不再被使用，可以在供应商处吊销。",
		"The key of the account {account_id} on the host was rotated."
		" Nobody uses the old one any more (it ends in {old_last4}):"
		" it may be revoked at the provider." },
};
_Static_assert(COUNT(sentences) == NOTICE_KIND__MAX, "a sentence for each");

char *notice_text(const struct notice *notice, const char *lang)
{
	json_auto_t *detail = notice->detail
		? json_loads(notice->detail, 0, NULL) : NULL;
	struct buf out = { .max = TEXT_MAX };
	enum failure class;

	say_members(&out, say_in(lang, &sentences[notice->kind]), detail);
	if (notice->class && failure_parse(notice->class, &class)) {
		const struct failure_facts *facts = failure_facts(class);

		buf_addf(&out, "%s%s", say_is_zh(lang) ? "" : " ",
			 say_is_zh(lang) ? facts->zh : facts->en);
	}
	return buf_take(&out);
}

void notice_done(struct notice *notice)
{
	free(notice->notice_id);
	free(notice->subject);
	free(notice->host_id);
	free(notice->endpoint_key);
	free(notice->class);
	free(notice->detail);
	*notice = (struct notice){ 0 };
}

static const struct db_query q_raise = { "notices.raise",
	"INSERT INTO notices (notice_id, kind, subject, host_id,"
	" endpoint_key, class, detail, at)"
	" VALUES ($1, $2, $3, $4, $5, $6, $7, $8)"
	" ON CONFLICT (kind, subject) WHERE ended_at IS NULL"
	" DO UPDATE SET class = $6, detail = $7" };

int notices_raise(struct db *db, const struct notice_spec *spec, int64_t now,
		  uint64_t random, struct err *err)
{
	char id[ID_MAX];

	id_make(id, "ntc", now, random);
	return db_run(db, &q_raise, DB_ARGS(DB_TEXT(id),
		      DB_TEXT(notice_kind_name(spec->kind)),
		      DB_TEXT(spec->subject), DB_TEXT(spec->host_id),
		      DB_TEXT(spec->endpoint_key), DB_TEXT(spec->class),
		      DB_TEXT(spec->detail ? spec->detail : "{}"),
		      DB_I64(now)), err);
}

static const struct db_query q_end = { "notices.end",
	"UPDATE notices SET ended_at = $3 WHERE kind = $1 AND subject = $2"
	" AND ended_at IS NULL" };
static const struct db_query q_forget = { "notices.forget",
	"DELETE FROM notices WHERE ended_at IS NOT NULL AND notice_id <="
	" (SELECT notice_id FROM notices"
	"  WHERE ended_at IS NOT NULL AND notice_id > ''"
	"  ORDER BY notice_id DESC LIMIT 1 OFFSET $1)" };

int notices_end(struct db *db, enum notice_kind kind, const char *subject,
		int64_t now, struct err *err)
{
	if (db_run(db, &q_end, DB_ARGS(DB_TEXT(notice_kind_name(kind)),
		   DB_TEXT(subject), DB_I64(now)), err))
		return -1;
	if (db_changes(db) == 0)
		return 0;
	return db_run(db, &q_forget, DB_ARGS(DB_I64(NOTICES_KEPT)), err);
}

#define NOTICE_COLUMNS \
	"notice_id, kind, subject, host_id, endpoint_key, class, detail, at," \
	" ended_at"

/* '~' stands behind every character of an id. */
static const struct db_query q_list = { "notices.list",
	"SELECT " NOTICE_COLUMNS " FROM notices WHERE notice_id < $2"
	" AND (ended_at IS NULL) = $1 ORDER BY notice_id DESC LIMIT $3" };
static const struct db_query q_list_host = { "notices.list_host",
	"SELECT " NOTICE_COLUMNS " FROM notices WHERE host_id = $4"
	" AND notice_id < $2 AND (ended_at IS NULL) = $1"
	" ORDER BY notice_id DESC LIMIT $3" };

int notices_list(struct db_rows *rows, struct db *db,
		 const struct notice_filter *filter, const char *before,
		 int64_t limit, struct err *err)
{
	const char *below = before && *before ? before : "~";

	if (filter->host_id)
		return db_query(rows, db, &q_list_host, DB_ARGS(
				DB_I64(filter->open), DB_TEXT(below),
				DB_I64(limit), DB_TEXT(filter->host_id)), err);
	return db_query(rows, db, &q_list, DB_ARGS(DB_I64(filter->open),
			DB_TEXT(below), DB_I64(limit)), err);
}

static const struct db_query q_open_of_host = { "notices.open_of_host",
	"SELECT count(*) FROM notices WHERE host_id = $1"
	" AND ended_at IS NULL" };

int notices_open_of_host(struct db *db, const char *host_id, int64_t *ret,
			 struct err *err)
{
	return db_number(db, &q_open_of_host, DB_ARGS(DB_TEXT(host_id)), ret,
			 err);
}

int notices_next(struct db_rows *rows, struct notice *notice, struct err *err)
{
	enum notice_kind kind;
	int more = db_next(rows, err);

	if (more <= 0)
		return more;
	if (!notice_kind_parse(db_text(rows, 1), &kind))
		return err_set(err, ERR_INTERNAL, "notice %s: unknown kind",
			       db_must(rows, 0));
	notice_done(notice);
	*notice = (struct notice){
		.notice_id = db_strdup(rows, 0),
		.kind = kind,
		.subject = db_strdup(rows, 2),
		.host_id = db_strdup(rows, 3),
		.endpoint_key = db_strdup(rows, 4),
		.class = db_strdup(rows, 5),
		.detail = db_strdup(rows, 6),
		.at = db_i64(rows, 7),
		.ended_at = db_i64(rows, 8),
	};
	return 1;
}

const struct db_query *const notices_queries[] = {
	&q_raise, &q_end, &q_forget, &q_list, &q_list_host, &q_open_of_host,
	NULL
};
