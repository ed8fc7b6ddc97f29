#include "schedd/host/account_test.h"

#include <ctype.h>
#include <inttypes.h>
#include <stdlib.h>

#include "schedd/judge.h"
#include "schedd/upstream/classify.h"
#include "shared/redact.h"
#include "shared/table.h"

#define WORDS_MAX 300

void host_ask_account_test(struct request *request,
			   const struct host_peer *peer, int64_t account_id,
			   const char *model)
{
	host_start(request, peer, METHOD_POST, HOST_ROLE_ADMIN,
		   "/api/v1/admin/accounts/%" PRId64 "/test", account_id);
	host_body(request);
	jout_str(&request->body, "model_id", model);
	host_body_end(request);
	request->chat = true;
}

void host_account_test_done(struct host_account_test *test)
{
	free(test->words);
	*test = (struct host_account_test){ 0 };
}

/* What the host says when it has no status to tell of. */
static const struct {
	const char *part;
	enum failure class;
} sayings[] = {
	{ "Account not found",		      FAILURE_GONE },
	{ "No API key available",	      FAILURE_UPSTREAM_AUTH },
	{ "Invalid base URL",		      FAILURE_NOT_AS_WRITTEN },
	{ "Stream ended before response",     FAILURE_RESPONSES_FORCED },
	{ "Invalid Chat Completions response", FAILURE_INSPECT_BODY },
	{ "ended before [DONE]",	      FAILURE_RESET },
	{ "stream read error",		      FAILURE_RESET },
	{ "equest failed:",		      FAILURE_UPSTREAM_FAILED },
};

/* "... returned 401: {...}": the number, and what follows it. */
static int status_in(const char *text, const char **ret_body)
{
	const char *at = strstr(text, " returned ");
	char *end;
	long status;

	if (!at)
		return 0;
	status = strtol(at + strlen(" returned "), &end, 10);
	if (status < 100 || status > 599 || *end != ':')
		return 0;
	end++;
	*ret_body = end + strspn(end, " ");
	return (int)status;
}

/* As if the provider had said it to us. */
static enum failure class_of(int status, const char *body)
{
	struct answer answer = {
		.status = status,
		.retry_after_ms = -1,
		.body = xstrdup(body),
		.body_len = strlen(body),
	};
	enum failure class;

	answer_parse(&answer);
	class = upstream_classify(&answer, NULL);
	answer_done(&answer);
	return class;
}

static enum failure class_of_saying(const char *text)
{
	for (size_t i = 0; i < COUNT(sayings); i++)
		if (strstr(text, sayings[i].part))
			return sayings[i].class;
	return FAILURE_UPSTREAM_FAILED;
}

static void read_error(const char *text, struct host_account_test *test)
{
	const char *body = "";

	free(test->words);
	test->words = redact_text(text, WORDS_MAX);
	test->status = status_in(text, &body);
	test->class = test->status ? class_of(test->status, body)
				   : class_of_saying(text);
	if (strstr(text, "Chat Completions"))
		test->by_chat = true;
	/* Both can be the path that is wrong, and not the account. */
	test->advisory = test->status == 403 ||
			 strncmp(text, "API returned 404:", 17) == 0;
}

/* True at the result, behind which nothing counts. */
static bool read_event(const json_t *event, struct host_account_test *test)
{
	const char *type = host_member_text(event, "type");
	const char *text = host_member_text(event, "text");
	const char *error = host_member_text(event, "error");

	if (!type)
		return false;
	if (strcmp(type, "test_start") == 0)
		test->asked = true;
	if (strcmp(type, "status") == 0 && text &&
	    strstr(text, "/chat/completions"))
		test->by_chat = true;
	if (strcmp(type, "test_complete") == 0)
		test->ok = json_is_true(json_object_get(event, "success"));
	if (strcmp(type, "error") == 0)
		read_error(error ? error : "", test);
	return strcmp(type, "test_complete") == 0 ||
	       strcmp(type, "error") == 0;
}

static bool read_events(const struct answer *answer,
			struct host_account_test *test)
{
	const char *line = answer->body ? answer->body : "";
	bool ended = false;

	while (*line && !ended) {
		size_t len = strcspn(line, "\n");

		if (strncmp(line, "data:", 5) == 0) {
			json_auto_t *event = json_loadb(line + 5, len - 5, 0,
							NULL);

			ended = read_event(event, test);
		}
		line += len + (line[len] == '\n');
	}
	return ended;
}

enum failure host_judge_account_test(const struct answer *answer, bool relays,
				     struct host_account_test *ret)
{
	enum failure why = judge_delivery(answer);

	if (why != FAILURE_NONE)
		return why;
	if (!judge_is_success(answer))
		return host_judge(answer);
	if (judge_is_html(answer))
		return FAILURE_HOST_UNSUPPORTED;
	if (!read_events(answer, ret))
		return ret->asked ? FAILURE_RESET : FAILURE_HOST_UNSUPPORTED;
	if (!ret->asked && ret->class == FAILURE_GONE)
		return FAILURE_GONE;
	/* What went to /responses says nothing of chats that are relayed. */
	ret->means = ret->asked && (ret->by_chat || ret->ok || !relays);
	if (!ret->means)
		ret->class = FAILURE_NONE;
	return FAILURE_NONE;
}
