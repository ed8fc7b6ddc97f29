#include "cli/context.h"

#include <stdint.h>
#include <unistd.h>

#include "cli/exits.h"
#include "cli/secret.h"
#include "shared/cfg.h"
#include "shared/table.h"

struct file {
	char *url;
	char *token_file;
	char *ca_file;
};

static const struct cfg_field fields[] = {
	{ "url", CFG_TYPE_STRING, offsetof(struct file, url), "", 0, 0, 0,
	  "CRM_URL", "Address of the API" },
	{ "token_file", CFG_TYPE_STRING, offsetof(struct file, token_file),
	  "", 0, 0, 0, "CRM_TOKEN_FILE", "File that holds the API token" },
	{ "ca_file", CFG_TYPE_STRING, offsetof(struct file, ca_file), "", 0,
	  0, 0, "CRM_CA_FILE", "Certificates to trust" },
};

static void file_done(struct file *file)
{
	cfg_done(fields, COUNT(fields), file);
}

/* Where the file is, or NULL if there is none. */
static char *default_path(void)
{
	const char *folder = getenv("XDG_CONFIG_HOME");
	const char *home = getenv("HOME");
	AUTO_FREE char *path = NULL;

	if (folder && *folder)
		path = xasprintf("%s/crm/config", folder);
	else if (home && *home)
		path = xasprintf("%s/.config/crm/config", home);
	return path && access(path, F_OK) == 0 ? TAKE(path) : NULL;
}

static int read_file(struct file *ret, const struct args *args,
		     struct err *err)
{
	const char *given = args_get(args, OPT_CONTEXT);
	AUTO_FREE char *path = given ? xstrdup(given) : default_path();

	if (cfg_read(fields, COUNT(fields), path, ret, err))
		return err_code(err, EXITS_CODE_USAGE);
	if (args_has(args, OPT_URL))
		own_set(&ret->url, args_get(args, OPT_URL));
	if (args_has(args, OPT_CA_FILE))
		own_set(&ret->ca_file, args_get(args, OPT_CA_FILE));
	return 0;
}

static int read_token(struct context *ret, const struct file *file,
		      const struct args *args, struct err *err)
{
	const char *given = args_get(args, OPT_TOKEN_FILE);
	const char *token = getenv("CRM_TOKEN");

	if (given)
		return secret_read(given, "the API token", &ret->token, err);
	if (token && *token)
		own_set(&ret->token, token);
	else if (*file->token_file)
		return secret_read(file->token_file, "the API token",
				   &ret->token, err);
	return 0;
}

int context_read(struct context *ret, const struct args *args,
		 struct err *err)
{
	CLEANUP(file_done) struct file file = { 0 };

	if (read_file(&file, args, err))
		return -1;
	if (!*file.url)
		return args_refuse(err, "which API?  Give --url, CRM_URL, or "
				   "url in ~/.config/crm/config");
	ret->url = TAKE(file.url);
	ret->ca_file = TAKE(file.ca_file);
	return read_token(ret, &file, args, err);
}

void context_done(struct context *context)
{
	free(context->url);
	free(context->ca_file);
	own_wipe(&context->token);
	*context = (struct context){ 0 };
}
