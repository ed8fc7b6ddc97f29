#include "schedd/completion.h"

#include <string.h>

#include "shared/redact.h"
#include "shared/table.h"
#include "shared/verdict_chat.h"

void completion_done(struct completion *completion)
{
	free(completion->preview);
	free(completion->type);
	free(completion->finish_reason);
	free(completion->model);
	*completion = (struct completion){ 0 };
}

void completion_ask(struct request *request, const char *model,
		    const char *nonce, int64_t max_tokens)
{
	struct jout *body = &request->body;
	AUTO_FREE char *text = xasprintf("Reply with one short word. %s",
					 nonce);

	request->chat = true;
	jout_object(body, NULL);
	jout_str(body, "model", model);
	jout_array(body, "messages");
	jout_object(body, NULL);
	jout_str(body, "role", "user");
	jout_str(body, "content", text);
	jout_object_end(body);
	jout_array_end(body);
	if (max_tokens != COMPLETION_BARE) {
		jout_i64(body, "max_tokens",
			 max_tokens ? max_tokens : COMPLETION_MAX_TOKENS);
		jout_bool(body, "stream", false);
	}
	jout_object_end(body);
}

bool completion_blames_parameter(enum failure why, const char *words)
{
	static const char *const blamed[] = {
		"param", "max_", "max tokens", "extra", "field", "propert",
		"argument", "参数", "字段", "參數",
	};

	if (why != FAILURE_BAD_REQUEST)
		return false;
	for (size_t i = 0; words && i < COUNT(blamed); i++)
		if (strcasestr(words, blamed[i]))
			return true;
	return false;
}

enum failure completion_read(const struct answer *answer,
			     struct completion *ret)
{
	CLEANUP(chat_done) struct chat chat = { 0 };
	enum failure why = chat_read(answer->json, &chat);

	own_set(&ret->type, answer->content_type);
	own_set(&ret->finish_reason, chat.finish_reason);
	own_set(&ret->model, chat.model);
	if (chat.content) {
		free(ret->preview);
		ret->preview = redact_text(chat.content,
					   COMPLETION_PREVIEW_MAX);
	}
	return why;
}
