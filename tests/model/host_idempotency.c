#include <inttypes.h>
#include <string.h>

#include "shared/own.h"
#include "tests/model/faults.h"
#include "tests/model/host_routes.h"

#define KEEP_MS (24 * 60 * 60 * 1000)
#define LOCK_MS 30000
#define BACKOFF_MS 5000

/*
 * A client that died leaves its key locked.  Who waits for exactly as long
 * as the lock lasts meets it once more.
 */
#define STUCK_MS (LOCK_MS + 1000)

/* Far more than one host sees within a day of our tests. */
#define RECORDS_MAX 20000

static const char *key_of(const struct host_call *call)
{
	if (!call->route->counted)
		return NULL;
	return model_request_header(call->request, "Idempotency-Key");
}

static bool is_valid(const char *key)
{
	size_t len = strlen(key);

	if (len < 1 || len > 128)
		return false;
	for (size_t i = 0; i < len; i++) {
		if (key[i] < 33 || key[i] > 126)
			return false;
	}
	return true;
}

/* Only what the handler reads counts, in whatever order it came. */
static char *fingerprint(const struct host_call *call)
{
	json_auto_t *counted = json_object();
	AUTO_FREE char *text = NULL;

	for (size_t i = 0; call->route->counted[i]; i++) {
		json_t *value = json_object_get(call->body,
						call->route->counted[i]);

		if (value && !json_is_null(value))
			json_object_set(counted, call->route->counted[i],
					value);
	}
	text = json_dumps(counted, JSON_COMPACT | JSON_SORT_KEYS);
	return xasprintf("%" PRId64 " %" PRId64 " %s",
			 call->user ? call->user->id : 0, call->id, text);
}

static char *record_name(const struct host_call *call, const char *key)
{
	return xasprintf("%s %s", call->route->pattern, key);
}

static int64_t record_time(const json_t *record, const char *name)
{
	return json_integer_value(json_object_get(record, name));
}

static void refuse_for_now(struct host_call *call, const char *message,
			   const char *reason, int64_t wait_ms)
{
	char seconds[24];

	if (wait_ms > LOCK_MS)
		wait_ms = LOCK_MS;
	snprintf(seconds, sizeof(seconds), "%" PRId64,
		 wait_ms > 1000 ? (wait_ms - 1) / 1000 : 1);
	reply_refuse_with(call, 409, message, reason, "retry_after", seconds);
	model_answer_add_header(&call->answer, "Retry-After", seconds);
}

static bool is_stuck(const json_t *record)
{
	return json_is_true(json_object_get(record, "stuck"));
}

static int64_t lock_end(const json_t *record)
{
	return record_time(record, "began_at") +
	       (is_stuck(record) ? STUCK_MS : LOCK_MS);
}

/* What is known about this key decides; true if it may be tried again. */
static bool record_allows(struct host_call *call, json_t *record)
{
	int64_t now = call->model->now;
	AUTO_FREE char *print = fingerprint(call);
	json_t *data;

	if (strcmp(json_string_value(json_object_get(record, "print")),
		   print) != 0) {
		reply_refuse(call, 409,
			     "idempotency key reused with different payload",
			     "IDEMPOTENCY_KEY_CONFLICT");
		return false;
	}
	if ((is_stuck(record) ? lock_end(record) :
	     record_time(record, "done_at")) > now) {
		refuse_for_now(call, "idempotent request is still processing",
			       "IDEMPOTENCY_IN_PROGRESS",
			       lock_end(record) - now);
		return false;
	}
	data = json_object_get(record, "data");
	if (data) {
		reply_data(call, json_incref(data));
		model_answer_add_header(&call->answer,
					"X-Idempotency-Replayed", "true");
		return false;
	}
	if (record_time(record, "retry_at") > now) {
		refuse_for_now(call,
			       "idempotent request is in retry backoff window",
			       "IDEMPOTENCY_RETRY_BACKOFF",
			       record_time(record, "retry_at") - now);
		return false;
	}
	return true;
}

static void forget_old(struct host_model *model)
{
	const char *name;
	json_t *record;
	void *next;

	if (json_object_size(model->idempotency) < RECORDS_MAX)
		return;
	json_object_foreach_safe(model->idempotency, next, name, record) {
		if (record_time(record, "began_at") + KEEP_MS <= model->now)
			json_object_del(model->idempotency, name);
	}
	if (json_object_size(model->idempotency) >= RECORDS_MAX)
		json_object_clear(model->idempotency);
}

bool host_idempotency_begins(struct host_call *call)
{
	const char *key = key_of(call);
	AUTO_FREE char *name = NULL;
	json_t *record;

	if (!key)
		return true;
	if (!is_valid(key)) {
		reply_refuse(call, 400, "idempotency key is invalid",
			     "IDEMPOTENCY_KEY_INVALID");
		return false;
	}
	name = record_name(call, key);
	record = json_object_get(call->model->idempotency, name);
	if (!record || record_time(record, "began_at") + KEEP_MS <=
		       call->model->now)
		return true;
	return record_allows(call, record);
}

/* The stored answer is sent again with sorted members. */
static json_t *answered_data(const struct host_call *call)
{
	json_auto_t *body = json_loads(call->answer.body, 0, NULL);

	return json_incref(json_object_get(body, "data"));
}

bool host_idempotency_is_abandoned(const struct host_call *call, bool *ret_made)
{
	const char *text = model_request_header(call->request,
						FAULT_HEADER_ABANDONED);

	*ret_made = !text || strcmp(text, "made") == 0;
	return text != NULL;
}

void host_idempotency_abandon(const struct host_call *call)
{
	const char *key = key_of(call);
	AUTO_FREE char *name = NULL;
	json_t *record;

	if (!key)
		return;
	name = record_name(call, key);
	record = json_object_get(call->model->idempotency, name);
	/* A replay that nobody read changes nothing. */
	if (!record || record_time(record, "done_at") +
		       call->model->options.call_ms < call->model->now)
		return;
	json_object_del(record, "data");
	json_object_del(record, "retry_at");
	json_object_set_new(record, "stuck", json_true());
}

/* The outcome of a call goes into its record. */
static void put_outcome(const struct host_call *call, json_t *record,
			int64_t done_at)
{
	bool made;

	if (host_idempotency_is_abandoned(call, &made))
		json_object_set_new(record, "stuck", json_true());
	else if (call->answer.status == 200)
		json_object_set_new(record, "data", answered_data(call));
	else
		json_object_set_new(record, "retry_at",
				    json_integer(done_at + BACKOFF_MS));
}

void host_idempotency_keep(struct host_call *call)
{
	struct host_model *model = call->model;
	const char *key = key_of(call);
	AUTO_FREE char *print = NULL, *name = NULL;
	int64_t done_at = model->now + call->delay_ms;
	json_t *record;

	if (!key)
		return;
	forget_old(model);
	print = fingerprint(call);
	name = record_name(call, key);
	record = json_object();
	json_object_set_new(record, "print", json_string(print));
	json_object_set_new(record, "began_at", json_integer(model->now));
	json_object_set_new(record, "done_at", json_integer(done_at));
	put_outcome(call, record, done_at);
	json_object_set_new(model->idempotency, name, record);
}
