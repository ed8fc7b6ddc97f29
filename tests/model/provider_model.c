#include "tests/model/provider_model.h"

#include <assert.h>
#include <string.h>

#include "shared/table.h"
#include "tests/model/provider_answers.h"
#include "tests/model/provider_call.h"

#define LIMITS_BELOW 256	/* tokens that thinking takes */
#define PATHS_MAX 256		/* counted apart; the rest is one */
#define ENDLESS_BYTES (5 << 20)	/* more than any sane ceiling */
#define SLOW_MS 3000
#define QUESTIONS_OF_LIFE 20	/* of what ends by personality */
#define JSON_TYPE "application/json"
#define EVENTS_TYPE "text/event-stream"

/* Different numbers in, different numbers out (splitmix64). */
static uint64_t mix(uint64_t value)
{
	value += 0x9e3779b97f4a7c15u;
	value = (value ^ (value >> 30)) * 0xbf58476d1ce4e5b9u;
	value = (value ^ (value >> 27)) * 0x94d049bb133111ebu;
	return value ^ (value >> 31);
}

static void set_models(struct provider_model *model, const char *list)
{
	const char *word;
	json_t *value;
	size_t i;
	json_auto_t *words = provider_words(list ? list : "mock-a,mock-b");

	model->models = json_array();
	json_array_foreach(words, i, value) {
		word = json_string_value(value);
		if (word && strcmp(word, "*") == 0)
			model->any_model = true;
		else
			json_array_append(model->models, value);
	}
}

/* What is asked for, or what the personality is like; 0: never. */
static int64_t limit_of(const struct provider_personality *personality,
			enum provider_twist twist, int64_t wanted,
			int64_t otherwise)
{
	if (wanted)
		return wanted;
	return personality->twists & (unsigned int)twist ? otherwise : 0;
}

struct provider_model *provider_model_new(const struct provider_options *o)
{
	const struct provider_personality *personality =
		provider_personality_find(o->personality);
	enum provider_vendor vendor = PROVIDER_DEEPSEEK;
	struct provider_model *model;

	if (!personality ||
	    (o->vendor && !provider_vendor_parse(o->vendor, &vendor)))
		return NULL;
	model = xcalloc(1, sizeof(*model));
	*model = (struct provider_model){
		.personality = personality, .seed = o->seed,
		.delay_ms = o->delay_ms, .by_path = json_object(),
		.retired = json_object(), .unlisted = json_object(),
		.revoked = json_object(), .used = json_object(),
		.turns = json_object(), .has_balance = o->vendor != NULL,
		.vendor = vendor, .amount = o->amount,
		.expires_at = o->expires_at,
		.revoke_after = limit_of(personality, TWIST_REVOKE,
					 o->revoke_after, QUESTIONS_OF_LIFE),
		.retire_after = limit_of(personality, TWIST_RETIRE,
					 o->retire_after, QUESTIONS_OF_LIFE),
		.unlist_after = limit_of(personality, TWIST_UNLIST, 0, 1),
	};
	set_models(model, o->models);
	model->keys = provider_keys_new(o->keys);
	return model;
}

void provider_model_free(struct provider_model **model)
{
	if (!*model)
		return;
	json_decref((*model)->models);
	json_decref((*model)->keys);
	json_decref((*model)->retired);
	json_decref((*model)->unlisted);
	json_decref((*model)->revoked);
	json_decref((*model)->used);
	json_decref((*model)->turns);
	json_decref((*model)->by_path);
	free(*model);
	*model = NULL;
}

static void answer_reply(struct provider_call *call,
			 const struct provider_reply *reply)
{
	if (reply->status > 0) {
		model_answer_set(call->answer, reply->status, reply->type,
				 reply->body);
		if (reply->header)
			model_answer_add_header(call->answer, reply->header,
						reply->value);
		return;
	}
	model_answer_set(call->answer, 0, JSON_TYPE, "");
	call->answer->end = reply->end;
}

static void refuse_unknown(struct provider_call *call, const char *key)
{
	AUTO_FREE char *message = NULL;
	size_t len = strlen(key);

	if (provider_is(call, TWIST_ECHO))
		message = xasprintf("Incorrect API key provided: %s", key);
	else if (provider_is(call, TWIST_MASK) && len >= 12)
		message = xasprintf("Incorrect API key provided: %.4s****%s",
				    key, key + len - 4);
	else
		message = xstrdup("Incorrect API key provided");
	provider_answer_error(call, 401, message, "invalid_api_key");
}

/* Whether the key may ask; if not, the answer says so. */
static bool admit(struct provider_call *call, enum provider_key class,
		  const char *key)
{
	bool question = strcmp(call->request->method, "POST") == 0;

	switch (class) {
	case PROVIDER_KEY_MISSING:
		provider_answer_error(call, 401,
				      "You didn't provide an API key",
				      "invalid_api_key");
		return false;
	case PROVIDER_KEY_UNKNOWN:
		refuse_unknown(call, key);
		return false;
	case PROVIDER_KEY_QUOTA:
	case PROVIDER_KEY_LIMITED:
		/* Such keys may still read; only work costs. */
		if (question)
			answer_reply(call, class == PROVIDER_KEY_QUOTA ?
				     provider_reply_quota :
				     provider_reply_limited);
		return !question;
	case PROVIDER_KEY_GOOD:
	case PROVIDER_KEY__MAX:
		break;
	}
	return true;
}

static void embed(struct provider_call *call, const struct provider_ask *ask)
{
	json_auto_t *body = json_pack(
		"{s:s, s:[{s:s, s:i, s:[f,f]}], s:s, s:{s:I, s:I}}",
		"object", "list", "data", "object", "embedding", "index", 0,
		"embedding", 0.125, 0.25, "model", ask->model,
		"usage", "prompt_tokens", (json_int_t)ask->prompt_tokens,
		"total_tokens", (json_int_t)ask->prompt_tokens);

	provider_answer_json(call, 200, body);
}

/* What the model says, without any form around it. */
static char *text_for(const struct provider_ask *ask, bool tags)
{
	const char *nonce = ask->nonce ? ask->nonce : "";

	if (ask->wants_json && ask->nonce)
		return xasprintf("{\"ok\":true,\"nonce\":\"%s\"}", nonce);
	if (ask->wants_json)
		return xstrdup("{\"ok\":true}");
	return xasprintf("%spong%s%s", tags ? "<think>A short word."
			 "</think>\n\n" : "", ask->nonce ? " " : "", nonce);
}

static char *write_answer(const struct provider_call *call,
			  const struct provider_telling *telling)
{
	bool stream = telling->ask->stream;

	if (call->path == PROVIDER_MESSAGES)
		return stream ? provider_messages_stream(telling) :
				provider_messages_body(telling);
	if (call->path == PROVIDER_CHAT)
		return stream ? provider_chat_stream(telling) :
				provider_chat_body(telling);
	return stream ? provider_responses_stream(telling) :
			provider_responses_body(telling);
}

static void tell(struct provider_call *call, struct provider_ask *ask)
{
	bool tags = provider_is(call, TWIST_TAGS) &&
		    call->path == PROVIDER_CHAT;
	AUTO_FREE char *text = text_for(ask, tags);
	AUTO_FREE char *body = NULL;
	bool thinks = provider_is(call, TWIST_THINK);
	bool short_of = thinks && ask->max_tokens > 0 &&
			ask->max_tokens < LIMITS_BELOW;
	struct provider_telling telling = {
		.ask = ask,
		.id = call->id,
		.created = call->now / 1000,
		.text = short_of ? "" : text,
		.thought = thinks ? "The user wants a short answer." : NULL,
		.cut_short = short_of,
		.no_done = tags,
		.answer_tokens = short_of ? ask->max_tokens :
				 (thinks ? 40 : 3),
	};

	if (short_of)
		ask->tool = NULL;
	if (provider_is(call, TWIST_WHOLE))
		ask->stream = false;
	body = write_answer(call, &telling);
	model_answer_set(call->answer, 200, ask->stream ? EVENTS_TYPE :
			 JSON_TYPE, body);
}

/* What it does not know is a bad request. */
static bool refuses(struct provider_call *call, const struct provider_ask *ask)
{
	if (ask->tool && provider_is(call, TWIST_NO_TOOLS))
		provider_answer_error(call, 400, "tools is not supported by "
				      "this model", "invalid_parameter");
	else if (ask->wants_json && provider_is(call, TWIST_NO_JSON))
		provider_answer_error(call, 400, "response_format is not "
				      "supported", "invalid_parameter");
	else if (json_object_get(ask->body, "max_tokens") &&
		 provider_is(call, TWIST_NO_LIMIT))
		provider_answer_error(call, 400, "Unsupported parameter: "
				      "'max_tokens'", "unsupported_parameter");
	else
		return false;
	return true;
}

/* Some speak Anthropic's protocol, but not beside the other one. */
static bool is_elsewhere(const struct provider_call *call)
{
	return call->path == PROVIDER_MESSAGES &&
	       provider_is(call, TWIST_APART) &&
	       !strstr(call->request->target, "/anthropic/");
}

static bool is_input_tokens(const struct provider_call *call)
{
	return call->path == PROVIDER_RESPONSES_PART &&
	       strstr(call->request->target, "/input_tokens");
}

static void count_tokens(struct provider_call *call,
			 const struct provider_ask *ask)
{
	json_auto_t *body = json_pack("{s:I}", "input_tokens",
				      (json_int_t)ask->prompt_tokens);

	if (call->path == PROVIDER_RESPONSES_PART)
		json_object_set_new(body, "object", json_string(
			"response.input_tokens"));
	provider_answer_json(call, 200, body);
}

/* What ends after so many questions ends here. */
static void grow_old(struct provider_model *model)
{
	const char *last = provider_last_model(model);

	model->answered++;
	if (model->retire_after && last &&
	    model->answered > (uint64_t)model->retire_after)
		provider_retire(model, last, false);
}

static void answer_question(struct provider_call *call)
{
	CLEANUP(provider_ask_done) struct provider_ask ask = { 0 };

	grow_old(call->model);
	provider_ask_read(&ask, call->request);
	if (!ask.body)
		provider_answer_error(call, 400,
				      "We could not parse the JSON body of "
				      "your request",
				      NULL);
	else if (!ask.model || !ask.model[0])
		provider_answer_error(
			call, 400, "you must provide a model parameter", NULL);
	else if (is_elsewhere(call))
		/* NOLINTNEXTLINE(bugprone-branch-clone): in the order of the provider */
		provider_answer_error(call, 404, "Not Found", "not_found");
	else if (!provider_has_model(call->model, ask.model))
		provider_refuse_model(call, ask.model);
	else if (call->path == PROVIDER_EMBEDDINGS)
		embed(call, &ask);
	else if (call->path == PROVIDER_RESPONSES_PART &&
		 !provider_is(call, TWIST_PARTS))
		provider_answer_error(call, 404, "Not Found", "not_found");
	else if (refuses(call, &ask))
		return;
	else if (call->path == PROVIDER_COUNT_TOKENS || is_input_tokens(call))
		count_tokens(call, &ask);
	else
		tell(call, &ask);
}

/* Some want to know who calls, by a header that hosts do not send unasked. */
static bool is_stranger(const struct provider_call *call)
{
	const char *agent = model_request_header(call->request, "User-Agent");

	return provider_is(call, TWIST_AGENT) &&
	       (!agent || strcmp(agent, "cn-relay-manager") != 0);
}

static void work(struct provider_call *call, enum provider_key class)
{
	bool question = strcmp(call->request->method, "POST") == 0;

	if (question && is_stranger(call))
		provider_answer_error(call, 403, "Unknown client",
				      "unknown_client");
	else if (question && provider_is(call, TWIST_FLAP) &&
		 provider_turn(call->model->turns, call->request))
		answer_reply(call, provider_reply_limited);
	else if (call->path == PROVIDER_MODELS)
		provider_list_models(call);
	else if (call->path == PROVIDER_MODEL)
		provider_show_model(call);
	else if (call->path == PROVIDER_BALANCE)
		provider_tell_balance(call, class);
	else
		answer_question(call);
}

/* Whoever asks gets this, key or not. */
static bool is_open(const struct provider_call *call,
		    const struct provider_reply *reply)
{
	return reply->before_key || call->path == PROVIDER_OTHER ||
	       (provider_is(call, TWIST_OPEN) && call->path == PROVIDER_MODELS);
}

static bool is_used_up(const struct provider_model *model, const char *key)
{
	int64_t lasts = provider_key_lasts(key);

	return lasts > 0 && json_integer_value(
		json_object_get(model->used, key)) >= lasts;
}

static enum provider_key class_of(const struct provider_model *model,
				  const char *key)
{
	enum provider_key class = provider_keys_class(model->keys, key);
	bool old = model->revoke_after &&
		   model->answered >= (uint64_t)model->revoke_after;

	return class != PROVIDER_KEY_MISSING &&
	       (old || json_object_get(model->revoked, key) ||
		is_used_up(model, key)) ? PROVIDER_KEY_UNKNOWN : class;
}

/* Which of the keys that do not last are used, and how often. */
static void use(struct provider_call *call, const char *key)
{
	json_t *used = call->model->used;

	if (strcmp(call->request->method, "POST") == 0 &&
	    provider_key_lasts(key) > 0)
		json_object_set_new(used, key, json_integer(1 +
			json_integer_value(json_object_get(used, key))));
}

static void answer_path(struct provider_call *call)
{
	const struct provider_reply *reply =
		call->model->personality->replies[call->path];
	const char *method = provider_path_method(call->path);
	AUTO_FREE char *key = provider_key_of(call->request);
	enum provider_key class = class_of(call->model, key);

	call->model->by_key[class]++;
	if (!is_open(call, reply) && !admit(call, class, key))
		return;
	use(call, key);
	if (reply->status != 0)
		answer_reply(call, reply);
	else if (strcmp(method, call->request->method) != 0)
		provider_answer_error(call, 405, "Method Not Allowed",
			     "method_not_allowed");
	else
		work(call, class);
}

/* The answer again and again, until it is larger than anyone should read. */
static void make_endless(struct model_answer *answer)
{
	size_t part = answer->body_len;

	assert(part > 0 && part < ENDLESS_BYTES);
	answer->body = xrealloc(answer->body, ENDLESS_BYTES + 1);
	for (size_t at = part; at < ENDLESS_BYTES; at++)
		answer->body[at] = answer->body[at - part];
	answer->body[ENDLESS_BYTES] = '\0';
	answer->body_len = ENDLESS_BYTES;
	answer->end = MODEL_END_CUT;
	/* The server goes on from here; nobody else needs it. */
	model_answer_add_header(answer, "x-sim-endless", "1");
}

static void twist_answer(struct provider_call *call)
{
	struct model_answer *answer = call->answer;

	answer->delay_ms = call->model->delay_ms;
	if (provider_is(call, TWIST_SLOW))
		answer->delay_ms += SLOW_MS;
	if (answer->end != MODEL_END_COMPLETE || answer->status != 200)
		return;
	if (provider_is(call, TWIST_ENDLESS))
		make_endless(answer);
	if (provider_is(call, TWIST_CUT)) {
		answer->body_len /= 2;
		answer->body[answer->body_len] = '\0';
		answer->end = MODEL_END_CUT;
	}
}

static void count(const struct provider_call *call)
{
	const char *target = call->request->target;
	json_t *by_path = call->model->by_path;
	AUTO_FREE char *path = provider_plain(target, strcspn(target, "?#"));
	AUTO_FREE char *name = xasprintf("%s %s", call->request->method, path);
	const char *key = name;
	char status[16];
	json_t *statuses;

	if (json_object_size(by_path) >= PATHS_MAX &&
	    !json_object_get(by_path, name))
		key = "other";
	statuses = json_object_get(by_path, key);
	if (!statuses) {
		statuses = json_object();
		json_object_set_new(by_path, key, statuses);
	}
	snprintf(status, sizeof(status), "%d", call->answer->status);
	json_object_set_new(statuses, status, json_integer(1 +
		json_integer_value(json_object_get(statuses, status))));
}

void provider_model_request(struct provider_model *model, int64_t now,
			    const struct model_request *request,
			    struct model_answer *ret)
{
	struct provider_call call = {
		.model = model,
		.request = request,
		.now = now,
		.id = mix(model->seed + mix(model->requests++)),
		.answer = ret,
	};
	char id[32];

	*ret = (struct model_answer){ 0 };
	call.path = provider_path_of(request->target, &call.model_id);
	answer_path(&call);
	twist_answer(&call);
	snprintf(id, sizeof(id), "req-%016llx", (unsigned long long)call.id);
	model_answer_add_header(ret, "x-request-id", id);
	count(&call);
}

json_t *provider_model_state(const struct provider_model *model)
{
	json_t *keys = json_object();

	for (int i = 0; i < PROVIDER_KEY__MAX; i++) {
		enum provider_key key = (enum provider_key)i;

		json_object_set_new(keys, provider_key_name(key),
				    json_integer(model->by_key[key]));
	}
	return json_pack("{s:s, s:I, s:o, s:O, s:o}",
			 "personality", model->personality->name,
			 "requests", (json_int_t)model->requests,
			 "paths", json_deep_copy(model->by_path),
			 "models", model->models, "keys", keys);
}
