#include "schedd/exchange.h"

#include <assert.h>
#include <stdarg.h>
#include <string.h>


#define URL_MAX 4096

/* Longest name of a member that answer_at() looks for. */
#define MEMBER_MAX 128

void request_done(struct request *request)
{
	free(request->url);
	for (size_t i = 0; i < request->nheaders; i++) {
		free(request->headers[i].name);
		free(request->headers[i].value);
	}
	jout_done(&request->body);
	*request = (struct request){ 0 };
}

void request_start(struct request *request, enum method method,
		   enum peer peer, const char *base, const char *fmt, ...)
{
	struct buf url = { .max = URL_MAX };
	char rest[URL_MAX];
	va_list args;

	request_done(request);
	va_start(args, fmt);
	vsnprintf(rest, sizeof(rest), fmt, args);
	va_end(args);
	buf_adds(&url, base);
	buf_adds(&url, rest);
	request->method = method;
	request->peer = peer;
	request->url = buf_take(&url);
	request->body.text.max = REQUEST_BODY_MAX;
}

void request_url_tail(struct request *request, enum slot slot, size_t len)
{
	request->url_tail_slot = slot;
	request->url_tail_len = len;
}

void request_header(struct request *request, const char *name,
		    const char *value, enum slot slot)
{
	assert(request->nheaders < REQUEST_HEADERS_MAX);
	request->headers[request->nheaders++] = (struct request_header){
		.name = xstrdup(name),
		.value = xstrdup(value),
		.slot = slot,
	};
}

bool request_has_slot(const struct request *request, enum slot slot)
{
	for (size_t i = 0; i < request->nheaders; i++)
		if (request->headers[i].slot == slot)
			return true;
	return false;
}

void request_secret(struct request *request, const char *name, enum slot slot)
{
	assert(request->nholes < REQUEST_HOLES_MAX);
	assert(slot != SLOT_NONE);
	jout_lead(&request->body, name);
	request->holes[request->nholes++] = (struct request_hole){
		.offset = request->body.text.len,
		.slot = slot,
	};
}

/* What RFC 3986 lets stand in any part of a URL. */
static bool is_unreserved(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
	       (c >= '0' && c <= '9') || c == '-' || c == '.' || c == '_' ||
	       c == '~';
}

char *request_escape(const char *text)
{
	struct buf out = { .max = 3 * strlen(text) };

	for (; *text; text++) {
		if (is_unreserved(*text))
			buf_add(&out, text, 1);
		else
			buf_addf(&out, "%%%02X", (unsigned char)*text);
	}
	return buf_take(&out);
}

void answer_done(struct answer *answer)
{
	free(answer->content_type);
	free(answer->location);
	free(answer->request_id);
	free(answer->note);
	free(answer->body);
	json_decref(answer->json);
	*answer = (struct answer){ .retry_after_ms = -1 };
}

void answer_parse(struct answer *answer)
{
	const char *body = answer->body;
	size_t len = answer->body_len;

	json_decref(answer->json);
	answer->json = NULL;
	if (!body)
		return;
	/* Some servers put a byte order mark before their JSON. */
	if (len >= 3 && memcmp(body, "\xef\xbb\xbf", 3) == 0) {
		body += 3;
		len -= 3;
	}
	/* A NUL inside of a text is odd, but no reason to lose the rest. */
	answer->json = json_loadb(body, len, JSON_ALLOW_NUL, NULL);
}

/* Undo the escapes of JSON pointers: "~1" is '/', "~0" is '~'. */
static bool unescape_member(const char *from, size_t len, char *to)
{
	size_t n = 0;

	if (len >= MEMBER_MAX)
		return false;
	for (size_t i = 0; i < len; i++) {
		if (from[i] == '~' && i + 1 < len) {
			i++;
			to[n++] = from[i] == '1' ? '/' : '~';
		} else {
			to[n++] = from[i];
		}
	}
	to[n] = '\0';
	return true;
}

static const json_t *element(const json_t *array, const char *index)
{
	size_t i = 0;

	if (*index == '\0' || strlen(index) > 9)
		return NULL;
	for (; *index; index++) {
		if (*index < '0' || *index > '9')
			return NULL;
		i = i * 10 + (size_t)(*index - '0');
	}
	return json_array_get(array, i);
}

const json_t *answer_at(const struct answer *answer, const char *pointer)
{
	const json_t *value = answer->json;

	while (value && *pointer == '/') {
		size_t len = strcspn(pointer + 1, "/");
		char member[MEMBER_MAX];

		if (!unescape_member(pointer + 1, len, member))
			return NULL;
		value = json_is_array(value) ? element(value, member)
					     : json_object_get(value, member);
		pointer += 1 + len;
	}
	return value;
}

const char *answer_text(const struct answer *answer, const char *pointer)
{
	return json_string_value(answer_at(answer, pointer));
}
