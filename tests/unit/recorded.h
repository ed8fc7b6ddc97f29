/*
 * recorded: what real hosts answered, as answers of ours.
 */
#ifndef TESTS_UNIT_RECORDED_H
#define TESTS_UNIT_RECORDED_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <cmocka.h>

#include "schedd/exchange.h"
#include "shared/table.h"

#define RECORDED "tests/data/host/recorded"

/* Not every test needs all of them. */
#ifndef MAYBE_UNUSED
#define MAYBE_UNUSED __attribute__((unused))
#endif

MAYBE_UNUSED static const char *const versions[] = { "0.1.126", "0.1.129", "0.1.179" };

static void read_headers(struct answer *answer, const json_t *headers)
{
	const char *type = json_string_value(json_object_get(headers,
							     "content-type"));
	const char *after = json_string_value(json_object_get(headers,
							      "retry-after"));

	if (type)
		answer->content_type = xstrndup(type, strcspn(type, ";"));
	if (after)
		answer->retry_after_ms = strtol(after, NULL, 10) * 1000;
}

static struct answer answer_of(const json_t *pair)
{
	const json_t *response = json_object_get(pair, "response");
	const json_t *body = json_object_get(response, "body");
	struct answer answer = { .retry_after_ms = -1 };

	answer.status = (int)json_integer_value(json_object_get(response,
								"status"));
	read_headers(&answer, json_object_get(response, "headers"));
	answer.body = json_is_string(body)
		? xstrdup(json_string_value(body))
		: body ? json_dumps(body, 0) : NULL;
	answer.body_len = answer.body ? strlen(answer.body) : 0;
	answer_parse(&answer);
	return answer;
}

MAYBE_UNUSED static json_t *pair_of(const char *version, const char *file)
{
	AUTO_FREE char *path = xasprintf(RECORDED "/%s/%s", version, file);
	json_t *pair = json_load_file(path, 0, NULL);

	if (!pair)
		print_error("cannot read %s\n", path);
	assert_non_null(pair);
	return pair;
}

MAYBE_UNUSED static struct answer recorded(const char *version, const char *name)
{
	AUTO_FREE char *file = xasprintf("%s.json", name);
	json_auto_t *pair = pair_of(version, file);

	return answer_of(pair);
}

MAYBE_UNUSED static struct answer made(int status, const char *type, const char *body)
{
	struct answer answer = { .status = status, .retry_after_ms = -1 };

	own_set(&answer.content_type, type);
	own_set(&answer.body, body);
	answer.body_len = body ? strlen(body) : 0;
	answer_parse(&answer);
	return answer;
}

#endif
