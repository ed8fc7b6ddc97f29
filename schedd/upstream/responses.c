#include "schedd/upstream/responses.h"

#include <string.h>

#include "schedd/judge.h"
#include "schedd/upstream/classify.h"
#include "shared/try.h"

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

	request_start(request, METHOD_POST, PEER_PROVIDER, url, "%s", "");
	request_header(request, "Authorization", "Bearer ",
		       SLOT_PROVIDER_KEY);
	request_header(request, "Accept", "application/json", SLOT_NONE);
	request->chat = true;
	try_write(&request->body, TRY_RESPONSES, model, "", false);
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
	if (judge_is_success(answer) && !try_is_response(answer->json))
		return judge_is_html(answer) ? 404 : 0;
	/* It knows the path and misses the model there. */
	if (answer->status == 404 &&
	    upstream_classify(answer, NULL) == FAILURE_MODEL_NOT_FOUND)
		return 0;
	return answer->status;
}
