#include "fcgi/http.h"

#include <ctype.h>
#include <string.h>
#include <strings.h>

#include "fcgi/trail.h"

static const char *const method_names[] = {
	[HTTP_GET]	= "GET",
	[HTTP_POST]	= "POST",
	[HTTP_PUT]	= "PUT",
	[HTTP_PATCH]	= "PATCH",
	[HTTP_DELETE]	= "DELETE",
};
TABLE_ENUM_DEFINE(http_method, method_names, HTTP_METHOD__MAX);

/* The media types that a 415 names. */
static const char *const form_names[] = {
	[HTTP_FORM_JSON]  = "application/json",
	[HTTP_FORM_LINES] = "application/x-ndjson",
	[HTTP_FORM_CSV]	  = "text/csv",
	[HTTP_FORM_BUNDLE] = "application/gzip",
};
TABLE_ENUM_DEFINE(http_form, form_names, HTTP_FORM__MAX);

static const struct {
	int status;
	const char *reason;
} reasons[] = {
	{ 200, "OK" },
	{ 201, "Created" },
	{ 202, "Accepted" },
	{ 204, "No Content" },
	{ 400, "Bad Request" },
	{ 401, "Unauthorized" },
	{ 403, "Forbidden" },
	{ 404, "Not Found" },
	{ 405, "Method Not Allowed" },
	{ 409, "Conflict" },
	{ 413, "Content Too Large" },
	{ 415, "Unsupported Media Type" },
	{ 422, "Unprocessable Content" },
	{ 500, "Internal Server Error" },
	{ 502, "Bad Gateway" },
	{ 503, "Service Unavailable" },
};

const char *http_reason(int status)
{
	for (size_t i = 0; i < COUNT(reasons); i++)
		if (reasons[i].status == status)
			return reasons[i].reason;
	return "Unknown";
}

void reply_done(struct reply *reply)
{
	jout_done(&reply->out);
	free(TAKE(reply->location));
	if (reply->source)
		reply->source->free(TAKE(reply->source));
}

void reply_locate(struct reply *reply, int status, const char *folder,
		  const char *id)
{
	reply->status = status;
	free(reply->location);
	reply->location = xasprintf("%s%s", folder, id);
	snprintf(reply->subject, sizeof(reply->subject), "%s", id);
}

int request_begin(const struct request *req, struct err *err)
{
	if (db_tx_begin(req->tx, req->db, err))
		return -1;
	/* Nobody else writes from here on, and the handler has not begun. */
	if (req->trail)
		trail_look(req);
	return 0;
}

/* From `min` to `max` letters and digits, or characters of `more`. */
static bool is_word(const char *text, const char *more, size_t min,
		    size_t max)
{
	size_t len = 0;

	for (; text[len] != '\0'; len++)
		if (len >= max || (!isalnum((unsigned char)text[len]) &&
				   !strchr(more, text[len])))
			return false;
	return len >= min;
}

bool http_is_id(const char *text)
{
	return is_word(text, "_-", 1, HTTP_ID_MAX);
}

bool http_is_key(const char *text)
{
	return is_word(text, "_-", 1, ENDPOINT_KEY_MAX - 1);
}

void http_request_id(const char *offered, int64_t now,
		     char ret[HTTP_REQUEST_ID_TEXT])
{
	char made[ID_MAX];

	if (!offered || !is_word(offered, "._-", 8, HTTP_REQUEST_ID_TEXT - 1))
		offered = id_make(made, "req", now, seal_random());
	snprintf(ret, HTTP_REQUEST_ID_TEXT, "%s", offered);
}

static int hex_value(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c = (char)tolower((unsigned char)c);
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

bool http_unescape(char *text, bool plus)
{
	char *to = text;

	for (const char *from = text; *from != '\0'; from++) {
		int high, low;

		if (*from != '%') {
			*to++ = plus && *from == '+' ? ' ' : *from;
			continue;
		}
		high = hex_value(from[1]);
		low = high < 0 ? -1 : hex_value(from[2]);
		if (low < 0 || (high == 0 && low == 0))
			return false;
		*to++ = (char)(high << 4 | low);
		from += 2;
	}
	*to = '\0';
	return true;
}

static const struct {
	const char *type;
	enum http_form form;
} media_types[] = {
	{ "application/json",		HTTP_FORM_JSON },
	{ "application/x-ndjson",	HTTP_FORM_LINES },
	{ "application/jsonl",		HTTP_FORM_LINES },
	{ "application/json-lines",	HTTP_FORM_LINES },
	{ "text/csv",			HTTP_FORM_CSV },
	{ "application/gzip",		HTTP_FORM_BUNDLE },
	{ "application/x-gzip",		HTTP_FORM_BUNDLE },
	{ "application/octet-stream",	HTTP_FORM_BUNDLE },
};

bool http_form_of(const char *content_type, enum http_form *ret)
{
	for (size_t i = 0; content_type && i < COUNT(media_types); i++) {
		size_t len = strlen(media_types[i].type);
		const char *rest = content_type + len;

		if (strncasecmp(content_type, media_types[i].type, len) != 0)
			continue;
		rest += strspn(rest, " \t");
		if (*rest != '\0' && *rest != ';')
			continue;
		*ret = media_types[i].form;
		return true;
	}
	return false;
}

size_t http_body_max(const struct settings *settings, const char *content_type)
{
	enum http_form form;

	if (http_form_of(content_type, &form) && form == HTTP_FORM_BUNDLE)
		return (size_t)settings->bundle_max;
	return (size_t)settings->body_max;
}
