/*
 * log: one line to stderr for each event; for the programs only.
 *
 * "<4>task.failed task=tsk_... class=key_invalid": a priority that journald
 * understands, the event, then key=value.  A line has a ceiling, control
 * characters are replaced, errno is kept.  Never log a secret.
 */
#ifndef SHARED_LOG_H
#define SHARED_LOG_H

#include "shared/own.h"

enum log_level { LOG_LEVEL_ERROR = 3, LOG_LEVEL_WARN = 4, LOG_LEVEL_INFO = 6 };

void log_line(enum log_level level, const char *event, const char *fmt, ...)
	PRINTF_LIKE(3, 4);

#define log_error(event, ...) log_line(LOG_LEVEL_ERROR, event, __VA_ARGS__)
#define log_warn(event, ...) log_line(LOG_LEVEL_WARN, event, __VA_ARGS__)
#define log_info(event, ...) log_line(LOG_LEVEL_INFO, event, __VA_ARGS__)

#endif
