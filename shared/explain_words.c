#include "shared/explain_words.h"

#include <ctype.h>
#include <string.h>

static const struct explain_state_words states[] = {
	[STATE_UNKNOWN] = { "unknown", EXPLAIN_QUIET,
		{ "尚未验证", "not proven yet" } },
	[STATE_ACTIVE] = { "active", EXPLAIN_GOOD,
		{ "可用", "usable" } },
	[STATE_STALE] = { "stale", EXPLAIN_WARNING,
		{ "验证已过期", "proof expired" } },
	[STATE_DEGRADED] = { "degraded", EXPLAIN_WARNING,
		{ "可能有问题", "in doubt" } },
	[STATE_BROKEN] = { "broken", EXPLAIN_BAD,
		{ "不可用", "not usable" } },
	[STATE_IMPORTING] = { "importing", EXPLAIN_BUSY,
		{ "正在导入", "importing" } },
	[STATE_FAILED] = { "failed", EXPLAIN_BAD,
		{ "导入失败", "import failed" } },
	[STATE_CANCELLED] = { "cancelled", EXPLAIN_QUIET,
		{ "已取消", "cancelled" } },
	[STATE_HOST_READY] = { "ready", EXPLAIN_GOOD,
		{ "正常", "ready" } },
	[STATE_HOST_UNREACHABLE] = { "unreachable", EXPLAIN_BAD,
		{ "无法连接", "unreachable" } },
	[STATE_HOST_UNAUTHORIZED] = { "unauthorized", EXPLAIN_BAD,
		{ "凭据无效", "unauthorized" } },
	[STATE_HOST_COMPLIANCE] = { "compliance_required", EXPLAIN_BAD,
		{ "等待合规确认", "compliance required" } },
	[STATE_HOST_UNSUPPORTED] = { "unsupported", EXPLAIN_BAD,
		{ "不支持", "unsupported" } },
	[STATE_HOST_SUSPECT] = { "suspect", EXPLAIN_BAD,
		{ "疑似故障", "suspected" } },
};
_Static_assert(COUNT(states) == EXPLAIN_STATE__MAX, "words for each state");

const struct explain_state_words *explain_state_words(enum explain_state s)
{
	return &states[s];
}

/* Length of the first sentence, its full stop included. */
static size_t first_sentence(const char *lang, const char *text)
{
	const char *stop = say_is_zh(lang) ? "。" : ". ";
	const char *end = strstr(text, stop);

	return end ? (size_t)(end - text) + strcspn(stop, " ")
		   : strlen(text);
}

static const char *sentences_of(const char *lang, enum failure class)
{
	const struct failure_facts *facts = failure_facts(class);

	return say_is_zh(lang) ? facts->zh : facts->en;
}

/* Who is told what is planned needs no advice to try later. */
static size_t before_advice(const char *lang, const char *text, size_t len)
{
	static const char retry[] = "重试。";
	const char *comma = NULL;
	const char *colon = strstr(text, ": retry");

	if (!say_is_zh(lang))
		return colon && colon < text + len ? (size_t)(colon - text)
						   : len;
	if (len < strlen(retry) ||
	    memcmp(text + len - strlen(retry), retry, strlen(retry)) != 0)
		return len;
	for (const char *at = strstr(text, "，"); at && at < text + len;
	     at = strstr(at + 1, "，"))
		comma = at;
	return comma ? (size_t)(comma - text) : len;
}

/* "The host" within a sentence is "the host"; "TLS" stays. */
static void begin_small(char *text)
{
	if (text[0] && !isupper((unsigned char)text[1]))
		text[0] = (char)tolower((unsigned char)text[0]);
}

char *explain_cause(const char *lang, enum failure class)
{
	const char *text = sentences_of(lang, class);
	size_t len = first_sentence(lang, text);
	const char *stop = say_is_zh(lang) ? "。" : ".";
	size_t kept = before_advice(lang, text, len);
	char *cause;

	if (kept == len && len >= strlen(stop) &&
	    memcmp(text + len - strlen(stop), stop, strlen(stop)) == 0)
		kept -= strlen(stop);
	cause = xstrndup(text, kept);
	if (!say_is_zh(lang))
		begin_small(cause);
	return cause;
}

char *explain_remedy(const char *lang, enum failure class)
{
	const char *text = sentences_of(lang, class);

	text += first_sentence(lang, text);
	return xstrdup(text + strspn(text, " "));
}

#define IMPORT_AGAIN \
	"crmctl run create --host {host} --base-url {url} --key-file "
#define NEW_KEY { \
	"拿到可用的密钥后重新导入：" IMPORT_AGAIN "密钥文件", \
	"With a key that works, import again: " IMPORT_AGAIN "FILE" }
#define ONCE_MORE { \
	"处理好之后重新导入：" IMPORT_AGAIN "密钥文件", \
	"When that is done, import again: " IMPORT_AGAIN "FILE" }

static const struct explain_commands commands[] = {
	{ FAILURE_KEY_INVALID, NEW_KEY },
	{ FAILURE_CLIENT_NOT_ALLOWED, NEW_KEY },
	{ FAILURE_PLAN_ENDPOINT_MISMATCH, NEW_KEY },
	{ FAILURE_UPSTREAM_AUTH, NEW_KEY },
	{ FAILURE_UPSTREAM_KEY_QUOTA_ISSUE, NEW_KEY },
	{ FAILURE_KEY_REPLACED, {
		"先确认哪个密钥是对的。若是新的那个，用它重新导入：" IMPORT_AGAIN
		"密钥文件；若是原来的那个，在主机后台把账号 {account} 的密钥改"
		"回去。",
		"Find out which key is the right one. If it is the new one,"
		" import it: " IMPORT_AGAIN "FILE. If it is the old one, put"
		" it back into account {account} in the host's console." },
	  true },
	{ FAILURE_GONE, ONCE_MORE },
	{ FAILURE_ACCOUNT_OFF, {
		"需要它时，在主机后台的“账号管理”中启用账号 {account}；如果是有"
		"意停用，则无需处理。",
		"Switch account {account} on again on the page \"Accounts\" of"
		" the host's console. If it is meant to be off, nothing has to"
		" be done." }, true },
	{ FAILURE_COMPLIANCE_REQUIRED, {
		"登录主机后台阅读并确认声明；也可以用 crmctl host show {host} 阅"
		"读，再由您本人确认：crmctl host accept-compliance {host}"
		" --phrase \"声明要求输入的确认语\"",
		"Log in to the host's console, read the statement and accept"
		" it. Or read it with crmctl host show {host} and accept it in"
		" your own name: crmctl host accept-compliance {host} --phrase"
		" \"THE PHRASE OF THE STATEMENT\"" }, true },
	{ FAILURE_HOST_AUTH, {
		"更换管理凭据：crmctl host set {host} --token-file 凭据文件",
		"Give new credentials: crmctl host set {host} --token-file"
		" FILE" } },
	{ FAILURE_PROBE_KEY_UNKNOWN, {
		"换用主机上存在的用户密钥重新导入：" IMPORT_AGAIN
		"密钥文件 --probe-key-file 用户密钥文件",
		"Import again with a user key that the host knows: "
		IMPORT_AGAIN "FILE --probe-key-file FILE" } },
	{ FAILURE_PROBE_KEY_BOUND_ELSEWHERE, {
		"若允许改绑，重新导入时加上 --rebind：" IMPORT_AGAIN
		"密钥文件 --probe-key-file 用户密钥文件 --rebind",
		"If it may be moved, import again with --rebind: "
		IMPORT_AGAIN "FILE --probe-key-file FILE --rebind" } },
};

const struct explain_commands *explain_commands(enum failure class)
{
	for (size_t i = 0; i < COUNT(commands); i++)
		if (commands[i].class == class)
			return &commands[i];
	return NULL;
}

static const struct said stages[] = {
	[STAGE_PROBE] = { "直接询问供应商",
			  "asking the provider directly" },
	[STAGE_PROVISION] = { "在主机上创建账号和分组",
			      "making account and group on the host" },
	[STAGE_CONFIRM] = { "核对主机上的账号",
			    "reading the account back from the host" },
	[STAGE_VALIDATE] = { "用用户密钥验证",
			     "proving it with a user's key" },
	[STAGE_DONE] = { "已结束", "ended" },
};
_Static_assert(COUNT(stages) == ITEM_STAGE__MAX, "words for each stage");

const struct said *explain_stage(enum item_stage stage)
{
	return &stages[stage];
}

static const struct {
	const char *name;
	struct said words;
} key_sources[] = {
	{ "managed_subscription", { "系统托管的订阅用户的密钥",
		"the key of a managed subscription user" } },
	{ "managed_self_service", { "系统托管的自助用户的密钥",
		"the key of a managed self-service user" } },
	{ "managed_proof", { "系统专用的验证密钥", "a key kept for proofs" } },
	{ "probe_api_key", { "您提供的验证用密钥",
		"the key that was given for proofs" } },
	{ "access_api_key", { "您提供的真实用户的密钥",
		"the key of the real user that was given" } },
};

const struct said *explain_key_source(const char *source)
{
	static const struct said none = { "", "" };

	for (size_t i = 0; source && i < COUNT(key_sources); i++)
		if (strcmp(key_sources[i].name, source) == 0)
			return &key_sources[i].words;
	return &none;
}

static const struct explain_repair repairs[] = {
	{ "raw_chat", { "让账号只走对话接口（/chat/completions）",
		"made the account use chat completions only" }, true, true },
	{ "regroup", { "把账号放回所属分组",
		"put the account back into its groups" }, true, true },
	{ "models", { "补全账号的模型映射",
		"completed the models that the account maps" }, true, true },
	{ "error_codes", { "关闭账号的自定义错误码",
		"switched custom error codes of the account off" },
		true, true },
	{ "armour", { "给账号加上保护，免得一个用户的请求让它停用",
		"armoured the account, so that no user's request takes it"
		" out" }, true, true },
	{ "recover", { "清除账号的错误状态",
		"recovered the account from its error" }, true, false },
	{ "enable", { "重新打开账号的调度",
		"let the host use the account again" }, false, false },
	{ "nudge", { "让主机重新读取账号",
		"made the host read the account again" }, false, false },
	{ "wait", { "等待主机对账号的限制到期",
		"waited for the host's limit on the account to end" },
		true, false },
	{ "rebind", { "把用户密钥重新绑定到分组",
		"bound the user's key to the group again" }, false, false },
	{ "resubscribe", { "重新为用户分配订阅",
		"gave the user the subscription again" }, false, false },
	{ "user", { "重新创建用户", "made the user anew" }, false, false },
	{ "password", { "重新设置托管用户的密码",
		"gave the managed user its password again" }, false, false },
	{ "key", { "重新创建用户密钥", "made the user's key anew" },
		false, false },
	{ "top_up", { "为托管用户补足余额",
		"topped up the managed user's balance" }, false, false },
};

const struct explain_repair *explain_repair(const char *name)
{
	for (size_t i = 0; name && i < COUNT(repairs); i++)
		if (strcmp(repairs[i].name, name) == 0)
			return &repairs[i];
	return NULL;
}

static const struct {
	const char *kind;
	struct said words;
} events[] = {
	{ "repaired", { "系统修复：", "CRM " } },
	{ "degraded", { "检查失败：", "a check failed: " } },
	{ "broken", { "判定为不可用：", "called broken: " } },
	{ "recovered", { "恢复正常", "well again" } },
	{ "gave_up", { "系统停止修复，因为每次修复后都被改回",
		"CRM stopped repairing, because each repair was undone" } },
};

const struct said *explain_event(const char *kind)
{
	for (size_t i = 0; kind && i < COUNT(events); i++)
		if (strcmp(events[i].kind, kind) == 0)
			return &events[i].words;
	return NULL;
}

static const struct said actors[] = {
	[EXPLAIN_NOBODY] = { "无需任何操作", "nobody" },
	[EXPLAIN_CRM] = { "系统自动处理，您无需操作", "CRM, by itself" },
	[EXPLAIN_OPERATOR] = { "需要您处理", "you" },
	[EXPLAIN_PROVIDER] = { "等待供应商恢复，您无需操作",
		"the provider; CRM waits for it" },
};
_Static_assert(COUNT(actors) == EXPLAIN_ACTOR__MAX, "words for each actor");

const struct said *explain_actor_words(enum explain_actor actor)
{
	return &actors[actor];
}

static const struct said parts[] = {
	[EXPLAIN_EVIDENCE] = { "证据", "Evidence" },
	[EXPLAIN_DONE] = { "已经发生的事", "What happened so far" },
	[EXPLAIN_NOTE] = { "另请注意", "Note" },
	[EXPLAIN_HELP] = { "您可以做什么", "What you can do" },
};
_Static_assert(COUNT(parts) == EXPLAIN_PART__MAX, "words for each part");

const struct said *explain_part_words(enum explain_part part)
{
	return &parts[part];
}
