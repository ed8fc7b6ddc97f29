#include "tests/helpers/sim_upstream.h"

#include <arpa/inet.h>
#include <assert.h>
#include <string.h>
#include <strings.h>
#include <sys/queue.h>

#include <curl/curl.h>

#include "shared/buf.h"
#include "shared/clock.h"
#include "shared/table.h"

#define BODY_MAX (16u << 20)
#define KEPT_MAX 256L		/* connections */
#define FDS_MAX 8

struct transfer {
	TAILQ_ENTRY(transfer) link;
	struct sim_upstream *upstream;
	CURL *easy;
	struct curl_slist *headers;
	struct model_request call;	/* curl borrows its body */
	struct model_answer answer;
	struct buf body;
	uint64_t ticket;
	int64_t began;
};

TAILQ_HEAD(transfers, transfer);

struct sim_upstream {
	CURLM *multi;
	sim_upstream_done_fn *done;
	void *context;
	struct transfers running;
	struct transfers idle;		/* their handles are used again */
};

/* How a call ended that curl could not bring to its end. */
static const struct {
	CURLcode code;
	enum model_end end;
} failures[] = {
	{ CURLE_COULDNT_RESOLVE_HOST,	MODEL_END_DNS },
	{ CURLE_COULDNT_CONNECT,	MODEL_END_REFUSED },
	{ CURLE_OPERATION_TIMEDOUT,	MODEL_END_HANG },
	{ CURLE_PARTIAL_FILE,		MODEL_END_CUT },
	{ CURLE_WRITE_ERROR,		MODEL_END_CUT },
};

static const char *const dropped_headers[] = {
	"Content-Length", "Transfer-Encoding", "Connection", "Keep-Alive",
	"Host", "Expect",
};

static void transfer_clear(struct transfer *transfer)
{
	curl_slist_free_all(TAKE(transfer->headers));
	model_request_done(&transfer->call);
	model_answer_done(&transfer->answer);
	buf_done(&transfer->body);
}

struct sim_upstream *sim_upstream_new(sim_upstream_done_fn *done,
				      void *context)
{
	struct sim_upstream *upstream = xcalloc(1, sizeof(*upstream));

	curl_global_init(CURL_GLOBAL_DEFAULT);
	upstream->multi = curl_multi_init();
	assert(upstream->multi);
	curl_multi_setopt(upstream->multi, CURLMOPT_MAXCONNECTS, KEPT_MAX);
	upstream->done = done;
	upstream->context = context;
	TAILQ_INIT(&upstream->running);
	TAILQ_INIT(&upstream->idle);
	return upstream;
}

static void free_all(struct transfers *transfers)
{
	struct transfer *transfer;

	while ((transfer = TAILQ_FIRST(transfers))) {
		TAILQ_REMOVE(transfers, transfer, link);
		curl_easy_cleanup(transfer->easy);
		transfer_clear(transfer);
		free(transfer);
	}
}

void sim_upstream_free(struct sim_upstream **upstream)
{
	struct transfer *transfer;

	if (!*upstream)
		return;
	TAILQ_FOREACH(transfer, &(*upstream)->running, link)
		curl_multi_remove_handle((*upstream)->multi, transfer->easy);
	free_all(&(*upstream)->running);
	free_all(&(*upstream)->idle);
	curl_multi_cleanup((*upstream)->multi);
	curl_global_cleanup();
	free(*upstream);
	*upstream = NULL;
}

static bool is_dropped(const char *name)
{
	for (size_t i = 0; i < COUNT(dropped_headers); i++) {
		if (strcasecmp(dropped_headers[i], name) == 0)
			return true;
	}
	return false;
}

static size_t on_header(char *line, size_t size, size_t count, void *context)
{
	struct transfer *transfer = context;
	struct model_answer *answer = &transfer->answer;
	size_t len = size * count;
	const char *colon = memchr(line, ':', len);
	AUTO_FREE char *name = NULL;
	AUTO_FREE char *value = NULL;
	const char *from;
	size_t left;

	/* A status line: what came before it was a provisional answer. */
	if (len >= 5 && strncmp(line, "HTTP/", 5) == 0)
		model_answer_done(answer);
	if (!colon || answer->nheaders == MODEL_HEADERS_MAX)
		return len;
	from = colon + 1;
	left = len - (size_t)(from - line);
	while (left > 0 && strchr(" \t\r\n", from[left - 1]))
		left--;
	for (; left > 0 && *from == ' '; left--)
		from++;
	name = xstrndup(line, (size_t)(colon - line));
	value = xstrndup(from, left);
	if (!is_dropped(name))
		model_answer_add_header(answer, name, value);
	return len;
}

static size_t on_body(char *data, size_t size, size_t count, void *context)
{
	struct transfer *transfer = context;

	buf_add(&transfer->body, data, size * count);
	/* Too few taken: curl gives up, and so would a host. */
	return transfer->body.failed ? 0 : size * count;
}

static struct transfer *take_idle(struct sim_upstream *upstream)
{
	struct transfer *transfer = TAILQ_FIRST(&upstream->idle);

	if (transfer) {
		TAILQ_REMOVE(&upstream->idle, transfer, link);
		curl_easy_reset(transfer->easy);
		return transfer;
	}
	transfer = xcalloc(1, sizeof(*transfer));
	transfer->upstream = upstream;
	transfer->easy = curl_easy_init();
	assert(transfer->easy);
	return transfer;
}

static void add_header(struct transfer *transfer, const char *name,
		       const char *value)
{
	AUTO_FREE char *line = value[0] ? xasprintf("%s: %s", name, value) :
					  xasprintf("%s;", name);

	transfer->headers = curl_slist_append(transfer->headers, line);
}

/* Headers that curl would add are left out unless the host sends them. */
static void set_headers(struct transfer *transfer)
{
	static const char *const own[] = {
		"Accept", "Content-Type", "User-Agent",
	};
	const struct model_request *call = &transfer->call;

	for (size_t i = 0; i < call->nheaders; i++) {
		if (!is_dropped(call->headers[i].name))
			add_header(transfer, call->headers[i].name,
				   call->headers[i].value);
	}
	for (size_t i = 0; i < COUNT(own); i++) {
		AUTO_FREE char *none = xasprintf("%s:", own[i]);

		if (!model_request_header(call, own[i]))
			transfer->headers =
				curl_slist_append(transfer->headers, none);
	}
	transfer->headers = curl_slist_append(transfer->headers, "Expect:");
}

/*
 * A name that resolves here and, as it may be, nowhere else:
 * SIM_CONNECT_TO=NAME:PORT:ADDRESS:PORT.
 */
static const char *known_name(void)
{
	return getenv("SIM_CONNECT_TO");
}

static void set_names(struct transfer *transfer)
{
	static struct curl_slist list;	/* curl does not copy it */
	static char entry[256];

	if (!known_name())
		return;
	snprintf(entry, sizeof(entry), "%s", known_name());
	list.data = entry;
	curl_easy_setopt(transfer->easy, CURLOPT_CONNECT_TO, &list);
}

static bool is_known(const char *host)
{
	size_t len = strlen(host);

	return known_name() && strncmp(known_name(), host, len) == 0 &&
	       known_name()[len] == ':';
}

static void set_options(struct transfer *transfer, int64_t timeout_ms)
{
	const struct model_request *call = &transfer->call;
	CURL *easy = transfer->easy;

	set_headers(transfer);
	set_names(transfer);
	curl_easy_setopt(easy, CURLOPT_URL, call->target);
	curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http");
	curl_easy_setopt(easy, CURLOPT_PROXY, call->proxy ? call->proxy : "");
	curl_easy_setopt(easy, CURLOPT_NOPROXY, "");
	curl_easy_setopt(easy, CURLOPT_HTTPHEADER, transfer->headers);
	curl_easy_setopt(easy, CURLOPT_CUSTOMREQUEST, call->method);
	if (call->body_len > 0 || strcmp(call->method, "POST") == 0) {
		curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE_LARGE,
				 (curl_off_t)call->body_len);
		curl_easy_setopt(easy, CURLOPT_POSTFIELDS, call->body);
	}
	curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(easy, CURLOPT_TIMEOUT_MS, (long)timeout_ms);
	curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION, on_header);
	curl_easy_setopt(easy, CURLOPT_HEADERDATA, transfer);
	curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, on_body);
	curl_easy_setopt(easy, CURLOPT_WRITEDATA, transfer);
	curl_easy_setopt(easy, CURLOPT_PRIVATE, transfer);
}

/* How a call to this URL would end here; COMPLETE: it may be made. */
static enum model_end judge_url(const char *text)
{
	CURLU *url = curl_url();
	char *scheme = NULL;
	char *host = NULL;
	struct in_addr address;
	enum model_end end = MODEL_END_REFUSED;

	if (!curl_url_set(url, CURLUPART_URL, text, CURLU_NON_SUPPORT_SCHEME) &&
	    !curl_url_get(url, CURLUPART_SCHEME, &scheme, 0) &&
	    !curl_url_get(url, CURLUPART_HOST, &host, 0)) {
		if (is_known(host))
			end = MODEL_END_COMPLETE;
		else if (inet_pton(AF_INET, host, &address) != 1)
			end = host[0] == '[' ? MODEL_END_REFUSED :
					       MODEL_END_DNS;
		else if (strcmp(host, "127.0.0.1") == 0)
			end = strcmp(scheme, "http") == 0 ?
				MODEL_END_COMPLETE : MODEL_END_TLS;
	}
	curl_free(scheme);
	curl_free(host);
	curl_url_cleanup(url);
	return end;
}

void sim_upstream_call(struct sim_upstream *upstream, uint64_t ticket,
		       const struct model_request *call, int64_t timeout_ms)
{
	enum model_end end = judge_url(call->target);
	struct transfer *transfer;

	if (end != MODEL_END_COMPLETE) {
		CLEANUP(model_answer_done) struct model_answer answer = {
			.end = end,
			.body = xstrdup(""),
		};

		upstream->done(upstream->context, ticket, &answer);
		return;
	}
	transfer = take_idle(upstream);
	model_request_copy(&transfer->call, call);
	transfer->body.max = BODY_MAX;
	transfer->ticket = ticket;
	transfer->began = clock_mono_ms();
	set_options(transfer, timeout_ms);
	TAILQ_INSERT_TAIL(&upstream->running, transfer, link);
	curl_multi_add_handle(upstream->multi, transfer->easy);
}

static enum model_end end_of(CURLcode code, int status)
{
	if (code == CURLE_OK)
		return MODEL_END_COMPLETE;
	for (size_t i = 0; i < COUNT(failures); i++) {
		if (failures[i].code == code)
			return failures[i].end;
	}
	/* The connection died: whether an answer had begun is what matters. */
	return status > 0 ? MODEL_END_CUT : MODEL_END_RESET;
}

static void finish(struct transfer *transfer, CURLcode code)
{
	struct sim_upstream *upstream = transfer->upstream;
	CLEANUP(model_answer_done) struct model_answer answer = { 0 };
	uint64_t ticket = transfer->ticket;
	long status = 0;

	curl_easy_getinfo(transfer->easy, CURLINFO_RESPONSE_CODE, &status);
	curl_multi_remove_handle(upstream->multi, transfer->easy);
	answer = transfer->answer;
	transfer->answer = (struct model_answer){ 0 };
	answer.status = (int)status;
	answer.end = end_of(code, answer.status);
	answer.body_len = transfer->body.len;
	answer.body = buf_take(&transfer->body);
	answer.delay_ms = clock_mono_ms() - transfer->began;
	transfer_clear(transfer);
	TAILQ_REMOVE(&upstream->running, transfer, link);
	TAILQ_INSERT_HEAD(&upstream->idle, transfer, link);
	upstream->done(upstream->context, ticket, &answer);
}

void sim_upstream_run(struct sim_upstream *upstream)
{
	CURLMsg *message;
	int running;
	int left;

	curl_multi_perform(upstream->multi, &running);
	while ((message = curl_multi_info_read(upstream->multi, &left))) {
		struct transfer *transfer = NULL;

		if (message->msg != CURLMSG_DONE)
			continue;
		curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE,
				  &transfer);
		finish(transfer, message->data.result);
	}
}

int sim_upstream_wait(struct sim_upstream *upstream, struct pollfd *fds,
		      unsigned int count, int timeout_ms)
{
	struct curl_waitfd waits[FDS_MAX];
	int ready = 0;

	assert(count <= FDS_MAX);
	for (unsigned int i = 0; i < count; i++)
		waits[i] = (struct curl_waitfd){
			.fd = fds[i].fd,
			.events = CURL_WAIT_POLLIN,
		};
	curl_multi_poll(upstream->multi, waits, count, timeout_ms, &ready);
	for (unsigned int i = 0; i < count; i++)
		fds[i].revents = waits[i].revents & CURL_WAIT_POLLIN ?
				 POLLIN : 0;
	return ready;
}
