/* What each hop showed, what proves it, and what happened so far. */
#include "shared/explain_parts.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "shared/events.h"

#define EVENTS_SHOWN 6
#define EVENTS_READ 40
#define LATELY_MS (24 * INT64_C(3600000))

/* How one hop is called, and how its evidence is put. */
static const struct hop_line {
	size_t offset;
	struct said who;
} hop_lines[] = {
	{ offsetof(struct diagnosis, provider),
	  { "供应商（直接询问）", "the provider, asked directly" } },
	{ offsetof(struct diagnosis, account),
	  { "主机上的账号 {account}", "account {account} on the host" } },
	{ offsetof(struct diagnosis, gateway),
	  { "用户密钥经主机", "a user's key through the host" } },
	{ offsetof(struct diagnosis, upstream),
	  { "供应商给主机的答复（主机日志）",
	    "the provider to the host, by the host's log" } },
};

static const struct {
	struct said fine, failed, silent, cause, quote;
} results = {
	.fine = { "正常", "fine" },
	.failed = { "失败", "failed" },
	.silent = { "没有应答", "no answer" },
	.cause = { "，{cause}", ", {cause}" },
	.quote = { "，“{text}”", ", \"{text}\"" },
};

static bool is_fine(const struct evidence *evidence)
{
	return evidence->class == FAILURE_NONE && evidence->status < 400;
}

/* What an account is like, where the class speaks of more than it. */
static const struct {
	enum failure class;
	struct said words;
} accounts[] = {
	{ FAILURE_ACCOUNT_OFF, { "已被停用", "switched off" } },
	{ FAILURE_ACCOUNT_PAUSED, { "已暂停", "paused" } },
	{ FAILURE_ACCOUNT_ERROR, { "处于错误状态", "in the status \"error\"" } },
	{ FAILURE_ACCOUNT_BENCHED, { "被主机暂停使用",
		"benched by the host for a while" } },
	{ FAILURE_GONE, { "已被删除", "deleted" } },
	{ FAILURE_GROUP_EMPTY, { "已不在它所属的分组中",
		"no longer in the group that it belongs to" } },
	{ FAILURE_KEY_REPLACED, { "密钥已不是写入的那一个",
		"the key is not the one that was put there" } },
	{ FAILURE_RESPONSES_FORCED, { "把对话转到 /responses",
		"set to send chats to /responses" } },
	{ FAILURE_ERROR_CODES_HIDE, { "开启了自定义错误码，真实错误被隐去",
		"custom error codes are on and hide the real errors" } },
	{ FAILURE_NOT_AS_WRITTEN, { "设置与写入的不同",
		"the settings differ from what was written" } },
};

static char *account_words(const char *lang, enum failure class)
{
	for (size_t i = 0; i < COUNT(accounts); i++)
		if (accounts[i].class == class)
			return xstrdup(say_in(lang, &accounts[i].words));
	return explain_cause(lang, class);
}

/* An account has a state; the others answer, or they do not. */
static void add_result(struct buf *out, const struct matter *m,
		       const struct evidence *e, bool is_account)
{
	AUTO_FREE char *cause = is_account
		? account_words(m->lang, e->class)
		: explain_cause(m->lang, e->class);
	const struct say_word words[] = { { "cause", cause }, { 0 } };

	if (is_fine(e)) {
		buf_adds(out, say_in(m->lang, &results.fine));
	} else if (is_account) {
		buf_adds(out, cause);
		return;
	} else {
		buf_adds(out, say_in(m->lang, e->status ? &results.failed
							: &results.silent));
	}
	if (e->status && !is_account)
		buf_addf(out, "%sHTTP %d", say_is_zh(m->lang) ? "，" : ", ",
			 e->status);
	/* What the gateway makes of it matters less than what it said. */
	if (e->class != FAILURE_NONE && e->class != m->class &&
	    (e == &m->diagnosis.provider || *e->text == '\0'))
		say(out, say_in(m->lang, &results.cause), words);
}

static void add_hop(const struct matter *m, const struct hop_line *line,
		    const struct say_word *account, const char *quoted,
		    struct explanation *ret)
{
	const struct evidence *e = (const void *)
		((const char *)&m->diagnosis + line->offset);
	struct buf out = { .max = EXPLAIN_TEXT_MAX };
	char when[SAY_TIME_MAX];
	const struct say_word words[] = { { "text", e->text }, { 0 } };

	if (e->at == 0)
		return;
	say(&out, say_in(m->lang, &line->who), account);
	buf_adds(&out, say_is_zh(m->lang) ? "：" : ": ");
	add_result(&out, m, e, e == &m->diagnosis.account);
	if (*e->text && (!quoted || strcmp(quoted, e->text) != 0))
		say(&out, say_in(m->lang, &results.quote), words);
	buf_addf(&out, say_is_zh(m->lang) ? "（%s）" : " (%s)",
		 say_moment(e->at, when));
	explain_line(ret, EXPLAIN_EVIDENCE, buf_take(&out));
}

static const struct said in_a_row = {
	"同一原因已连续失败 {n} 次，第一次在 {when}。",
	"It failed {n} times in a row for this reason, first at {when}.",
};

static void add_failures(const struct matter *m, struct explanation *ret)
{
	char when[SAY_TIME_MAX], n[24];
	const struct say_word words[] = {
		{ "n", n }, { "when", when }, { 0 },
	};

	if (m->access.failures < 2 || m->access.first_failure_at == 0)
		return;
	snprintf(n, sizeof(n), "%" PRId64, m->access.failures);
	say_when(m->lang, m->access.first_failure_at, m->now, when);
	explain_said(ret, EXPLAIN_EVIDENCE, &in_a_row, words);
}

static const struct said balance_line = {
	"供应商报告的余额：{amount} {currency}（{when}）",
	"the balance that the provider reports: {amount} {currency} ({when})",
};

static void add_balance(const struct matter *m, struct explanation *ret)
{
	char when[SAY_TIME_MAX];
	const struct say_word words[] = {
		{ "amount", m->balance.amount },
		{ "currency", m->balance.currency ? m->balance.currency : "" },
		{ "when", say_moment(m->balance.checked_at, when) }, { 0 },
	};

	if (m->balance.amount)
		explain_said(ret, EXPLAIN_EVIDENCE, &balance_line, words);
}

static const struct said proof_line = {
	"{when}：模型 {model}，使用{key}，HTTP {status}，{latency} 毫秒，有效期至"
	" {end}。",
	"{when}: model {model}, with {key}, HTTP {status}, {latency} ms, good"
	" until {end}.",
};
static const struct said old_proof_line = {
	"{when}：模型 {model}，使用{key}，HTTP {status}，{latency} 毫秒，已于"
	" {end} 过期。",
	"{when}: model {model}, with {key}, HTTP {status}, {latency} ms,"
	" expired at {end}.",
};

static void add_proof(const struct matter *m, struct explanation *ret)
{
	const struct proof *p = &m->proof;
	char when[SAY_TIME_MAX], end[SAY_TIME_MAX];
	char status[24], latency[24];
	const struct say_word words[] = {
		{ "when", say_when(m->lang, p->at, m->now, when) },
		{ "end", say_moment(p->expires_at, end) },
		{ "model", p->model }, { "status", status },
		{ "latency", latency },
		{ "key", say_in(m->lang, explain_key_source(p->key_source)) },
		{ 0 },
	};

	if (!p->proof_id)
		return;
	snprintf(status, sizeof(status), "%" PRId64, p->completion_status);
	snprintf(latency, sizeof(latency), "%" PRId64, p->latency_ms);
	free(ret->proof);
	ret->proof = explain_fill(m->lang, p->expires_at > m->now
				  ? &proof_line : &old_proof_line, words);
	own_set(&ret->proof_id, p->proof_id);
}

void explain_evidence(const struct matter *m, struct explanation *ret)
{
	const struct say_word account[] = {
		{ "account", m->diagnosis.account_id }, { 0 },
	};

	for (size_t i = 0; i < COUNT(hop_lines) && m->class; i++)
		add_hop(m, &hop_lines[i], account, ret->quote, ret);
	add_failures(m, ret);
	add_balance(m, ret);
	add_proof(m, ret);
}

/* "… before X, now Y": values of fields, where they tell something. */
static void add_values(struct buf *out, const char *lang,
		       const struct explain_repair *repair,
		       const json_t *object)
{
	const char *before = json_string_value(json_object_get(object,
							       "before"));
	const char *after = json_string_value(json_object_get(object,
							      "after"));

	if (repair->before && before && *before)
		buf_addf(out, say_is_zh(lang) ? "（之前：%s" : " (before: %s",
			 before);
	else
		return;
	if (repair->after && after && *after)
		buf_addf(out, say_is_zh(lang) ? "；之后：%s" : "; after: %s",
			 after);
	buf_adds(out, say_is_zh(lang) ? "）" : ")");
}

static void add_repair(struct buf *out, const char *lang, const json_t *object,
		       const char *member)
{
	const struct explain_repair *repair = explain_repair(
		json_string_value(json_object_get(object, member)));

	if (!repair)
		return;
	if (out->len)
		buf_adds(out, say_is_zh(lang) ? "；" : "; ");
	buf_adds(out, say_in(lang, &repair->what));
	add_values(out, lang, repair, object);
}

/* What an event of kind "repaired" says was done; "" if that is not known. */
static char *repairs_of(const char *lang, const char *detail)
{
	json_auto_t *object = detail ? json_loads(detail, 0, NULL) : NULL;
	struct buf out = { .max = EXPLAIN_TEXT_MAX };
	const json_t *repair;
	size_t i;

	add_repair(&out, lang, object, "repair");
	json_array_foreach(json_object_get(object, "repairs"), i, repair)
		add_repair(&out, lang, repair, "name");
	return buf_take(&out);
}

/* What an event tells people, without its time; "" if nothing. */
static char *event_words(const struct matter *m, const char *kind,
			 const char *class, const char *detail)
{
	const struct said *words = explain_event(kind);
	struct buf out = { .max = EXPLAIN_TEXT_MAX };
	enum failure why;

	if (!words)
		return buf_take(&out);
	buf_adds(&out, say_in(m->lang, words));
	if (strcmp(kind, "repaired") == 0) {
		AUTO_FREE char *done = repairs_of(m->lang, detail);

		buf_adds(&out, done);
		if (*done == '\0')
			buf_reset(&out);
	} else if ((strcmp(kind, "degraded") == 0 ||
		    strcmp(kind, "broken") == 0) &&
		   failure_parse(class, &why)) {
		AUTO_FREE char *cause = explain_cause(m->lang, why);

		buf_adds(&out, cause);
	}
	return buf_take(&out);
}

/* Lines of the history, newest first; the same again is only counted. */
struct history {
	const struct matter *matter;
	struct explanation *ret;
	char *words;		/* of the line in hand; NULL: none */
	int64_t at;
	int64_t before;		/* how often the same happened before that */
	int64_t first;		/* and when first */
	int lines;
};

static const struct said again_words = {
	"；此前还有 {n} 次，最早在 {when}",
	"; {n} times before, first at {when}",
};

static void history_flush(struct history *history)
{
	const char *lang = history->matter->lang;
	struct buf out = { .max = EXPLAIN_TEXT_MAX };
	char at[SAY_TIME_MAX], first[SAY_TIME_MAX], n[24];
	const struct say_word words[] = {
		{ "n", n }, { "when", say_moment(history->first, first) },
		{ 0 },
	};

	if (!history->words)
		return;
	snprintf(n, sizeof(n), "%" PRId64, history->before);
	buf_addf(&out, say_is_zh(lang) ? "%s %s" : "%s: %s",
		 say_moment(history->at, at), history->words);
	if (history->before)
		say(&out, say_in(lang, &again_words), words);
	explain_line(history->ret, EXPLAIN_DONE, buf_take(&out));
	history->lines++;
	own_set(&history->words, NULL);
}

/* Takes `words`. */
static void history_add(struct history *history, char *words, int64_t at)
{
	if (*words == '\0' || history->lines == EVENTS_SHOWN) {
		free(words);
		return;
	}
	if (history->words && strcmp(history->words, words) == 0) {
		history->before++;
		history->first = at;
		free(words);
		return;
	}
	history_flush(history);
	history->words = words;
	history->at = at;
	history->before = 0;
}

static int access_history(struct matter *m, struct history *history,
			  struct err *err)
{
	CLEANUP(db_rows_done) struct db_rows rows = { 0 };
	CLEANUP(access_event_done) struct access_event event = { 0 };
	int more;

	if (access_events_list(&rows, m->db, m->access.access_id,
			       EVENTS_READ, err))
		return -1;
	while ((more = access_events_next(&rows, &event, err)) > 0) {
		if (strcmp(event.kind, "repaired") == 0 &&
		    m->now - event.at < LATELY_MS)
			m->repaired_lately = true;
		history_add(history, event_words(m, event.kind, event.class,
						 event.detail), event.at);
	}
	return more;
}

static const struct db_query q_import_repairs = { "explain.import_repairs",
	"SELECT at, detail FROM import_run_item_events WHERE item_id = $1"
	" AND kind = 'repaired' ORDER BY seq DESC LIMIT $2" };

static int import_history(struct matter *m, struct history *history,
			  struct err *err)
{
	CLEANUP(db_rows_done) struct db_rows rows = { 0 };
	int more;

	if (db_query(&rows, m->db, &q_import_repairs, DB_ARGS(
		     DB_TEXT(m->item.item_id), DB_I64(EVENTS_READ)), err))
		return -1;
	while ((more = db_next(&rows, err)) > 0) {
		if (m->now - db_i64(&rows, 0) < LATELY_MS)
			m->repaired_lately = true;
		history_add(history, event_words(m, "repaired", NULL,
						 db_text(&rows, 1)),
			    db_i64(&rows, 0));
	}
	return more;
}

int explain_history(struct matter *m, struct explanation *ret,
		    struct err *err)
{
	struct history history = { .matter = m, .ret = ret };
	int rc = 0;

	if (m->access.access_id)
		rc = access_history(m, &history, err);
	if (rc == 0 && m->item.item_id)
		rc = import_history(m, &history, err);
	history_flush(&history);
	return rc;
}

const struct db_query *const explain_evidence_queries[] = {
	&q_import_repairs, NULL
};
