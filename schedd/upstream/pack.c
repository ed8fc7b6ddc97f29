#include "schedd/upstream/pack.h"

#include <string.h>

#include "shared/api_root.h"
#include "shared/table.h"

/* Of the build: scripts/embed-text.sh. */
extern const char pack_endpoints_tsv[];

enum column { COLUMN_URL, COLUMN_LIST, COLUMN_MESSAGES, COLUMN_MODELS,
	      COLUMN__MAX };

/* A line of the table; columns are not ended by a NUL. */
struct endpoint_line {
	const char *at[COLUMN__MAX];
	size_t len[COLUMN__MAX];
};

static void split(const char *line, struct endpoint_line *ret)
{
	for (size_t i = 0; i < COLUMN__MAX; i++) {
		ret->at[i] = line;
		ret->len[i] = strcspn(line, "\t\n");
		line += ret->len[i] + (line[ret->len[i]] == '\t');
	}
}

static bool is(const struct endpoint_line *line, enum column column,
	       const char *text)
{
	return strlen(text) == line->len[column] &&
	       strncmp(line->at[column], text, line->len[column]) == 0;
}

/* The line's URL, or that and /v1. */
static bool is_about(const struct endpoint_line *line, const char *url)
{
	size_t len = line->len[COLUMN_URL];

	return strncmp(url, line->at[COLUMN_URL], len) == 0 &&
	       (url[len] == '\0' || strcmp(url + len, "/v1") == 0);
}

static bool find_url(const char *url, struct endpoint_line *ret)
{
	const char *line = pack_endpoints_tsv;

	for (; *line; line += strcspn(line, "\n") + 1) {
		if (*line == '#')
			continue;
		split(line, ret);
		if (is_about(ret, url))
			return true;
	}
	return false;
}

/* By any of the forms that the base URL may stand for. */
static bool find(const char *base_url, struct endpoint_line *ret)
{
	bool found = find_url(base_url, ret);

	for (size_t n = 0; n < 2 && !found; n++) {
		AUTO_FREE char *root = api_root(base_url, n);

		found = root && find_url(root, ret);
	}
	return found;
}

json_t *upstream_static_models(const char *base_url)
{
	struct endpoint_line line;
	json_t *models;

	if (!find(base_url, &line) || is(&line, COLUMN_MODELS, "-"))
		return NULL;
	models = json_array();
	for (size_t at = 0; at < line.len[COLUMN_MODELS];) {
		const char *name = line.at[COLUMN_MODELS] + at;
		size_t len = strcspn(name, ",\t\n");

		json_array_append_new(models, json_stringn(name, len));
		at += len + 1;
	}
	return models;
}

bool upstream_list_is_absent(const char *base_url)
{
	struct endpoint_line line;

	return find(base_url, &line) && is(&line, COLUMN_LIST, "absent");
}

bool upstream_list_is_public(const char *base_url)
{
	struct endpoint_line line;

	return find(base_url, &line) && is(&line, COLUMN_LIST, "public");
}

bool upstream_messages_documented(const char *base_url)
{
	struct endpoint_line line;

	return find(base_url, &line) && !is(&line, COLUMN_MESSAGES, "-");
}

/* Where it stands where nothing is documented. */
static const struct {
	bool beside_version;	/* else beside chat */
	const char *path;
} places[] = {
	{ false, "/messages" },
	{ true,	 "/anthropic/v1/messages" },
};
_Static_assert(COUNT(places) <= UPSTREAM_MESSAGES_TRIES, "be frugal");

static size_t without(const char *url, size_t len, const char *tail)
{
	size_t cut = strlen(tail);

	return len > cut && strncmp(url + len - cut, tail, cut) == 0
		? len - cut : len;
}

/* "https://h/x/v1" and "https://h/x/openai/v1" are both "https://h/x". */
static size_t prefix_length(const char *url, size_t root)
{
	size_t len = root;

	while (len > 0 && url[len - 1] != '/')
		len--;
	/* The last segment, if it is a version, and not the host's name. */
	if (len > 1 && url[len - 2] != '/' && url[len] == 'v' &&
	    url[len + 1] >= '0' && url[len + 1] <= '9')
		root = len - 1;
	return without(url, root, "/openai");
}

char *upstream_messages_url(const char *base_url, const char *chat_url,
			    size_t n)
{
	struct endpoint_line line;
	size_t len;

	if (find(base_url, &line) && !is(&line, COLUMN_MESSAGES, "-"))
		return n > 0 ? NULL : xstrndup(line.at[COLUMN_MESSAGES],
					       line.len[COLUMN_MESSAGES]);
	if (n >= COUNT(places))
		return NULL;
	len = without(chat_url, strlen(chat_url), "/chat/completions");
	if (places[n].beside_version)
		len = prefix_length(chat_url, len);
	return xasprintf("%.*s%s", (int)len, chat_url, places[n].path);
}
