#include "schedd/upstream/responses.h"

#include <string.h>

#include "schedd/judge.h"
#include "schedd/upstream/classify.h"

/* OpenAI refuses less. */
#define TOKENS_MIN 16

static const char chat_path[] = "/chat/completions";

char *upstream_responses_url(const char *chat_url)
{
	size_t len = strlen(chat_url), tail = sizeof(chat_path) - 1;

	if (len >= tail && strcmp(chat_url + len - tail, chat_path) == 0)
		len -= tail;
	return xasprintf("%.*s/responses", (int)len, chat_url);
}

void upstream_ask_responses(struct request *request, const char *chat_url,
			    const char *model)
{
	AUTO_FREE char *url = upstream_responses_url(chat_url);
	struct jout *body = &request->body;

	request_start(request, METHOD_POST, PEER_PROVIDER, url, "%s", "");
	request_header(request, "Authorization", "Bearer ",
		       SLOT_PROVIDER_KEY);
	request_header(request, "Accept", "application/json", SLOT_NONE);
	request->chat = true;
	jout_object(body, NULL);
	jout_str(body, "model", model);
	jout_str(body, "input", "Reply with one short word.");
	jout_i64(body, "max_output_tokens", TOKENS_MIN);
	jout_bool(body, "store", false);
	jout_bool(body, "stream", false);
	jout_object_end(body);
}

/*
 * A response object, be it cut short: a model that thinks first does not get
 * far with so few tokens, and that is no fault of the path.
 */
static bool is_response(const struct answer *answer)
{
	const char *object = answer_text(answer, "/object");
	const char *status = answer_text(answer, "/status");

	if (json_is_object(answer_at(answer, "/error")) ||
	    (status && strcmp(status, "failed") == 0))
		return false;
	return (object && strcmp(object, "response") == 0) ||
	       json_is_array(answer_at(answer, "/output"));
}

enum upstream_responses upstream_responses_of_status(int64_t status)
{
	switch (status) {
	case 401:
	case 402:
	case 403:
		return RESPONSES_REFUSED;
	case 404:
	case 405:
	case 501:
		return RESPONSES_ABSENT;
	default:
		return status >= 200 && status < 300 ? RESPONSES_WORK
						     : RESPONSES_UNKNOWN;
	}
}

int upstream_judge_responses(const struct answer *answer)
{
	if (answer->transport != TRANSPORT_OK)
		return 0;
	if (judge_is_success(answer) && !is_response(answer))
		return judge_is_html(answer) ? 404 : 0;
	/* It knows the path and misses the model there. */
	if (answer->status == 404 &&
	    upstream_classify(answer, NULL) == FAILURE_MODEL_NOT_FOUND)
		return 0;
	return answer->status;
}
