#include "tests/model/host_ops.h"

#include <string.h>

#include "shared/own.h"
#include "shared/table.h"
#include "tests/model/host_call.h"
#include "tests/model/host_routes.h"
#include "tests/model/host_view.h"

/* Far more than one host logs within a test; the oldest go. */
#define ROWS_MAX 4096
#define HOUR_MS (60 * 60 * 1000)

static const char *const attempt_names[] = {
	[HOST_ATTEMPT_FAILOVER] = "failover",
	[HOST_ATTEMPT_RETRY]    = "retry",
	[HOST_ATTEMPT_HTTP]     = "http_error",
	[HOST_ATTEMPT_REQUEST]  = "request_error",
};

_Static_assert(COUNT(attempt_names) == HOST_ATTEMPT__MAX, "name them all");

static const char *transport_words(enum model_end end)
{
	switch (end) {
	case MODEL_END_REFUSED:
		return "connect: connection refused";
	case MODEL_END_DNS:
		return "no such host";
	case MODEL_END_TLS:
		return "tls: failed to verify certificate";
	case MODEL_END_HANG:
		return "timeout awaiting response headers";
	default:
		return "EOF";
	}
}

static bool has_status(const struct model_answer *answer)
{
	return answer && (answer->end == MODEL_END_COMPLETE ||
			  answer->end == MODEL_END_CUT);
}

/* What the upstream said of its refusal, as one sentence. */
static char *message_of(const struct model_answer *answer)
{
	char *own;

	if (!answer)
		return xstrdup("account has no usable base_url or api_key");
	if (!has_status(answer))
		return xstrdup(transport_words(answer->end));
	own = host_upstream_message(answer);
	return own ? own : xstrdup("");
}

void host_ops_attempt(const struct host_model *model,
		      struct host_exchange *exchange,
		      const struct host_account *account,
		      enum host_attempt attempt,
		      const struct model_answer *answer)
{
	AUTO_FREE char *message = message_of(answer);
	AUTO_FREE char *detail = has_status(answer) ?
		text_clean(answer->body) : NULL;
	json_t *event = json_pack("{ss sI ss ss sI ss}",
		"kind", attempt_names[attempt],
		"at_unix_ms", (json_int_t)model->now, "message", message,
		"platform", account->platform,
		"account_id", (json_int_t)account->id,
		"account_name", account->name);

	if (has_status(answer)) {
		json_object_set_new(event, "upstream_status_code",
				    json_integer(answer->status));
		json_object_set_new(event, "detail", json_string(detail));
	}
	if (!exchange->attempts)
		exchange->attempts = json_array();
	json_array_append_new(exchange->attempts, event);
}

/* The error object that the client got, or NULL. */
static json_t *told_of(const struct model_answer *answer)
{
	json_auto_t *body = json_loads(answer->body, 0, NULL);

	return json_incref(json_object_get(body, "error"));
}

static const char *text_or(const json_t *object, const char *name,
			   const char *otherwise)
{
	const char *text = json_string_value(json_object_get(object, name));

	return text ? text : otherwise;
}

static json_t *value_or(const json_t *object, const char *name,
			json_t *otherwise)
{
	json_t *value = json_object_get(object, name);

	if (!value)
		return otherwise;
	json_decref(otherwise);
	return json_incref(value);
}

static const char *severity_of(int status)
{
	if (status >= 500 || status == 429)
		return "P1";
	return status >= 400 ? "P2" : "P3";
}

/* Another account served: the client never knew. */
static char *recovered_words(const json_t *last)
{
	return xasprintf("Recovered upstream error %d: %s",
			 (int)json_integer_value(json_object_get(
				last, "upstream_status_code")),
			 text_or(last, "message", ""));
}

static void put_people(const struct host_model *model,
		       const struct host_exchange *exchange, json_t *row)
{
	const struct host_key *key = host_key_find(model, exchange->key_id);
	const struct host_group *group = host_group_find(model,
							 exchange->group_id);
	const struct host_user *user = key ? host_user_row(model, key->user_id)
					   : NULL;

	json_object_set_new(row, "user_id",
			    json_integer(user ? user->id : 0));
	json_object_set_new(row, "user_email",
			    json_string(user ? user->email : ""));
	json_object_set_new(row, "api_key_id",
			    json_integer(exchange->key_id));
	json_object_set_new(row, "group_id",
			    json_integer(exchange->group_id));
	json_object_set_new(row, "group_name",
			    json_string(group ? group->name : ""));
	if (!host_has(model, HOST_LOGS_KEY_NAMES))
		return;
	json_object_set_new(row, "user_agent", json_string(""));
	json_object_set_new(row, "api_key_name",
			    json_string(key ? key->name : ""));
}

static void put_request(const struct host_model *model,
			const struct host_exchange *exchange, json_t *row)
{
	AUTO_FREE char *made = xasprintf("client-%016llx",
				(unsigned long long)exchange->ticket);

	json_object_set_new(row, "client_request_id", json_string(made));
	json_object_set_new(row, "request_id", json_string(
		exchange->request_id ? exchange->request_id : made));
	json_object_set_new(row, "client_ip", json_string(
		host_has(model, HOST_LOGS_KEY_NAMES) ? "192.0.2.1" :
		"192.0.2.1/32"));
	json_object_set_new(row, "request_path", json_string(exchange->path));
	json_object_set_new(row, "stream", json_boolean(exchange->stream));
	json_object_set_new(row, "inbound_endpoint",
			    json_string(exchange->path));
	/* Seen to say this also where chat was relayed as chat. */
	json_object_set_new(row, "upstream_endpoint",
			    json_string("/v1/responses"));
	json_object_set_new(row, "requested_model",
			    json_string(exchange->model_name));
	json_object_set_new(row, "upstream_model", json_string(""));
	json_object_set_new(row, "request_type",
			    json_integer(exchange->stream ? 2 : 1));
}

static json_t *row_of(struct host_model *model,
		      const struct host_exchange *exchange,
		      const struct model_answer *answer)
{
	const json_t *last = json_array_get(exchange->attempts,
		json_array_size(exchange->attempts) - 1);
	json_auto_t *told = answer->status >= 400 ? told_of(answer) : NULL;
	AUTO_FREE char *recovered = recovered_words(last);
	json_t *row = json_pack("{sI so ss ss ss ss ss so ss ss sb sn sn ss}",
		"id", (json_int_t)++model->next_ops,
		"created_at", view_time(model->now), "phase", "upstream",
		"type", text_or(told, "type", "upstream_error"),
		"error_owner", "provider", "error_source", "upstream_http",
		"severity", severity_of(answer->status),
		"status_code", value_or(last, "upstream_status_code",
					json_integer(answer->status)),
		"platform", text_or(last, "platform", ""),
		"model", exchange->model_name,
		"resolved", 0, "resolved_at", "resolved_by_user_id",
		"resolved_by_user_name", "");

	json_object_set_new(row, "message", json_string(
		text_or(told, "message", recovered)));
	json_object_set_new(row, "account_id", value_or(
		last, "account_id", json_integer(0)));
	json_object_set_new(row, "account_name", json_string(
		text_or(last, "account_name", "")));
	if (!host_has(model, HOST_LOGS_NO_RETRIES)) {
		json_object_set_new(row, "is_retryable", json_true());
		json_object_set_new(row, "retry_count", json_integer(0));
		json_object_set_new(row, "resolved_retry_id", json_null());
	}
	put_people(model, exchange, row);
	put_request(model, exchange, row);
	return row;
}

static void put_latencies(json_t *detail)
{
	static const char *const names[] = {
		"auth_latency_ms", "upstream_latency_ms",
		"time_to_first_token_ms",
	};

	for (size_t i = 0; i < COUNT(names); i++)
		json_object_set_new(detail, names[i], json_null());
	json_object_set_new(detail, "routing_latency_ms", json_integer(2));
	json_object_set_new(detail, "response_latency_ms", json_integer(3));
}

static void put_body(const struct host_exchange *exchange, json_t *detail)
{
	AUTO_FREE char *text = json_dumps(exchange->body, 0);

	json_object_set_new(detail, "request_body", json_string(text));
	json_object_set_new(detail, "request_body_truncated", json_false());
	json_object_set_new(detail, "request_body_bytes", json_integer(
		(json_int_t)strlen(text)));
}

/* What the detail call shows beside the row. */
static json_t *detail_of(const struct host_model *model,
			 const struct host_exchange *exchange,
			 const struct model_answer *answer)
{
	const json_t *last = json_array_get(exchange->attempts,
		json_array_size(exchange->attempts) - 1);
	AUTO_FREE char *attempts = json_dumps(exchange->attempts, 0);
	AUTO_FREE char *told = answer->status >= 400 ?
		text_clean(answer->body) : xstrdup("");
	json_t *detail = json_pack("{ss ss so ss so ss sb}",
		"error_body", told, "user_agent", "",
		"upstream_status_code", value_or(
			last, "upstream_status_code", json_null()),
		"upstream_error_message", text_or(last, "message", ""),
		"upstream_error_detail", value_or(
			last, "detail", json_string("")),
		"upstream_errors", attempts, "is_business_limited", 0);

	put_latencies(detail);
	if (!host_has(model, HOST_LOGS_NO_RETRIES))
		put_body(exchange, detail);
	if (host_has(model, HOST_LOGS_KEY_NAMES)) {
		const struct host_key *key = host_key_find(
			model, exchange->key_id);

		json_object_set_new(detail, "api_key_prefix", json_stringn(
			key ? key->key : "", key ? 8 : 0));
	}
	return detail;
}

/* Different for each row, and the same for the same seed. */
static int64_t delay_of(const struct host_model *model)
{
	int64_t least = model->options.ops_ms / 6;
	uint64_t mixed = (model->options.seed + (uint64_t)model->next_ops) *
			 0x9e3779b97f4a7c15u >> 33;

	return model->options.ops_ms <= 0 ? 0 : least + (int64_t)
		(mixed % (uint64_t)(model->options.ops_ms - least + 1));
}

void host_ops_note(struct host_model *model,
		   const struct host_exchange *exchange,
		   const struct model_answer *answer)
{
	json_t *row;

	if (json_array_size(exchange->attempts) == 0)
		return;
	if (json_array_size(model->ops) >= ROWS_MAX)
		json_array_remove(model->ops, 0);
	row = row_of(model, exchange, answer);
	json_array_append_new(model->ops, json_pack("{so so sI}",
		"row", row, "detail", detail_of(model, exchange, answer),
		"visible_at", (json_int_t)model->now + delay_of(model)));
}

static bool is_visible(const struct host_call *call, const json_t *entry)
{
	return json_integer_value(json_object_get(entry, "visible_at")) <=
	       call->model->now;
}

/* The list goes back an hour, unless the query says how far. */
static bool is_recent(const struct host_call *call, const json_t *entry)
{
	char value[64];

	return query_get(call, "time_range", value, sizeof(value)) ||
	       query_get(call, "start_time", value, sizeof(value)) ||
	       json_integer_value(json_object_get(entry, "visible_at")) >
	       call->model->now - HOUR_MS;
}

static bool matches(const struct host_call *call, const json_t *row)
{
	static const char *const searched[] = {
		"request_id", "client_request_id", "message",
	};
	static const char *const ids[] = { "account_id", "group_id" };
	char value[160];
	bool found = false;

	for (size_t i = 0; i < COUNT(ids); i++) {
		int64_t id = query_id(call, ids[i]);

		if (id && json_integer_value(json_object_get(
				row, ids[i])) != id)
			return false;
	}
	if (!query_get(call, "q", value, sizeof(value)) || !*value)
		return true;
	for (size_t i = 0; i < COUNT(searched); i++)
		found |= text_contains(text_or(row, searched[i], ""), value);
	return found;
}

/* The newest first. */
static void list(struct host_call *call)
{
	const json_t *ops = call->model->ops;
	json_t *items = json_array();

	for (size_t i = json_array_size(ops); i > 0; i--) {
		const json_t *entry = json_array_get(ops, i - 1);
		json_t *row = json_object_get(entry, "row");

		if (is_visible(call, entry) && is_recent(call, entry) &&
		    matches(call, row))
			json_array_append(items, row);
	}
	reply_page(call, items);
}

static void show(struct host_call *call)
{
	size_t i;
	json_t *entry, *whole;

	json_array_foreach(call->model->ops, i, entry) {
		json_t *row = json_object_get(entry, "row");

		if (!is_visible(call, entry) || json_integer_value(
				json_object_get(row, "id")) != call->id)
			continue;
		whole = json_copy(row);
		json_object_update(whole, json_object_get(entry, "detail"));
		reply_data(call, whole);
		return;
	}
	reply_refuse(call, 404, "ops error log not found",
		     "OPS_ERROR_NOT_FOUND");
}

#define ROOT "/api/v1/admin/ops/upstream-errors"

const struct host_route host_ops_routes[] = {
	{ .method = "GET", .pattern = ROOT, .handle = list,
	  .access = HOST_ADMIN },
	{ .method = "GET", .pattern = ROOT "/{id}", .handle = show,
	  .access = HOST_ADMIN, .noun = "error" },
	{ .method = NULL },
};
