#include "shared/cfg.h"

#include <errno.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include <libconfig.h>

static int set_number(const struct cfg_field *f, int64_t value, void *at,
		      struct err *err)
{
	if (f->type == CFG_TYPE_BOOL) {
		*(bool *)at = value != 0;
		return 0;
	}
	if (value < f->min || value > f->max)
		return err_set(err, ERR_INVALID, "%s must be %" PRId64 " to %"
			       PRId64, f->path, f->min, f->max);
	*(int64_t *)at = value;
	return 0;
}

static void set_default(const struct cfg_field *f, void *at)
{
	if (f->type == CFG_TYPE_STRING)
		own_set(at, f->text);
	else if (f->type == CFG_TYPE_BOOL)
		*(bool *)at = f->number != 0;
	else
		*(int64_t *)at = f->number;
}

static int set_from_file(const struct cfg_field *f,
			 const config_setting_t *setting, void *at,
			 struct err *err)
{
	int type = config_setting_type(setting);

	if (f->type == CFG_TYPE_STRING && type == CONFIG_TYPE_STRING) {
		own_set(at, config_setting_get_string(setting));
		return 0;
	}
	if (f->type == CFG_TYPE_BOOL && type == CONFIG_TYPE_BOOL)
		return set_number(f, config_setting_get_bool(setting), at, err);
	if (f->type == CFG_TYPE_INT &&
	    (type == CONFIG_TYPE_INT || type == CONFIG_TYPE_INT64))
		return set_number(f, config_setting_get_int64(setting), at,
				  err);
	return err_set(err, ERR_INVALID, "%s must be %s", f->path,
		       f->type == CFG_TYPE_STRING ? "a string in quotes" :
		       f->type == CFG_TYPE_BOOL ? "true or false"
						: "a whole number");
}

/* "1" and "0", as is usual there, beside what the file says. */
static int set_flag_from_env(const struct cfg_field *f, const char *text,
			     bool *at, struct err *err)
{
	bool yes = strcmp(text, "1") == 0 || strcmp(text, "true") == 0;

	if (!yes && strcmp(text, "0") != 0 && strcmp(text, "false") != 0)
		return err_set(err, ERR_INVALID, "%s must be 1 or 0", f->env);
	*at = yes;
	return 0;
}

static int set_from_env(const struct cfg_field *f, const char *text, void *at,
			struct err *err)
{
	char *end;
	int64_t value;

	if (f->type == CFG_TYPE_STRING) {
		own_set(at, text);
		return 0;
	}
	if (f->type == CFG_TYPE_BOOL)
		return set_flag_from_env(f, text, at, err);
	errno = 0;
	value = strtoll(text, &end, 10);
	if (errno || end == text || *end != '\0')
		return err_set(err, ERR_INVALID, "%s must be a whole number",
			       f->env);
	return set_number(f, value, at, err);
}

static const struct cfg_field *find(const struct cfg_field *fields,
				    size_t nfields, const char *path)
{
	for (size_t i = 0; i < nfields; i++)
		if (strcmp(fields[i].path, path) == 0)
			return &fields[i];
	return NULL;
}

/* What walking through a file needs to know. */
struct walk {
	const struct cfg_field *fields;
	size_t nfields;
	const char *file;
	void *out;
};

static int read_setting(const struct walk *walk, config_setting_t *setting,
			const char *path, struct err *err)
{
	const struct cfg_field *f = find(walk->fields, walk->nfields, path);

	if (!f)
		err_set(err, ERR_INVALID, "setting %s is not known", path);
	else if (set_from_file(f, setting, (char *)walk->out + f->offset,
			       err) == 0)
		return 0;
	return err_wrap(err, "%s:%u", walk->file,
			config_setting_source_line(setting));
}

/* Groups are one deep: "group.name". */
static int read_group(const struct walk *walk, config_setting_t *group,
		      const char *prefix, struct err *err)
{
	for (int i = 0; i < config_setting_length(group); i++) {
		config_setting_t *s = config_setting_get_elem(group,
							      (unsigned)i);
		char path[128];
		int rc;

		snprintf(path, sizeof(path), "%s%s%s", prefix,
			 *prefix ? "." : "", config_setting_name(s));
		rc = config_setting_is_group(s) && !*prefix
			? read_group(walk, s, path, err)
			: read_setting(walk, s, path, err);
		if (rc)
			return -1;
	}
	return 0;
}

static int read_file(const struct walk *walk, struct err *err)
{
	config_t config;
	int rc;

	config_init(&config);
	if (!config_read_file(&config, walk->file)) {
		int line = config_error_line(&config);

		rc = err_set(err, ERR_INVALID, "settings file '%s'%s%.0d: %s",
			     walk->file, line ? ", line " : "", line,
			     config_error_type(&config) ==
			     CONFIG_ERR_FILE_IO ? strerror(errno)
						: config_error_text(&config));
	} else {
		rc = read_group(walk, config_root_setting(&config), "", err);
	}
	config_destroy(&config);
	return rc;
}

int cfg_read(const struct cfg_field *fields, size_t nfields, const char *file,
	     void *out, struct err *err)
{
	const struct walk walk = { fields, nfields, file, out };

	for (size_t i = 0; i < nfields; i++)
		set_default(&fields[i], (char *)out + fields[i].offset);
	if (file && read_file(&walk, err))
		return -1;
	for (size_t i = 0; i < nfields; i++) {
		const char *text = fields[i].env ? getenv(fields[i].env)
						 : NULL;

		if (text && *text && set_from_env(&fields[i], text,
				(char *)out + fields[i].offset, err))
			return -1;
	}
	return 0;
}

void cfg_done(const struct cfg_field *fields, size_t nfields, void *out)
{
	for (size_t i = 0; i < nfields; i++)
		if (fields[i].type == CFG_TYPE_STRING)
			own_set((char **)((char *)out + fields[i].offset),
				NULL);
}

/* A string in quotes, as libconfig reads it. */
static void print_string(const char *text, struct buf *out)
{
	buf_adds(out, "\"");
	for (; text && *text != '\0'; text++) {
		if (*text == '"' || *text == '\\')
			buf_adds(out, "\\");
		buf_add(out, text, 1);
	}
	buf_adds(out, "\"");
}

static void print_value(const struct cfg_field *f, const void *at,
			struct buf *out)
{
	switch (f->type) {
	case CFG_TYPE_STRING:
		print_string(*(char *const *)at, out);
		break;
	case CFG_TYPE_BOOL:
		buf_adds(out, *(const bool *)at ? "true" : "false");
		break;
	case CFG_TYPE_INT:
		/* L: what does not fit into 32 bits is refused without. */
		buf_addf(out, "%" PRId64 "%s", *(const int64_t *)at,
			 *(const int64_t *)at > INT32_MAX ? "L" : "");
		break;
	}
}

void cfg_print(const struct cfg_field *fields, size_t nfields, const void *in,
	       struct buf *out)
{
	char group[64] = "";

	for (size_t i = 0; i < nfields; i++) {
		const char *path = fields[i].path;
		size_t dot = strcspn(path, ".");
		bool grouped = path[dot] == '.';

		if (*group && (!grouped || strncmp(group, path, dot) != 0 ||
			       group[dot] != '\0')) {
			buf_adds(out, "};\n");
			group[0] = '\0';
		}
		if (grouped && !*group) {
			snprintf(group, sizeof(group), "%.*s", (int)dot, path);
			buf_addf(out, "\n%s = {\n", group);
		}
		buf_addf(out, "%s# %s\n%s%s = ", grouped ? "\t" : "",
			 fields[i].help, grouped ? "\t" : "",
			 grouped ? path + dot + 1 : path);
		print_value(&fields[i], (const char *)in + fields[i].offset,
			    out);
		buf_adds(out, ";\n");
	}
	if (*group)
		buf_adds(out, "};\n");
}
