#include "tests/model/host_call.h"

#include <inttypes.h>
#include <string.h>

#include "shared/own.h"
#include "tests/model/faults.h"

#define JSON_TYPE "application/json; charset=utf-8"

static void set_json(struct model_answer *answer, int status, json_t *body,
		     size_t flags)
{
	AUTO_FREE char *text = json_dumps(body, JSON_COMPACT | flags);

	json_decref(body);
	model_answer_set(answer, status, JSON_TYPE, text);
}

void reply_json(struct host_call *call, int status, json_t *body)
{
	set_json(&call->answer, status, body, 0);
}

void reply_data(struct host_call *call, json_t *data)
{
	json_t *body = json_object();

	json_object_set_new(body, "code", json_integer(0));
	json_object_set_new(body, "message", json_string("success"));
	json_object_set_new(body, "data", data);
	reply_json(call, 200, body);
}

void reply_message(struct host_call *call, const char *text)
{
	reply_data(call, json_pack("{ss}", "message", text));
}

static json_t *refusal(int status, const char *message, const char *reason)
{
	json_t *body = json_object();

	json_object_set_new(body, "code", json_integer(status));
	json_object_set_new(body, "message", json_string(message));
	if (reason)
		json_object_set_new(body, "reason", json_string(reason));
	return body;
}

void reply_refuse(struct host_call *call, int status, const char *message,
		  const char *reason)
{
	reply_json(call, status, refusal(status, message, reason));
}

void reply_internal(struct host_call *call)
{
	reply_refuse(call, 500, "internal error", NULL);
}

void reply_refuse_with(struct host_call *call, int status,
		       const char *message, const char *reason,
		       const char *name, const char *value)
{
	json_t *body = refusal(status, message, reason);

	json_object_set_new(body, "metadata", json_pack("{ss}", name, value));
	reply_json(call, status, body);
}

void reply_flat(struct host_call *call, int status, const char *code,
		const char *message)
{
	reply_json(call, status, json_pack("{ssss}", "code", code, "message",
					   message));
}

void answer_gateway(struct model_answer *answer, int status,
		    const char *type, const char *message)
{
	set_json(answer, status, json_pack("{s{ssss}}", "error", "message",
					   message, "type", type), 0);
}

void reply_gateway(struct host_call *call, int status, const char *type,
		   const char *message)
{
	answer_gateway(&call->answer, status, type, message);
}

void reply_not_found(struct host_call *call)
{
	model_answer_set(&call->answer, 404, "text/plain",
			 "404 page not found");
}

void reply_header(struct host_call *call, const char *name, int64_t value)
{
	AUTO_FREE char *text = xasprintf("%" PRId64, value);

	model_answer_add_header(&call->answer, name, text);
}

static int64_t pages_of(int64_t total, int64_t page_size)
{
	int64_t pages = (total + page_size - 1) / page_size;

	return pages > 0 ? pages : 1;
}

static json_t *page_of(struct host_slice slice, size_t total, json_t *items)
{
	json_t *data = json_object();

	json_object_set_new(data, "items", items);
	json_object_set_new(data, "total", json_integer((json_int_t)total));
	json_object_set_new(data, "page", json_integer(slice.page));
	json_object_set_new(data, "page_size", json_integer(slice.page_size));
	json_object_set_new(data, "pages", json_integer(
		pages_of((int64_t)total, slice.page_size)));
	return data;
}

/* A fault: the list has changed since the first page of it was sent. */
static int64_t shift_of(const struct host_call *call)
{
	const char *text = model_request_header(call->request,
						FAULT_HEADER_SHIFT);

	return text ? strtoll(text, NULL, 10) : 0;
}

void reply_slice(struct host_call *call, size_t total,
		 json_t *(*view)(void *context, size_t i), void *context)
{
	struct host_slice slice = query_slice(call);
	json_t *items = json_array();
	int64_t first = (slice.page - 1) * slice.page_size;

	if (slice.page > 1)
		first += shift_of(call);
	for (int64_t i = first; i < (int64_t)total &&
	     i < first + slice.page_size; i++)
		json_array_append_new(items, view(context, (size_t)i));
	reply_data(call, page_of(slice, total, items));
}

static json_t *view_item(void *context, size_t i)
{
	return json_incref(json_array_get(context, i));
}

void reply_page(struct host_call *call, json_t *items)
{
	reply_slice(call, json_array_size(items), view_item, items);
	json_decref(items);
}

const char *body_text(const struct host_call *call, const char *name)
{
	return json_string_value(json_object_get(call->body, name));
}

bool body_has(const struct host_call *call, const char *name)
{
	const json_t *value = json_object_get(call->body, name);

	return value && !json_is_null(value);
}

int64_t body_int(const struct host_call *call, const char *name,
		 int64_t otherwise)
{
	const json_t *value = json_object_get(call->body, name);

	return json_is_integer(value) ? json_integer_value(value) : otherwise;
}

double body_number(const struct host_call *call, const char *name,
		   double otherwise)
{
	const json_t *value = json_object_get(call->body, name);

	return json_is_number(value) ? json_number_value(value) : otherwise;
}

bool body_bool(const struct host_call *call, const char *name, bool otherwise)
{
	const json_t *value = json_object_get(call->body, name);

	return json_is_boolean(value) ? json_is_true(value) : otherwise;
}

void body_set(const struct host_call *call, const char *name, char **slot)
{
	const char *text = body_text(call, name);

	if (text)
		own_set(slot, text);
}
