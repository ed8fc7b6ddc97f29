/* cmd_pack_api: packs that are installed, and what they know of providers. */
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "cli/api.h"
#include "cli/pack_diff.h"
#include "cli/pack_source.h"
#include "cli/words.h"
#include "shared/semver.h"
#include "shared/table.h"

#define BODY_MAX 1024

static const struct column pack_columns[] = {
	{ "PACK", "pack_id" },		{ "VERSION", "version" },
	{ "PROVIDERS", "providers" },	{ "SIGNED BY", "signed_by" },
	{ "INSTALLED", "installed_at" },
};

int cmd_pack_list(struct call *call, struct err *err)
{
	const char *const none[] = { NULL };
	json_auto_t *list = NULL;

	if (api_list(call, API_PACKS, none, 0, &list, err))
		return -1;
	return print_list(call->form, pack_columns, COUNT(pack_columns), list,
			  err);
}

static const struct column version_columns[] = {
	{ "VERSION", "version" },	{ "COUNTS", "active" },
	{ "BEFORE", "previous" },	{ "PROVIDERS", "providers" },
	{ "SIGNED BY", "signed_by" },	{ "INSTALLED", "installed_at" },
};

static const struct print_part pack_parts[] = {
	{ "versions", version_columns, COUNT(version_columns) },
	{ 0 }
};

static int print_pack(struct call *call, struct err *err)
{
	return print_object(call->form, call->reply.body, pack_parts, err);
}

int cmd_pack_show(struct call *call, struct err *err)
{
	AUTO_FREE char *path = NULL;

	if (api_path(&path, API_PACKS, call->args.words[0], "", err) ||
	    api_get(call, path, err))
		return -1;
	return print_pack(call, err);
}

static int check_version(const char *text, struct err *err)
{
	if (semver_is_valid(text))
		return 0;
	return err_set(err, ERR_INVALID, "'%s' is no version", text);
}

int cmd_pack_activate(struct call *call, struct err *err)
{
	CLEANUP(jout_done) struct jout body = { .text.max = BODY_MAX };
	AUTO_FREE char *path = NULL;

	if (check_version(call->args.words[1], err) ||
	    api_path(&path, API_PACKS, call->args.words[0], "/activate", err))
		return -1;
	jout_object(&body, NULL);
	jout_str(&body, "version", call->args.words[1]);
	jout_object_end(&body);
	if (api_post(call, path, &body, 0, err))
		return -1;
	return print_pack(call, err);
}

int cmd_pack_rollback(struct call *call, struct err *err)
{
	AUTO_FREE char *path = NULL;

	if (api_path(&path, API_PACKS, call->args.words[0], "/rollback", err) ||
	    api_post(call, path, NULL, 0, err))
		return -1;
	return print_pack(call, err);
}

static int version_path(char **ret, const char *pack_id, const char *version,
			struct err *err)
{
	AUTO_FREE char *rest = xasprintf("/versions/%s", version);

	if (check_version(version, err))
		return -1;
	return api_path(ret, API_PACKS, pack_id, rest, err);
}

int cmd_pack_remove(struct call *call, struct err *err)
{
	AUTO_FREE char *path = NULL;
	struct api_call gone = { .method = "DELETE" };

	if (version_path(&path, call->args.words[0], call->args.words[1],
			 err))
		return -1;
	gone.path = path;
	return client_call(call->client, &gone, &call->reply, err);
}

/* Comparing. */

static int read_installed(struct call *call, const char *word,
			  const char *at, json_t **ret, struct err *err)
{
	AUTO_FREE char *pack_id = xstrndup(word, (size_t)(at - word));
	AUTO_FREE char *path = NULL;

	if (version_path(&path, pack_id, at + 1, err) ||
	    api_get(call, path, err))
		return -1;
	*ret = json_incref(json_object_get(call->reply.body, "manifests"));
	return 0;
}

static int read_source(const char *word, json_t **ret, struct err *err)
{
	CLEANUP(pack_source_done) struct pack_source source = { 0 };

	if (pack_source_read(&source, word, err))
		return -1;
	*ret = json_array();
	for (size_t i = 0; i < source.pack.count; i++)
		json_array_append_new(*ret, json_loads(
			source.pack.providers[i].file->bytes, 0, NULL));
	return 0;
}

/* What is a file or folder is one, whatever its name. */
static int read_manifests(struct call *call, const char *word, json_t **ret,
			  struct err *err)
{
	const char *at = strrchr(word, '@');
	struct stat st;

	if (at && stat(word, &st) != 0)
		return read_installed(call, word, at, ret, err);
	return read_source(word, ret, err);
}

static const struct column diff_columns[] = {
	{ "PROVIDER", "provider_id" },	{ "WHAT", "what" },
	{ "MEMBER", "member" },		{ "BEFORE", "before" },
	{ "AFTER", "after" },
};

int cmd_pack_diff(struct call *call, struct err *err)
{
	json_auto_t *before = NULL;
	json_auto_t *after = NULL;
	json_auto_t *rows = NULL;

	if (read_manifests(call, call->args.words[0], &before, err) ||
	    read_manifests(call, call->args.words[1], &after, err))
		return -1;
	rows = pack_diff(before, after);
	return print_list(call->form, diff_columns, COUNT(diff_columns), rows,
			  err);
}

/* Providers. */

static const struct column provider_columns[] = {
	{ "PROVIDER", "provider_id" },	{ "NAME", "name" },
	{ "PLAN", "plan" },		{ "REGION", "region" },
	{ "STATUS", "status" },		{ "MODELS", "models" },
	{ "URL", "base_url" },		{ "PACK", "pack_id" },
};

static void add_names(json_t *list, const char *language)
{
	size_t i;
	json_t *row;

	json_array_foreach(list, i, row)
		json_object_set(row, "name", json_object_get(
			json_object_get(row, "display_name"), language));
}

int cmd_provider_list(struct call *call, struct err *err)
{
	CLEANUP(api_filters_done) struct api_filters filters = { 0 };
	const struct args *args = &call->args;
	json_auto_t *list = NULL;
	const char *language;

	api_filter(&filters, "pack_id", args_get(args, OPT_PACK));
	api_filter(&filters, "vendor", args_get(args, OPT_VENDOR));
	api_filter(&filters, "plan", args_get(args, OPT_PLAN));
	api_filter(&filters, "region", args_get(args, OPT_REGION));
	api_filter(&filters, "status", args_get(args, OPT_STATUS));
	api_filter(&filters, "q", args_get(args, OPT_QUERY));
	if (words_language(args, &language, err) ||
	    api_list(call, API_PROVIDERS, (const char *const *)filters.list,
		     0, &list, err))
		return -1;
	if (call->form == PRINT_TABLE)
		add_names(list, language);
	return print_list(call->form, provider_columns,
			  COUNT(provider_columns), list, err);
}

static const struct column model_columns[] = {
	{ "MODEL", "id" },		{ "CANONICAL", "canonical" },
	{ "STATUS", "status" },		{ "CONTEXT", "context" },
	{ "MAX OUTPUT", "max_output" },	{ "ALIASES", "aliases" },
	{ "REPLACEMENT", "replacement" },
};

static const struct print_part provider_parts[] = {
	{ "models", model_columns, COUNT(model_columns) },
	{ 0 }
};

/* What of a manifest people look for; JSON and YAML have all of it. */
static json_t *provider_view(const json_t *reply, const char *language)
{
	static const char *const ours[] = {
		"provider_id", "pack_id", "pack_version", "endpoint_key",
	};
	static const char *const members[] = {
		"vendor", "kind", "plan", "region", "status", "base_url",
		"alternate_base_urls", "key_prefixes", "key_url",
		"smoke_test_model", "families", "required_headers",
		"quirks", "models",
	};
	const json_t *manifest = json_object_get(reply, "manifest");
	json_t *view = json_object();

	for (size_t i = 0; i < COUNT(ours); i++)
		json_object_set(view, ours[i], json_object_get(reply, ours[i]));
	json_object_set(view, "name", json_object_get(json_object_get(manifest,
					"display_name"), language));
	for (size_t i = 0; i < COUNT(members); i++)
		json_object_set(view, members[i],
				json_object_get(manifest, members[i]));
	return view;
}

static int print_provider(struct call *call, struct err *err)
{
	json_auto_t *view = NULL;
	const char *language;

	if (words_language(&call->args, &language, err))
		return -1;
	if (call->form != PRINT_TABLE)
		return print_object(call->form, call->reply.body, NULL, err);
	view = provider_view(call->reply.body, language);
	return print_object(call->form, view, provider_parts, err);
}

int cmd_provider_show(struct call *call, struct err *err)
{
	AUTO_FREE char *path = NULL;
	AUTO_FREE char *pack = NULL;
	const char *pack_id = args_get(&call->args, OPT_PACK);
	const char *query[] = { NULL, NULL };
	struct api_call get = { .method = "GET", .query = query };

	if (api_path(&path, API_PROVIDERS, call->args.words[0], "", err))
		return -1;
	if (pack_id) {
		pack = xasprintf("pack_id=%s", pack_id);
		query[0] = pack;
	}
	get.path = path;
	if (client_call(call->client, &get, &call->reply, err))
		return -1;
	return print_provider(call, err);
}
