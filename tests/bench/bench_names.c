/*
 * bench_names: what resolving names costs beside their NFKC alone.
 *
 *	bench_names nfkc|resolve COUNT <NAMES
 *
 * The names, one a line, are taken in turns until COUNT are done.  nfkc only
 * brings each into that form, resolve finds it in a list of a provider: the
 * names of the input that are canonical, so that some are there and some are
 * not.  Prints the microseconds, and how many were found.
 */
#include <stdio.h>
#include <string.h>

#include <uninorm.h>

#include "shared/clock.h"
#include "shared/model_names.h"
#include "shared/own.h"

#define NAMES_MAX 4096

struct names {
	char *text[NAMES_MAX];
	size_t len[NAMES_MAX];
	size_t count;
};

static void read_names(struct names *names)
{
	char line[1024];

	while (names->count < NAMES_MAX && fgets(line, sizeof(line), stdin)) {
		size_t len = strcspn(line, "\n");

		names->text[names->count] = xstrndup(line, len);
		names->len[names->count++] = len;
	}
}

static size_t nfkc_all(const struct names *names, size_t count)
{
	size_t bytes = 0;

	for (size_t i = 0; i < count; i++) {
		size_t at = i % names->count;
		uint8_t room[256];
		size_t len = sizeof(room);
		uint8_t *text = u8_normalize(UNINORM_NFKC,
			(const uint8_t *)names->text[at], names->len[at], room,
			&len);

		bytes += len;
		if (text != room)
			free(text);
	}
	return bytes;
}

static struct model_names *make_list(const struct names *names,
				     json_t *listed)
{
	for (size_t i = 0; i < names->count; i++)
		if (model_known_by_name(names->text[i]))
			json_array_append_new(listed,
					      json_string(names->text[i]));
	return model_names_new(NULL, listed);
}

static size_t resolve_all(const struct names *names,
			  const struct model_names *index, size_t count)
{
	struct model_result result;
	size_t found = 0;

	for (size_t i = 0; i < count; i++) {
		size_t at = i % names->count;

		model_names_resolve(index, names->text[at], names->len[at],
				    &result);
		found += result.wire != NULL;
	}
	return found;
}

int main(int argc, char *argv[])
{
	CLEANUP(model_names_free) struct model_names *index = NULL;
	json_auto_t *listed = json_array();
	struct names *names = xcalloc(1, sizeof(*names));
	size_t count = argc == 3 ? strtoul(argv[2], NULL, 10) : 0;
	size_t found;
	int64_t began;

	read_names(names);
	if (count == 0 || names->count == 0) {
		fputs("usage: bench_names nfkc|resolve COUNT <NAMES\n",
		      stderr);
		return 2;
	}
	index = make_list(names, listed);
	began = clock_mono_us();
	found = strcmp(argv[1], "nfkc") == 0
		? nfkc_all(names, count) : resolve_all(names, index, count);
	printf("%lld %zu\n", (long long)(clock_mono_us() - began), found);
	for (size_t i = 0; i < names->count; i++)
		free(names->text[i]);
	free(names);
	return 0;
}
