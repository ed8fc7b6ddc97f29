#include <string.h>

#include "shared/own.h"
#include "tests/model/host_call.h"
#include "tests/model/host_gateway.h"
#include "tests/model/host_probe.h"
#include "tests/model/host_queue.h"
#include "tests/model/host_sched.h"

#define HEADER_TIMEOUT_MS (600 * 1000)
#define REPEAT_MS 500
#define SWITCHES_MAX 10

void host_exchange_free(void *opaque)
{
	struct host_exchange *exchange = opaque;

	json_decref(exchange->body);
	free(exchange->model_name);
	free(exchange->request_id);
	host_ids_done(&exchange->tried);
	model_answer_done(&exchange->failure);
	free(exchange);
}

/* The exchange ends with this answer; takes both. */
static void finish(struct host_model *model, struct host_exchange *exchange,
		   struct model_answer *answer)
{
	if (!model_answer_header(answer, "X-Request-ID"))
		model_answer_add_header(answer, "X-Request-ID",
			exchange->request_id ? exchange->request_id :
			"00000000-0000-4000-8000-000000000000");
	host_answer(model, model->now + model->options.call_ms,
		    exchange->ticket, answer);
	host_exchange_free(exchange);
}

static void finish_unserved(struct host_model *model,
			    struct host_exchange *exchange,
			    const struct host_wanted *wanted)
{
	struct model_answer answer = { 0 };

	if (exchange->failure.status) {
		answer = exchange->failure;
		exchange->failure = (struct model_answer){ 0 };
	} else if (wanted->group &&
		   host_has(model, HOST_NAMES_UNKNOWN_MODEL) &&
		   host_lacks_model(model, wanted)) {
		AUTO_FREE char *text = xasprintf(
			"Model \"%s\" is not supported by any configured "
			"account in this group", exchange->model_name);

		answer_gateway(&answer, 404, "model_not_found", text);
	} else {
		answer_gateway(&answer, 503, "api_error",
			       "Service temporarily unavailable");
	}
	finish(model, exchange, &answer);
}

/* 126 looks at the boolean alone. */
static bool is_chat_only(const struct host_model *model, const json_t *extra,
			 bool *unset)
{
	const json_t *flag = json_object_get(extra,
					     "openai_responses_supported");
	const char *mode = json_string_value(json_object_get(
		extra, "openai_responses_mode"));

	*unset = !json_is_boolean(flag);
	if (mode && host_has(model, HOST_HAS_RESPONSES_MODE)) {
		if (strcmp(mode, "force_chat_completions") == 0)
			return true;
		if (strcmp(mode, "force_responses") == 0) {
			*unset = false;
			return false;
		}
	}
	return json_is_false(flag);
}

static enum host_way choose_way(const struct host_model *model,
				const struct host_account *account,
				struct host_exchange *exchange)
{
	bool unset;
	bool chat_only = is_chat_only(model, account->copy.extra, &unset);

	exchange->flag_unset = unset;
	if (!exchange->is_responses)
		return chat_only ? HOST_RAW : HOST_CONVERTED;
	return chat_only && host_has(model, HOST_BRIDGES_RESPONSES) ?
		HOST_BRIDGED : HOST_PASSED;
}

static json_t *body_for(const struct host_account *account,
			const struct host_exchange *exchange)
{
	const char *name = host_serving_model(&account->copy,
					      exchange->model_name);
	json_t *body;

	if (exchange->way == HOST_CONVERTED)
		body = host_chat_to_responses(exchange->body);
	else if (exchange->way == HOST_BRIDGED)
		body = host_responses_to_chat(exchange->body);
	else
		body = json_copy(exchange->body);
	json_object_set_new(body, "model", json_string(name));
	if (exchange->stream && (exchange->way == HOST_RAW ||
				 exchange->way == HOST_BRIDGED))
		json_object_set_new(body, "stream_options", json_pack(
			"{sb}", "include_usage", 1));
	return body;
}

static bool is_chat_way(enum host_way way)
{
	return way == HOST_RAW || way == HOST_BRIDGED;
}

static void gateway_done(struct host_model *model,
			 struct host_upstream *upstream,
			 const struct model_answer *answer);

/* Put the exchange to this account at `at`; takes the exchange. */
static void send_to(struct host_model *model, struct host_account *account,
		    struct host_exchange *exchange, int64_t at)
{
	struct host_upstream upstream = {
		.done = gateway_done, .ticket = exchange->ticket,
		.account_id = account->id, .timeout_ms = HEADER_TIMEOUT_MS,
		.exchange = exchange, .exchange_free = host_exchange_free,
		.is_raw = is_chat_way(exchange->way),
	};
	struct model_answer failure = { 0 };
	struct model_request request;

	if (!host_endpoint_request(model, account->copy.credentials,
				   upstream.is_raw ? HOST_CHAT
						   : HOST_RESPONSES,
				   body_for(account, exchange), &request)) {
		answer_gateway(&failure, 502, "upstream_error",
			       "Upstream request failed");
		finish(model, exchange, &failure);
		return;
	}
	if (upstream.is_raw)
		model_request_add_header(&request, "Accept",
					 exchange->stream ?
					 "text/event-stream" :
					 "application/json");
	host_upstream_start(model, at, &upstream, &request);
}

void host_forward(struct host_model *model, struct host_exchange *exchange)
{
	struct host_wanted wanted = {
		.group = host_group_find(model, exchange->group_id),
		.model_name = exchange->model_name,
		.session = exchange->session, .tried = &exchange->tried,
	};
	struct host_account *account = NULL;

	if (wanted.group && exchange->tried.count <= SWITCHES_MAX)
		account = host_choose(model, &wanted);
	if (!account) {
		finish_unserved(model, exchange, &wanted);
		return;
	}
	exchange->account_id = account->id;
	exchange->repeats = 0;
	exchange->way = choose_way(model, account, exchange);
	send_to(model, account, exchange, model->now);
}

static void pass_header(struct model_answer *to,
			const struct model_answer *from, const char *name)
{
	const char *value = model_answer_header(from, name);

	if (value)
		model_answer_add_header(to, name, value);
}

/* The upstream's bytes, whatever they are, with status 200. */
static void relay(const struct host_exchange *exchange,
		  const struct model_answer *answer, struct model_answer *ret)
{
	const char *type = model_answer_header(answer, "Content-Type");
	size_t len = answer->body_len;
	bool open_line = exchange->stream && len &&
			 answer->body[len - 1] != '\n';

	model_answer_set(ret, 200, exchange->stream ? "text/event-stream" :
			 type ? type : "application/json", "");
	ret->body = xrealloc(ret->body, len + 2);
	memcpy(ret->body, answer->body, len);
	ret->body_len = len + open_line;
	ret->body[len] = '\n';
	ret->body[ret->body_len] = '\0';
	pass_header(ret, answer, "X-Request-ID");
}

static bool take_over(const struct host_model *model,
		      const struct host_exchange *exchange,
		      const struct model_answer *answer,
		      struct model_answer *ret)
{
	switch (exchange->way) {
	case HOST_RAW:
		if (answer->end == MODEL_END_CUT && !exchange->stream) {
			answer_gateway(ret, 502, "api_error",
				       "Failed to read upstream response");
			return false;
		}
		relay(exchange, answer, ret);
		return true;
	case HOST_PASSED:
		relay(exchange, answer, ret);
		return true;
	case HOST_CONVERTED:
		return host_chat_from_responses(model, exchange, answer, ret);
	case HOST_BRIDGED:
		return host_responses_from_chat(model, exchange, answer, ret);
	}
	return false;
}

static void succeed(struct host_model *model, struct host_account *account,
		    struct host_exchange *exchange,
		    const struct model_answer *answer)
{
	struct model_answer own = { 0 };
	const struct host_key *key = host_key_find(model, exchange->key_id);
	struct host_user *user = key ? host_user_find(model, key->user_id)
				     : NULL;

	if (take_over(model, exchange, answer, &own)) {
		if (account)
			host_account_used(model, account, exchange->session);
		if (user)
			user->last_used_at = model->now;
	}
	finish(model, exchange, &own);
}

/* Inside one request, while nobody knows whether /responses exists. */
static bool falls_back(const struct host_model *model,
		       const struct host_exchange *exchange,
		       const struct model_answer *answer)
{
	return exchange->way == HOST_CONVERTED && exchange->flag_unset &&
	       (answer->status == 404 || answer->status == 405) &&
	       host_has(model, HOST_FALLS_BACK_ON_404);
}

/* A client of /responses is not told that the upstream has no such thing. */
static void hide_missing(const struct host_exchange *exchange,
			 const struct model_answer *answer,
			 struct host_sentence *sentence)
{
	if (exchange->way != HOST_PASSED || answer->status != 404)
		return;
	sentence->is_final = true;
	answer_gateway(&sentence->answer, 502, "upstream_error",
		       "Upstream request failed");
}

static void fail(struct host_model *model, struct host_account *account,
		 struct host_exchange *exchange,
		 const struct model_answer *answer)
{
	struct host_sentence sentence =
		host_blame_account(model, account, exchange, answer);

	hide_missing(exchange, answer, &sentence);
	if (sentence.repeat) {
		exchange->repeats++;
		send_to(model, account, exchange, model->now + REPEAT_MS);
		model_answer_done(&sentence.answer);
		return;
	}
	if (sentence.is_final) {
		finish(model, exchange, &sentence.answer);
		return;
	}
	host_ids_add(&exchange->tried, account->id);
	model_answer_done(&exchange->failure);
	exchange->failure = sentence.answer;
	host_forward(model, exchange);
}

static void gateway_done(struct host_model *model,
			 struct host_upstream *upstream,
			 const struct model_answer *answer)
{
	struct host_exchange *exchange = upstream->exchange;
	struct host_account *account = host_account_find(
		model, upstream->account_id);
	bool arrived = answer->end == MODEL_END_COMPLETE ||
		       answer->end == MODEL_END_CUT;

	upstream->exchange = NULL;
	if (arrived && answer->status / 100 == 2) {
		succeed(model, account, exchange, answer);
	} else if (!account) {
		host_ids_add(&exchange->tried, upstream->account_id);
		host_forward(model, exchange);
	} else if (arrived && falls_back(model, exchange, answer)) {
		exchange->way = HOST_RAW;
		send_to(model, account, exchange, model->now);
	} else {
		fail(model, account, exchange, answer);
	}
}
