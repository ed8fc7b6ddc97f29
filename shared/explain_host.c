/* How a host is as a whole. */
#include "shared/explain_parts.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "shared/notices.h"

#define NOTICES_SHOWN 6

/* How its accesses are. */
struct tally {
	int64_t all, active, degraded, broken;
};

struct view {
	struct db *db;
	const char *lang;
	int64_t now;
	struct host host;
	enum explain_state state;
	enum failure class;
	bool probing;		/* a probe is under way, or queued */
	int64_t probe_at;
	struct tally tally;
};

static void view_done(struct view *v)
{
	host_done(&v->host);
}

static const struct db_query q_probe = { "explain.probe",
	"SELECT not_before FROM tasks WHERE subject_id = $1"
	" AND state <> 'done' ORDER BY task_id DESC LIMIT 1" };
static const struct db_query q_tally = { "explain.tally",
	"SELECT count(*), coalesce(sum(status = 'active'), 0),"
	" coalesce(sum(status = 'degraded'), 0),"
	" coalesce(sum(status = 'broken'), 0)"
	" FROM accesses WHERE host_id = $1" };

static int read_probe(struct view *v, struct err *err)
{
	CLEANUP(db_rows_done) struct db_rows rows = { 0 };
	int more;

	if (db_query(&rows, v->db, &q_probe, DB_ARGS(
		     DB_TEXT(v->host.host_id)), err))
		return -1;
	more = db_next(&rows, err);
	v->probing = more > 0;
	v->probe_at = more > 0 ? db_i64(&rows, 0) : 0;
	return more < 0 ? -1 : 0;
}

static int read_tally(struct view *v, struct err *err)
{
	CLEANUP(db_rows_done) struct db_rows rows = { 0 };

	if (db_query(&rows, v->db, &q_tally, DB_ARGS(
		     DB_TEXT(v->host.host_id)), err) ||
	    db_next(&rows, err) < 0)
		return -1;
	v->tally = (struct tally){
		.all = db_i64(&rows, 0),
		.active = db_i64(&rows, 1),
		.degraded = db_i64(&rows, 2),
		.broken = db_i64(&rows, 3),
	};
	return 0;
}

static const struct {
	enum explain_state state;
	struct said headline;
	struct said why;
	bool waits;		/* for a person; no probe mends it */
} states[] = {
	[HOST_UNKNOWN] = { STATE_UNKNOWN,
		{ "主机 {host} 还没有探测过。",
		  "Host {host} was not probed yet." },
		{ "", "" }, false },
	[HOST_READY] = { STATE_HOST_READY,
		{ "一切正常：主机 {host} 可以连接，凭据有效。",
		  "All is well: host {host} answers and takes our"
		  " credentials." },
		{ "", "" }, false },
	[HOST_UNREACHABLE] = { STATE_HOST_UNREACHABLE,
		{ "连不上主机 {host}——{cause}。",
		  "Host {host} cannot be reached — {cause}." },
		{ "探测主机时没有得到应答；在此期间，主机上各项的状态保持不变。",
		  "It did not answer when it was probed; until it does, all"
		  " that is on it keeps its state." }, false },
	[HOST_UNAUTHORIZED] = { STATE_HOST_UNAUTHORIZED,
		{ "主机 {host} 能连接，但不接受我们的管理凭据。",
		  "Host {host} answers, but does not accept our admin"
		  " credentials." },
		{ "没有管理员权限就无法导入、检查和修复；用户的请求不受影响。",
		  "Without an administrator's rights nothing can be imported,"
		  " checked or repaired; users are not affected." }, true },
	[HOST_COMPLIANCE_REQUIRED] = { STATE_HOST_COMPLIANCE,
		{ "主机 {host} 要求管理员先确认合规声明，在此之前无法管理。",
		  "Host {host} wants its administrator to accept the compliance"
		  " statement; until then it cannot be managed." },
		{ "在管理员本人确认之前，主机拒绝所有管理操作，因此无法导入、检查"
		  "和修复。系统绝不会替您确认；用户的请求不受影响。",
		  "Until a person has accepted it the host refuses all"
		  " administration, so nothing can be imported, checked or"
		  " repaired. CRM never accepts it by itself; users are not"
		  " affected." }, true },
	[HOST_UNSUPPORTED] = { STATE_HOST_UNSUPPORTED,
		{ "无法使用主机 {host}——{cause}。",
		  "Host {host} cannot be used — {cause}." },
		{ "", "" }, true },
};
_Static_assert(COUNT(states) == HOST_STATE__MAX, "words for each state");

static const struct said suspect_headline = {
	"主机 {host} 疑似故障——{cause}。",
	"Host {host} is suspected — {cause}.",
};
static const struct said suspect_why = {
	"检查访问时主机没有正常应答，或者多项访问一起失败，多半是主机本身的问题"
	"。各项状态保持不变；只要有一项恢复，就会解除怀疑。",
	"The host did not answer checks as it should, or many accesses failed"
	" together, so it is most likely the host itself. Single items keep"
	" their state; as soon as one of them answers, the suspicion ends.",
};

/* A probe that failed tells more than a suspicion. */
static bool is_suspected(const struct view *v)
{
	return v->host.suspect_class && v->host.state == HOST_READY;
}

static void conclude(struct view *v)
{
	const char *class = is_suspected(v) ? v->host.suspect_class
					    : v->host.reason;

	v->state = is_suspected(v) ? STATE_HOST_SUSPECT
				   : states[v->host.state].state;
	if (!failure_parse(class, &v->class))
		v->class = FAILURE_NONE;
}

static const struct {
	struct said probed, version, simple, tally, suspect;
} facts = {
	.probed = { "最近一次探测：{when}", "last probe: {when}" },
	.version = { "版本 {version}", "version {version}" },
	.simple = { "主机处于简易模式：不区分分组，验证所能说明的更少。",
		"The host runs in simple mode: groups part nothing, and proofs"
		" show less." },
	.tally = { "访问共 {all} 项：可用 {active}，可能有问题 {degraded}，不可用"
		" {broken}",
		"accesses: {all}; usable {active}, in doubt {degraded}, not"
		" usable {broken}" },
	.suspect = { "自 {when}起疑似故障", "suspected since {when}" },
};

static void add_evidence(const struct view *v, struct explanation *ret)
{
	const struct host *h = &v->host;
	char probed[SAY_TIME_MAX], suspect[SAY_TIME_MAX], n[4][24];
	const int64_t counts[] = { v->tally.all, v->tally.active,
				   v->tally.degraded, v->tally.broken };

	for (size_t i = 0; i < COUNT(counts); i++)
		snprintf(n[i], sizeof(n[i]), "%" PRId64, counts[i]);
	say_when(v->lang, h->probed_at, v->now, probed);
	say_when(v->lang, h->suspect_since, v->now, suspect);
	if (h->probed_at)
		explain_said(ret, EXPLAIN_EVIDENCE, &facts.probed,
			     (const struct say_word[]){
				{ "when", probed }, { 0 } });
	if (h->version)
		explain_said(ret, EXPLAIN_EVIDENCE, &facts.version,
			     (const struct say_word[]){
				{ "version", h->version }, { 0 } });
	if (h->suspect_class)
		explain_said(ret, EXPLAIN_EVIDENCE, &facts.suspect,
			     (const struct say_word[]){
				{ "when", suspect }, { 0 } });
	if (v->tally.all)
		explain_said(ret, EXPLAIN_EVIDENCE, &facts.tally,
			     (const struct say_word[]){ { "all", n[0] },
				{ "active", n[1] }, { "degraded", n[2] },
				{ "broken", n[3] }, { 0 } });
}

static const struct {
	struct said soon, later, waits, again, paused;
} nexts = {
	.soon = { "正在重新探测。", "It is being probed again." },
	.later = { "系统将于 {when}重新探测。",
		"CRM probes it again at {when}." },
	.waits = { "在您处理之前不会好转。",
		"It will not get better until you act." },
	.again = { "系统会定期重新探测。",
		"CRM probes it again from time to time." },
	.paused = { "主机已于 {paused}由人暂停，系统不向它发出任何请求。恢复：crmctl"
		" host resume {host}",
		"Somebody paused the host at {paused}, so CRM asks nothing of"
		" it. To end that: crmctl host resume {host}" },
};

static void tell_next(const struct view *v, struct explanation *ret)
{
	bool paused = v->host.paused_at != 0;
	bool later = !paused && v->probing && v->probe_at > v->now;
	const struct said *said = paused ? &nexts.paused
		: later ? &nexts.later
		: v->probing ? &nexts.soon
		: states[v->host.state].waits ? &nexts.waits : &nexts.again;
	char when[SAY_TIME_MAX], since[SAY_TIME_MAX];
	const struct say_word words[] = {
		{ "when", say_when(v->lang, v->probe_at, v->now, when) },
		{ "paused", say_when(v->lang, v->host.paused_at, v->now,
				     since) },
		{ "host", v->host.host_id },
		{ 0 },
	};

	free(ret->next);
	ret->next = explain_fill(v->lang, said, words);
	ret->next_at = later ? v->probe_at : 0;
}

static const struct said probe_again = {
	"处理好之后重新探测：crmctl host probe {host}",
	"When that is done, probe it again: crmctl host probe {host}",
};

static void tell_help(const struct view *v, struct explanation *ret)
{
	const struct say_word words[] = {
		{ "host", v->host.host_id }, { 0 },
	};

	if (v->class == FAILURE_NONE)
		return;
	explain_help(ret, v->class, words);
	explain_said(ret, EXPLAIN_HELP, &probe_again, words);
}

/* What holds of it and was not asked for. */
static int tell_notices(const struct view *v, struct explanation *ret,
			struct err *err)
{
	CLEANUP(db_rows_done) struct db_rows rows = { 0 };
	CLEANUP(notice_done) struct notice notice = { 0 };
	const struct notice_filter filter = {
		.open = true, .host_id = v->host.host_id,
	};
	int more;

	if (v->host.run_mode && strcmp(v->host.run_mode, "simple") == 0)
		explain_said(ret, EXPLAIN_NOTE, &facts.simple, NULL);
	if (notices_list(&rows, v->db, &filter, "", NOTICES_SHOWN, err))
		return -1;
	while ((more = notices_next(&rows, &notice, err)) > 0)
		explain_line(ret, EXPLAIN_NOTE,
			     notice_text(&notice, v->lang));
	return more;
}

static enum explain_actor actor_of(const struct view *v)
{
	if (v->host.state == HOST_UNKNOWN)
		return EXPLAIN_CRM;
	return v->class == FAILURE_NONE ? EXPLAIN_NOBODY : EXPLAIN_OPERATOR;
}

static void tell(const struct view *v, struct explanation *ret)
{
	const struct host *h = &v->host;
	AUTO_FREE char *cause = explain_cause(v->lang, v->class);
	const struct say_word words[] = {
		{ "host", h->name }, { "cause", cause }, { 0 },
	};
	bool suspected = is_suspected(v);

	explain_state(ret, v->state);
	free(ret->name);
	ret->name = say_is_zh(v->lang)
		? xasprintf("主机 %s（%s）", h->name, h->base_url)
		: xasprintf("host %s (%s)", h->name, h->base_url);
	free(ret->headline);
	ret->headline = explain_fill(v->lang, suspected ? &suspect_headline
				     : &states[h->state].headline, words);
	own_set(&ret->why, say_in(v->lang, suspected ? &suspect_why
				  : &states[h->state].why));
	own_set(&ret->quote, v->class == FAILURE_NONE || suspected
		? NULL : h->reason_detail);
	ret->quote_by = EXPLAIN_BY_HOST;
	if (v->class != FAILURE_NONE)
		own_set(&ret->class, failure_name(v->class));
	ret->since = suspected ? h->suspect_since : 0;
	ret->actor = actor_of(v);
	add_evidence(v, ret);
	tell_next(v, ret);
	tell_help(v, ret);
}

int explain_host(struct db *db, const char *host_id, const char *lang,
		 int64_t now, struct explanation *ret, struct err *err)
{
	CLEANUP(view_done) struct view v = {
		.db = db, .lang = lang, .now = now,
	};

	if (hosts_get(db, host_id, &v.host, err) || read_probe(&v, err) ||
	    read_tally(&v, err))
		return -1;
	conclude(&v);
	explain_begin(ret, "host", host_id, lang, now);
	tell(&v, ret);
	return tell_notices(&v, ret, err);
}

const struct db_query *const explain_host_queries[] = {
	&q_probe, &q_tally, NULL
};
