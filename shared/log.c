#include "shared/log.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define LINE_MAX_BYTES 1024

/* No byte of a peer's may start a new line or move a terminal's cursor. */
static void replace_controls(char *text)
{
	for (; *text != '\0'; text++)
		if ((unsigned char)*text < 0x20 || *text == 0x7f)
			*text = '?';
}

void log_line(enum log_level level, const char *event, const char *fmt, ...)
{
	int saved = errno;
	char line[LINE_MAX_BYTES];
	size_t len;
	va_list args;
	int n;

	n = snprintf(line, sizeof(line) - 1, "<%d>%s ", (int)level, event);
	len = n < 0 ? 0 : (size_t)n;
	va_start(args, fmt);
	if (len < sizeof(line) - 1)
		vsnprintf(line + len, sizeof(line) - 1 - len, fmt, args);
	va_end(args);
	replace_controls(line);
	len = strlen(line);
	line[len++] = '\n';
	(void)!write(STDERR_FILENO, line, len);
	errno = saved;
}
