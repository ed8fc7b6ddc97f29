#include "schedd/host/answer.h"

#include "schedd/judge.h"
#include "schedd/redact.h"
#include "shared/table.h"

#define DETAIL_MAX 300
#define STUMBLES_MAX 5

/* The first request ends within milliseconds, whatever Retry-After says. */
#define IN_PROGRESS_MS 200

/* Words that say more than their status. */
static const struct {
	const char *reason;
	enum failure class;
} reasons[] = {
	{ "ADMIN_COMPLIANCE_ACK_REQUIRED", FAILURE_COMPLIANCE_REQUIRED },
	{ "BACKEND_MODE_ADMIN_ONLY",       FAILURE_BACKEND_MODE },
	{ "TURNSTILE_VERIFICATION_FAILED", FAILURE_LOGIN_BLOCKED },
	{ "TURNSTILE_NOT_CONFIGURED",      FAILURE_LOGIN_BLOCKED },
	{ "SESSION_BINDING_MISMATCH",      FAILURE_HOST_AUTH },
	{ "IDEMPOTENCY_IN_PROGRESS",       FAILURE_TRANSIENT },
	{ "IDEMPOTENCY_RETRY_BACKOFF",     FAILURE_TRANSIENT },
	{ "IDEMPOTENCY_STORE_UNAVAILABLE", FAILURE_TRANSIENT },
	{ "INTERNAL_ERROR",                FAILURE_TRANSIENT },
	{ "FORBIDDEN",                     FAILURE_HOST_AUTH },
};

/* What a status means when no word does. */
static const struct {
	int from, to;
	enum failure class;
} statuses[] = {
	{ 401, 401, FAILURE_HOST_AUTH },
	{ 404, 404, FAILURE_GONE },
	{ 408, 408, FAILURE_TRANSIENT },
	{ 423, 423, FAILURE_COMPLIANCE_REQUIRED },
	{ 429, 429, FAILURE_RATE_LIMITED },
	{ 400, 499, FAILURE_HOST_REFUSED },
	/* "internal error" is how a host refuses what it did not foresee. */
	{ 500, 501, FAILURE_HOST_REFUSED },
	{ 502, 599, FAILURE_TRANSIENT },
};

static enum failure class_of_status(int status)
{
	for (size_t i = 0; i < COUNT(statuses); i++)
		if (status >= statuses[i].from && status <= statuses[i].to)
			return statuses[i].class;
	return FAILURE_HOST_UNSUPPORTED;
}

/*
 * No envelope: the host's rate limiter, somebody before the host, or no
 * sub2api host at all.
 */
static enum failure judge_foreign(const struct answer *answer)
{
	if (judge_is_success(answer) && !judge_is_html(answer))
		return answer->json ? FAILURE_HOST_UNSUPPORTED
				    : FAILURE_NOT_JSON;
	if (judge_is_success(answer) || answer->status == 404 ||
	    answer->status == 405)
		return FAILURE_HOST_UNSUPPORTED;
	if (answer->status == 403)
		return FAILURE_FORBIDDEN;
	return class_of_status(answer->status);
}

static bool is_captcha(const char *reason)
{
	return strstr(reason, "CAPTCHA") != NULL;
}

/* The one error of a middleware that has no word of its own. */
static bool is_backend_mode(const struct answer *answer)
{
	const char *message = answer_text(answer, "/message");

	return answer->status == 403 && message &&
	       strncmp(message, "Backend mode is active", 22) == 0;
}

static enum failure judge_error(const struct answer *answer)
{
	const char *reason = host_reason(answer);

	for (size_t i = 0; reason && i < COUNT(reasons); i++)
		if (strcmp(reason, reasons[i].reason) == 0)
			return reasons[i].class;
	if (reason && is_captcha(reason))
		return FAILURE_LOGIN_BLOCKED;
	if (is_backend_mode(answer))
		return FAILURE_BACKEND_MODE;
	return class_of_status(answer->status);
}

/* A number, or what somebody before the host made of it. */
static bool is_zero(const json_t *code)
{
	const char *text = json_string_value(code);

	return text ? strcmp(text, "0") == 0
		    : json_is_integer(code) && json_integer_value(code) == 0;
}

enum failure host_judge(const struct answer *answer)
{
	enum failure why = judge_delivery(answer);
	const json_t *code = answer_at(answer, "/code");

	if (why != FAILURE_NONE)
		return why;
	if (!code)
		return judge_foreign(answer);
	if (!judge_is_success(answer))
		return judge_error(answer);
	if (is_zero(code))
		return FAILURE_NONE;
	return FAILURE_HOST_REFUSED;
}

bool host_may_stumble(const struct answer *answer, enum failure why,
		      int64_t attempt)
{
	return attempt < STUMBLES_MAX &&
	       (why == FAILURE_HOST_REFUSED || why == FAILURE_NOT_JSON ||
		why == FAILURE_HOST_UNSUPPORTED ||
		why == FAILURE_NOT_AS_WRITTEN ||
		why == FAILURE_INSPECT_BODY) &&
	       (answer->status >= 500 || judge_is_success(answer));
}

const char *host_reason(const struct answer *answer)
{
	const char *reason = answer_text(answer, "/reason");

	return reason && *reason ? reason : answer_text(answer, "/code");
}

bool host_reason_is(const struct answer *answer, const char *reason)
{
	const char *has = host_reason(answer);

	return has && strcmp(has, reason) == 0;
}

bool host_is_taken(const struct answer *answer)
{
	return answer->transport == TRANSPORT_OK && answer->status == 409 &&
	       (host_reason_is(answer, "GROUP_EXISTS") ||
		host_reason_is(answer, "EMAIL_EXISTS") ||
		host_reason_is(answer, "CHANNEL_EXISTS") ||
		host_reason_is(answer, "API_KEY_EXISTS"));
}

const json_t *host_data(const struct answer *answer)
{
	const json_t *data = answer_at(answer, "/data");

	return json_is_null(data) ? NULL : data;
}

int64_t host_retry_after_ms(const struct answer *answer)
{
	if (host_reason_is(answer, "IDEMPOTENCY_IN_PROGRESS"))
		return IN_PROGRESS_MS;
	return answer->retry_after_ms;
}

char *host_detail(const struct answer *answer)
{
	const char *reason = host_reason(answer);
	const char *message = answer_text(answer, "/message");
	AUTO_FREE char *text = NULL;

	if (!message)
		message = answer_text(answer, "/error/message");
	if (!message)
		message = answer_text(answer, "/error");
	if (!message && !answer->json && !judge_is_html(answer))
		message = answer->body;
	if (!message && judge_is_html(answer))
		message = "an HTML page";
	if (answer->transport != TRANSPORT_OK)
		return xstrdup(answer->note ? answer->note : "");
	text = xasprintf("HTTP %d%s%s%s%s", answer->status,
			 reason ? " " : "", reason ? reason : "",
			 message ? ": " : "", message ? message : "");
	return redact_text(text, DETAIL_MAX);
}

int64_t host_member_i64(const json_t *object, const char *name)
{
	return json_integer_value(json_object_get(object, name));
}

const char *host_member_text(const json_t *object, const char *name)
{
	return json_string_value(json_object_get(object, name));
}

int64_t host_object_id(const json_t *object)
{
	int64_t id = host_member_i64(object, "id");

	return id > 0 ? id : 0;
}

enum failure host_judge_page(const struct answer *answer,
			     struct host_page *ret)
{
	enum failure why = host_judge(answer);
	const json_t *data = host_data(answer);

	if (why != FAILURE_NONE)
		return why;
	*ret = (struct host_page){ .page = 1, .pages = 1,
				   .sliced = answer->sliced };
	if (!data)
		return FAILURE_NONE;
	if (json_is_array(data)) {
		ret->items = data;
		ret->total = (int64_t)json_array_size(data);
		ret->page_size = ret->total;
		return FAILURE_NONE;
	}
	if (!json_is_object(data))
		return FAILURE_HOST_UNSUPPORTED;
	ret->items = json_object_get(data, "items");
	if (ret->items && !json_is_array(ret->items)) {
		if (!json_is_null(ret->items))
			return FAILURE_HOST_UNSUPPORTED;
		ret->items = NULL;
	}
	ret->total = host_member_i64(data, "total");
	ret->page = host_member_i64(data, "page");
	ret->pages = host_member_i64(data, "pages");
	ret->page_size = host_member_i64(data, "page_size");
	return FAILURE_NONE;
}

int64_t host_page_id(const struct host_page *page, const json_t *item)
{
	if (page->sliced && json_is_integer(item))
		return json_integer_value(item);
	return host_object_id(item);
}

bool host_page_is_last(const struct host_page *page)
{
	return json_array_size(page->items) == 0 || page->page >= page->pages;
}

enum failure host_judge_delete(const struct answer *answer)
{
	enum failure why = host_judge(answer);

	return why == FAILURE_GONE ? FAILURE_NONE : why;
}

enum failure host_judge_created(const struct answer *answer, int64_t *ret_id)
{
	enum failure why = host_judge(answer);
	int64_t id = host_object_id(host_data(answer));

	if (why != FAILURE_NONE)
		return why;
	if (id == 0)
		return FAILURE_HOST_UNSUPPORTED;
	*ret_id = id;
	return FAILURE_NONE;
}
