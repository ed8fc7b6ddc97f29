#include "tests/helpers/sim_options.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *const value_names[] = {
	[SIM_FLAG]	= "",
	[SIM_NUMBER]	= " N",
	[SIM_TEXT]	= " TEXT",
	[SIM_FILE]	= " PATH",
};

static int read_number(const char *text, int64_t *ret, struct err *err)
{
	char *end;

	errno = 0;
	*ret = strtoll(text, &end, 10);
	if (errno || end == text || *end || *ret < 0)
		return err_set(err, ERR_INVALID, "%s is no number", text);
	return 0;
}

static int read_file(const char *path, char **ret, struct err *err)
{
	FILE *file = fopen(path, "re");
	char *line = NULL;
	size_t size = 0;
	ssize_t len;

	if (!file)
		return err_set(err, ERR_INVALID, "cannot open %s: %s", path,
			       strerror(errno));
	len = getline(&line, &size, file);
	fclose(file);
	if (len <= 0) {
		free(line);
		return err_set(err, ERR_INVALID, "%s is empty", path);
	}
	line[strcspn(line, "\r\n")] = '\0';
	free(*ret);
	*ret = line;
	return 0;
}

static int read_value(const struct sim_option *option, const char *value,
		      struct err *err)
{
	switch (option->kind) {
	case SIM_FLAG:
		*(bool *)option->to = true;
		return 0;
	case SIM_NUMBER:
		return read_number(value, option->to, err);
	case SIM_TEXT:
		*(const char **)option->to = value;
		return 0;
	case SIM_FILE:
		return read_file(value, option->to, err);
	}
	return err_set(err, ERR_INTERNAL, "option of an unknown kind");
}

static const struct sim_option *find(const struct sim_option *options,
				     const char *name, size_t len)
{
	for (; options->name; options++) {
		if (strlen(options->name) == len &&
		    strncmp(options->name, name, len) == 0)
			return options;
	}
	return NULL;
}

int sim_options_read(const struct sim_option *options, char **argv,
		     struct err *err)
{
	for (argv++; *argv; argv++) {
		const char *word = *argv;
		size_t len = strcspn(word, "=");
		const struct sim_option *option = find(options, word, len);
		bool inside = word[len] == '=';

		if (!option || (inside && option->kind == SIM_FLAG))
			return err_set(err, ERR_INVALID, "unknown option %s",
				       word);
		if (!inside && option->kind != SIM_FLAG) {
			argv++;
			if (!*argv)
				return err_set(err, ERR_INVALID,
					       "%s wants a value", word);
		}
		if (read_value(option, inside ? word + len + 1 : *argv, err))
			return err_wrap(err, "%s", option->name);
	}
	return 0;
}

void sim_options_print(const struct sim_option *options, const char *program)
{
	printf("Usage: %s [OPTION]...\n\n", program);
	for (; options->name; options++)
		printf("  %s%-*s %s\n", options->name,
		       24 - (int)strlen(options->name),
		       value_names[options->kind], options->help);
}
