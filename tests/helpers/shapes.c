/*
 * shapes: what the decoder alone says of documents, for comparison with what
 * a JSON Schema says of them.
 *
 *	shapes pack|provider
 *
 * A document a line on standard input; for each a line, "good", or "bad" and
 * what is wrong first.
 */
#include <stdio.h>
#include <string.h>

#include "shared/manifest.h"

static void judge(const struct jdec_shape *shape, const json_t *document)
{
	static struct jdec_problems problems;

	problems.count = 0;
	if (jdec_check(document, "", shape, &problems))
		puts("good");
	else
		printf("bad %s %s\n", problems.list[0].field,
		       problems.list[0].why);
}

int main(int argc, char *argv[])
{
	const struct jdec_shape *shape =
		argc > 1 && strcmp(argv[1], "pack") == 0
		? &manifest_pack_shape : &manifest_provider_shape;
	char *line = NULL;
	size_t size = 0;

	while (getline(&line, &size, stdin) > 0) {
		json_t *document = json_loads(line, JSON_DECODE_ANY, NULL);

		judge(shape, document);
		json_decref(document);
	}
	free(line);
	return 0;
}
