/* cmd_endpoint: the way to a provider's endpoint, and its limits. */
#include <string.h>

#include "cli/api.h"
#include "cli/host_body.h"
#include "cli/words.h"
#include "shared/endpoint.h"
#include "shared/table.h"

/*
 * A provider of a pack goes by another id than its endpoint.  What is no such
 * either is refused: a pause of it would pause nothing, and say that it did.
 */
static int path_of_provider(struct call *call, char **ret, const char *word,
			    const char *rest, struct err *err)
{
	AUTO_FREE char *key = NULL;
	AUTO_FREE char *path = NULL;

	if (api_path(&path, API_PROVIDERS, word, "", err))
		return -1;
	if (api_get(call, path, err))
		return err->kind != ERR_NOT_FOUND ? -1
			: err_set(err, ERR_NOT_FOUND, "'%s' is no base URL, "
				  "no PROVIDER of `crmctl item list`, and no "
				  "provider of a pack", word);
	key = xstrdup(api_text(call->reply.body, "endpoint_key"));
	return api_path(ret, API_ENDPOINTS, key, rest, err);
}

/*
 * *ret is the path of the endpoint that the first word names, as a URL, a key
 * or a provider of a pack, and `rest` behind it.
 */
static int endpoint_path(struct call *call, char **ret, const char *rest,
			 struct err *err)
{
	const char *word = call->args.words[0];
	AUTO_FREE char *url = NULL;
	char key[ENDPOINT_KEY_MAX];

	if (endpoint_is_key(word))
		return api_path(ret, API_ENDPOINTS, word, rest, err);
	if (!strstr(word, "://"))
		return path_of_provider(call, ret, word, rest, err);
	if (endpoint_normalise(word, &url, err))
		return -1;
	endpoint_key(url, key);
	return api_path(ret, API_ENDPOINTS, key, rest, err);
}

static int print(struct call *call, struct err *err)
{
	json_auto_t *view = NULL;
	const char *language;

	if (words_language(&call->args, &language, err))
		return -1;
	if (call->form != PRINT_TABLE)
		return print_object(call->form, call->reply.body, NULL, err);
	view = words_view(call->reply.body, language);
	return print_object(call->form, view, NULL, err);
}

int cmd_endpoint_show(struct call *call, struct err *err)
{
	AUTO_FREE char *path = NULL;

	if (endpoint_path(call, &path, "", err) ||
	    api_get(call, path, err))
		return -1;
	return print(call, err);
}

/* What is set already, and the options that say otherwise. */
static const struct {
	const char *member;
	enum opt gives, takes;
} kept[] = {
	{ "proxy",		 OPT_PROXY_FILE,  OPT_NO_PROXY },
	{ "concurrency",	 OPT_CONCURRENCY, OPT_CONCURRENCY },
	{ "requests_per_minute", OPT_RATE,	  OPT_RATE },
};

/*
 * All that is said of an endpoint is put at once, so what stays is sent with
 * what changes.  The certificates are not shown, so they cannot be.
 */
static int write_kept(struct jout *body, const struct call *call,
		      struct err *err)
{
	const struct args *args = &call->args;
	const json_t *now = call->reply.body;

	for (size_t i = 0; i < COUNT(kept); i++) {
		const json_t *value = json_object_get(now, kept[i].member);

		if (value && !json_is_null(value) &&
		    !args_has(args, kept[i].gives) &&
		    !args_has(args, kept[i].takes))
			jout_json(body, kept[i].member, value);
	}
	if (json_is_true(json_object_get(now, "has_ca")) &&
	    !args_has(args, OPT_PEER_CA_FILE) && !args_has(args, OPT_NO_CA))
		return args_refuse(err, "this provider has certificates of its"
				   " own: give them again by --ca-file, or "
				   "take them away by --no-ca");
	return 0;
}

int cmd_endpoint_set(struct call *call, struct err *err)
{
	CLEANUP(host_body_done) struct jout body = {
		.text.max = HOST_BODY_MAX
	};
	AUTO_FREE char *path = NULL;

	if (endpoint_path(call, &path, "", err) ||
	    api_get(call, path, err))
		return -1;
	jout_object(&body, NULL);
	if (write_kept(&body, call, err) ||
	    host_body_members(&body, &call->args, err))
		return -1;
	jout_object_end(&body);
	if (api_put(call, path, &body, err))
		return -1;
	return print(call, err);
}

static int say(struct call *call, const char *verb, struct err *err)
{
	AUTO_FREE char *path = NULL;

	if (endpoint_path(call, &path, verb, err) ||
	    api_post(call, path, NULL, 0, err))
		return -1;
	return print(call, err);
}

int cmd_endpoint_pause(struct call *call, struct err *err)
{
	return say(call, "/pause", err);
}

int cmd_endpoint_resume(struct call *call, struct err *err)
{
	return say(call, "/resume", err);
}
