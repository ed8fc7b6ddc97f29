#include <string.h>

#include "shared/own.h"
#include "shared/table.h"
#include "tests/model/host_accounts.h"
#include "tests/model/host_call.h"
#include "tests/model/host_gateway.h"
#include "tests/model/host_probe.h"
#include "tests/model/host_sched.h"
#include "tests/model/host_view.h"

#define MINUTE_MS (60 * 1000LL)
#define BENCH_MS (10 * MINUTE_MS)
#define OVERLOAD_MS (10 * MINUTE_MS)
#define LIMIT_MS 5000
#define BLOCK_MS (2 * MINUTE_MS)
#define MODEL_LIMIT_MS (30 * MINUTE_MS)
#define FORBIDDEN_MS (180 * MINUTE_MS)
#define FORBIDDEN_MAX 3
#define COOL_MS 10000
#define COOL_LONG_MS 45000
#define STREAK_MS (30 * MINUTE_MS)
#define REPEATS_DEFAULT 3
#define REPEATS_MAX 10

enum penalty {
	PENALTY_NONE,
	PENALTY_ERROR,
	PENALTY_BENCH,
	PENALTY_LIMIT,
	PENALTY_OVERLOAD,
	PENALTY_COOL,
};

struct status_rule {
	int first;
	int last;
	enum penalty penalty;
	bool fails_over;
	int status;			/* 0: the upstream's own */
	const char *type;
	const char *message;		/* NULL: the upstream's own */
	enum host_version since;
	const char *reason;		/* of PENALTY_ERROR */
};

#define FAILED "Upstream request failed"
#define UNAVAILABLE "Upstream service temporarily unavailable"

/* The first that fits counts. */
static const struct status_rule status_rules[] = {
	{ 401, 401, PENALTY_ERROR, true, 502, "upstream_error",
	  "Upstream authentication failed, please contact administrator",
	  0, "Authentication failed (401)" },
	{ 402, 402, PENALTY_ERROR, true, 502, "upstream_error", FAILED,
	  0, "Payment required (402)" },
	{ 403, 403, PENALTY_BENCH, true, 502, "upstream_error",
	  "Upstream access forbidden, please contact administrator", 0, NULL },
	{ 429, 429, PENALTY_LIMIT, true, 429, "rate_limit_error",
	  "Upstream rate limit exceeded, please retry later", 0, NULL },
	{ 529, 529, PENALTY_OVERLOAD, true, 503, "upstream_error",
	  "Upstream service overloaded, please retry later", 0, NULL },
	{ 500, 500, PENALTY_COOL, true, 502, "upstream_error", UNAVAILABLE,
	  0, NULL },
	{ 502, 504, PENALTY_COOL, true, 502, "upstream_error", UNAVAILABLE,
	  0, NULL },
	{ 520, 524, PENALTY_COOL, true, 502, "upstream_error", FAILED,
	  0, NULL },
	{ 500, 999, PENALTY_NONE, true, 502, "upstream_error", FAILED,
	  0, NULL },
	{ 405, 405, PENALTY_NONE, true, 502, "upstream_error", FAILED,
	  HOST_0_1_179, NULL },
	{ 413, 413, PENALTY_NONE, true, 413, "invalid_request_error",
	  "Request payload is too large", HOST_0_1_179, NULL },
	{ 400, 400, PENALTY_NONE, false, 0, "invalid_request_error", NULL,
	  0, NULL },
	{ 404, 404, PENALTY_NONE, false, 0, "not_found_error", NULL,
	  0, NULL },
	{ 0, 999, PENALTY_NONE, false, 0, "api_error", NULL, 0, NULL },
};

static const struct status_rule *rule_for(const struct host_model *model,
					  int status)
{
	const struct status_rule *rule = status_rules;

	while (status < rule->first || status > rule->last ||
	       model->options.version < rule->since)
		rule++;
	return rule;
}

/* What the account's operator asked for in its credentials. */
struct handling {
	bool codes;		/* only some statuses count */
	bool listed;		/* this one among them */
	bool pool;		/* none counts */
	int64_t repeats;
};

static struct handling handling_of(const struct host_account *account,
				   int status)
{
	const json_t *credentials = account->now.credentials;
	const json_t *list = json_object_get(credentials,
					     "custom_error_codes");
	const json_t *count = json_object_get(credentials,
					      "pool_mode_retry_count");
	struct host_ids codes = { 0 };
	struct handling handling = {
		.codes = json_is_true(json_object_get(
			credentials, "custom_error_codes_enabled")),
		.pool = json_is_true(json_object_get(credentials,
						     "pool_mode")),
		.repeats = json_is_integer(count) ?
			json_integer_value(count) : REPEATS_DEFAULT,
	};

	host_ids_read(&codes, list);
	handling.listed = codes.count == 0 || host_ids_has(&codes, status);
	host_ids_done(&codes);
	if (handling.repeats > REPEATS_MAX)
		handling.repeats = REPEATS_MAX;
	return handling;
}

char *host_upstream_message(const struct model_answer *answer)
{
	json_auto_t *body = json_loads(answer->body, 0, NULL);
	const char *text = json_string_value(json_object_get(
		json_object_get(body, "error"), "message"));

	if (!text)
		text = json_string_value(json_object_get(body, "detail"));
	if (!text)
		text = json_string_value(json_object_get(body, "message"));
	return xstrdup_null(text && *text ? text : NULL);
}

static char *words_of(const struct model_answer *answer)
{
	char *message = host_upstream_message(answer);

	return message ? message : text_clean(answer->body);
}

static void block(struct host_model *model, struct host_account *account,
		  int64_t until)
{
	if (host_has(model, HOST_BLOCKS_IN_MEMORY))
		account->blocked_until = until;
}

static void written(struct host_model *model, struct host_account *account)
{
	account->updated_at = model->now;
	host_changed_account(model, account, HOST_COPY_NOW);
}

void host_account_fail(struct host_model *model, struct host_account *account,
		       const char *message)
{
	account_set_status(account, "error");
	own_set(&account->error_message, message);
	if (host_has(model, HOST_ERROR_UNSCHEDULES))
		account->now.schedulable = false;
	block(model, account, model->now + BLOCK_MS);
	written(model, account);
}

static void bench(struct host_model *model, struct host_account *account,
		  const char *reason)
{
	account->now.temp_until = model->now + BENCH_MS;
	own_set(&account->temp_reason, reason);
	block(model, account, account->now.temp_until);
	written(model, account);
}

static void punish_forbidden(struct host_model *model,
			     struct host_account *account,
			     const struct model_answer *answer)
{
	AUTO_FREE char *words = words_of(answer);
	AUTO_FREE char *text = NULL;

	if (account->forbidden == 0 ||
	    model->now - account->forbidden_since >= FORBIDDEN_MS) {
		account->forbidden = 0;
		account->forbidden_since = model->now;
	}
	account->forbidden++;
	if (account->forbidden >= FORBIDDEN_MAX) {
		text = xasprintf("Access forbidden (403): %s | "
				 "consecutive_403=%d/%d", words,
				 (int)account->forbidden, FORBIDDEN_MAX);
		host_account_fail(model, account, text);
		return;
	}
	text = xasprintf("OpenAI 403 temporary cooldown (%d/%d): "
			 "Access forbidden (403): %s",
			 (int)account->forbidden, FORBIDDEN_MAX, words);
	bench(model, account, text);
}

/* Only a body of OpenAI's own kind says for how long. */
static int64_t limit_ms(const struct model_answer *answer)
{
	json_auto_t *body = json_loads(answer->body, 0, NULL);
	const json_t *error = json_object_get(body, "error");
	const char *type = json_string_value(json_object_get(error, "type"));
	int64_t seconds = json_integer_value(
		json_object_get(error, "resets_in_seconds"));

	if (!type || seconds <= 0 ||
	    (strcmp(type, "usage_limit_reached") != 0 &&
	     strcmp(type, "rate_limit_exceeded") != 0))
		return LIMIT_MS;
	return seconds * 1000;
}

static struct host_streak *streak_of(struct host_account *account,
				     const char *model_name)
{
	struct host_streak *oldest = &account->streaks[0];

	for (size_t i = 0; i < HOST_STREAKS_MAX; i++) {
		struct host_streak *streak = &account->streaks[i];

		if (streak->model && strcmp(streak->model, model_name) == 0)
			return streak;
		if (streak->last_at < oldest->last_at)
			oldest = streak;
	}
	own_set(&oldest->model, model_name);
	oldest->count = 0;
	oldest->until = 0;
	return oldest;
}

static void cool(struct host_model *model, struct host_account *account,
		 const char *model_name)
{
	struct host_streak *streak;

	if (!host_has(model, HOST_COOLS_AFTER_5XX))
		return;
	streak = streak_of(account, model_name);
	if (model->now - streak->last_at >= STREAK_MS)
		streak->count = 0;
	streak->count++;
	streak->last_at = model->now;
	if (streak->count == 2)
		streak->until = model->now + COOL_MS;
	else if (streak->count > 2)
		streak->until = model->now + COOL_LONG_MS;
}

static bool is_html(const struct model_answer *answer)
{
	const char *type = model_answer_header(answer, "Content-Type");

	return (type && strncasecmp(type, "text/html", 9) == 0) ||
	       strncasecmp(answer->body, "<html", 5) == 0 ||
	       strncasecmp(answer->body, "<!doctype", 9) == 0;
}

static void punish(struct host_model *model, struct host_account *account,
		   const struct status_rule *rule,
		   const struct model_answer *answer)
{
	AUTO_FREE char *words = NULL, *text = NULL;

	switch (rule->penalty) {
	case PENALTY_ERROR:
		words = words_of(answer);
		text = xasprintf("%s: %s", rule->reason, words);
		host_account_fail(model, account, text);
		return;
	case PENALTY_BENCH:
		if (!is_html(answer) ||
		    !host_has(model, HOST_SPARES_HTML_403))
			punish_forbidden(model, account, answer);
		return;
	case PENALTY_LIMIT:
		account->limited_at = model->now;
		account->now.limited_until = model->now + limit_ms(answer);
		block(model, account, account->now.limited_until);
		written(model, account);
		return;
	case PENALTY_OVERLOAD:
		account->now.overload_until = model->now + OVERLOAD_MS;
		block(model, account, account->now.overload_until);
		written(model, account);
		return;
	case PENALTY_NONE:
	case PENALTY_COOL:
		return;
	}
}

static void answer_by(struct model_answer *ret,
		      const struct status_rule *rule,
		      const struct model_answer *answer)
{
	AUTO_FREE char *own = host_upstream_message(answer);
	AUTO_FREE char *number = xasprintf("Upstream error: %d",
					   answer->status);

	answer_gateway(ret, rule->status ? rule->status : answer->status,
		       rule->type, rule->message ? rule->message :
		       own ? own : number);
}

static void copy_retry_after(const struct host_model *model,
			     struct model_answer *ret,
			     const struct model_answer *answer)
{
	const char *after = model_answer_header(answer, "Retry-After");

	if (after && host_has(model, HOST_COPIES_RETRY_AFTER))
		model_answer_add_header(ret, "Retry-After", after);
}

static bool names_missing_model(const struct model_answer *answer)
{
	return answer->status == 404 &&
	       (strstr(answer->body, "model_not_found") ||
		(strcasestr(answer->body, "model") &&
		 strcasestr(answer->body, "not exist")));
}

/* Only this model of this account goes out of service. */
static void limit_model(struct host_model *model,
			struct host_account *account, const char *model_name)
{
	json_t *extra = json_copy(account->now.extra);
	json_t *limits = json_copy(json_object_get(extra,
						   "model_rate_limits"));

	if (!limits)
		limits = json_object();
	json_object_set_new(limits, model_name, json_pack(
		"{so so ss}", "rate_limited_at", view_time(model->now),
		"rate_limit_reset_at",
		view_time(model->now + MODEL_LIMIT_MS), "reason",
		"upstream_404_model_not_found"));
	json_object_set_new(extra, "model_rate_limits", limits);
	host_json_set(&account->now.extra, extra);
	written(model, account);
}

static void judge_transport(struct host_model *model,
			    struct host_account *account,
			    const struct model_answer *answer,
			    struct host_sentence *ret)
{
	AUTO_FREE char *url = NULL, *text = NULL;

	if (!host_has(model, HOST_FAILS_OVER_TRANSPORT)) {
		ret->is_final = true;
		answer_gateway(&ret->answer, 502, "upstream_error", FAILED);
		return;
	}
	answer_gateway(&ret->answer, 502, "upstream_error", UNAVAILABLE);
	if (answer->end != MODEL_END_REFUSED && answer->end != MODEL_END_DNS)
		return;
	url = host_endpoint_url(model, account->copy.credentials, HOST_CHAT);
	text = xasprintf("upstream transport error (proxy/network): Post "
			 "\"%s\": dial tcp: connect: connection refused",
			 url ? url : "");
	bench(model, account, text);
}

/* A listed status that has no meaning of its own disables the account. */
static bool punish_listed(struct host_model *model,
			  struct host_account *account,
			  const struct status_rule *rule,
			  const struct model_answer *answer)
{
	AUTO_FREE char *words = words_of(answer);
	AUTO_FREE char *text = xasprintf("Custom error code %d: %s",
					 answer->status, words);

	if (answer->status == 400 ||
	    (rule->penalty != PENALTY_NONE && rule->penalty != PENALTY_COOL))
		return false;
	host_account_fail(model, account, text);
	return true;
}

static bool may_repeat(const struct handling *handling,
		       const struct host_exchange *exchange, int status)
{
	return handling->pool && !handling->codes &&
	       (status == 401 || status == 403 || status == 429) &&
	       exchange->repeats < handling->repeats;
}

static void judge_status(struct host_model *model,
			 struct host_account *account,
			 const struct host_exchange *exchange,
			 const struct model_answer *answer,
			 struct host_sentence *ret)
{
	const struct status_rule *rule = rule_for(model, answer->status);
	struct handling handling = handling_of(account, answer->status);

	ret->is_final = !rule->fails_over;
	if (handling.codes && !handling.listed && !rule->fails_over) {
		answer_gateway(&ret->answer, 500, "api_error",
			       "Upstream gateway error");
		return;
	}
	if (names_missing_model(answer) &&
	    host_has(model, HOST_LIMITS_MISSING_MODEL)) {
		ret->is_final = false;
		answer_gateway(&ret->answer, 502, "upstream_error", FAILED);
		limit_model(model, account, exchange->routed_name);
		return;
	}
	ret->repeat = may_repeat(&handling, exchange, answer->status);
	if (rule->penalty == PENALTY_COOL)
		cool(model, account, exchange->routed_name);
	if (handling.codes && handling.listed &&
	    punish_listed(model, account, rule, answer) && ret->is_final) {
		ret->is_final = false;
		answer_gateway(&ret->answer, 502, "upstream_error", FAILED);
		return;
	}
	if (handling.codes ? handling.listed : !handling.pool)
		punish(model, account, rule, answer);
	answer_by(&ret->answer, rule, answer);
	copy_retry_after(model, &ret->answer, answer);
}

struct host_sentence host_blame_account(struct host_model *model,
				struct host_account *account,
				const struct host_exchange *exchange,
				const struct model_answer *answer)
{
	struct host_sentence sentence = { 0 };

	if (answer->end != MODEL_END_COMPLETE && answer->end != MODEL_END_CUT)
		judge_transport(model, account, answer, &sentence);
	else
		judge_status(model, account, exchange, answer, &sentence);
	return sentence;
}
