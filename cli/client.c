#include "cli/client.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include <curl/curl.h>

#include "cli/exits.h"
#include "shared/endpoint.h"
#include "shared/seal.h"
#include "shared/table.h"

#define ANSWER_MAX (64 << 20)
#define CONNECT_TIMEOUT_S 10
#define ANSWER_TIMEOUT_S 60
#define KEY_PARTS 3

struct client {
	const struct context *context;
	CURL *curl;
	CURLU *base;
	char error[CURL_ERROR_SIZE];
};

static void url_done(CURLU **url)
{
	curl_url_cleanup(*url);
}

static void headers_done(struct curl_slist **headers)
{
	curl_slist_free_all(*headers);
}

void api_reply_done(struct api_reply *reply)
{
	json_decref(reply->body);
	*reply = (struct api_reply){ 0 };
}

static size_t take_data(char *data, size_t size, size_t count, void *to)
{
	struct buf *answer = to;

	buf_add(answer, data, size * count);
	return answer->failed ? 0 : size * count;
}

static void set_up(struct client *client)
{
	const struct context *context = client->context;
	CURL *curl = client->curl;

	curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "http,https");
	curl_easy_setopt(curl, CURLOPT_FOLLOWLOCATION, 0L);
	curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT,
			 (long)CONNECT_TIMEOUT_S);
	curl_easy_setopt(curl, CURLOPT_USERAGENT, "crmctl/" CRM_VERSION);
	curl_easy_setopt(curl, CURLOPT_ERRORBUFFER, client->error);
	curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, take_data);
	if (*context->ca_file)
		curl_easy_setopt(curl, CURLOPT_CAINFO, context->ca_file);
	if (context->token) {
		curl_easy_setopt(curl, CURLOPT_HTTPAUTH, CURLAUTH_BEARER);
		curl_easy_setopt(curl, CURLOPT_XOAUTH2_BEARER, context->token);
	}
}

int client_new(struct client **ret, const struct context *context,
	       struct err *err)
{
	CLEANUP(client_free) struct client *client = NULL;
	CURLUcode bad;

	if (curl_global_init(CURL_GLOBAL_DEFAULT))
		return err_set(err, ERR_INTERNAL, "libcurl does not start");
	if (seal_start(err))
		return -1;
	client = xcalloc(1, sizeof(*client));
	client->context = context;
	client->curl = curl_easy_init();
	client->base = curl_url();
	if (!client->curl || !client->base)
		return err_set(err, ERR_INTERNAL, "libcurl has no memory");
	bad = curl_url_set(client->base, CURLUPART_URL, context->url, 0);
	if (bad)
		return args_refuse(err, "'%s' is no address of an API: %s",
				   context->url, curl_url_strerror(bad));
	set_up(client);
	*ret = TAKE(client);
	return 0;
}

void client_free(struct client **client)
{
	if (!*client)
		return;
	curl_easy_cleanup((*client)->curl);
	curl_url_cleanup((*client)->base);
	free(*client);
	*client = NULL;
}

int client_check_id(const char *text, struct err *err)
{
	size_t len = strspn(text, "abcdefghijklmnopqrstuvwxyz"
			    "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-");

	if (len == 0 || len >= ENDPOINT_KEY_MAX || text[len] != '\0')
		return err_set(err, ERR_INVALID, "'%s' is no id", text);
	return 0;
}

/* The address of a call: below the base, which may have a path of its own. */
static CURLU *call_url(const struct client *client,
		       const struct api_call *call)
{
	CURLU *url = curl_url_dup(client->base);
	char *prefix = NULL;
	AUTO_FREE char *path = NULL;
	int len;

	curl_url_get(url, CURLUPART_PATH, &prefix, 0);
	len = prefix ? (int)strlen(prefix) : 0;
	while (len > 0 && prefix[len - 1] == '/')
		len--;
	path = xasprintf("%.*s%s", len, prefix ? prefix : "", call->path);
	curl_free(prefix);
	curl_url_set(url, CURLUPART_PATH, path, 0);
	for (const char *const *q = call->query; q && *q; q++)
		curl_url_set(url, CURLUPART_QUERY, *q,
			     CURLU_APPENDQUERY | CURLU_URLENCODE);
	return url;
}

static void add_header(struct curl_slist **headers, const char *name,
		       const char *value)
{
	AUTO_FREE char *line = xasprintf("%s: %s", name, value);

	*headers = curl_slist_append(*headers, line);
}

/* Does it change something by what its body says? */
static bool carries_body(const struct api_call *call)
{
	return strncmp(call->method, "P", 1) == 0;
}

static struct curl_slist *call_headers(const struct api_call *call)
{
	struct curl_slist *headers = NULL;
	AUTO_FREE char *wait = xasprintf("wait=%d", (int)call->wait_s);
	char key[KEY_PARTS * ID_SHORT_MAX];

	add_header(&headers, "Accept", call->accept ? call->accept
						    : "application/json");
	if (call->language)
		add_header(&headers, "Accept-Language", call->language);
	headers = curl_slist_append(headers, "Expect:");
	if (call->header)
		headers = curl_slist_append(headers, call->header);
	if (call->wait_s)
		add_header(&headers, "Prefer", wait);
	if (!carries_body(call))
		return headers;
	if (call->body)
		add_header(&headers, "Content-Type", call->content_type
			   ? call->content_type : "application/json");
	memset(key, 0, sizeof(key));
	for (size_t i = 0; i < KEY_PARTS; i++)
		seal_random_id(key + strlen(key), 10);
	add_header(&headers, "Idempotency-Key", call->idempotency_key
		   ? call->idempotency_key : key);
	return headers;
}

static void set_call(struct client *client, const struct api_call *call)
{
	CURL *curl = client->curl;
	const char *body = call->body ? buf_str(&call->body->text) : "";

	curl_easy_setopt(curl, CURLOPT_CUSTOMREQUEST, NULL);
	curl_easy_setopt(curl, CURLOPT_HTTPGET, 1L);
	if (carries_body(call)) {
		curl_easy_setopt(curl, CURLOPT_POSTFIELDSIZE_LARGE,
				 (curl_off_t)(call->body ?
					      call->body->text.len : 0));
		curl_easy_setopt(curl, CURLOPT_POSTFIELDS, body);
		curl_easy_setopt(curl, CURLOPT_POST, 1L);
	}
	if (strcmp(call->method, "POST") != 0)
		curl_easy_setopt(curl, CURLOPT_CUSTOMREQUEST, call->method);
	curl_easy_setopt(curl, CURLOPT_TIMEOUT,
			 (long)(ANSWER_TIMEOUT_S + call->wait_s));
}

/*
 * Nothing says that the other side worked on it, or that it did not.  502 is
 * what nginx makes of a connection that broke behind it.
 */
static bool connection_broke(const struct client *client, CURLcode code)
{
	long status = 0;

	curl_easy_getinfo(client->curl, CURLINFO_RESPONSE_CODE, &status);
	return code == CURLE_SEND_ERROR || code == CURLE_RECV_ERROR ||
	       code == CURLE_GOT_NOTHING || code == CURLE_PARTIAL_FILE ||
	       (code == CURLE_OK && status == 502);
}

static int refuse_transfer(const struct client *client, CURLcode code,
			   struct err *err)
{
	const char *why = *client->error ? client->error
					 : curl_easy_strerror(code);
	curl_off_t sent = 0;

	curl_easy_getinfo(client->curl, CURLINFO_PRETRANSFER_TIME_T, &sent);
	if (code == CURLE_OPERATION_TIMEDOUT && sent > 0)
		return err_set(err, ERR_BUSY, "the API at %s took too long",
			       client->context->url);
	return err_set(err, ERR_UPSTREAM, "the API at %s cannot be reached: "
		       "%s%s", client->context->url, why,
		       code == CURLE_PEER_FAILED_VERIFICATION
		       ? "; --ca-file (CRM_CA_FILE, ca_file) names what to "
			 "trust" : "");
}

static const struct {
	int status;
	enum err_kind kind;
} kinds[] = {
	{ 400, ERR_INVALID },	{ 401, ERR_DENIED },
	{ 403, ERR_DENIED },	{ 404, ERR_NOT_FOUND },
	{ 405, ERR_INVALID },	{ 409, ERR_CONFLICT },
	{ 413, ERR_INVALID },	{ 415, ERR_INVALID },
	{ 422, ERR_INVALID },	{ 429, ERR_UPSTREAM },
	{ 500, ERR_INTERNAL },	{ 502, ERR_UPSTREAM },
	{ 503, ERR_UPSTREAM },	{ 504, ERR_UPSTREAM },
};

static enum err_kind kind_of(int status)
{
	for (size_t i = 0; i < COUNT(kinds); i++)
		if (kinds[i].status == status)
			return kinds[i].kind;
	return ERR_UPSTREAM;
}

/* What the API says of its refusal; other servers on the way say nothing. */
static int refuse_status(const struct client *client,
			 const struct api_reply *reply, struct err *err)
{
	const json_t *body = reply->body;
	const char *detail = json_string_value(json_object_get(body, "detail"));
	const char *code = json_string_value(json_object_get(body, "code"));

	if (!detail || !code)
		return err_set(err, ERR_UPSTREAM, "%s answers %d, and not as "
			       "the API does", client->context->url,
			       reply->status);
	return err_set(err, kind_of(reply->status), "%s (%s)", detail, code);
}

static int read_answer(const struct client *client, const struct buf *answer,
		       struct api_reply *ret, struct err *err)
{
	struct curl_header *header;
	long status = 0;

	curl_easy_getinfo(client->curl, CURLINFO_RESPONSE_CODE, &status);
	ret->status = (int)status;
	ret->replayed = curl_easy_header(client->curl, "Idempotency-Replayed",
					 0, CURLH_HEADER, -1, &header) ==
			CURLHE_OK;
	ret->body = json_loadb(buf_str(answer), answer->len,
			       JSON_DECODE_ANY, NULL);
	if (status < 200 || status > 299)
		return refuse_status(client, ret, err);
	if (!ret->body && status != 204)
		return err_set(err, ERR_UPSTREAM, "%s answers, but not as the "
			       "API does", client->context->url);
	return 0;
}

int client_call(struct client *client, const struct api_call *call,
		struct api_reply *ret, struct err *err)
{
	CLEANUP(buf_done) struct buf answer = { .max = ANSWER_MAX };
	CLEANUP(url_done) CURLU *url = call_url(client, call);
	CLEANUP(headers_done) struct curl_slist *headers = call_headers(call);
	CURLcode code = CURLE_OK;

	api_reply_done(ret);
	if (call->body && call->body->text.failed)
		return err_set(err, ERR_INVALID, "the request is too large");
	set_call(client, call);
	curl_easy_setopt(client->curl, CURLOPT_CURLU, url);
	curl_easy_setopt(client->curl, CURLOPT_HTTPHEADER, headers);
	curl_easy_setopt(client->curl, CURLOPT_WRITEDATA, &answer);
	for (int attempt = 0; attempt < 2; attempt++) {
		buf_reset(&answer);
		client->error[0] = '\0';
		code = curl_easy_perform(client->curl);
		if (!connection_broke(client, code))
			break;
	}
	curl_easy_setopt(client->curl, CURLOPT_HTTPHEADER, NULL);
	curl_easy_setopt(client->curl, CURLOPT_CURLU, NULL);
	if (code)
		return refuse_transfer(client, code, err);
	return read_answer(client, &answer, ret, err);
}

/* An answer on its way out; a refusal is kept, to be read. */
struct download {
	CURL *curl;
	struct buf refusal;
	int error;		/* of standard output */
};

static size_t take_download(char *data, size_t size, size_t count, void *to)
{
	struct download *download = to;
	long status = 0;

	curl_easy_getinfo(download->curl, CURLINFO_RESPONSE_CODE, &status);
	if (status < 200 || status > 299)
		return take_data(data, size, count, &download->refusal);
	if (fwrite(data, size, count, stdout) == count)
		return size * count;
	download->error = errno;
	return 0;
}

static CURLcode perform_download(struct client *client,
				 const struct api_call *call,
				 struct download *download)
{
	CLEANUP(url_done) CURLU *url = call_url(client, call);
	CLEANUP(headers_done) struct curl_slist *headers = call_headers(call);
	CURL *curl = client->curl;
	CURLcode code;

	set_call(client, call);
	curl_easy_setopt(curl, CURLOPT_CURLU, url);
	curl_easy_setopt(curl, CURLOPT_HTTPHEADER, headers);
	curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, take_download);
	curl_easy_setopt(curl, CURLOPT_WRITEDATA, download);
	/* However long it is, as long as something comes. */
	curl_easy_setopt(curl, CURLOPT_TIMEOUT, 0L);
	curl_easy_setopt(curl, CURLOPT_LOW_SPEED_LIMIT, 1L);
	curl_easy_setopt(curl, CURLOPT_LOW_SPEED_TIME,
			 (long)ANSWER_TIMEOUT_S);
	client->error[0] = '\0';
	code = curl_easy_perform(curl);
	curl_easy_setopt(curl, CURLOPT_LOW_SPEED_TIME, 0L);
	curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, take_data);
	curl_easy_setopt(curl, CURLOPT_HTTPHEADER, NULL);
	curl_easy_setopt(curl, CURLOPT_CURLU, NULL);
	return code;
}

int client_download(struct client *client, const struct api_call *call,
		    struct err *err)
{
	struct download download = { .curl = client->curl,
				     .refusal.max = ANSWER_MAX };
	CLEANUP(api_reply_done) struct api_reply refusal = { 0 };
	CURLcode code = perform_download(client, call, &download);
	int rc = 0;

	if (download.error || (code == CURLE_OK && fflush(stdout) == EOF))
		rc = err_set(err, ERR_INTERNAL, "standard output: %s",
			     strerror(download.error ? download.error : errno));
	else if (code)
		rc = refuse_transfer(client, code, err);
	else if (download.refusal.len)
		rc = read_answer(client, &download.refusal, &refusal, err);
	buf_done(&download.refusal);
	return rc;
}
