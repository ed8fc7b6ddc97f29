#include "schedd/host/upstream_log.h"

#include <inttypes.h>
#include <stdlib.h>

#include "schedd/upstream/classify.h"
#include "shared/redact.h"

#define WORDS_MAX 300

void host_ask_upstream_errors(struct request *request,
			      const struct host_peer *peer,
			      const char *request_id)
{
	AUTO_FREE char *escaped = request_escape(request_id);

	host_start(request, peer, METHOD_GET, HOST_ROLE_ADMIN,
		   "/api/v1/admin/ops/upstream-errors?q=%s&page=1"
		   "&page_size=20", escaped);
}

void host_upstream_error_done(struct host_upstream_error *error)
{
	free(error->words);
	*error = (struct host_upstream_error){ 0 };
}

static int status_of(const json_t *row, const char *name)
{
	int64_t status = host_member_i64(row, name);

	return status >= 100 && status <= 599 ? (int)status : 0;
}

/* As if the provider had said it to us; without a status it said nothing. */
static enum failure class_of(int status, const char *body)
{
	struct answer answer = {
		.status = status,
		.retry_after_ms = -1,
		.body = xstrdup(body ? body : ""),
		.body_len = body ? strlen(body) : 0,
	};
	enum failure class;

	answer_parse(&answer);
	class = status ? upstream_classify(&answer, NULL)
		       : FAILURE_UPSTREAM_FAILED;
	answer_done(&answer);
	return class;
}

static bool is_row_of(const json_t *row, const char *request_id)
{
	const char *has = host_member_text(row, "request_id");

	return has && strcmp(has, request_id) == 0;
}

enum failure host_judge_upstream_errors(const struct answer *answer,
					const char *request_id,
					int64_t account_id,
					struct host_upstream_error *ret)
{
	struct host_page page;
	enum failure why = host_judge_page(answer, &page);
	size_t i;
	const json_t *row;

	if (why != FAILURE_NONE)
		return why;
	json_array_foreach(page.items, i, row) {
		int64_t on = host_member_i64(row, "account_id");

		if (!is_row_of(row, request_id) ||
		    (ret->id && (!account_id || on != account_id)))
			continue;
		ret->id = host_object_id(row);
		ret->account_id = on;
		ret->status = status_of(row, "status_code");
		ret->class = class_of(ret->status, NULL);
	}
	return FAILURE_NONE;
}

void host_ask_upstream_error(struct request *request,
			     const struct host_peer *peer, int64_t id)
{
	host_start(request, peer, METHOD_GET, HOST_ROLE_ADMIN,
		   "/api/v1/admin/ops/upstream-errors/%" PRId64, id);
}

enum failure host_judge_upstream_error(const struct answer *answer,
				       struct host_upstream_error *ret)
{
	enum failure why = host_judge(answer);
	const json_t *row = host_data(answer);
	const char *words = host_member_text(row, "upstream_error_message");
	const char *detail = host_member_text(row, "upstream_error_detail");

	if (why != FAILURE_NONE)
		return why;
	ret->id = host_object_id(row);
	ret->account_id = host_member_i64(row, "account_id");
	ret->status = status_of(row, "upstream_status_code");
	ret->class = class_of(ret->status, detail);
	if (!words || !*words)
		words = detail;
	free(ret->words);
	ret->words = words && *words ? redact_text(words, WORDS_MAX) : NULL;
	return FAILURE_NONE;
}
