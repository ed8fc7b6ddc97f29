/* What comes next, what to know beside it, and what the reader can do. */
#include "shared/explain_parts.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define DAY_MS (24 * INT64_C(3600000))
#define PLAN_SOON_MS (14 * DAY_MS)

static const struct {
	struct said parked, retry, step, check, well, retrying, repair, waits,
		    none, gave_up, failed, ahead, host, endpoint, canary;
} nexts = {
	.parked = { "它与另一项导入需要同一个资源，等对方创建好后自动继续。",
		"It needs what another import is making just now, and goes on"
		" by itself after that." },
	.retry = { "系统将于 {when}重试（第 {attempt} 次）。",
		"CRM will try again at {when}; that is retry {attempt}." },
	.step = { "导入会自动继续。", "The import goes on by itself." },
	.ahead = { "检查已排队，将于 {when}开始。",
		"A check is planned and begins at {when}." },
	.check = { "检查正在进行，结束后这里会更新。",
		"A check is under way; ask again when it has ended." },
	.well = { "下一次例行验证：{when}。", "The next routine proof: {when}." },
	.retrying = { "系统将于 {when}再检查一次。",
		"CRM checks it again at {when}." },
	.repair = { "系统将于 {when}再次修复并验证。",
		"CRM will repair and prove it again at {when}." },
	.waits = { "在您处理之前不会好转；系统将于 {when}再检查一次。",
		"It will not get better until you act; CRM looks again at"
		" {when}." },
	.none = { "没有安排任何检查。", "Nothing is planned." },
	.gave_up = { "在您处理并发起检查之前，系统不再做任何事。",
		"CRM does nothing more until you have acted and asked for a"
		" check." },
	.host = { "主机已由人暂停，恢复后自动继续：crmctl host resume {host}",
		"Somebody paused the host; it goes on when that ends: crmctl"
		" host resume {host}" },
	.endpoint = { "供应商已由人暂停，恢复后自动继续：crmctl endpoint resume"
		" {endpoint}",
		"Somebody paused the provider; it goes on when that ends:"
		" crmctl endpoint resume {endpoint}" },
	.canary = { "批次的先行项目还没有通过，本项暂不开始。若已停下：crmctl run"
		" resume {run}",
		"The first items of its run are not through, so it does not"
		" begin yet. If they failed: crmctl run resume {run}" },
	.failed = { "系统不会自动重试。", "CRM does not try it again by"
		" itself." },
};

/* Who keeps it from going on, if somebody does; else NULL. */
static const struct said *holder_of(const struct matter *m)
{
	if (m->state == STATE_FAILED || m->state == STATE_CANCELLED)
		return NULL;
	if (m->host.paused_at)
		return &nexts.host;
	if (m->endpoint.paused_at)
		return &nexts.endpoint;
	return m->state == STATE_IMPORTING && m->item.held_for ? &nexts.canary
							       : NULL;
}

/* The sentence, and *ret_at when that is; 0: at no moment that is known. */
static const struct said *next_of(const struct matter *m,
				  const struct explanation *e,
				  int64_t *ret_at)
{
	bool importing = m->state == STATE_IMPORTING;

	*ret_at = m->work.not_before;
	if (holder_of(m))
		return holder_of(m);
	if (importing && m->work.parked)
		return &nexts.parked;
	if (importing)
		return m->class != FAILURE_NONE ? &nexts.retry : &nexts.step;
	if (m->state == STATE_FAILED || m->state == STATE_CANCELLED)
		return &nexts.failed;
	if (m->work.is)
		return m->work.not_before > m->now ? &nexts.ahead
						   : &nexts.check;
	*ret_at = m->access.next_check_at;
	if (*ret_at == 0)
		return m->diagnosis.next == NEXT_GAVE_UP ? &nexts.gave_up
							 : &nexts.none;
	if (m->suspect)
		return &nexts.retrying;
	if (e->tone == EXPLAIN_GOOD || m->class == FAILURE_NONE)
		return &nexts.well;
	if (m->diagnosis.next == NEXT_REPAIR)
		return &nexts.repair;
	return e->actor == EXPLAIN_OPERATOR && !m->others_answer
		? &nexts.waits : &nexts.retrying;
}

void explain_next(const struct matter *m, struct explanation *ret)
{
	char when[SAY_TIME_MAX], attempt[24];
	int64_t at;
	const struct said *said = next_of(m, ret, &at);
	const struct say_word words[] = {
		{ "when", when }, { "attempt", attempt },
		{ "host", m->host.host_id }, { "run", m->item.run_id },
		{ "endpoint", m->endpoint.endpoint_key }, { 0 },
	};

	if (!strstr(said->en, "{when}"))
		at = 0;
	else if (at < m->now)
		at = m->now;
	snprintf(attempt, sizeof(attempt), "%" PRId64, m->work.attempt);
	say_when(m->lang, at, m->now, when);
	free(ret->next);
	ret->next = explain_fill(m->lang, said, words);
	ret->next_at = at;
}

static const struct {
	struct said simple, less, plan, host, advisory, warnings;
} notes = {
	.simple = { "主机处于简易模式，不区分分组；验证用的是只有本账号才有的别名"
		" {alias}，因此确实经过了它。",
		"The host runs in simple mode, where groups part nothing; the"
		" proof used {alias}, a name that only this account has, so it"
		" did go through it." },
	.less = { "主机处于简易模式，不区分分组；这次验证只说明主机能够回答，不能说"
		"明回答来自本账号。",
		"The host runs in simple mode, where groups part nothing; the"
		" proof shows that the host answers, and not that this account"
		" did." },
	.plan = { "密钥所属套餐将于 {when}到期。",
		"The plan of the key ends at {when}." },
	.host = { "主机最近一次探测的结果：{state}——{cause}。",
		"The host's last probe: {state} — {cause}." },
	.advisory = { "主机自带的账号测试没有通过；它在这种供应商上并不可靠，只供参"
		"考。",
		"The host's own test of the account failed; it is not reliable"
		" with such providers, and no more than advice." },
	.warnings = { "导入时有提示，详见：crmctl item show {run} {item}",
		"The import left warnings, see: crmctl item show {run} {item}" },
};

static const struct {
	enum host_state state;
	enum explain_state shown;
} host_states[] = {
	{ HOST_UNREACHABLE, STATE_HOST_UNREACHABLE },
	{ HOST_UNAUTHORIZED, STATE_HOST_UNAUTHORIZED },
	{ HOST_COMPLIANCE_REQUIRED, STATE_HOST_COMPLIANCE },
	{ HOST_UNSUPPORTED, STATE_HOST_UNSUPPORTED },
};

static void note_host(const struct matter *m, struct explanation *ret)
{
	enum failure why;

	for (size_t i = 0; i < COUNT(host_states); i++) {
		const struct explain_state_words *shown =
			explain_state_words(host_states[i].shown);
		AUTO_FREE char *cause = NULL;

		if (host_states[i].state != m->host.state ||
		    !failure_parse(m->host.reason, &why))
			continue;
		cause = explain_cause(m->lang, why);
		explain_said(ret, EXPLAIN_NOTE, &notes.host,
			     (const struct say_word[]){
				{ "state", say_in(m->lang, &shown->badge) },
				{ "cause", cause }, { 0 } });
	}
}

void explain_notes(const struct matter *m, struct explanation *ret)
{
	int64_t ends = m->balance.expires_at;
	const char *model = m->proof.model ? m->proof.model : "";
	char when[SAY_TIME_MAX];
	const struct say_word words[] = {
		{ "alias", model }, { "run", m->item.run_id },
		{ "item", m->item.item_id },
		{ "when", say_when(m->lang, ends, m->now, when) }, { 0 },
	};

	note_host(m, ret);
	if (m->host.run_mode && strcmp(m->host.run_mode, "simple") == 0 &&
	    m->proof.proof_id)
		explain_said(ret, EXPLAIN_NOTE, strncmp(model, "crm-", 4) == 0
			     ? &notes.simple : &notes.less, words);
	if (ends && ends - m->now < PLAN_SOON_MS)
		explain_said(ret, EXPLAIN_NOTE, &notes.plan, words);
	if (m->item.probe_advisory)
		explain_said(ret, EXPLAIN_NOTE, &notes.advisory, words);
	if (m->item.warnings && strcmp(m->item.warnings, "[]") != 0)
		explain_said(ret, EXPLAIN_NOTE, &notes.warnings, words);
}

static const struct {
	struct said check_after, check_now, host, undoer, again, top_up;
} helps = {
	.check_after = { "处理好之后立即验证：crmctl access check {access}",
		"When that is done, prove it at once: crmctl access check"
		" {access}" },
	.check_now = { "不想等待，可以立即检查：crmctl access check {access}",
		"Not to wait, check it now: crmctl access check {access}" },
	.host = { "先查看主机：crmctl explain host {host_id}",
		"Look at the host first: crmctl explain host {host_id}" },
	.undoer = { "查明是谁或什么在修改主机上的账号 {account}，例如其他管理员或"
		"脚本，并让它停止。",
		"Find out who or what changes account {account} on the host,"
		" another administrator or a script perhaps, and stop it." },
	.again = { "原因消除后再试：crmctl item retry {run} {item} --wait",
		"When the cause is gone, try again: crmctl item retry {run}"
		" {item} --wait" },
	.top_up = { "请在供应商处为密钥 …{last4} 充值。",
		"Top up the key …{last4} at the provider." },
};

/* What the operator can do who has to act. */
static void help_operator(const struct matter *m, enum explain_theme theme,
			  const struct say_word *words,
			  struct explanation *ret)
{
	if (theme == THEME_GAVE_UP) {
		explain_said(ret, EXPLAIN_HELP, &helps.undoer, words);
	} else if (theme == THEME_WELL_LOW) {
		explain_said(ret, EXPLAIN_HELP, &helps.top_up, words);
		return;
	} else if (theme == THEME_HOST_SUSPECT) {
		explain_said(ret, EXPLAIN_HELP, &helps.host, words);
	} else {
		explain_help(ret, m->class, words);
	}
	if (theme == THEME_FAILED && !explain_commands(m->class))
		explain_said(ret, EXPLAIN_HELP, &helps.again, words);
	if (theme != THEME_FAILED && m->access.access_id)
		explain_said(ret, EXPLAIN_HELP, &helps.check_after, words);
}

void explain_way_out(const struct matter *m, enum explain_theme theme,
		     const struct say_word *words, struct explanation *ret)
{
	if (ret->actor == EXPLAIN_OPERATOR)
		help_operator(m, theme, words, ret);
	else if (ret->actor != EXPLAIN_NOBODY && m->access.access_id &&
		 !m->work.is && m->state != STATE_IMPORTING)
		explain_said(ret, EXPLAIN_HELP, &helps.check_now, words);
}
