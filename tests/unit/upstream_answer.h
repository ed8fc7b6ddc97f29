/*
 * upstream_answer: an answer of a provider, for tests of what judges it.
 */
#ifndef TESTS_UNIT_UPSTREAM_ANSWER_H
#define TESTS_UNIT_UPSTREAM_ANSWER_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "schedd/exchange.h"
#include "shared/table.h"

#define JSON_TYPE "application/json"

static inline struct answer answered(int status, const char *type,
				     const char *body)
{
	struct answer answer = { .status = status, .retry_after_ms = -1 };

	own_set(&answer.content_type, type);
	answer.body = xstrdup(body);
	answer.body_len = strlen(body);
	answer_parse(&answer);
	return answer;
}

#endif
