#include <string.h>

#include "shared/own.h"
#include "tests/model/host_accounts.h"
#include "tests/model/host_call.h"
#include "tests/model/host_gateway.h"
#include "tests/model/host_ops.h"
#include "tests/model/host_probe.h"
#include "tests/model/host_queue.h"
#include "tests/model/host_sched.h"
#include "tests/model/host_slots.h"
#include "tests/model/host_way.h"

#define HEADER_TIMEOUT_MS (600 * 1000)
#define REPEAT_MS 500
#define SWITCHES_MAX 10

void host_exchange_free(void *opaque)
{
	struct host_exchange *exchange = opaque;

	json_decref(exchange->body);
	json_decref(exchange->attempts);
	free(exchange->path);
	free(exchange->model_name);
	free(exchange->routed_name);
	free(exchange->request_id);
	host_ids_done(&exchange->tried);
	model_answer_done(&exchange->failure);
	free(exchange);
}

/* Clients of Anthropic's protocol read failures in its form. */
static void dress(const struct host_exchange *exchange,
		  struct model_answer *answer)
{
	json_auto_t *body = NULL;
	AUTO_FREE char *text = NULL;

	if (answer->status < 400 || !host_surface_is_anthropic(
			exchange->surface))
		return;
	body = json_loads(answer->body, 0, NULL);
	if (!json_is_object(body))
		return;
	json_object_set_new(body, "type", json_string("error"));
	text = json_dumps(body, JSON_COMPACT);
	own_set(&answer->body, text);
	answer->body_len = strlen(text);
}

void host_exchange_finish(struct host_model *model,
			  struct host_exchange *exchange,
			  struct model_answer *answer)
{
	host_slots_release(model, exchange);
	if (!model_answer_header(answer, "X-Request-ID"))
		model_answer_add_header(answer, "X-Request-ID",
			exchange->request_id ? exchange->request_id :
			"00000000-0000-4000-8000-000000000000");
	dress(exchange, answer);
	host_ops_note(model, exchange, answer);
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
	host_exchange_finish(model, exchange, &answer);
}

static json_t *body_for(const struct host_model *model,
			const struct host_account *account,
			const struct host_exchange *exchange)
{
	/* Old versions choose by the exact name, and then forget it. */
	bool forgets = exchange->exact &&
		       !host_has(model, HOST_ROUTES_EXACT_NAMES);

	return host_way_ask(model, exchange, host_serving_model(
		&account->copy, forgets ? exchange->model_name :
					  exchange->routed_name));
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
		.is_raw = host_way_is_chat(exchange->way),
	};
	struct model_answer failure = { 0 };
	struct model_request request;

	if (!host_endpoint_request(model, account->copy.credentials,
				   host_way_endpoint(exchange->way),
				   body_for(model, account, exchange),
				   &request)) {
		host_ops_attempt(model, exchange, account,
				 HOST_ATTEMPT_REQUEST, NULL);
		answer_gateway(&failure, 502, "upstream_error",
			       "Upstream request failed");
		host_exchange_finish(model, exchange, &failure);
		return;
	}
	if (upstream.is_raw)
		model_request_add_header(&request, "Accept",
					 exchange->stream ?
					 "text/event-stream" :
					 "application/json");
	request.proxy = host_proxy_url(model, account->proxy_id);
	host_upstream_start(model, at, &upstream, &request);
}

void host_exchange_send(struct host_model *model,
			struct host_account *account,
			struct host_exchange *exchange)
{
	exchange->repeats = 0;
	exchange->way = host_way_choose(model, account, exchange);
	send_to(model, account, exchange, model->now);
}

void host_forward(struct host_model *model, struct host_exchange *exchange)
{
	struct host_wanted wanted = {
		.group = host_group_find(model, exchange->group_id),
		.model_name = exchange->routed_name,
		.session = exchange->session, .tried = &exchange->tried,
		.needs_responses = exchange->surface == HOST_SURFACE_COMPACT &&
				   host_has(model, HOST_COMPACTS_ITSELF),
	};
	struct host_account *account = NULL;

	if (wanted.group && exchange->tried.count <= SWITCHES_MAX)
		account = host_choose(model, &wanted);
	if (!account) {
		finish_unserved(model, exchange, &wanted);
		return;
	}
	exchange->account_id = account->id;
	if (host_slots_take(model, account, exchange))
		host_exchange_send(model, account, exchange);
}

static void succeed(struct host_model *model, struct host_account *account,
		    struct host_exchange *exchange,
		    const struct model_answer *answer)
{
	struct model_answer own = { 0 };
	const struct host_key *key = host_key_find(model, exchange->key_id);
	struct host_user *user = key ? host_user_find(model, key->user_id)
				     : NULL;

	if (host_way_tell(model, exchange, answer, &own)) {
		if (account)
			host_account_used(model, account, exchange->session);
		if (user)
			user->last_used_at = model->now;
	}
	host_exchange_finish(model, exchange, &own);
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
	bool passed = exchange->way == HOST_PASSED ||
		      exchange->way == HOST_COMPACTED ||
		      exchange->way == HOST_TOKENS_PASSED;

	if (!passed || answer->status != 404)
		return;
	sentence->is_final = true;
	answer_gateway(&sentence->answer, 502, "upstream_error",
		       "Upstream request failed");
}

static const char *count_words(int status)
{
	if (status == 429)
		return "Rate limit exceeded";
	return status == 529 || status == 500 ||
	       (status >= 502 && status <= 504) ?
		"Upstream service temporarily unavailable" :
		"Upstream request failed";
}

/* A failed count is tried once, and has the upstream's status. */
static void hide_count(const struct host_exchange *exchange,
		       const struct model_answer *answer,
		       struct host_sentence *sentence)
{
	int status = answer->status >= 400 ? answer->status : 502;

	if (exchange->way != HOST_TOKENS_COUNTED)
		return;
	sentence->is_final = true;
	sentence->repeat = false;
	answer_gateway(&sentence->answer, status, "upstream_error",
		       count_words(answer->status));
}

static enum host_attempt attempt_of(const struct model_answer *answer,
				    const struct host_sentence *sentence)
{
	if (sentence->repeat)
		return HOST_ATTEMPT_RETRY;
	if (answer->end != MODEL_END_COMPLETE && answer->end != MODEL_END_CUT)
		return HOST_ATTEMPT_REQUEST;
	return sentence->is_final ? HOST_ATTEMPT_HTTP : HOST_ATTEMPT_FAILOVER;
}

static void fail(struct host_model *model, struct host_account *account,
		 struct host_exchange *exchange,
		 const struct model_answer *answer)
{
	struct host_sentence sentence =
		host_blame_account(model, account, exchange, answer);

	hide_missing(exchange, answer, &sentence);
	hide_count(exchange, answer, &sentence);
	host_ops_attempt(model, exchange, account,
			 attempt_of(answer, &sentence), answer);
	if (sentence.repeat) {
		exchange->repeats++;
		send_to(model, account, exchange, model->now + REPEAT_MS);
		model_answer_done(&sentence.answer);
		return;
	}
	if (sentence.is_final) {
		host_exchange_finish(model, exchange, &sentence.answer);
		return;
	}
	host_slots_leave(model, exchange);
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
		host_slots_leave(model, exchange);
		host_ids_add(&exchange->tried, upstream->account_id);
		host_forward(model, exchange);
	} else if (arrived && falls_back(model, exchange, answer)) {
		exchange->way = HOST_RAW;
		send_to(model, account, exchange, model->now);
	} else {
		fail(model, account, exchange, answer);
	}
}
