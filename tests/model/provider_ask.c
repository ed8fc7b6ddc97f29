#include "tests/model/provider_ask.h"

#include <ctype.h>
#include <string.h>
#include <strings.h>

#include "shared/table.h"

static const struct {
	const char *suffix;
	enum provider_path path;
} suffixes[] = {
	{ "/chat/completions",		PROVIDER_CHAT },
	{ "/responses",			PROVIDER_RESPONSES },
	{ "/responses/compact",		PROVIDER_RESPONSES_PART },
	{ "/responses/input_tokens",	PROVIDER_RESPONSES_PART },
	{ "/models",			PROVIDER_MODELS },
	{ "/embeddings",		PROVIDER_EMBEDDINGS },
	{ "/messages",			PROVIDER_MESSAGES },
	{ "/messages/count_tokens",	PROVIDER_COUNT_TOKENS },
};

static const char *const methods[] = {
	[PROVIDER_CHAT]			= "POST",
	[PROVIDER_RESPONSES]		= "POST",
	[PROVIDER_RESPONSES_PART]	= "POST",
	[PROVIDER_MODELS]		= "GET",
	[PROVIDER_MODEL]		= "GET",
	[PROVIDER_EMBEDDINGS]		= "POST",
	[PROVIDER_MESSAGES]		= "POST",
	[PROVIDER_COUNT_TOKENS]		= "POST",
	[PROVIDER_BALANCE]		= "GET",
	[PROVIDER_OTHER]		= NULL,
};
_Static_assert(COUNT(methods) == PROVIDER_PATH__MAX, "a method per path");

/* "v1", "v4", "v1beta" */
static bool is_version(const char *segment, size_t len)
{
	return len >= 2 && segment[0] == 'v' &&
	       isdigit((unsigned char)segment[1]);
}

/* Real providers do not answer under a base that was joined wrongly. */
static bool is_base(const char *path, size_t len)
{
	int versions = 0;

	for (size_t at = 0; at < len;) {
		size_t end = at + 1;

		while (end < len && path[end] != '/')
			end++;
		versions += is_version(path + at + 1, end - at - 1);
		at = end;
	}
	return versions <= 1 && !memmem(path, len, "/chat/completions", 17);
}

static enum provider_path path_below_models(const char *path, size_t len,
					    const char **ret_id)
{
	const char *models = memmem(path, len, "/models/", 8);

	if (!models || !is_base(path, (size_t)(models - path)))
		return PROVIDER_OTHER;
	*ret_id = models + 8;
	return PROVIDER_MODEL;
}

/* The path of a target, which may be a URL, without what follows it. */
static const char *path_in(const char *target, size_t *ret_len)
{
	const char *scheme = strstr(target, "://");
	const char *path = scheme ? strchrnul(scheme + 3, '/') : target;
	size_t len = strcspn(path, "?#");

	while (len > 0 && path[len - 1] == '/')
		len--;
	*ret_len = len;
	return path;
}

bool provider_path_vendor(const char *target, enum provider_vendor *ret)
{
	size_t len, tail;
	const char *path = path_in(target, &len);

	return provider_balance_path(path, len, ret, &tail) &&
	       is_base(path, len - tail);
}

enum provider_path provider_path_of(const char *target, const char **ret_id)
{
	enum provider_vendor vendor;
	size_t len;
	const char *path = path_in(target, &len);

	if (provider_path_vendor(target, &vendor))
		return PROVIDER_BALANCE;
	for (size_t i = 0; i < COUNT(suffixes); i++) {
		size_t tail = strlen(suffixes[i].suffix);

		if (len >= tail && is_base(path, len - tail) &&
		    memcmp(path + len - tail, suffixes[i].suffix, tail) == 0)
			return suffixes[i].path;
	}
	return path_below_models(path, len, ret_id);
}

const char *provider_path_method(enum provider_path path)
{
	return methods[path];
}

char *provider_plain(const char *text, size_t len)
{
	char *plain = xstrndup(text, len);

	for (char *c = plain; *c; c++) {
		if (*c < ' ' || *c > '~')
			*c = '?';
	}
	return plain;
}

bool provider_turn(json_t *turns, const struct model_request *request)
{
	AUTO_FREE char *key = provider_key_of(request);
	bool second = json_is_true(json_object_get(turns, key));

	json_object_set_new(turns, key, json_boolean(!second));
	return second;
}

char *provider_key_of(const struct model_request *request)
{
	const char *value = model_request_header(request, "Authorization");

	const char *other = model_request_header(request, "x-api-key");

	if (!value && other)
		return provider_plain(other, strlen(other));
	if (!value || strncasecmp(value, "Bearer ", 7) != 0)
		return xstrdup("");
	value += 7;
	value += strspn(value, " ");
	return provider_plain(value, strlen(value));
}

static bool is_nonce_char(char c)
{
	return isalnum((unsigned char)c) || c == '-' || c == '_';
}

/*
 * The last word that has a digit and four or more characters, or that
 * follows "ping": people do not write such words by chance.
 */
static char *nonce_of(const char *text)
{
	const char *found = NULL;
	size_t found_len = 0;
	bool after_ping = false;

	for (const char *word = text; *word;) {
		size_t len = 0;
		bool digit = false;

		for (; is_nonce_char(word[len]); len++)
			digit |= isdigit((unsigned char)word[len]) != 0;
		if (len >= 4 && (digit || after_ping)) {
			found = word;
			found_len = len;
		}
		if (len > 0)
			after_ping = len == 4 &&
				     strncasecmp(word, "ping", 4) == 0;
		word += len > 0 ? len : 1;
	}
	return found ? xstrndup(found, found_len) : NULL;
}

/* The text of a message, given as a string or as a list of parts. */
static const char *text_of(const json_t *content)
{
	const json_t *part;
	size_t i;

	if (json_is_string(content))
		return json_string_value(content);
	json_array_foreach(content, i, part) {
		const char *text = json_string_value(json_object_get(part,
								     "text"));

		if (text)
			return text;
	}
	return NULL;
}

static bool is_user(const json_t *message)
{
	const char *role = json_string_value(json_object_get(message, "role"));

	return role && strcmp(role, "user") == 0;
}

static bool is_tool_result(const json_t *message)
{
	const char *role = json_string_value(json_object_get(message, "role"));
	const char *type = json_string_value(json_object_get(message, "type"));

	return (role && strcmp(role, "tool") == 0) ||
	       (type && strcmp(type, "function_call_output") == 0);
}

/* A value that a parameter of this schema accepts. */
static json_t *sample_of(const json_t *schema)
{
	const json_t *choices = json_object_get(schema, "enum");
	const json_t *first = json_array_get(choices, 0);
	const char *type = json_string_value(json_object_get(schema, "type"));

	if (first)
		return json_deep_copy(first);
	if (!type || strcmp(type, "string") == 0)
		return json_string("Paris");
	if (strcmp(type, "boolean") == 0)
		return json_true();
	if (strcmp(type, "integer") == 0 || strcmp(type, "number") == 0)
		return json_integer(1);
	if (strcmp(type, "array") == 0)
		return json_array();
	return json_object();
}

static char *arguments_for(const json_t *parameters)
{
	const json_t *schema = NULL;
	json_auto_t *arguments = json_object();
	json_t *properties = json_object_get(parameters, "properties");
	const char *name;

	json_object_foreach(properties, name, schema)
		json_object_set_new(arguments, name, sample_of(schema));
	return json_dumps(arguments, JSON_COMPACT | JSON_ENSURE_ASCII);
}

/* /messages calls the form of the arguments by another name. */
static const json_t *parameters_of(const json_t *function)
{
	const json_t *schema = json_object_get(function, "parameters");

	return schema ? schema : json_object_get(function, "input_schema");
}

/* chat wraps a function in {"type","function":{}}, /responses does not. */
static const json_t *function_of(const json_t *tool)
{
	const json_t *inner = json_object_get(tool, "function");

	return inner ? inner : tool;
}

static const char *name_of(const json_t *function)
{
	return json_string_value(json_object_get(function, "name"));
}

static void read_tool(struct provider_ask *ask)
{
	const json_t *choice = json_object_get(ask->body, "tool_choice");
	const char *word = json_string_value(choice);
	const char *wanted = name_of(function_of(choice));
	const json_t *tool;
	size_t i;

	if (word && strcmp(word, "none") == 0)
		return;
	json_array_foreach(json_object_get(ask->body, "tools"), i, tool) {
		const json_t *function = function_of(tool);
		const char *name = name_of(function);

		if (!name || (wanted && strcmp(name, wanted) != 0))
			continue;
		ask->tool = name;
		ask->tool_arguments = arguments_for(
			parameters_of(function));
		return;
	}
}

static void read_messages(struct provider_ask *ask)
{
	const json_t *messages = json_object_get(ask->body, "messages");
	const char *said = NULL;
	size_t count;

	if (!messages)
		messages = json_object_get(ask->body, "input");
	count = json_array_size(messages);
	if (json_is_string(messages))
		said = json_string_value(messages);
	for (size_t i = count; i > 0 && !said; i--) {
		const json_t *message = json_array_get(messages, i - 1);

		if (is_user(message))
			said = text_of(json_object_get(message, "content"));
	}
	ask->nonce = said ? nonce_of(said) : NULL;
	if (count == 0 || !is_tool_result(json_array_get(messages, count - 1)))
		read_tool(ask);
}

static int64_t max_tokens_of(const json_t *body)
{
	static const char *const names[] = {
		"max_tokens", "max_completion_tokens", "max_output_tokens",
	};

	for (size_t i = 0; i < COUNT(names); i++) {
		int64_t value = json_integer_value(json_object_get(body,
								   names[i]));

		if (value > 0)
			return value;
	}
	return 0;
}

static bool wants_json(const json_t *body)
{
	const json_t *format = json_object_get(body, "response_format");
	const char *type;

	if (!format)
		format = json_object_get(json_object_get(body, "text"),
					 "format");
	type = json_string_value(json_object_get(format, "type"));
	return type && strncmp(type, "json", 4) == 0;
}

void provider_ask_read(struct provider_ask *ask,
		       const struct model_request *request)
{
	const json_t *options;

	*ask = (struct provider_ask){ 0 };
	ask->body = json_loadb(request->body, request->body_len, 0, NULL);
	if (!json_is_object(ask->body)) {
		json_decref(ask->body);
		ask->body = NULL;
		return;
	}
	ask->model = json_string_value(json_object_get(ask->body, "model"));
	ask->stream = json_is_true(json_object_get(ask->body, "stream"));
	options = json_object_get(ask->body, "stream_options");
	ask->stream_usage = json_is_true(json_object_get(options,
							 "include_usage"));
	ask->wants_json = wants_json(ask->body);
	ask->max_tokens = max_tokens_of(ask->body);
	/* About what tokenizers make of JSON; only its growth matters. */
	ask->prompt_tokens = 4 + (int64_t)(request->body_len / 16);
	read_messages(ask);
}

void provider_ask_done(struct provider_ask *ask)
{
	json_decref(ask->body);
	free(ask->nonce);
	free(ask->tool_arguments);
	*ask = (struct provider_ask){ 0 };
}
