#include "cli/plan_file.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "cli/api.h"
#include "cli/text_file.h"
#include "shared/seal.h"

#define PLAN_MAX ((size_t)32 << 20)

int plan_file_write(const char *path, const json_t *plan, struct err *err)
{
	AUTO_FREE char *text = json_dumps(plan, JSON_INDENT(2));
	AUTO_FREE char *lines = xasprintf("%s\n", text ? text : "null");
	FILE *file;
	int wrong;

	if (!path)
		return print_text(lines, err);
	file = fopen(path, "wxe");
	if (!file)
		return args_refuse(err, "'%s' cannot be written: %s", path,
				   strerror(errno));
	wrong = fputs(lines, file) == EOF;
	wrong |= fclose(file) == EOF;
	return wrong ? err_set(err, ERR_INTERNAL, "'%s': %s", path,
			       strerror(errno)) : 0;
}

int plan_file_read(const char *path, json_t **ret, struct err *err)
{
	CLEANUP(buf_done) struct buf text = { .max = PLAN_MAX };
	json_error_t why;

	if (text_file_bytes(path, "the plan", &text, err))
		return -1;
	*ret = json_loadb(buf_str(&text), text.len, JSON_REJECT_DUPLICATES,
			  &why);
	if (json_is_object(*ret) && json_object_get(*ret, "plan_id"))
		return 0;
	json_decref(*ret);
	*ret = NULL;
	return err_set(err, ERR_INVALID, "'%s' is no plan", path);
}

void plan_secrets_wipe(json_t **secrets)
{
	const char *place;
	json_t *text;

	json_object_foreach(*secrets, place, text)
		explicit_bzero((void *)(uintptr_t)json_string_value(text),
			       json_string_length(text));
	json_decref(*secrets);
	*secrets = NULL;
}

/* ---- what stands for a secret in a plan ---- */

static int fetch(const json_t *from, const char *place, char **ret,
		 struct err *err)
{
	const char *env = api_text(from, "env");
	const char *file = api_text(from, "file");
	const char *value = *env ? getenv(env) : NULL;

	if (*file)
		return text_file_read(file, place, SEAL_SECRET_MAX, ret, err);
	if (!*env)
		return err_set(err, ERR_INVALID, "the plan does not say where"
			       " the secret of %s is", place);
	if (!value || !*value)
		return err_set(err, ERR_INVALID, "environment variable %s is "
			       "not set", env);
	*ret = xstrdup(value);
	return 0;
}

/* {"fingerprint", "last4", "from"} anywhere in `value`, which is at `place`. */
static int gather(const json_t *value, const char *place, json_t *to,
		  struct err *err)
{
	const char *name;
	json_t *one;
	size_t i;

	if (json_object_get(value, "fingerprint")) {
		AUTO_WIPE char *text = NULL;

		if (fetch(json_object_get(value, "from"), place, &text, err))
			return -1;
		json_object_set_new(to, place, json_string(text));
		return 0;
	}
	json_object_foreach((json_t *)(uintptr_t)value, name, one) {
		AUTO_FREE char *inner = xasprintf("%s/%s", place, name);

		if (gather(one, inner, to, err))
			return -1;
	}
	json_array_foreach(value, i, one) {
		AUTO_FREE char *inner = xasprintf("%s/%zu", place, i);

		if (gather(one, inner, to, err))
			return -1;
	}
	return 0;
}

int plan_file_secrets(const json_t *plan, json_t **ret, struct err *err)
{
	CLEANUP(plan_secrets_wipe) json_t *secrets = json_object();

	if (gather(json_object_get(json_object_get(plan, "request"), "body"),
		   "", secrets, err))
		return -1;
	*ret = TAKE(secrets);
	return 0;
}

/* ---- where they are, by options ---- */

static int add_from(json_t *to, const char *place, const char *file,
		    struct err *err)
{
	char *path = NULL;

	if (!file)
		return 0;
	if (strcmp(file, "-") == 0)
		return args_refuse(err, "a plan has to know the file of a key:"
				   " standard input is not there any more when"
				   " it is applied");
	path = realpath(file, NULL);
	if (!path)
		return args_refuse(err, "'%s': %s", file, strerror(errno));
	json_object_set_new(to, place, json_pack("{s:s}", "file", path));
	free(path);
	return 0;
}

int plan_file_from(const struct args *args, json_t **ret, struct err *err)
{
	json_auto_t *from = json_object();
	const char *file;
	size_t at = 0, n = 0;

	while ((file = args_each(args, OPT_KEY_FILES, &at))) {
		AUTO_FREE char *place = xasprintf("/keys/%zu/api_key", n++);

		if (add_from(from, place, file, err))
			return -1;
	}
	if (add_from(from, "/probe_api_key",
		     args_get(args, OPT_PROBE_KEY_FILE), err) ||
	    add_from(from, "/access_api_key",
		     args_get(args, OPT_ACCESS_KEY_FILE), err))
		return -1;
	*ret = json_incref(from);
	return 0;
}
