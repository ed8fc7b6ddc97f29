#include "shared/verdict.h"

#include <stdio.h>
#include <string.h>

#include "shared/redact.h"
#include "shared/table.h"
#include "shared/verdict_chat.h"
#include "shared/verdict_rules.h"
#include "shared/verdict_signal.h"
#include "shared/verdict_wait.h"

/* A window of a quota, when nobody says how much of it is left. */
#define WINDOW_MS (INT64_C(3600) * 1000)

static const char *const peer_names[] = {
	[VERDICT_PROVIDER] = "provider",
	[VERDICT_GATEWAY] = "gateway",
};

TABLE_ENUM_DEFINE(verdict_peer, peer_names, VERDICT_PEER__MAX);

/* What is found on the way. */
struct look {
	const struct verdict_answer *answer;
	struct signal signal;
	const struct row *row;	/* that decided; or NULL */
};

static void look_done(struct look *look)
{
	signal_done(&look->signal);
}

static bool is_success(const struct verdict_answer *answer)
{
	return answer->status >= 200 && answer->status < 300;
}

/*
 * Statuses that hide another: a body that says 401 under 200, 400 or 500
 * knows better.
 */
static int effective_status(const struct look *look)
{
	static const int telling[] = { 401, 402, 403, 404, 408, 413, 422, 429,
				       451, 503, 529 };
	int outer = look->answer->status, inner = look->signal.status;

	if (is_success(look->answer) && inner >= 500)
		return inner;
	if (!is_success(look->answer) && outer != 400 && outer < 500)
		return outer;
	for (size_t i = 0; i < COUNT(telling); i++)
		if (telling[i] == inner)
			return inner;
	return outer;
}

/* What the tables say; FAILURE_INSPECT_BODY if they say nothing. */
static enum failure by_rules(struct look *look)
{
	const struct verdict_answer *answer = look->answer;
	int status = effective_status(look);

	/* A gateway passes on what providers say. */
	if (answer->peer == VERDICT_GATEWAY)
		look->row = rules_find(rules_of_gateways(), &look->signal,
				       NULL, status);
	if (!look->row)
		look->row = rules_find(rules_of_providers(), &look->signal,
				       answer->provider, status);
	return look->row ? look->row->class : FAILURE_INSPECT_BODY;
}

/* What the whole body is as JSON: something behind it spoils a completion. */
static json_t *strict_json(const struct verdict_answer *answer)
{
	const char *body = answer->body;
	size_t len = answer->body_len;

	if (answer->json)
		return json_incref((json_t *)(uintptr_t)answer->json);
	if (body && len >= 3 && memcmp(body, "\xef\xbb\xbf", 3) == 0) {
		body += 3;
		len -= 3;
	}
	return body ? json_loadb(body, len, JSON_ALLOW_NUL, NULL) : NULL;
}

static enum failure by_content(const struct verdict_answer *answer)
{
	CLEANUP(chat_done) struct chat chat = { 0 };
	json_auto_t *json = strict_json(answer);
	json_auto_t *events = NULL;
	bool done;

	if (json)
		return chat_read(json, &chat);
	events = signal_events(answer->body, answer->body_len, &done);
	return events ? chat_read_events(events, done, &chat)
		      : FAILURE_INSPECT_BODY;
}

static enum failure class_of(struct look *look)
{
	const struct verdict_answer *answer = look->answer;
	enum failure why;

	if (answer->delivery != FAILURE_NONE)
		return answer->delivery;
	signal_read(&look->signal, answer->content_type, answer->body,
		    answer->body_len, answer->json);
	if (answer->status >= 300 && answer->status < 400)
		return FAILURE_REDIRECTED;
	if (!is_success(answer))
		return by_rules(look);
	why = by_content(answer);
	return why == FAILURE_INSPECT_BODY ? by_rules(look) : why;
}

/* How long the peer says; -1 if it does not. */
static int64_t said_wait(const struct look *look)
{
	const struct verdict_answer *answer = look->answer;

	if (answer->retry_after_ms >= 0)
		return answer->retry_after_ms;
	if (look->signal.wait_ms >= 0)
		return look->signal.wait_ms;
	return wait_in_text(buf_str(&look->signal.words), look->signal.text,
			    answer->now);
}

/* Quotas pass when their window is over, and not when money is gone. */
static bool is_quota(enum failure class)
{
	return class == FAILURE_QUOTA_EXHAUSTED ||
	       class == FAILURE_BALANCE_EXHAUSTED ||
	       class == FAILURE_SUBSCRIPTION_MISSING;
}

static int64_t wait_for(const struct look *look, enum failure class)
{
	enum row_wait wait = look->row ? look->row->wait : ROW_WAIT_CLASS;
	int64_t said = said_wait(look);

	if (wait == ROW_WAIT_NEVER)
		return -1;
	if (is_quota(class))
		return said < 0 && wait == ROW_WAIT_WINDOW ? WINDOW_MS : said;
	if (wait_of_class(class) < 0)
		return -1;
	/* A cut completion needs no time but a larger budget. */
	if (class == FAILURE_EMPTY_COMPLETION)
		return 0;
	if (said >= 0)
		return said < WAIT_MAX_MS ? said : WAIT_MAX_MS;
	return wait == ROW_WAIT_SECONDS ? look->row->seconds * INT64_C(1000)
					: wait_of_class(class);
}

static void copy_redacted(char *to, size_t size, const char *text)
{
	AUTO_FREE char *clean = redact_text(text, size - 1);

	snprintf(to, size, "%s", clean);
}

bool verdict_is_success(const struct verdict_answer *answer)
{
	return answer->delivery == FAILURE_NONE && answer->status >= 200 &&
	       answer->status < 300;
}

bool verdict_is_page(const struct verdict_answer *answer)
{
	return !answer->json &&
	       signal_is_page(answer->content_type, answer->body);
}

struct finding verdict_of(const struct verdict_answer *answer)
{
	CLEANUP(look_done) struct look look = {
		.answer = answer,
		.signal.wait_ms = -1,
	};
	struct finding finding = {
		.class = class_of(&look),
		.status = answer->status,
	};

	finding.cause_zh = failure_facts(finding.class)->zh;
	finding.cause_en = failure_facts(finding.class)->en;
	finding.retry_after_ms = wait_for(&look, finding.class);
	finding.waiting_helps = finding.retry_after_ms >= 0;
	copy_redacted(finding.code, sizeof(finding.code), look.signal.code);
	copy_redacted(finding.text, sizeof(finding.text), look.signal.text);
	return finding;
}
