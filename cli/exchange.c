#include "cli/exchange.h"

#include <ctype.h>
#include <string.h>
#include <sys/socket.h>

#include <curl/curl.h>

#include "shared/address.h"
#include "shared/clock.h"
#include "shared/table.h"

#define ANSWER_MAX (4 << 20)
#define CONNECT_TIMEOUT_S 10
#define ANSWER_TIMEOUT_S 60

void exchange_answer_done(struct exchange_answer *answer)
{
	free(answer->content_type);
	buf_done(&answer->body);
	*answer = (struct exchange_answer){ 0 };
}

static void headers_done(struct curl_slist **headers)
{
	curl_slist_free_all(*headers);
}

static void easy_done(CURL **easy)
{
	curl_easy_cleanup(*easy);
}

/* Counts the addresses of a name that were judged. */
struct gate {
	bool private_ok;
	int allowed, refused;
};

static curl_socket_t open_allowed(void *arg, curlsocktype purpose,
				  struct curl_sockaddr *at)
{
	struct gate *gate = arg;
	struct address address;

	(void)purpose;
	if (!address_of_socket(&at->addr, at->addrlen, &address) ||
	    !address_allowed(address_kind(&address), gate->private_ok)) {
		gate->refused++;
		return CURL_SOCKET_BAD;
	}
	gate->allowed++;
	return socket(at->family, at->socktype | SOCK_CLOEXEC, at->protocol);
}

/* What is none of these is a connection that died. */
static const struct {
	CURLcode code;
	enum failure failure;
} deliveries[] = {
	{ CURLE_OK,			  FAILURE_NONE },
	{ CURLE_COULDNT_RESOLVE_HOST,	  FAILURE_DNS },
	{ CURLE_COULDNT_CONNECT,	  FAILURE_REFUSED },
	{ CURLE_SSL_CONNECT_ERROR,	  FAILURE_TLS },
	{ CURLE_PEER_FAILED_VERIFICATION, FAILURE_TLS },
	{ CURLE_SSL_CACERT_BADFILE,	  FAILURE_TLS },
	{ CURLE_SSL_ISSUER_ERROR,	  FAILURE_TLS },
	{ CURLE_WRITE_ERROR,		  FAILURE_TOO_LARGE },
	{ CURLE_URL_MALFORMAT,		  FAILURE_INTERNAL },
};

static size_t take_data(char *data, size_t size, size_t count, void *to)
{
	struct buf *body = to;

	buf_add(body, data, size * count);
	return body->failed ? 0 : size * count;
}

static enum failure delivery_of(CURL *curl, CURLcode code,
				const struct gate *gate)
{
	long status = 0;
	curl_off_t connected = 0;

	curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &status);
	curl_easy_getinfo(curl, CURLINFO_CONNECT_TIME_T, &connected);
	if (code != CURLE_OK && gate->refused > 0 && gate->allowed == 0)
		return FAILURE_ADDRESS_FORBIDDEN;
	if (code == CURLE_OK && status >= 300 && status < 400)
		return FAILURE_REDIRECTED;
	if (code == CURLE_OPERATION_TIMEDOUT)
		return connected > 0 ? FAILURE_DEAD_END : FAILURE_TIMEOUT;
	for (size_t i = 0; i < COUNT(deliveries); i++)
		if (deliveries[i].code == code)
			return deliveries[i].failure;
	return FAILURE_RESET;
}

static void add_header(struct curl_slist **headers, const char *name,
		       const char *value)
{
	AUTO_FREE char *line = xasprintf("%s: %s", name, value);

	*headers = curl_slist_append(*headers, line);
}

static struct curl_slist *ask_headers(const struct exchange_ask *ask)
{
	struct curl_slist *headers = NULL;
	const char *name;
	json_t *value;

	add_header(&headers, "Accept", ask->accept);
	headers = curl_slist_append(headers, "Expect:");
	if (ask->body)
		add_header(&headers, "Content-Type", "application/json");
	json_object_foreach((json_t *)(uintptr_t)ask->headers, name, value)
		add_header(&headers, name, json_string_value(value));
	return headers;
}

static void set_ask(CURL *curl, const struct exchange_ask *ask,
		    struct gate *gate)
{
	curl_easy_setopt(curl, CURLOPT_URL, ask->url);
	curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "http,https");
	curl_easy_setopt(curl, CURLOPT_FOLLOWLOCATION, 0L);
	curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT,
			 (long)CONNECT_TIMEOUT_S);
	curl_easy_setopt(curl, CURLOPT_TIMEOUT, (long)ANSWER_TIMEOUT_S);
	curl_easy_setopt(curl, CURLOPT_USERAGENT, "crmctl/" CRM_VERSION);
	curl_easy_setopt(curl, CURLOPT_PROXY, "");
	curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, take_data);
	curl_easy_setopt(curl, CURLOPT_OPENSOCKETFUNCTION, open_allowed);
	curl_easy_setopt(curl, CURLOPT_OPENSOCKETDATA, gate);
	curl_easy_setopt(curl, CURLOPT_HTTPAUTH, CURLAUTH_BEARER);
	curl_easy_setopt(curl, CURLOPT_XOAUTH2_BEARER, ask->key);
	if (ask->ca_file)
		curl_easy_setopt(curl, CURLOPT_CAINFO, ask->ca_file);
	if (!ask->body)
		return;
	curl_easy_setopt(curl, CURLOPT_POSTFIELDSIZE_LARGE,
			 (curl_off_t)ask->body->text.len);
	curl_easy_setopt(curl, CURLOPT_POSTFIELDS,
			 buf_str(&ask->body->text));
}

/* "Text/HTML; charset=utf-8" -> "text/html" */
static char *plain_type(CURL *curl)
{
	const char *said = NULL;
	char *type;

	curl_easy_getinfo(curl, CURLINFO_CONTENT_TYPE, &said);
	if (!said)
		return NULL;
	type = xstrndup(said, strcspn(said, "; \t"));
	for (char *c = type; *c; c++)
		*c = (char)tolower((unsigned char)*c);
	return type;
}

static void read_ask(CURL *curl, struct exchange_answer *ret)
{
	long status = 0;
	curl_off_t after = 0;

	curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &status);
	curl_easy_getinfo(curl, CURLINFO_RETRY_AFTER, &after);
	ret->status = (int)status;
	ret->content_type = plain_type(curl);
	ret->retry_after_ms = after > 0 ? (int64_t)after * 1000 : -1;
}

int exchange_make(const struct exchange_ask *ask, struct exchange_answer *ret,
		    struct err *err)
{
	CLEANUP(easy_done) CURL *curl = NULL;
	CLEANUP(headers_done) struct curl_slist *headers = ask_headers(ask);
	struct gate gate = { .private_ok = ask->private_ok };
	int64_t begun = clock_mono_ms();

	*ret = (struct exchange_answer){ .body.max = ANSWER_MAX,
				       .retry_after_ms = -1 };
	if (curl_global_init(CURL_GLOBAL_DEFAULT) ||
	    !(curl = curl_easy_init()))
		return err_set(err, ERR_INTERNAL, "libcurl does not start");
	if (!address_allowed(address_kind_of_url(ask->url), ask->private_ok)) {
		ret->delivery = FAILURE_ADDRESS_FORBIDDEN;
		return 0;
	}
	set_ask(curl, ask, &gate);
	curl_easy_setopt(curl, CURLOPT_HTTPHEADER, headers);
	curl_easy_setopt(curl, CURLOPT_WRITEDATA, &ret->body);
	ret->delivery = delivery_of(curl, curl_easy_perform(curl), &gate);
	if (ret->delivery == FAILURE_NONE ||
	    ret->delivery == FAILURE_REDIRECTED)
		read_ask(curl, ret);
	ret->ms = clock_mono_ms() - begun;
	return 0;
}
