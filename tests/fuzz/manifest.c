/*
 * manifest: whatever a provider's document or pack.json holds, it is read or
 * told with a line that is in it.
 *
 * If the first byte is odd the rest is pack.json, else a provider's file.
 */
#include <assert.h>
#include <stdint.h>
#include <string.h>

#include "shared/pack.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char good_pack[] =
	"{\"pack_id\":\"p\",\"version\":\"1.0.0\","
	"\"name\":{\"zh\":\"a\",\"en\":\"b\"}}";
static const char good_provider[] =
	"{\"provider_id\":\"a\",\"vendor\":\"v\",\"kind\":\"relay\","
	"\"plan\":\"payg\",\"region\":\"cn\",\"status\":\"current\","
	"\"display_name\":{\"zh\":\"a\",\"en\":\"b\"},"
	"\"base_url\":\"https://a.example.com\",\"families\":{"
	"\"chat\":\"yes\",\"responses\":\"no\",\"messages\":\"no\","
	"\"models\":\"yes\"},\"models\":[]}";

static int lines_of(const uint8_t *data, size_t size)
{
	int n = 1;

	for (size_t i = 0; i < size; i++)
		n += data[i] == '\n';
	return n;
}

static void check_problems(const struct pack_problems *problems, int lines)
{
	assert(problems->count > 0);
	for (size_t i = 0; i < problems->count && i < PACK_PROBLEMS_MAX; i++) {
		const struct pack_problem *p = &problems->list[i];
		AUTO_FREE char *line = pack_sentence(p);

		assert(*line && *p->why && p->line <= lines);
	}
}

static void add(struct bundle *files, const char *path, const void *data,
		size_t size)
{
	struct err err;

	if (bundle_add(files, path, data, size, &err))
		assert(0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct pack_problems problems;
	CLEANUP(bundle_done) struct bundle files = { 0 };
	CLEANUP(pack_done) struct pack pack = { 0 };
	struct err err;
	bool is_pack = size > 0 && data[0] & 1;

	if (size < 1)
		return 0;
	problems.count = 0;
	if (is_pack) {
		add(&files, PACK_FILE, data + 1, size - 1);
		add(&files, "providers/a.json", good_provider,
		    sizeof(good_provider) - 1);
	} else {
		add(&files, PACK_FILE, good_pack, sizeof(good_pack) - 1);
		add(&files, "providers/a.json", data + 1, size - 1);
	}
	if (bundle_sort(&files, &err))
		assert(0);
	if (pack_read(&files, false, &pack, &problems))
		pack_add_checksums(&files, &pack);
	else
		check_problems(&problems, lines_of(data + 1, size - 1));
	return 0;
}
