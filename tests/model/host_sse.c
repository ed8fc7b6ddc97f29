#include "tests/model/host_sse.h"

#include <string.h>

json_t *host_sse_next(const char **at, bool *ret_done)
{
	while (**at) {
		const char *line = *at;
		size_t len = strcspn(line, "\n");
		size_t skip = 5;
		json_t *data;

		*at = line + len + (line[len] == '\n');
		if (strncmp(line, "data:", 5) != 0)
			continue;
		while (skip < len && line[skip] == ' ')
			skip++;
		if (strncmp(line + skip, "[DONE]", 6) == 0) {
			*ret_done = true;
			continue;
		}
		data = json_loadb(line + skip, len - skip, 0, NULL);
		if (data)
			return data;
	}
	return NULL;
}

void host_sse_add(struct buf *out, const char *type, json_t *data)
{
	AUTO_FREE char *text = json_dumps(data, JSON_COMPACT);

	if (type)
		buf_addf(out, "event: %s\n", type);
	buf_addf(out, "data: %s\n\n", text);
	json_decref(data);
}
