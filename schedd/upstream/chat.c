#include "schedd/upstream/chat.h"

#include "schedd/judge.h"

char *upstream_chat_url(const char *base_url, size_t n)
{
	AUTO_FREE char *root = api_root(base_url, n);

	return root ? xasprintf("%s/chat/completions", root) : NULL;
}

void upstream_ask_chat(struct request *request, const char *chat_url,
		       const char *model, const char *nonce, bool bare)
{
	request_start(request, METHOD_POST, PEER_PROVIDER, chat_url, "%s",
		      "");
	request_header(request, "Authorization", "Bearer ",
		       SLOT_PROVIDER_KEY);
	request_header(request, "Accept", "application/json", SLOT_NONE);
	completion_ask(request, model, nonce, bare ? COMPLETION_BARE : 0);
}

enum failure upstream_judge_chat(const struct answer *answer,
				 struct completion *ret)
{
	enum failure why;

	if (!judge_is_success(answer))
		return upstream_classify(answer, NULL);
	why = completion_read(answer, ret);
	return why == FAILURE_INSPECT_BODY ? upstream_classify(answer, NULL)
					   : why;
}
