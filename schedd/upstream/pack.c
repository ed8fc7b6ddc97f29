#include "schedd/upstream/pack.h"

#include <string.h>

#include "schedd/upstream/root.h"
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
		AUTO_FREE char *root = upstream_root(base_url, n);

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

/* Where it stands on hosts of which nothing is documented. */
static const struct {
	bool below_host;	/* else beside chat */
	const char *path;
} places[] = {
	{ false, "/messages" },
	{ true,	 "/anthropic/v1/messages" },
};
_Static_assert(COUNT(places) <= UPSTREAM_MESSAGES_TRIES, "be frugal");

static size_t root_length(const char *chat_url)
{
	static const char tail[] = "/chat/completions";
	size_t len = strlen(chat_url), cut = sizeof(tail) - 1;

	return len > cut && strcmp(chat_url + len - cut, tail) == 0
		? len - cut : len;
}

static size_t host_length(const char *url)
{
	const char *host = strstr(url, "://");

	host = host ? host + 3 : url;
	return (size_t)(host - url) + strcspn(host, "/");
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
	len = places[n].below_host ? host_length(chat_url)
				   : root_length(chat_url);
	return xasprintf("%.*s%s", (int)len, chat_url, places[n].path);
}
