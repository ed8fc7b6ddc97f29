/*
 * model_name: whatever is asked for among whatever is listed, a result comes,
 * and it is one that holds.
 *
 * The first byte chooses the endpoint; then lines: the name, and what is
 * listed.
 */
#include <assert.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "shared/model_say.h"
#include "shared/own.h"

#define LISTED_MAX 40
#define TEXT_MAX 4096

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char *const endpoints[] = {
	NULL, "deepseek", "kimi-coding", "spark-v1", "volcengine-payg",
	"tokenhub-cn", "openrouter", "moonshot-cn", "zhipu-cn",
};

/* Text of no UTF-8 cannot stand in a list; it can be asked for. */
static json_t *read_list(const char *at, const char *end)
{
	json_t *list = json_array();

	while (at < end && json_array_size(list) < LISTED_MAX) {
		const char *stop = memchr(at, '\n', (size_t)(end - at));
		size_t len = (size_t)((stop ? stop : end) - at);

		json_array_append_new(list, json_stringn(at, len));
		at += len + 1;
	}
	return list;
}

static void check_canonical(const struct model_result *result)
{
	static struct model_names *nowhere;
	struct model_result again;

	if (!result->canonical || !model_known_by_name(result->canonical))
		return;
	if (!nowhere)
		nowhere = model_names_new(NULL, NULL);
	model_names_resolve(nowhere, result->canonical,
			    strlen(result->canonical), &again);
	assert(again.canonical);
	assert(strcmp(again.canonical, result->canonical) == 0);
}

static void check_result(const struct model_names *names, const char *name,
			 size_t len, const struct model_result *result)
{
	CLEANUP(jout_done) struct jout out = { .text.max = 1 << 20 };
	json_auto_t *json = NULL;

	assert(result->state < MODEL_STATE__MAX);
	if (result->state == MODEL_RESOLVED || result->state == MODEL_CORRECTED)
		assert(result->wire && *result->wire);
	if (result->state == MODEL_AMBIGUOUS)
		assert(!result->wire && !result->canonical);
	assert((result->state == MODEL_RETIRED) == (result->retired != NULL));
	model_result_write(&out, NULL, names, name, len, result);
	json = json_loads(buf_str(&out.text), JSON_ALLOW_NUL, NULL);
	assert(json_is_object(json));
	assert(json_array_size(json_object_get(json, "candidates")) <=
	       MODEL_CANDIDATES_MAX);
	check_canonical(result);
}

static void check_again(const struct model_names *names, const char *name,
			size_t len, const struct model_result *first)
{
	struct model_result again;
	char text[TEXT_MAX];

	model_names_resolve(names, name, len, &again);
	assert(again.state == first->state);
	/* Blanks around it change nothing. */
	if (len + 2 > sizeof(text))
		return;
	text[0] = ' ';
	memcpy(text + 1, name, len);
	text[len + 1] = '\t';
	model_names_resolve(names, text, len + 2, &again);
	assert(again.state == first->state);
	assert(!again.wire == !first->wire);
	assert(!again.wire || strcmp(again.wire, first->wire) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	CLEANUP(model_names_free) struct model_names *names = NULL;
	const char *id, *name = (const char *)data + 1, *stop;
	json_auto_t *list = NULL;
	struct model_result result;
	size_t len;

	if (size < 2)
		return 0;
	id = endpoints[data[0] % COUNT(endpoints)];
	stop = memchr(name, '\n', size - 1);
	len = stop ? (size_t)(stop - name) : size - 1;
	list = stop ? read_list(stop + 1, (const char *)data + size) : NULL;
	names = model_names_new(id ? model_endpoint_find(id) : NULL, list);
	model_names_resolve(names, name, len, &result);
	check_result(names, name, len, &result);
	check_again(names, name, len, &result);
	return 0;
}
