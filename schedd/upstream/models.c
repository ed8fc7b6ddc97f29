#include "schedd/upstream/models.h"

#include <string.h>

#include "schedd/upstream/classify.h"
#include "shared/api_root.h"
#include "shared/models_answer.h"
#include "shared/table.h"

/* Parts of names of what cannot chat, in lower case. */
static const char *const not_chat[] = {
	"embed", "bge-", "gte-", "m3e", "text2vec", "tao-8k", "rerank",
	"image", "flux", "stable-diffusion", "sdxl", "kolors", "wanx",
	"wan2", "cogview", "seedream", "seededit", "dall-e", "vilg", "irag",
	"hidream", "jimeng", "midjourney", "video", "t2v", "i2v", "seedance",
	"hailuo", "kling", "vidu", "sora-", "seaweed", "hunyuan3d", "3d-",
	"audio", "speech", "voice", "tts", "asr", "whisper", "paraformer",
	"music", "realtime", "livetranslate", "transcribe", "moderation",
	"guard", "similarity",
};

char *upstream_models_url(const char *base_url, size_t n)
{
	AUTO_FREE char *root = api_root(base_url, n);

	return root ? xasprintf("%s/models", root) : NULL;
}

void upstream_ask_models(struct request *request, const char *url)
{
	request_start(request, METHOD_GET, PEER_PROVIDER, url, "%s", "");
	request_header(request, "Authorization", "Bearer ",
		       SLOT_PROVIDER_KEY);
	request_header(request, "Accept", "application/json", SLOT_NONE);
}

enum failure upstream_judge_models(const struct answer *answer,
				   json_t **ret_models)
{
	const struct verdict_answer asked = upstream_verdict_answer(answer);

	return models_answer_read(&asked, ret_models);
}

bool upstream_is_chat_model(const char *name)
{
	for (size_t i = 0; i < COUNT(not_chat); i++)
		if (strcasestr(name, not_chat[i]))
			return false;
	return true;
}

json_t *upstream_chat_models(const json_t *models)
{
	json_t *chat = json_array();
	size_t i;
	json_t *model;

	json_array_foreach(models, i, model) {
		if (json_array_size(chat) == UPSTREAM_CHAT_MODELS_MAX)
			break;
		if (upstream_is_chat_model(json_string_value(model)))
			json_array_append(chat, model);
	}
	return chat;
}
