#include "schedd/host/features.h"

#include <inttypes.h>
#include <stdio.h>

#include "shared/table.h"

/* Versions as numbers that compare: 0.1.129 is 1000129. */
#define MINOR INT64_C(1000000)
#define MAJOR (MINOR * 1000000)
#define AT(major, minor, patch) \
	((int64_t)(major) * MAJOR + (int64_t)(minor) * MINOR + (patch))

#define MODE_SINCE AT(0, 1, 127)

/* Behind every version there is. */
#define NEVER INT64_MAX

#define VERSION_TEXT_MAX 64

struct feature {
	const char *name;
	size_t offset;
	int64_t since;
	int64_t until;		/* 0: it stays */
	int64_t lacked_at;	/* nobody looked between; 0: `since` is exact */
	bool hinders;		/* it blocks when it is there */
	const char *blocks;
	const char *yes_zh, *yes_en;
	const char *no_zh, *no_en;
};

#define FEATURE(member) \
	.name = #member, .offset = offsetof(struct host_features, member)

static const struct feature features_table[] = {
	{ FEATURE(responses_mode), .since = MODE_SINCE,
	  .blocks = "instant_create",
	  .yes_zh = "账号的 responses 模式有效："
		    "对话从第一个请求起就按原样转发。",
	  .yes_en = "An account's responses mode is obeyed: chats are relayed"
		    " as they are from the first request on.",
	  .no_zh = "主机忽略 responses 模式：账号先放在停放分组，"
		   "等主机自己的探测结束后再切换标志。",
	  .no_en = "The responses mode is ignored: an account waits in a"
		   " parking group until the host's own probe has ended, then"
		   " its flag is switched." },
	{ FEATURE(redacts), .since = MODE_SINCE, .hinders = true,
	  .blocks = "see_replaced_key",
	  .yes_zh = "主机不显示账号密钥：密钥被换掉只能从行为上看出来。",
	  .yes_en = "Accounts do not show their key: that somebody replaced"
		    " it is seen by what it does only.",
	  .no_zh = "主机以明文显示账号密钥：CRM 只比较其指纹。",
	  .no_en = "Accounts show their key in clear: CRM compares its"
		   " fingerprint and keeps nothing else." },
	{ FEATURE(version_segments), .since = MODE_SINCE,
	  .yes_zh = "基础地址可以以 /v3、/v4 等版本段结尾。",
	  .yes_en = "A base URL may end in /v3, /v4 and the like.",
	  .no_zh = "主机只认识 /v1：其他地址写成完整的对话 URL。",
	  .no_en = "The host knows /v1 only: other base URLs are written as"
		   " the whole chat URL." },
	{ FEATURE(models_sync), .since = MODE_SINCE,
	  .blocks = "account_models_check",
	  .yes_zh = "主机可以自己查询账号上游的模型列表。",
	  .yes_en = "The host can ask an account's provider for its models.",
	  .no_zh = "主机不能查询账号上游的模型列表。",
	  .no_en = "The host cannot ask an account's provider for its"
		   " models." },
	{ FEATURE(responses_by_chat), .since = AT(0, 1, 128),
	  .blocks = "responses",
	  .yes_zh = "/v1/responses 对只支持对话的供应商改用对话接口完成。",
	  .yes_en = "/v1/responses is answered through chat for chat-only"
		    " providers.",
	  .no_zh = "/v1/responses 会原样发给供应商：对方若答 403，"
		   "账号对所有用户停用十分钟。",
	  .no_en = "/v1/responses goes to the provider as it is: a 403 there"
		   " takes the account out for everybody for ten minutes." },
	{ FEATURE(test_by_chat), .since = AT(0, 1, 130),
	  .blocks = "account_test",
	  .yes_zh = "主机的账号测试会走对话接口，结果可信。",
	  .yes_en = "The host's account test goes by chat completions and"
		    " means something.",
	  .no_zh = "主机的账号测试只走 /responses："
		   "对只支持对话的供应商没有意义。",
	  .no_en = "The host's account test goes by /responses only: it means"
		   " nothing for chat-only providers." },
	{ FEATURE(errors_unschedule), .since = AT(0, 1, 130),
	  .yes_zh = "账号出错时主机会同时关闭调度：恢复后还须重新打开。",
	  .yes_en = "An error also switches an account off: recovering it"
		    " takes switching it on again.",
	  .no_zh = "账号出错不影响调度开关。",
	  .no_en = "An error leaves the switch of an account alone." },
	{ FEATURE(compliance_gate), .since = AT(0, 1, 136),
	  .yes_zh = "管理接口要求管理员先确认合规声明。",
	  .yes_en = "The management API wants its administrator to accept a"
		    " compliance statement first.",
	  .no_zh = "没有合规声明的限制。",
	  .no_en = "There is no compliance gate." },
	{ FEATURE(loses_events), .until = AT(0, 1, 137), .hinders = true,
	  .yes_zh = "一秒内的两次改动可能丢失一次：CRM 每次间隔 1.2 秒。",
	  .yes_en = "Of two changes within a second one may be lost: CRM"
		    " leaves 1.2 s between them.",
	  .no_zh = "连续的改动不会丢失。",
	  .no_en = "No change is lost, however quickly they come." },
	{ FEATURE(model_not_found), .since = AT(0, 1, 139),
	  .yes_zh = "没有账号映射的模型答 404，容易辨认。",
	  .yes_en = "A model that nobody maps is answered 404, which is easy"
		    " to tell.",
	  .no_zh = "没有账号映射的模型答 503，与没有可用账号无法区分。",
	  .no_en = "A model that nobody maps is answered 503, as if there"
		   " were no account." },
	{ FEATURE(messages_by_chat), .since = AT(0, 1, 147),
	  .blocks = "messages",
	  .yes_zh = "/v1/messages 可以改用对话接口完成（分组须开启）。",
	  .yes_en = "/v1/messages can be answered through chat, where the"
		    " group allows it.",
	  .no_zh = "/v1/messages 总是发往 /responses："
		   "只支持对话的供应商会因此被停用，所以保持关闭。",
	  .no_en = "/v1/messages always goes to /responses: it can take a"
		   " chat-only account out, so it stays off." },
	{ FEATURE(step_up), .since = AT(0, 1, 157),
	  .yes_zh = "导出等操作可能要求二次验证；CRM 不使用它们。",
	  .yes_en = "Exports may want a second factor; CRM uses none.",
	  .no_zh = "没有二次验证。",
	  .no_en = "There is no step-up authentication." },
	{ FEATURE(bad_key_limit), .since = AT(0, 1, 161),
	  .yes_zh = "错误密钥过多时主机会封锁整个来源地址一分钟。",
	  .yes_en = "Too many wrong keys block our whole address for a"
		    " minute.",
	  .no_zh = "错误密钥不会封锁来源地址。",
	  .no_en = "Wrong keys do not block an address." },
	{ FEATURE(user_call_limit), .since = AT(0, 1, 166),
	  .yes_zh = "用户接口每分钟限 240 次：CRM 保持在 200 次以内。",
	  .yes_en = "User routes take 240 calls a minute: CRM stays under"
		    " 200.",
	  .no_zh = "用户接口没有次数限制。",
	  .no_en = "User routes have no limit." },
	{ FEATURE(cn_platforms), .since = AT(0, 1, 178),
	  .yes_zh = "主机有 kimi、zhipu、deepseek 平台；"
		    "CRM 一律使用 openai 平台。",
	  .yes_en = "The host has platforms for kimi, zhipu and deepseek; CRM"
		    " uses openai for all.",
	  .no_zh = "主机没有国内供应商的专用平台。",
	  .no_en = "The host has no platforms of Chinese vendors." },
	{ FEATURE(responses_complete), .since = AT(0, 1, 179),
	  .lacked_at = AT(0, 1, 129), .blocks = "responses_stream",
	  .yes_zh = "/v1/responses 的流式事件完整。",
	  .yes_en = "Streams on /v1/responses carry every event.",
	  .no_zh = "经对话转换的 /v1/responses 流缺少事件，"
		   "Codex 等客户端会看不到工具调用。",
	  .no_en = "Streams on /v1/responses made from chat lack events:"
		   " Codex and others miss tool calls." },
	{ FEATURE(converted_json), .since = AT(0, 1, 179),
	  .lacked_at = AT(0, 1, 129),
	  .yes_zh = "经 /responses 转换的对话以 JSON 应答。",
	  .yes_en = "A chat converted to /responses is answered as JSON.",
	  .no_zh = "经 /responses 转换的对话应答类型错误（event-stream），"
		   "官方 node SDK 读不出来；因此一律强制原样转发。",
	  .no_en = "A chat converted to /responses comes as an event stream,"
		   " which the official node SDK cannot read; so chats are"
		   " relayed as they are." },
	{ FEATURE(count_tokens), .since = AT(0, 1, 179),
	  .lacked_at = AT(0, 1, 129), .hinders = true, .blocks = "count_tokens",
	  .yes_zh = "开启 /v1/messages 后，token 计数会转发给供应商，"
		    "对方若答 403，账号停用十分钟。",
	  .yes_en = "Where /v1/messages is on, token counting goes to the"
		    " provider: a 403 there takes the account out for ten"
		    " minutes.",
	  .no_zh = "没有 token 计数接口（404）。",
	  .no_en = "There is no token counting (404)." },
	{ FEATURE(header_overrides), .since = AT(0, 1, 179),
	  .lacked_at = AT(0, 1, 129), .blocks = "required_headers",
	  .yes_zh = "账号可以带上供应商要求的请求头。",
	  .yes_en = "Accounts send the headers that a provider requires.",
	  .no_zh = "账号不能带上自己的请求头：供应商要求的请求头不会发出。",
	  .no_en = "Accounts have no headers of their own: those that a"
		   " provider requires are not sent." },
	{ FEATURE(embeddings), .since = AT(0, 1, 179),
	  .lacked_at = AT(0, 1, 129), .blocks = "embeddings",
	  .yes_zh = "/v1/embeddings 原样转发。",
	  .yes_en = "/v1/embeddings is relayed as it is.",
	  .no_zh = "没有 /v1/embeddings（404）。",
	  .no_en = "There is no /v1/embeddings (404)." },
};

static const struct sign {
	int64_t since;
	bool proves_absence;	/* else it may be missing for other reasons */
	const char *words;
} signs[] = {
	[HOST_SIGN_CREDENTIALS_STATUS] = { MODE_SINCE, true,
		"credentials_status of an account" },
	[HOST_SIGN_SYNC_ROUTE] = { MODE_SINCE, true,
		"the route models/sync-upstream" },
	[HOST_SIGN_MODELS_LIST] = { AT(0, 1, 132), false,
		"models_list_config of a group" },
	[HOST_SIGN_COMPLIANCE] = { AT(0, 1, 136), true,
		"the compliance route" },
	[HOST_SIGN_MODEL_NOT_FOUND] = { AT(0, 1, 139), false,
		"404 of an unknown model" },
};
_Static_assert(COUNT(signs) == HOST_SIGN__MAX, "a row for every sign");

static const char *const evidence_names[] = {
	[HOST_ASSUMED] = "assumed",
	[HOST_BY_VERSION] = "version",
	[HOST_OBSERVED] = "observed",
};

const char *host_evidence_name(enum host_evidence evidence)
{
	return evidence_names[evidence];
}

static bool *member(struct host_features *features, size_t i)
{
	return (bool *)((char *)features + features_table[i].offset);
}

/* "0.1.129", "v0.1.129", "0.1.129-rc1"; -1 for anything else. */
static int64_t parse_version(const char *text)
{
	int64_t part[3] = { 0 };

	if (*text == 'v')
		text++;
	for (size_t i = 0; i < COUNT(part); i++) {
		size_t digits = strspn(text, "0123456789");

		if (digits == 0 || digits > 5)
			return -1;
		for (size_t k = 0; k < digits; k++)
			part[i] = part[i] * 10 + (text[k] - '0');
		text += digits;
		if (i < 2 && *text++ != '.')
			return -1;
	}
	return AT(part[0], part[1], part[2]);
}

static void write_version(struct jout *out, const char *name, int64_t version)
{
	char text[VERSION_TEXT_MAX];

	snprintf(text, sizeof(text), "%" PRId64 ".%" PRId64 ".%" PRId64,
		 version / MAJOR, version / MINOR % 1000000, version % MINOR);
	jout_str(out, name, version ? text : NULL);
}

static int64_t read_version(const json_t *object, const char *name)
{
	const char *text = json_string_value(json_object_get(object, name));
	int64_t version = text ? parse_version(text) : 0;

	return version > 0 ? version : 0;
}

static bool has_at(const struct feature *feature, int64_t version)
{
	return version >= feature->since &&
	       (!feature->until || version < feature->until);
}

/* What the host says, between what was proven of it. */
static int64_t likely_version(const struct host_features *features)
{
	int64_t version = parse_version(features->version);

	if (features->before && version >= features->before)
		version = features->before - 1;
	return version > features->at_least ? version : features->at_least;
}

static void decide(struct host_features *features)
{
	int64_t version = likely_version(features);

	for (size_t i = 0; i < COUNT(features_table); i++)
		*member(features, i) = has_at(&features_table[i], version);
}

struct host_features host_features_of(const char *version)
{
	struct host_features features = { 0 };

	snprintf(features.version, sizeof(features.version), "%s",
		 version ? version : "");
	/* A build without a version calls itself 0.0.0-dev. */
	features.known = parse_version(features.version) > 0;
	decide(&features);
	return features;
}

void host_features_saw(struct host_features *features, enum host_sign sign,
		       bool there)
{
	int64_t since = signs[sign].since;

	if (there && since > features->at_least)
		features->at_least = since;
	if (!there && signs[sign].proves_absence &&
	    (!features->before || since < features->before))
		features->before = since;
	/* Somebody changed the host's version: the newest sign is right. */
	if (features->before && features->at_least >= features->before) {
		if (there)
			features->before = 0;
		else
			features->at_least = 0;
	}
	decide(features);
}

bool host_features_settled(const struct host_features *features,
			   enum host_sign sign)
{
	return features->at_least >= signs[sign].since ||
	       (features->before && features->before <= signs[sign].since);
}

void host_features_seen_account(struct host_features *features,
				const json_t *account)
{
	const json_t *status = json_object_get(account, "credentials_status");
	const char *key = json_string_value(json_object_get(
		json_object_get(account, "credentials"), "api_key"));

	if (json_is_object(status))
		host_features_saw(features, HOST_SIGN_CREDENTIALS_STATUS,
				  true);
	else if (key && *key)
		host_features_saw(features, HOST_SIGN_CREDENTIALS_STATUS,
				  false);
}

void host_features_seen_group(struct host_features *features,
			      const json_t *group)
{
	if (json_is_object(group))
		host_features_saw(features, HOST_SIGN_MODELS_LIST,
				  json_object_get(group,
						  "models_list_config"));
}

size_t host_features_count(void)
{
	return COUNT(features_table);
}

/* No change of the feature lies between the versions that are left. */
static bool is_proven(const struct host_features *features,
		      const struct feature *feature)
{
	int64_t edges[] = { feature->since, feature->until };
	int64_t end = features->before ? features->before : NEVER;

	if (!features->at_least && !features->before)
		return false;
	for (size_t i = 0; i < COUNT(edges); i++)
		if (edges[i] > features->at_least && edges[i] < end)
			return false;
	return true;
}

static enum host_evidence evidence_of(const struct host_features *features,
				      const struct feature *feature)
{
	int64_t version = likely_version(features);

	if (is_proven(features, feature))
		return HOST_OBSERVED;
	if (!features->known)
		return HOST_ASSUMED;
	/* Nobody looked at the versions between. */
	if (feature->lacked_at && version > feature->lacked_at &&
	    version < feature->since)
		return HOST_ASSUMED;
	return HOST_BY_VERSION;
}

/* The sign behind the bound that settles it. */
static const char *sign_words(const struct host_features *features,
			      const struct feature *feature)
{
	bool from_below = features->at_least &&
			  feature->since <= features->at_least &&
			  feature->until <= features->at_least;
	int64_t bound = from_below ? features->at_least : features->before;

	for (size_t i = 0; i < COUNT(signs); i++)
		if (signs[i].since == bound)
			return signs[i].words;
	return NULL;
}

struct host_capability host_features_at(const struct host_features *features,
					size_t i)
{
	const struct feature *feature = &features_table[i];
	struct host_features copy = *features;
	bool value = *member(&copy, i);
	enum host_evidence evidence = evidence_of(features, feature);

	return (struct host_capability){
		.name = feature->name,
		.known = true,
		.value = value,
		.evidence = evidence,
		.detail = evidence == HOST_OBSERVED
			  ? sign_words(features, feature) : NULL,
		.blocks = value == feature->hinders ? feature->blocks : NULL,
		.zh = value ? feature->yes_zh : feature->no_zh,
		.en = value ? feature->yes_en : feature->no_en,
	};
}

void host_features_write(struct jout *out,
			 const struct host_features *features)
{
	struct host_features copy = *features;

	jout_object(out, "proven");
	write_version(out, "at_least", features->at_least);
	write_version(out, "before", features->before);
	jout_object_end(out);
	jout_object(out, "features");
	for (size_t i = 0; i < COUNT(features_table); i++)
		jout_bool(out, features_table[i].name, *member(&copy, i));
	jout_object_end(out);
}

/* Snapshots of earlier releases have the features and not why. */
static void read_members(struct host_features *features,
			 const json_t *known)
{
	for (size_t i = 0; i < COUNT(features_table); i++) {
		const json_t *value = json_object_get(known,
						      features_table[i].name);

		if (json_is_boolean(value))
			*member(features, i) = json_is_true(value);
	}
}

struct host_features host_features_read(const json_t *capabilities)
{
	const json_t *proven = json_object_get(capabilities, "proven");
	struct host_features features = host_features_of(
		json_string_value(json_object_get(capabilities, "version")));

	features.at_least = read_version(proven, "at_least");
	features.before = read_version(proven, "before");
	decide(&features);
	if (!proven)
		read_members(&features,
			     json_object_get(capabilities, "features"));
	return features;
}
