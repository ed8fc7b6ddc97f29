/*
 * cmd_verdict: what recorded answers mean, without a server.
 *
 * A line of JSON in, a line of JSON out, in their order.  A line that cannot
 * be read gets a line that says why, and the others their verdicts.
 */
#include <inttypes.h>
#include <string.h>
#include <strings.h>

#include "cli/command.h"
#include "shared/clock.h"
#include "shared/verdict.h"
#include "shared/verdict_wait.h"

#define LINE_MAX_BYTES ((size_t)8 << 20)
#define OUT_MAX ((size_t)64 << 10)

/* How the way to a peer may have ended; any failure class will do as well. */
static const struct {
	const char *name;
	enum failure failure;
} transports[] = {
	{ "ok", FAILURE_NONE },		{ "silent", FAILURE_DEAD_END },
	{ "connect", FAILURE_REFUSED },	{ "closed", FAILURE_RESET },
	{ "connection_refused", FAILURE_REFUSED },
	{ "connection_reset", FAILURE_RESET },
	{ "connect_timeout", FAILURE_TIMEOUT },
	{ "read_timeout", FAILURE_DEAD_END },
	{ "proxy", FAILURE_PROXY_FAILED },
	{ "forbidden", FAILURE_ADDRESS_FORBIDDEN },
	{ "redirect", FAILURE_REDIRECTED },
};

/* Who may be meant when a host's gateway is named as the provider. */
static const char *const gateways[] = { "sub2api", "gateway", "host" };

/* What is read of a line; borrowed from its JSON, but for `body`. */
struct asked {
	struct verdict_answer answer;
	char *body;
};

static void asked_done(struct asked *asked)
{
	free(asked->body);
	*asked = (struct asked){ 0 };
}

static int read_delivery(const json_t *line, enum failure *ret,
			 struct err *err)
{
	const json_t *value = json_object_get(line, "transport");
	const char *name = json_string_value(value);

	if (!value || json_is_null(value))
		return 0;
	for (size_t i = 0; name && i < COUNT(transports); i++)
		if (strcmp(transports[i].name, name) == 0) {
			*ret = transports[i].failure;
			return 0;
		}
	if (name && failure_parse(name, ret))
		return 0;
	return err_set(err, ERR_INVALID, "transport is none that is known");
}

static int read_status(const json_t *line, struct verdict_answer *answer,
		       struct err *err)
{
	const json_t *value = json_object_get(line, "status");
	const char *text = json_string_value(value);
	json_int_t status = json_integer_value(value);
	char *end = NULL;

	if (text) {
		status = strtol(text, &end, 10);
		if (*text == '\0' || *end != '\0')
			return err_set(err, ERR_INVALID,
				       "status is no number");
	} else if (json_is_real(value)) {
		status = (json_int_t)json_real_value(value);
	} else if (!json_is_integer(value) &&
		   answer->delivery == FAILURE_NONE) {
		return err_set(err, ERR_INVALID, "status is missing");
	}
	if (status < 0 || status > 999)
		return err_set(err, ERR_INVALID, "status is not from 0 to"
			       " 999");
	answer->status = (int)status;
	return 0;
}

static int read_peer(const json_t *line, struct verdict_answer *answer,
		     struct err *err)
{
	const json_t *peer = json_object_get(line, "peer");
	const json_t *provider = json_object_get(line, "provider");

	answer->provider = json_string_value(provider);
	if (provider && !answer->provider && !json_is_null(provider))
		return err_set(err, ERR_INVALID, "provider is no text");
	for (size_t i = 0; answer->provider && i < COUNT(gateways); i++)
		if (strcasecmp(gateways[i], answer->provider) == 0)
			answer->peer = VERDICT_GATEWAY;
	if (peer && !json_is_null(peer) &&
	    !verdict_peer_parse(json_string_value(peer), &answer->peer))
		return err_set(err, ERR_INVALID, "peer is neither provider"
			       " nor gateway");
	return 0;
}

/* The first value of a header, whatever its capitals; NULL if not there. */
static const json_t *header(const json_t *headers, const char *name)
{
	const char *key;
	const json_t *value;

	json_object_foreach((json_t *)(uintptr_t)headers, key, value)
		if (strcasecmp(key, name) == 0)
			return json_is_array(value) ? json_array_get(value, 0)
						    : value;
	return NULL;
}

static int64_t wait_said(const json_t *headers, const char *name, int64_t now)
{
	const json_t *value = header(headers, name);
	AUTO_FREE char *number = NULL;

	if (json_is_string(value))
		return wait_of_header(json_string_value(value), now);
	if (!json_is_number(value))
		return -1;
	number = xasprintf("%.3f", json_number_value(value));
	return wait_of_header(number, now);
}

static int read_headers(const json_t *line, struct verdict_answer *answer,
			struct err *err)
{
	const json_t *headers = json_object_get(line, "headers");
	int64_t wait;

	answer->retry_after_ms = -1;
	if (headers && !json_is_object(headers) && !json_is_null(headers))
		return err_set(err, ERR_INVALID, "headers is no object");
	answer->content_type = json_string_value(header(headers,
							"content-type"));
	answer->retry_after_ms = wait_said(headers, "retry-after",
					   answer->now);
	wait = wait_said(headers, "retry-after-ms", answer->now);
	if (wait >= 0)
		answer->retry_after_ms = wait / 1000;
	return 0;
}

static void read_body(const json_t *line, struct asked *asked)
{
	const json_t *body = json_object_get(line, "body");

	if (json_is_string(body)) {
		asked->answer.body = json_string_value(body);
		asked->answer.body_len = json_string_length(body);
	} else if (body && !json_is_null(body)) {
		asked->body = json_dumps(body, JSON_COMPACT |
					 JSON_ENCODE_ANY);
		asked->answer.body = asked->body;
		asked->answer.body_len = asked->body ? strlen(asked->body) : 0;
	}
}

static int read_asked(const json_t *line, struct asked *ret, struct err *err)
{
	struct verdict_answer *answer = &ret->answer;

	*answer = (struct verdict_answer){ .now = clock_wall_ms() };
	if (!json_is_object(line))
		return err_set(err, ERR_INVALID, "a line is a JSON object");
	if (read_delivery(line, &answer->delivery, err) ||
	    read_status(line, answer, err) || read_peer(line, answer, err) ||
	    read_headers(line, answer, err))
		return -1;
	read_body(line, ret);
	return 0;
}

static void write_finding(struct jout *out, const struct finding *finding)
{
	bool good = finding->class == FAILURE_NONE;

	jout_object(out, NULL);
	jout_str(out, "class", good ? "ok" : failure_name(finding->class));
	jout_str(out, "cause_zh", finding->cause_zh);
	jout_str(out, "cause_en", finding->cause_en);
	jout_bool(out, "retry", finding->waiting_helps);
	if (finding->retry_after_ms < 0)
		jout_null(out, "retry_after_s");
	else
		jout_i64(out, "retry_after_s",
			 (finding->retry_after_ms + 999) / 1000);
	jout_object_end(out);
}

static int judge_line(const struct buf *line, struct jout *out,
		      struct err *err)
{
	CLEANUP(asked_done) struct asked asked = { 0 };
	json_auto_t *json = NULL;
	struct finding finding;

	if (line->failed)
		return err_set(err, ERR_LIMIT, "a line is longer than %zu"
			       " bytes", LINE_MAX_BYTES);
	json = json_loadb(buf_str(line), line->len,
			  JSON_DECODE_ANY | JSON_ALLOW_NUL, NULL);
	if (!json)
		return err_set(err, ERR_INVALID, "not JSON");
	if (read_asked(json, &asked, err))
		return -1;
	finding = verdict_of(&asked.answer);
	write_finding(out, &finding);
	return 0;
}

static void write_problem(struct jout *out, const struct err *err,
			  int64_t number)
{
	jout_object(out, NULL);
	jout_str(out, "error", err->msg);
	jout_i64(out, "line", number);
	jout_object_end(out);
}

/* False at the end.  What is longer than a line may be is read all the same. */
static bool next_line(FILE *in, struct buf *line)
{
	int c;

	buf_reset(line);
	line->failed = false;
	while ((c = getc_unlocked(in)) != EOF && c != '\n') {
		char byte = (char)c;

		buf_add(line, &byte, 1);
	}
	return c != EOF || line->len > 0;
}

static bool is_blank(const struct buf *line)
{
	const char *text = buf_str(line);

	return !line->failed && strspn(text, " \t\r") == line->len;
}

/* Answer one line; *bad counts those that could not be read. */
static int answer_line(const struct buf *line, int64_t number, int64_t *bad,
		       struct err *err)
{
	CLEANUP(jout_done) struct jout out = { .text.max = OUT_MAX };
	struct err why;

	if (judge_line(line, &out, &why)) {
		(*bad)++;
		jout_done(&out);
		out = (struct jout){ .text.max = OUT_MAX };
		write_problem(&out, &why, number);
	}
	buf_add(&out.text, "\n", 1);
	/* Who asks may wait for this answer before asking again. */
	return print_text(buf_str(&out.text), err);
}

int cmd_verdict(struct call *call, struct err *err)
{
	CLEANUP(buf_done) struct buf line = { .max = LINE_MAX_BYTES };
	int64_t number = 0, bad = 0;

	(void)call;
	while (next_line(stdin, &line)) {
		number++;
		if (!is_blank(&line) &&
		    answer_line(&line, number, &bad, err))
			return -1;
	}
	if (bad > 0)
		return err_set(err, ERR_INVALID, "%" PRId64 " of %" PRId64
			       " lines could not be read", bad, number);
	return 0;
}
