#include "schedd/upstream/families.h"

#include <string.h>
#include <strings.h>

#include "shared/table.h"

/* How names begin, once their vendor's prefix is gone. */
static const struct {
	const char *family;
	const char *prefix;
} prefixes[] = {
	{ "deepseek", "deepseek" },
	{ "minimax",  "minimax" },
	{ "minimax",  "abab" },
	{ "kimi",     "kimi" },
	{ "kimi",     "moonshot" },
	{ "glm",      "glm" },
	{ "glm",      "chatglm" },
	{ "qwen",     "qwen" },
	{ "qwen",     "qwq" },
	{ "qwen",     "qvq" },
	{ "step",     "step-" },
	{ "doubao",   "doubao" },
	{ "doubao",   "seed-" },
	{ "ernie",    "ernie" },
	{ "hunyuan",  "hunyuan" },
	{ "hunyuan",  "hy3" },
	{ "mimo",     "mimo" },
	{ "mimo",     "xiaomi-mimo" },
	{ "spark",    "spark" },
	{ "baichuan", "baichuan" },
	{ "yi",       "yi-" },
	{ "longcat",  "longcat" },
	{ "ling",     "ling-" },
	{ "ling",     "ring-" },
	{ "internlm", "intern" },
	{ "gpt",      "gpt-" },
	{ "claude",   "claude" },
	{ "gemini",   "gemini" },
	{ "llama",    "llama" },
};

const char *upstream_family(const char *model)
{
	const char *slash = strrchr(model, '/');
	const char *name = slash ? slash + 1 : model;

	for (size_t i = 0; i < COUNT(prefixes); i++)
		if (strncasecmp(name, prefixes[i].prefix,
				strlen(prefixes[i].prefix)) == 0)
			return prefixes[i].family;
	return NULL;
}

static bool holds(const json_t *families, const char *family)
{
	size_t i;
	const json_t *value;

	json_array_foreach(families, i, value)
		if (strcmp(json_string_value(value), family) == 0)
			return true;
	return false;
}

json_t *upstream_families(const json_t *models)
{
	json_t *families = json_array();
	size_t i;
	const json_t *model;

	json_array_foreach(models, i, model) {
		const char *family = upstream_family(json_string_value(model));

		if (family && !holds(families, family))
			json_array_append_new(families, json_string(family));
	}
	return families;
}
