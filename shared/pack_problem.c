#include "shared/pack.h"

#include <ctype.h>
#include <stdarg.h>

static void make_plain(char *text)
{
	for (char *c = text; *c; c++)
		if (iscntrl((unsigned char)*c))
			*c = '?';
}

void pack_problem(struct pack_problems *problems, const char *file, int line,
		  const char *path, const char *fmt, ...)
{
	size_t i = problems->count++;
	struct pack_problem *p = &problems->list[i];
	va_list args;

	if (i >= PACK_PROBLEMS_MAX)
		return;
	*p = (struct pack_problem){ .line = line };
	snprintf(p->file, sizeof(p->file), "%s", file);
	snprintf(p->path, sizeof(p->path), "%s", path);
	va_start(args, fmt);
	vsnprintf(p->why, sizeof(p->why), fmt, args);
	va_end(args);
	/* Names of members stand in it as the pack has them: one line all the same. */
	make_plain(p->file);
	make_plain(p->path);
	make_plain(p->why);
}

char *pack_sentence(const struct pack_problem *p)
{
	char line[16] = "";

	if (p->line > 0)
		snprintf(line, sizeof(line), ":%d", p->line);
	return xasprintf("%s%s%s%s%s%s", p->file, line, *p->file ? ": " : "",
			 p->path, *p->path ? " " : "", p->why);
}
