#include "schedd/host/surface.h"

#include "schedd/host/armour.h"

#include "shared/table.h"

static const char *const surface_names[] = {
	[HOST_SURFACE_CHAT] = "chat",
	[HOST_SURFACE_STREAM] = "stream",
	[HOST_SURFACE_TOOLS] = "tools",
	[HOST_SURFACE_RESPONSES] = "responses",
	[HOST_SURFACE_RESPONSES_STREAM] = "responses_stream",
	[HOST_SURFACE_MESSAGES] = "messages",
	[HOST_SURFACE_COUNT_TOKENS] = "count_tokens",
	[HOST_SURFACE_EMBEDDINGS] = "embeddings",
};
_Static_assert(COUNT(surface_names) == HOST_SURFACE__MAX, "name every one");

const char *host_surface_name(enum host_surface surface)
{
	return surface_names[surface];
}

static const char *const outcome_names[] = {
	[HOST_OUTCOME_WORKS] = "works",
	[HOST_OUTCOME_DAMAGED] = "damaged",
	[HOST_OUTCOME_REFUSED] = "refused",
	[HOST_OUTCOME_UNSAFE] = "unsafe",
	[HOST_OUTCOME_UNKNOWN] = "unknown",
};
_Static_assert(COUNT(outcome_names) == HOST_OUTCOME__MAX, "name every one");

const char *host_outcome_name(enum host_outcome outcome)
{
	return outcome_names[outcome];
}

/* ---- the conditions, as bits ---- */

enum {
	RAW = 1 << 0,		/* chats go as they are */
	DUAL = 1 << 1,		/* /responses works at the provider */
	BENCHES = 1 << 2,	/* a refused path takes the account out */
	DISPATCH = 1 << 3,
	RESPONSES_BY_CHAT = 1 << 4,
	RESPONSES_COMPLETE = 1 << 5,
	MESSAGES_BY_CHAT = 1 << 6,
	CONVERTED_JSON = 1 << 7,
	COUNTS = 1 << 8,
	EMBEDS = 1 << 9,
};

static bool is_dual(const struct host_surface_case *the)
{
	return the->provider == HOST_PROVIDER_DUAL ||
	       (the->responses_status >= 200 && the->responses_status < 300);
}

static bool benches(const struct host_surface_case *the)
{
	int status = the->responses_status;

	if (the->pool_mode || is_dual(the))
		return false;
	return status == 0 || host_armour_benches(status);
}

static unsigned facts_of(const struct host_surface_case *the)
{
	const struct host_features *f = the->features;
	const struct {
		bool there;
		unsigned bit;
	} facts[] = {
		{ !the->converts,			RAW },
		{ is_dual(the),				DUAL },
		{ benches(the),				BENCHES },
		{ the->dispatch,			DISPATCH },
		{ f->responses_by_chat,			RESPONSES_BY_CHAT },
		{ f->responses_complete,		RESPONSES_COMPLETE },
		{ f->messages_by_chat,			MESSAGES_BY_CHAT },
		{ f->converted_json,			CONVERTED_JSON },
		{ f->count_tokens,			COUNTS },
		{ f->embeddings,			EMBEDS },
	};
	unsigned bits = 0;

	for (size_t i = 0; i < COUNT(facts); i++)
		if (facts[i].there)
			bits |= facts[i].bit;
	return bits;
}

/* ---- the table ---- */

#define WORKS	HOST_OUTCOME_WORKS
#define DAMAGED	HOST_OUTCOME_DAMAGED
#define REFUSED	HOST_OUTCOME_REFUSED
#define UNSAFE	HOST_OUTCOME_UNSAFE

#define ON(surface) (1u << HOST_SURFACE_##surface)
#define CHATS (ON(CHAT) | ON(STREAM) | ON(TOOLS))
#define WHOLE (ON(CHAT) | ON(TOOLS))
#define BOTH_RESPONSES (ON(RESPONSES) | ON(RESPONSES_STREAM))

#define BENCH_ZH "供应商拒绝该路径时，账号会对所有用户停用十分钟。"
#define BENCH_EN "Where the provider refuses the path, the account is out" \
	" for everybody for ten minutes."

/* The first row of the surface whose conditions hold. */
static const struct rule {
	unsigned surfaces;
	unsigned with, without;
	enum host_outcome outcome;
	const char *zh, *en;
} rules[] = {
	{ CHATS, RAW, 0, WORKS,
	  "对话原样转发。",
	  "Chats are relayed as they are." },
	{ CHATS, BENCHES, 0, UNSAFE,
	  "主机把对话转到 /responses。" BENCH_ZH,
	  "The host sends chats to /responses. " BENCH_EN },
	{ CHATS, 0, DUAL, REFUSED,
	  "主机把对话转到供应商没有的 /responses。",
	  "The host sends chats to /responses, which the provider lacks." },
	{ WHOLE, 0, CONVERTED_JSON, DAMAGED,
	  "转换后的应答标成 event-stream，官方 node SDK 只得到一个字符串；"
	  "JSON 模式和厂商字段丢失。",
	  "Converted answers come as an event stream: the official node SDK"
	  " gets a string. JSON mode and fields of vendors are lost." },
	{ CHATS, 0, 0, WORKS,
	  "对话经 /responses 转换；厂商自有字段会丢失。",
	  "Chats are converted to /responses; fields of vendors are lost." },

	{ BOTH_RESPONSES, DUAL, RESPONSES_BY_CHAT, WORKS,
	  "原样转发到供应商的 /responses。",
	  "Passed on to the provider's /responses." },
	{ BOTH_RESPONSES, BENCHES, RESPONSES_BY_CHAT, UNSAFE,
	  "原样发往供应商的 /responses。" BENCH_ZH,
	  "It goes to the provider's /responses. " BENCH_EN },
	{ BOTH_RESPONSES, 0, RESPONSES_BY_CHAT, REFUSED,
	  "原样发往供应商没有的 /responses（502）。",
	  "It goes to /responses, which the provider lacks (502)." },
	{ ON(RESPONSES_STREAM), RAW, RESPONSES_COMPLETE, DAMAGED,
	  "由对话转换的流缺少事件：首个增量无内容，"
	  "工具调用没有 output_item.done。",
	  "Streams made from chat lack events: the first delta is empty, and"
	  " tool calls have no output_item.done." },
	{ BOTH_RESPONSES, RAW, 0, WORKS,
	  "由对话接口转换完成。",
	  "Answered through chat completions." },
	{ BOTH_RESPONSES, DUAL, 0, WORKS,
	  "原样转发到供应商的 /responses。",
	  "Passed on to the provider's /responses." },
	{ BOTH_RESPONSES, BENCHES, 0, UNSAFE,
	  "账号未强制对话，请求发往 /responses。" BENCH_ZH,
	  "The account is not forced to chat, so it goes to /responses. "
	  BENCH_EN },
	{ BOTH_RESPONSES, 0, 0, REFUSED,
	  "账号未强制对话，而供应商没有 /responses。",
	  "The account is not forced to chat, and the provider has no"
	  " /responses." },

	{ ON(MESSAGES), 0, DISPATCH, REFUSED,
	  "分组没有开启 /v1/messages（403）。",
	  "The group does not serve /v1/messages (403)." },
	{ ON(MESSAGES), RAW | MESSAGES_BY_CHAT, 0, WORKS,
	  "由对话接口转换完成。",
	  "Answered through chat completions." },
	{ ON(MESSAGES), DUAL | CONVERTED_JSON, 0, WORKS,
	  "经供应商的 /responses 转换完成。",
	  "Answered through the provider's /responses." },
	{ ON(MESSAGES), DUAL, 0, DAMAGED,
	  "经 /responses 转换的应答标成 event-stream，"
	  "官方 node SDK 只得到一个字符串。",
	  "Answers through /responses come as an event stream: the official"
	  " node SDK gets a string." },
	{ ON(MESSAGES), BENCHES, 0, UNSAFE,
	  "请求发往供应商的 /responses。" BENCH_ZH,
	  "It goes to the provider's /responses. " BENCH_EN },
	{ ON(MESSAGES), 0, 0, REFUSED,
	  "请求发往供应商没有的 /responses。",
	  "It goes to /responses, which the provider lacks." },

	{ ON(COUNT_TOKENS), 0, COUNTS, REFUSED,
	  "该版本没有 token 计数接口（404）。",
	  "This version has no token counting (404)." },
	{ ON(COUNT_TOKENS), 0, DISPATCH, REFUSED,
	  "分组没有开启 /v1/messages（403）。",
	  "The group does not serve /v1/messages (403)." },
	{ ON(COUNT_TOKENS), DUAL, 0, WORKS,
	  "由供应商计数。",
	  "Counted by the provider." },
	{ ON(COUNT_TOKENS), BENCHES, 0, UNSAFE,
	  "请求发往供应商的 /responses/input_tokens。" BENCH_ZH,
	  "It goes to the provider's /responses/input_tokens. " BENCH_EN },
	{ ON(COUNT_TOKENS), 0, 0, REFUSED,
	  "供应商没有 token 计数接口。",
	  "The provider does not count tokens." },

	{ ON(EMBEDDINGS), 0, EMBEDS, REFUSED,
	  "该版本没有 /v1/embeddings（404）。",
	  "This version has no /v1/embeddings (404)." },
	{ ON(EMBEDDINGS), BENCHES, 0, UNSAFE,
	  "原样转发到 /v1/embeddings。" BENCH_ZH,
	  "Relayed to /v1/embeddings. " BENCH_EN },
	{ ON(EMBEDDINGS), 0, 0, WORKS,
	  "原样转发；供应商须有向量模型。",
	  "Relayed as it is, if the provider has such a model." },
};

struct host_expectation
host_surface_expect(enum host_surface surface,
		    const struct host_surface_case *the)
{
	unsigned facts = facts_of(the);

	for (size_t i = 0; i < COUNT(rules); i++)
		if (rules[i].surfaces & 1u << surface &&
		    (facts & rules[i].with) == rules[i].with &&
		    !(facts & rules[i].without))
			return (struct host_expectation){
				.outcome = rules[i].outcome,
				.zh = rules[i].zh,
				.en = rules[i].en,
			};
	return (struct host_expectation){ HOST_OUTCOME_UNKNOWN, "", "" };
}

bool host_surface_is_safe(enum host_surface surface,
			  const struct host_surface_case *the)
{
	return host_surface_expect(surface, the).outcome !=
	       HOST_OUTCOME_UNSAFE;
}

/* ---- clients ---- */

static const char *const usability_names[] = {
	[HOST_USABLE] = "usable",
	[HOST_PARTLY_USABLE] = "partly",
	[HOST_NOT_USABLE] = "no",
};
_Static_assert(COUNT(usability_names) == HOST_USABILITY__MAX, "name each");

const char *host_usability_name(enum host_usability usability)
{
	return usability_names[usability];
}

/*
 * `stands`: what a client takes although it is damaged, for not every client
 * looks at what is wrong with it.
 */
static const struct need {
	const char *name;
	unsigned must;		/* without these it is of no use */
	unsigned likes;		/* without these a part of it is not */
	unsigned stands;
} clients[] = {
	{ "OpenAI SDK (node)", ON(CHAT) | ON(STREAM),
	  ON(TOOLS) | BOTH_RESPONSES | ON(EMBEDDINGS), 0 },
	{ "OpenAI SDK (python)", ON(CHAT) | ON(STREAM),
	  ON(TOOLS) | BOTH_RESPONSES | ON(EMBEDDINGS), WHOLE },
	{ "OpenClaw", ON(STREAM), ON(TOOLS), WHOLE },
	{ "Codex", ON(RESPONSES_STREAM), ON(RESPONSES), 0 },
	{ "Claude Code", ON(MESSAGES), ON(COUNT_TOKENS), 0 },
	{ "Cherry Studio", ON(STREAM), ON(CHAT) | ON(TOOLS), WHOLE },
	{ "Anthropic SDK", ON(MESSAGES), ON(COUNT_TOKENS), 0 },
};

size_t host_clients_count(void)
{
	return COUNT(clients);
}

static bool has(const struct need *need, enum host_surface surface,
		const enum host_outcome outcomes[HOST_SURFACE__MAX])
{
	return outcomes[surface] == HOST_OUTCOME_WORKS ||
	       (outcomes[surface] == HOST_OUTCOME_DAMAGED &&
		need->stands & 1u << surface);
}

/* The first of `wanted` that is not there; HOST_SURFACE__MAX: all are. */
static enum host_surface lacking(const struct need *need, unsigned wanted,
		const enum host_outcome outcomes[HOST_SURFACE__MAX])
{
	unsigned surface = 0;

	while (surface < HOST_SURFACE__MAX &&
	       (!(wanted & 1u << surface) || has(need, surface, outcomes)))
		surface++;
	return surface;
}

struct host_client host_client_at(size_t i,
		const enum host_outcome outcomes[HOST_SURFACE__MAX])
{
	struct host_client client = { .name = clients[i].name };

	client.first_lacking = lacking(&clients[i], clients[i].must, outcomes);
	if (client.first_lacking != HOST_SURFACE__MAX) {
		client.usability = HOST_NOT_USABLE;
		return client;
	}
	client.first_lacking = lacking(&clients[i], clients[i].likes,
				       outcomes);
	if (client.first_lacking != HOST_SURFACE__MAX)
		client.usability = HOST_PARTLY_USABLE;
	return client;
}

/* ---- in words ---- */

void host_surface_write(struct jout *out, enum host_surface surface,
			const struct host_expectation *expected,
			const enum host_outcome *tried)
{
	bool agrees = !tried || *tried == expected->outcome;

	jout_str(out, "surface", host_surface_name(surface));
	jout_str(out, "verdict", host_outcome_name(tried ? *tried
						: expected->outcome));
	jout_str(out, "expected", host_outcome_name(expected->outcome));
	jout_str(out, "evidence", tried ? "tried" : "version");
	jout_str(out, "why_zh", agrees ? expected->zh
		 : "实际试用的结果与该版本的预期不同。");
	jout_str(out, "why_en", agrees ? expected->en
		 : "Trying it gave another result than this version is known"
		   " for.");
}

static void write_client(struct jout *out, const struct host_client *client)
{
	AUTO_FREE char *zh = NULL, *en = NULL;

	if (client->usability != HOST_USABLE) {
		const char *what = host_surface_name(client->first_lacking);

		zh = xasprintf("缺少可用的 %s。", what);
		en = xasprintf("It lacks %s.", what);
	}
	jout_object(out, NULL);
	jout_str(out, "client", client->name);
	jout_str(out, "works", host_usability_name(client->usability));
	jout_str(out, "why_zh", zh);
	jout_str(out, "why_en", en);
	jout_object_end(out);
}

void host_clients_write(struct jout *out,
			const enum host_outcome outcomes[HOST_SURFACE__MAX])
{
	jout_array(out, "clients");
	for (size_t i = 0; i < COUNT(clients); i++) {
		struct host_client client = host_client_at(i, outcomes);

		write_client(out, &client);
	}
	jout_array_end(out);
}
