#include "schedd/upstream/try.h"

#include "schedd/completion.h"
#include "schedd/upstream/classify.h"
#include "schedd/upstream/responses.h"

_Static_assert(COMPLETION_MAX_TOKENS == TRY_TOKENS_GENEROUS,
	       "a model that thinks needs as much everywhere");

void upstream_ask_try(struct request *request, enum try try,
		      const char *url, const char *model, const char *nonce,
		      bool generous)
{
	if (try == TRY_RESPONSES) {
		upstream_ask_responses(request, url, model);
		return;
	}
	request_start(request, METHOD_POST, PEER_PROVIDER, url, "%s", "");
	request_header(request, "Authorization", "Bearer ",
		       SLOT_PROVIDER_KEY);
	if (try == TRY_MESSAGES) {	/* some know the one, some the other */
		request_header(request, "x-api-key", "", SLOT_PROVIDER_KEY);
		request_header(request, "anthropic-version", "2023-06-01",
			       SLOT_NONE);
	}
	request_header(request, "Accept", try == TRY_STREAM
		       ? "text/event-stream" : "application/json", SLOT_NONE);
	request->chat = true;
	try_write(&request->body, try, model, nonce, generous);
}

void upstream_judge_try(const struct answer *answer, enum try try,
			bool generous, struct tried *ret)
{
	const struct verdict_answer asked = upstream_verdict_answer(answer);

	try_judge(&asked, try, generous, ret);
}
