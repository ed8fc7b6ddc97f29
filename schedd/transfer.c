#include "schedd/transfer.h"

#include <ctype.h>
#include <string.h>

#include <curl/curl.h>

#include "schedd/reach.h"
#include "shared/buf.h"
#include "shared/table.h"

/* What is read at once: a call of libcurl each. */
#define SHORT_BUFFER 4096L
#define BULKY_BUFFER 65536L
#define IDLE_MAX 64		/* easy handles that are kept for reuse */
#define DNS_CACHE_S 300L
#define RETRY_AFTER_MAX_S 3600	/* whoever says more is asked again sooner */

struct transfer {
	CURL *easy;
	uint64_t tag;
	struct wire *wire;
	struct reach reach;
	struct curl_slist headers[REQUEST_HEADERS_MAX + 4];
	struct buf body;
	struct transfer *next;		/* among those refused at once */
	struct transfer *older, *newer;	/* among those under way */
};

struct transfers {
	CURLM *multi;
	const struct settings *settings;
	char *roots;			/* see reach_roots() */
	CURL *idle[IDLE_MAX];
	size_t nidle;
	struct transfer *refused;	/* nothing of them was sent */
	struct transfer *under_way;
};

int transfers_new(struct transfers **ret, void *multi,
		  const struct settings *settings, struct err *err)
{
	struct transfers *transfers;
	char *roots;

	if (reach_roots(settings, &roots, err))
		return -1;
	transfers = xcalloc(1, sizeof(*transfers));
	transfers->roots = roots;
	transfers->multi = multi;
	transfers->settings = settings;
	/* Too few, and curl closes connections that the next call needs. */
	curl_multi_setopt(multi, CURLMOPT_MAXCONNECTS,
			  (long)settings->concurrency + IDLE_MAX);
	*ret = transfers;
	return 0;
}

static void transfer_free(struct transfer *t)
{
	wire_free(&t->wire);
	buf_wipe(&t->body);
	free(t);
}

static void take_out(struct transfers *transfers, struct transfer *t)
{
	if (t->older)
		t->older->newer = t->newer;
	if (t->newer)
		t->newer->older = t->older;
	if (transfers->under_way == t)
		transfers->under_way = t->older;
}

void transfers_free(struct transfers **transfersp)
{
	struct transfers *transfers = *transfersp;
	struct transfer *t;

	if (!transfers)
		return;
	while ((t = transfers->under_way)) {
		take_out(transfers, t);
		curl_multi_remove_handle(transfers->multi, t->easy);
		curl_easy_cleanup(t->easy);
		transfer_free(t);
	}
	while ((t = transfers->refused)) {
		transfers->refused = t->next;
		curl_easy_cleanup(t->easy);
		transfer_free(t);
	}
	while (transfers->nidle > 0)
		curl_easy_cleanup(transfers->idle[--transfers->nidle]);
	free(transfers->roots);
	free(transfers);
	*transfersp = NULL;
}

static size_t on_body(char *data, size_t one, size_t len, void *arg)
{
	struct transfer *t = arg;

	(void)one;
	buf_add(&t->body, data, len);
	return t->body.failed ? 0 : len;	/* 0 ends the transfer */
}

static CURL *fresh_handle(struct transfers *transfers)
{
	CURL *easy;

	if (transfers->nidle > 0)
		return transfers->idle[--transfers->nidle];
	easy = curl_easy_init();
	if (!easy)
		abort();
	return easy;
}

/*
 * The list is made of our own nodes, so that the headers, with the secrets
 * in them, are not copied to where they would not be wiped.
 */
static void set_headers(struct transfer *t)
{
	/* "Expect:" keeps curl from asking before it sends a long body. */
	static char no_expect[] = "Expect:";
	size_t n = 0;

	t->headers[n++].data = no_expect;
	for (size_t i = 0; i < t->wire->nheaders; i++)
		t->headers[n++].data = t->wire->headers[i];
	for (size_t i = 0; i + 1 < n; i++)
		t->headers[i].next = &t->headers[i + 1];
	curl_easy_setopt(t->easy, CURLOPT_HTTPHEADER, t->headers);
}

static void set_method(struct transfer *t)
{
	const struct wire *wire = t->wire;

	if (wire->body) {
		curl_easy_setopt(t->easy, CURLOPT_POSTFIELDS, wire->body);
		curl_easy_setopt(t->easy, CURLOPT_POSTFIELDSIZE_LARGE,
				 (curl_off_t)wire->body_len);
	} else if (strcmp(wire->method, "POST") == 0) {
		curl_easy_setopt(t->easy, CURLOPT_POSTFIELDS, "");
	}
	if (strcmp(wire->method, "GET") != 0)
		curl_easy_setopt(t->easy, CURLOPT_CUSTOMREQUEST, wire->method);
}

static void set_options(struct transfer *t, const struct settings *s)
{
	CURL *easy = t->easy;

	curl_easy_setopt(easy, CURLOPT_URL, t->wire->url);
	curl_easy_setopt(easy, CURLOPT_PRIVATE, t);
	curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, on_body);
	curl_easy_setopt(easy, CURLOPT_WRITEDATA, t);
	curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
	/* Most are short, and each exchange under way has a buffer. */
	curl_easy_setopt(easy, CURLOPT_BUFFERSIZE,
			 t->wire->bulky ? BULKY_BUFFER : SHORT_BUFFER);
	/* A dead name server must not stop the loop when a lookup ends. */
	curl_easy_setopt(easy, CURLOPT_QUICK_EXIT, 1L);
	curl_easy_setopt(easy, CURLOPT_DNS_CACHE_TIMEOUT, DNS_CACHE_S);
	curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS,
			 (long)s->connect_timeout_ms);
	curl_easy_setopt(easy, CURLOPT_TIMEOUT_MS, (long)t->wire->timeout_ms);
	curl_easy_setopt(easy, CURLOPT_USERAGENT, "crm/" CRM_VERSION);
	/* Asked for or not: hosts and clients read it, and so must we. */
	curl_easy_setopt(easy, CURLOPT_ACCEPT_ENCODING, "gzip");
}

void transfers_send(struct transfers *transfers, uint64_t tag,
		    struct wire *wire)
{
	struct transfer *t = xcalloc(1, sizeof(*t));

	t->tag = tag;
	t->wire = wire;
	t->body.max = (size_t)wire->answer_max;
	t->easy = fresh_handle(transfers);
	set_options(t, transfers->settings);
	set_headers(t);
	set_method(t);
	if (!reach_start(&t->reach, t->easy, wire, transfers->settings,
			 transfers->roots) ||
	    curl_multi_add_handle(transfers->multi, t->easy) != CURLM_OK) {
		t->next = transfers->refused;
		transfers->refused = t;
		return;
	}
	t->older = transfers->under_way;
	if (t->older)
		t->older->newer = t;
	transfers->under_way = t;
}

static enum transport transport_of(const struct transfer *t, CURLcode code)
{
	return t->body.failed ? TRANSPORT_TOO_LARGE
			      : reach_end(&t->reach, t->easy, (int)code);
}

/* "Text/HTML; charset=x" to "text/html". */
static char *plain_type(const char *type)
{
	char *plain;

	if (!type)
		return NULL;
	plain = xstrndup(type, strcspn(type, "; \t"));
	for (char *c = plain; *c != '\0'; c++)
		*c = (char)tolower((unsigned char)*c);
	return plain;
}

static void read_answer(struct transfer *t, CURLcode code, struct answer *ret)
{
	struct curl_header *header;
	enum transport transport = transport_of(t, code);
	curl_off_t total = 0, first = 0, after = 0;
	const char *type = NULL, *location = NULL;
	long status = 0;

	/* What a proxy says is not the peer's word. */
	if (transport == TRANSPORT_PROXY)
		buf_wipe(&t->body);
	else
		curl_easy_getinfo(t->easy, CURLINFO_RESPONSE_CODE, &status);
	curl_easy_getinfo(t->easy, CURLINFO_CONTENT_TYPE, &type);
	curl_easy_getinfo(t->easy, CURLINFO_REDIRECT_URL, &location);
	curl_easy_getinfo(t->easy, CURLINFO_TOTAL_TIME_T, &total);
	curl_easy_getinfo(t->easy, CURLINFO_STARTTRANSFER_TIME_T, &first);
	curl_easy_getinfo(t->easy, CURLINFO_RETRY_AFTER, &after);
	if (after > RETRY_AFTER_MAX_S)
		after = RETRY_AFTER_MAX_S;
	*ret = (struct answer){
		.transport = transport,
		.status = (int)status,
		.content_type = plain_type(type),
		.location = xstrdup_null(location),
		.retry_after_ms = after > 0 ? after * 1000 : -1,
		.latency_ms = total / 1000,
		.first_byte_ms = first / 1000,
		.note = reach_note(&t->reach, t->easy, (int)code, transport),
	};
	if (curl_easy_header(t->easy, "X-Request-Id", 0, CURLH_HEADER, -1,
			     &header) == CURLHE_OK)
		ret->request_id = xstrndup(header->value, 128);
	if (t->body.text)
		wire_scrub(t->wire, t->body.text, t->body.len);
	ret->body_len = t->body.len;
	ret->body = buf_take(&t->body);
}

static void give_back(struct transfers *transfers, struct transfer *t)
{
	curl_easy_reset(t->easy);
	if (transfers->nidle < IDLE_MAX)
		transfers->idle[transfers->nidle++] = t->easy;
	else
		curl_easy_cleanup(t->easy);
	transfer_free(t);
}

int transfers_reap(struct transfers *transfers, uint64_t *ret_tag,
		   struct answer *ret)
{
	struct transfer *t = transfers->refused;
	CURLcode code;
	CURLMsg *msg;
	int left;

	if (t) {
		transfers->refused = t->next;
		code = CURLE_FAILED_INIT;
	} else {
		msg = curl_multi_info_read(transfers->multi, &left);
		if (!msg)
			return 0;
		code = msg->data.result;
		curl_easy_getinfo(msg->easy_handle, CURLINFO_PRIVATE, &t);
		curl_multi_remove_handle(transfers->multi, t->easy);
		take_out(transfers, t);
	}
	*ret_tag = t->tag;
	read_answer(t, code, ret);
	give_back(transfers, t);
	return 1;
}
