#include "tests/model/host_compare.h"

#include <string.h>

#include "shared/own.h"
#include "shared/table.h"
#include "tests/model/host_sse.h"

#define PATH_MAX_LEN 512

/* Texts that are the host's own words. */
static const char *const constants[] = {
	"code", "reason", "message", "type", "status", "object",
	"conflict_reason", "platform", "subscription_type", "role",
	"token_type", "error", "text", "finish_reason",
	"openai_responses_mode", "retry_after", "run_mode",
};

/* Members that come and go with the time of the recording. */
static const char *const passing[] = {
	"last_active_at", "account_count", "active_account_count",
	"rate_limited_account_count",
};

/* Members that are null or a time, by what happened before. */
static const char *const perhaps_null[] = {
	"last_used_at", "notes",
};

static bool is_among(const char *const names[], size_t count,
		     const char *name)
{
	int found;

	return table_find(names, count, name, &found);
}

static const char *type_name(const json_t *value)
{
	if (json_is_number(value))
		return "number";
	if (json_is_boolean(value))
		return "boolean";
	if (json_is_string(value))
		return "string";
	if (json_is_array(value))
		return "array";
	return json_is_object(value) ? "object" : "null";
}

static void compare(const json_t *want, const json_t *got, const char *path,
		    const char *name, struct buf *out);

static void compare_members(const json_t *want, const json_t *got,
			    const char *path, struct buf *out)
{
	const char *name;
	json_t *value;

	json_object_foreach((json_t *)(uintptr_t)want, name, value) {
		const json_t *other = json_object_get(got, name);
		char below[PATH_MAX_LEN];

		snprintf(below, sizeof(below), "%s.%s", path, name);
		if (other)
			compare(value, other, below, name, out);
		else if (!is_among(passing, COUNT(passing), name))
			buf_addf(out, "  %s is missing\n", below);
	}
	json_object_foreach((json_t *)(uintptr_t)got, name, value) {
		if (!json_object_get(want, name) &&
		    !is_among(passing, COUNT(passing), name))
			buf_addf(out, "  %s.%s is too much\n", path, name);
	}
}

static void compare_values(const json_t *want, const json_t *got,
			   const char *path, const char *name,
			   struct buf *out)
{
	const char *one = json_string_value(want);
	const char *two = json_string_value(got);

	if (json_is_boolean(want) && json_is_true(want) != json_is_true(got))
		buf_addf(out, "  %s is %s\n", path,
			 json_is_true(got) ? "true" : "false");
	if (one && strcmp(one, two) != 0 &&
	    is_among(constants, COUNT(constants), name))
		buf_addf(out, "  %s is \"%s\", not \"%s\"\n", path, two, one);
	if (json_is_integer(want) && strcmp(name, "code") == 0 &&
	    json_integer_value(want) != json_integer_value(got))
		buf_addf(out, "  %s differs\n", path);
}

static void compare(const json_t *want, const json_t *got, const char *path,
		    const char *name, struct buf *out)
{
	char below[PATH_MAX_LEN];

	if (strcmp(type_name(want), type_name(got)) != 0) {
		if (!is_among(perhaps_null, COUNT(perhaps_null), name))
			buf_addf(out, "  %s is %s, not %s\n", path,
				 type_name(got), type_name(want));
		return;
	}
	if (json_is_object(want)) {
		compare_members(want, got, path, out);
	} else if (json_is_array(want)) {
		/* The first stands for all; none at all is a difference. */
		snprintf(below, sizeof(below), "%s[]", path);
		if ((json_array_size(want) == 0) !=
		    (json_array_size(got) == 0))
			buf_addf(out, "  %s has another length\n", path);
		else if (json_array_size(want))
			compare(json_array_get(want, 0),
				json_array_get(got, 0), below, name, out);
	} else {
		compare_values(want, got, path, name, out);
	}
}

static void compare_events(const char *want, const char *got,
			   struct buf *out)
{
	bool want_done = false, got_done = false;

	for (;;) {
		json_auto_t *one = host_sse_next(&want, &want_done);
		json_auto_t *two = host_sse_next(&got, &got_done);

		if (!one && !two)
			break;
		if (!one || !two) {
			buf_adds(out, "  another number of events\n");
			return;
		}
		compare(one, two, "event", "", out);
	}
	if (want_done != got_done)
		buf_adds(out, "  [DONE] differs\n");
}

static void compare_bodies(const json_t *want,
			   const struct model_answer *answer, struct buf *out)
{
	const char *text = json_string_value(want);
	json_auto_t *got = NULL;

	if (text && (strncmp(text, "data:", 5) == 0 ||
		     strncmp(text, "event:", 6) == 0)) {
		compare_events(text, answer->body, out);
		return;
	}
	if (text) {
		if (strcmp(text, answer->body) != 0)
			buf_addf(out, "  body is \"%s\"\n", answer->body);
		return;
	}
	got = json_loads(answer->body, JSON_DECODE_ANY, NULL);
	if (!got)
		buf_addf(out, "  body is no JSON: \"%.200s\"\n",
			 answer->body);
	else
		compare(want, got, "body", "", out);
}

static const char *const headers[] = {
	"retry-after", "x-idempotency-replayed", "etag",
};

static void compare_type(const char *want, const char *got, struct buf *out)
{
	size_t len = strcspn(want, ";");

	if (!got || strncmp(want, got, len) != 0 || strcspn(got, ";") != len)
		buf_addf(out, "  content-type is %s, not %s\n",
			 got ? got : "missing", want);
}

static void compare_headers(const json_t *want,
			    const struct model_answer *answer,
			    struct buf *out)
{
	const char *type = json_string_value(json_object_get(want,
							     "content-type"));

	if (type)
		compare_type(type, model_answer_header(answer,
						       "Content-Type"), out);
	for (size_t i = 0; i < COUNT(headers); i++) {
		bool has = model_answer_header(answer, headers[i]) != NULL;

		if (has != (json_object_get(want, headers[i]) != NULL))
			buf_addf(out, "  header %s is %s\n", headers[i],
				 has ? "too much" : "missing");
	}
}

void host_compare(const json_t *recorded, const struct model_answer *answer,
		  struct buf *out)
{
	const json_t *want = json_object_get(recorded, "response");
	int64_t status = json_integer_value(json_object_get(want, "status"));

	if (status != answer->status) {
		buf_addf(out, "  status is %d, not %d: %.200s\n",
			 answer->status, (int)status, answer->body);
		return;
	}
	compare_headers(json_object_get(want, "headers"), answer, out);
	compare_bodies(json_object_get(want, "body"), answer, out);
}
