#include "tests/model/model.h"

#include <assert.h>
#include <string.h>
#include <strings.h>

static const char *find_header(const struct model_header *headers,
			       size_t count, const char *name)
{
	for (size_t i = 0; i < count; i++) {
		if (strcasecmp(headers[i].name, name) == 0)
			return headers[i].value;
	}
	return NULL;
}

static void headers_done(struct model_header *headers, size_t *count)
{
	for (size_t i = 0; i < *count; i++) {
		free(headers[i].name);
		free(headers[i].value);
	}
	*count = 0;
}

/* What does not fit is a header too many for any of our peers. */
static void headers_add(struct model_header *headers, size_t *count,
			const char *name, const char *value)
{
	assert(*count < MODEL_HEADERS_MAX);
	headers[*count].name = xstrdup(name);
	headers[*count].value = xstrdup(value);
	(*count)++;
}

static char *body_copy(const char *body, size_t len)
{
	char *copy = xcalloc(len + 1, 1);

	if (len)
		memcpy(copy, body, len);
	return copy;
}

void model_request_done(struct model_request *request)
{
	free(request->method);
	free(request->target);
	free(request->proxy);
	free(request->body);
	headers_done(request->headers, &request->nheaders);
	*request = (struct model_request){ 0 };
}

void model_answer_done(struct model_answer *answer)
{
	free(answer->body);
	headers_done(answer->headers, &answer->nheaders);
	*answer = (struct model_answer){ 0 };
}

void model_request_copy(struct model_request *to,
			const struct model_request *from)
{
	*to = (struct model_request){
		.method = xstrdup_null(from->method),
		.target = xstrdup_null(from->target),
		.proxy = xstrdup_null(from->proxy),
		.body = body_copy(from->body, from->body_len),
		.body_len = from->body_len,
	};
	for (size_t i = 0; i < from->nheaders; i++)
		model_request_add_header(to, from->headers[i].name,
					 from->headers[i].value);
}

void model_answer_copy(struct model_answer *to,
		       const struct model_answer *from)
{
	*to = (struct model_answer){
		.end = from->end,
		.status = from->status,
		.body = body_copy(from->body, from->body_len),
		.body_len = from->body_len,
		.delay_ms = from->delay_ms,
	};
	for (size_t i = 0; i < from->nheaders; i++)
		model_answer_add_header(to, from->headers[i].name,
					from->headers[i].value);
}

const char *model_request_header(const struct model_request *request,
				 const char *name)
{
	return find_header(request->headers, request->nheaders, name);
}

const char *model_answer_header(const struct model_answer *answer,
				const char *name)
{
	return find_header(answer->headers, answer->nheaders, name);
}

void model_request_add_header(struct model_request *request, const char *name,
			      const char *value)
{
	headers_add(request->headers, &request->nheaders, name, value);
}

void model_answer_add_header(struct model_answer *answer, const char *name,
			     const char *value)
{
	headers_add(answer->headers, &answer->nheaders, name, value);
}

void model_answer_set(struct model_answer *answer, int status,
		      const char *content_type, const char *body)
{
	model_answer_done(answer);
	answer->end = MODEL_END_COMPLETE;
	answer->status = status;
	answer->body_len = strlen(body);
	answer->body = body_copy(body, answer->body_len);
	if (content_type)
		model_answer_add_header(answer, "Content-Type", content_type);
}
