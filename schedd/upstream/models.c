#include "schedd/upstream/models.h"

#include <strings.h>

#include "schedd/judge.h"
#include "schedd/upstream/classify.h"
#include "schedd/upstream/root.h"
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

/* Words that a list gives for models that nobody can call any more. */
static const char *const withdrawn[] = { "shutdown", "retired", "offline" };

char *upstream_models_url(const char *base_url, size_t n)
{
	AUTO_FREE char *root = upstream_root(base_url, n);

	return root ? xasprintf("%s/models", root) : NULL;
}

void upstream_ask_models(struct request *request, const char *url)
{
	request_start(request, METHOD_GET, PEER_PROVIDER, url, "%s", "");
	request_header(request, "Authorization", "Bearer ",
		       SLOT_PROVIDER_KEY);
	request_header(request, "Accept", "application/json", SLOT_NONE);
}

/* {"data":[...]}, {"models":[...]}, or the array itself. */
static const json_t *list_in(const json_t *json)
{
	const json_t *list = json_object_get(json, "data");

	if (!json_is_array(list))
		list = json_object_get(json, "models");
	if (!json_is_array(list))
		list = json;
	return json_is_array(list) ? list : NULL;
}

static bool is_withdrawn(const json_t *model)
{
	const char *status = json_string_value(json_object_get(model,
							       "status"));

	for (size_t i = 0; status && i < COUNT(withdrawn); i++)
		if (strcasecmp(status, withdrawn[i]) == 0)
			return true;
	return false;
}

static const char *name_of(const json_t *model)
{
	const char *name = json_string_value(model);

	if (!name)
		name = json_string_value(json_object_get(model, "id"));
	if (!name)
		name = json_string_value(json_object_get(model, "name"));
	if (!name || *name == '\0' || strlen(name) > UPSTREAM_MODEL_NAME_MAX ||
	    is_withdrawn(model))
		return NULL;
	return name;
}

static json_t *read_names(const json_t *list)
{
	json_auto_t *seen = json_object();
	json_t *names = json_array();
	size_t i;
	const json_t *model;

	json_array_foreach(list, i, model) {
		const char *name = name_of(model);

		if (!name || json_object_get(seen, name))
			continue;
		if (json_array_size(names) == UPSTREAM_MODELS_MAX)
			break;
		json_object_set_new(seen, name, json_true());
		json_array_append_new(names, json_string(name));
	}
	return names;
}

/* No list under this path, in one of the ways to say so. */
static bool is_absent(const struct answer *answer)
{
	if (answer->status == 404 || answer->status == 405 ||
	    answer->status == 501)
		return true;
	return judge_is_html(answer) && answer->status < 500;
}

enum failure upstream_judge_models(const struct answer *answer,
				   json_t **ret_models)
{
	enum failure why = judge_delivery(answer);
	const json_t *list = list_in(answer->json);

	if (why != FAILURE_NONE)
		return why;
	if (judge_is_success(answer) && list) {
		*ret_models = read_names(list);
		return FAILURE_NONE;
	}
	if (is_absent(answer))
		return FAILURE_ENDPOINT_UNSUPPORTED;
	why = upstream_classify(answer, NULL);
	return why == FAILURE_INSPECT_BODY ? FAILURE_ENDPOINT_UNSUPPORTED
					   : why;
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

bool upstream_lists(const json_t *models, const char *name)
{
	size_t i;
	const json_t *model;

	json_array_foreach(models, i, model)
		if (strcmp(json_string_value(model), name) == 0)
			return true;
	return false;
}
