#include "cli/plan_file.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "cli/api.h"
#include "cli/run_rows.h"
#include "cli/text_file.h"
#include "shared/seal.h"
#include "shared/table.h"

#define PLAN_MAX ((size_t)32 << 20)

/* Keys of users of the host, by their places. */
static const char *const user_keys[] = { "/probe_api_key", "/access_api_key" };

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

/* The file of keys that was read last: a plan may name thousands in one. */
struct keyring {
	char *path;
	json_t *file;
};

static void keyring_done(struct keyring *ring)
{
	free(ring->path);
	run_rows_wipe(&ring->file);
}

/* `form` is "" of JSON. */
static int open_keyring(struct keyring *ring, const char *path,
			const char *form, struct err *err)
{
	if (ring->path && strcmp(ring->path, path) == 0)
		return 0;
	keyring_done(ring);
	*ring = (struct keyring){ .path = xstrdup(path) };
	return run_rows_read(path, *form ? form : NULL, &ring->file, err);
}

/* A pointer as plan_file_run_from() makes it: no name in it has a '/'. */
static const json_t *value_at(const json_t *value, const char *pointer)
{
	AUTO_FREE char *storage = xstrdup(pointer);
	char *rest = storage, *name;

	(void)strsep(&rest, "/");	/* the empty one before the first */
	while (value && (name = strsep(&rest, "/")))
		value = json_is_array(value)
			? json_array_get(value, strtoul(name, NULL, 10))
			: json_object_get(value, name);
	return value;
}

static int fetch_row(struct keyring *ring, const json_t *from, char **ret,
		     struct err *err)
{
	const char *path = api_text(from, "file");
	const char *pointer = api_text(from, "pointer");
	const char *text;

	if (open_keyring(ring, path, api_text(from, "form"), err))
		return -1;
	text = json_string_value(value_at(ring->file, pointer));
	if (!text)
		return err_set(err, ERR_INVALID, "'%s' has no text at %s", path,
			       pointer);
	*ret = xstrdup(text);
	return 0;
}

static int fetch(struct keyring *ring, const json_t *from, const char *place,
		 char **ret, struct err *err)
{
	const char *env = api_text(from, "env");
	const char *file = api_text(from, "file");
	const char *value = *env ? getenv(env) : NULL;

	if (*file && *api_text(from, "pointer"))
		return fetch_row(ring, from, ret, err);
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
static int gather(struct keyring *ring, const json_t *value,
		  const char *place, json_t *to, struct err *err)
{
	const char *name;
	json_t *one;
	size_t i;

	if (json_object_get(value, "fingerprint")) {
		AUTO_WIPE char *text = NULL;

		if (fetch(ring, json_object_get(value, "from"), place, &text,
			  err))
			return -1;
		json_object_set_new(to, place, json_string(text));
		return 0;
	}
	json_object_foreach((json_t *)(uintptr_t)value, name, one) {
		AUTO_FREE char *inner = xasprintf("%s/%s", place, name);

		if (gather(ring, one, inner, to, err))
			return -1;
	}
	json_array_foreach(value, i, one) {
		AUTO_FREE char *inner = xasprintf("%s/%zu", place, i);

		if (gather(ring, one, inner, to, err))
			return -1;
	}
	return 0;
}

int plan_file_secrets(const json_t *plan, json_t **ret, struct err *err)
{
	CLEANUP(plan_secrets_wipe) json_t *secrets = json_object();
	CLEANUP(keyring_done) struct keyring ring = { 0 };

	if (gather(&ring, json_object_get(json_object_get(plan, "request"),
					  "body"), "", secrets, err))
		return -1;
	*ret = TAKE(secrets);
	return 0;
}

/* ---- where they are, by options ---- */

/* Where in a file a key is; both NULL: the file is the key. */
struct spot {
	const char *pointer;
	const char *form;	/* NULL: JSON */
};

static int add_from(json_t *to, const char *place, const char *file,
		    struct spot spot, struct err *err)
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
	json_object_set_new(to, place, json_pack("{s:s, s:s*, s:s*}", "file",
		path, "pointer", spot.pointer, "form", spot.form));
	free(path);
	return 0;
}

static const struct spot whole = { NULL, NULL };

static int add_user_keys(json_t *to, const struct args *args, struct err *err)
{
	return add_from(to, "/probe_api_key",
			args_get(args, OPT_PROBE_KEY_FILE), whole, err) ||
	       add_from(to, "/access_api_key",
			args_get(args, OPT_ACCESS_KEY_FILE), whole, err)
		? -1 : 0;
}

int plan_file_from(const struct args *args, json_t **ret, struct err *err)
{
	json_auto_t *from = json_object();
	const char *file;
	size_t at = 0, n = 0;

	while ((file = args_each(args, OPT_KEY_FILES, &at))) {
		AUTO_FREE char *place = xasprintf("/keys/%zu/api_key", n++);

		if (add_from(from, place, file, whole, err))
			return -1;
	}
	if (add_user_keys(from, args, err))
		return -1;
	*ret = json_incref(from);
	return 0;
}

/* A file is an array of rows, or an object as the API takes it. */
static int add_rows(json_t *to, const char *path, const char *form,
		    struct err *err)
{
	CLEANUP(run_rows_wipe) json_t *file = NULL;
	const json_t *rows;
	size_t n;

	if (strcmp(path, "-") == 0)
		return add_from(to, "", path, whole, err);
	if (run_rows_read(path, form, &file, err))
		return -1;
	rows = json_is_array(file) ? file : json_object_get(file, "items");
	n = json_array_size(rows);
	for (size_t i = 0; i < n; i++) {
		AUTO_FREE char *place = xasprintf("/items/%zu/api_key", i);
		const char *pointer = json_is_array(file)
			? place + strlen("/items") : place;

		if (add_from(to, place, path, (struct spot){ pointer, form },
			     err))
			return -1;
	}
	for (size_t i = 0; i < COUNT(user_keys); i++)
		if (json_object_get(file, user_keys[i] + 1) &&
		    add_from(to, user_keys[i], path,
			     (struct spot){ user_keys[i], form }, err))
			return -1;
	return 0;
}

int plan_file_run_from(const struct args *args, json_t **ret, struct err *err)
{
	const char *path = args_get(args, OPT_FILE);
	json_auto_t *from = json_object();
	const char *form;

	if (run_rows_form(args, &form, err) ||
	    (path && add_rows(from, path, form, err)) ||
	    add_from(from, "/items/0/api_key", args_get(args, OPT_KEY_FILE),
		     whole, err) ||
	    add_user_keys(from, args, err))
		return -1;
	*ret = json_incref(from);
	return 0;
}
