#include "cli/site_file.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "cli/secret.h"
#include "cli/site_shape.h"
#include "cli/text_file.h"
#include "shared/endpoint.h"
#include "shared/jdec.h"
#include "shared/seal.h"
#include "shared/table.h"

void site_file_done(struct site_file *file)
{
	for (size_t i = 0; i < file->nsecrets; i++)
		own_wipe(&file->secrets[i]);
	free(file->secrets);
	yaml_doc_done(&file->doc);
	*file = (struct site_file){ 0 };
}

void site_file_problem(struct site_file *file, const char *path,
		       const char *fmt, ...)
{
	va_list args;
	char why[256];

	va_start(args, fmt);
	vsnprintf(why, sizeof(why), fmt, args);
	va_end(args);
	yaml_problem(&file->doc, yaml_line(&file->doc, path), path, why);
}

int site_file_judge(const struct site_file *file, struct err *err)
{
	size_t n = json_array_size(file->doc.problems);

	if (n == 0)
		return 0;
	return err_set(err, ERR_INVALID, "%s has %zu problem%s", file->name,
		       n, n == 1 ? "" : "s");
}

json_t *site_file_report(const struct site_file *file)
{
	json_t *list = json_array(), *problem;
	size_t i;

	json_array_foreach(file->doc.problems, i, problem) {
		const char *path = json_string_value(
			json_object_get(problem, "path"));
		AUTO_FREE char *field = xasprintf("%s:%d%s%s", file->name,
			(int)json_integer_value(json_object_get(problem,
								"line")),
			*path ? ": " : "", path);

		json_array_append_new(list, json_pack("{s:s, s:O}", "field",
			field, "why", json_object_get(problem, "why")));
	}
	return json_pack("{s:o}", "problems", list);
}

/* ---- references ---- */

struct walk {
	void (*each)(void *arg, const char *path, json_t *reference);
	void *arg;
};

static void walk_members(const struct walk *walk, json_t *object,
			 const char *const *names, const char *path)
{
	for (; *names; names++) {
		json_t *reference = json_object_get(object, *names);
		AUTO_FREE char *place = xasprintf("%s.%s", path, *names);

		if (json_is_object(reference))
			walk->each(walk->arg, place, reference);
	}
}

static void walk_provider(const struct walk *walk, json_t *provider,
			  const char *path)
{
	static const char *const own[] = { "probe_key", "access_key", NULL };
	static const char *const of_key[] = { "key", NULL };
	json_t *key;
	size_t i;

	walk_members(walk, provider, own, path);
	json_array_foreach(json_object_get(provider, "keys"), i, key) {
		AUTO_FREE char *place = xasprintf("%s.keys[%zu]", path, i);

		walk_members(walk, key, of_key, place);
	}
}

static void walk_host(const struct walk *walk, json_t *host, const char *path)
{
	static const char *const own[] = { "auth", "proxy", NULL };
	json_t *provider;
	size_t i;

	walk_members(walk, host, own, path);
	json_array_foreach(json_object_get(host, "providers"), i, provider) {
		AUTO_FREE char *place = xasprintf("%s.providers[%zu]", path,
						  i);

		walk_provider(walk, provider, place);
	}
}

void site_file_references(struct site_file *file,
			  void (*each)(void *arg, const char *path,
				       json_t *reference), void *arg)
{
	static const char *const of_endpoint[] = { "proxy", NULL };
	const struct walk walk = { each, arg };
	json_t *object;
	size_t i;

	json_array_foreach(json_object_get(file->doc.root, "hosts"), i,
			   object) {
		AUTO_FREE char *place = xasprintf("hosts[%zu]", i);

		walk_host(&walk, object, place);
	}
	json_array_foreach(json_object_get(file->doc.root, "endpoints"), i,
			   object) {
		AUTO_FREE char *place = xasprintf("endpoints[%zu]", i);

		walk_members(&walk, object, of_endpoint, place);
	}
}

static int read_secret(const json_t *reference, char **ret, struct err *err)
{
	const char *name = json_string_value(json_object_get(reference,
							     "env"));
	const char *path = json_string_value(json_object_get(reference,
							     "file"));
	const char *value = name ? getenv(name) : NULL;

	if (path)
		return text_file_read(path, "the secret", SEAL_SECRET_MAX,
				      ret, err);
	if (!value || !*value)
		return err_set(err, ERR_INVALID, "environment variable %s is "
			       "not set", name);
	*ret = xstrdup(value);
	return 0;
}

static void take_secret(void *arg, const char *path, json_t *reference)
{
	struct site_file *file = arg;
	AUTO_WIPE char *text = NULL;
	struct err err;

	if (!json_object_get(reference, "env") &&
	    !json_object_get(reference, "file"))
		return;
	if (file->nsecrets == SITE_SECRETS_MAX) {
		site_file_problem(file, path, "is one secret too many");
		return;
	}
	if (read_secret(reference, &text, &err)) {
		site_file_problem(file, path, "%s", err.msg);
		return;
	}
	file->secrets = xrealloc(file->secrets, (file->nsecrets + 1) *
				 sizeof(*file->secrets));
	json_object_set_new(reference, "secret",
			    json_integer((json_int_t)file->nsecrets));
	file->secrets[file->nsecrets++] = TAKE(text);
}

int site_file_secrets(struct site_file *file, struct err *err)
{
	site_file_references(file, take_secret, file);
	return site_file_judge(file, err);
}

/* ---- reading ---- */

void site_file_check(struct site_file *file, const char *text, size_t len)
{
	struct jdec_problems problems = { 0 };

	yaml_read(text, len, site_members, &file->doc);
	if (!file->doc.root || json_array_size(file->doc.problems) > 0)
		return;
	site_shape_check(file->doc.root, &problems);
	for (size_t i = 0; i < problems.count && i < JDEC_PROBLEMS_MAX; i++)
		site_file_problem(file, problems.list[i].field, "%s",
				  problems.list[i].why);
}

int site_file_read(struct site_file *file, const char *name, struct err *err)
{
	CLEANUP(buf_done) struct buf text = { .max = YAML_TEXT_MAX };

	file->name = name;
	if (text_file_bytes(name, "the site", &text, err))
		return -1;
	site_file_check(file, buf_str(&text), text.len);
	return site_file_judge(file, err);
}
