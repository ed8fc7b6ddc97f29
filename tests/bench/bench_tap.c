/*
 * bench_tap: stands between crm-schedd and its peers and writes down what is
 * said, so that bench_replay can say it again.
 *
 *	bench_tap RECORD PORTS HOST PROVIDER
 *
 * PORTS gets two numbers: 127.0.0.1 at the first is the host, at the second
 * the provider; HOST and PROVIDER are URLs without a path.  RECORD gets a line
 * of JSON for each exchange of CRM's own, in clear: keep it to yourself.  What
 * a host asks of the provider goes through and is not written down.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <curl/curl.h>
#include <jansson.h>

#include "shared/buf.h"
#include "shared/err.h"
#include "shared/table.h"

#define MESSAGE_MAX (32 << 20)
#define OURS "crm/"		/* how our User-Agent begins */

enum peer { PEER_HOST, PEER_PROVIDER, PEER__MAX };

static const char *const peer_names[] = {
	[PEER_HOST]	= "host",
	[PEER_PROVIDER]	= "provider",
};

/* What all threads share; `lock` is for the members behind it. */
static struct {
	const char *urls[PEER__MAX];
	pthread_mutex_t lock;
	FILE *record;
	int host_under_way;
} tap = { .lock = PTHREAD_MUTEX_INITIALIZER };

struct connection {
	enum peer peer;
	int fd;
	struct buf in;		/* read, and not looked at yet */
	CURL *easy;
};

/* One exchange.  Texts of the request point into `head`. */
struct exchange {
	char *head;
	const char *method;
	const char *target;
	struct curl_slist *headers;
	char *body;
	size_t len;
	bool nested;		/* while the host was answering us */
	long status;
	struct buf reply_head;
	struct buf reply;
};

static void exchange_done(struct exchange *x)
{
	curl_slist_free_all(x->headers);
	free(x->head);
	free(x->body);
	buf_wipe(&x->reply_head);
	buf_wipe(&x->reply);
}

static bool read_more(struct connection *c)
{
	char chunk[16 << 10];
	ssize_t n = recv(c->fd, chunk, sizeof(chunk), 0);

	if (n <= 0)
		return false;
	buf_add(&c->in, chunk, (size_t)n);
	return !c->in.failed;
}

/* Cut `len` bytes off the front of what was read.  For free(). */
static char *cut(struct connection *c, size_t len)
{
	struct buf rest = { .max = MESSAGE_MAX };
	char *front = xcalloc(1, len + 1);

	memcpy(front, c->in.text, len);
	buf_add(&rest, c->in.text + len, c->in.len - len);
	buf_wipe(&c->in);
	c->in = rest;
	return front;
}

/* These are about one connection, and curl has its own. */
static bool is_of_connection(const char *line)
{
	static const char *const names[] = {
		"Connection:", "Content-Length:", "Host:", "Keep-Alive:",
		"Transfer-Encoding:", "Accept-Encoding:",
	};

	for (size_t i = 0; i < COUNT(names); i++)
		if (strncasecmp(line, names[i], strlen(names[i])) == 0)
			return true;
	return false;
}

/* Read the lines of the head; returns the length of the body. */
static size_t read_head(struct exchange *x)
{
	char *rest = x->head, *line = strsep(&rest, "\n");
	size_t len = 0;

	x->method = strsep(&line, " ");
	x->target = line ? strsep(&line, " ") : "/";
	/* What curl would add by itself was not said. */
	x->headers = curl_slist_append(NULL, "Expect:");
	x->headers = curl_slist_append(x->headers, "Accept:");
	while ((line = strsep(&rest, "\n")) && *line != '\r' &&
	       *line != '\0') {
		line[strcspn(line, "\r")] = '\0';
		if (strncasecmp(line, "Content-Length:", 15) == 0)
			len = strtoull(line + 15, NULL, 10);
		if (!is_of_connection(line))
			x->headers = curl_slist_append(x->headers, line);
	}
	return len;
}

static bool read_request(struct connection *c, struct exchange *x)
{
	const char *end;

	while (!(end = strstr(buf_str(&c->in), "\r\n\r\n")))
		if (!read_more(c))
			return false;
	x->head = cut(c, (size_t)(end - c->in.text) + 4);
	x->len = read_head(x);
	while (c->in.len < x->len)
		if (!read_more(c))
			return false;
	x->body = cut(c, x->len);
	return true;
}

static size_t on_header(char *data, size_t one, size_t len, void *arg)
{
	struct exchange *x = arg;

	(void)one;
	if (len > 2 && strncmp(data, "HTTP/", 5) != 0 &&
	    !is_of_connection(data))
		buf_add(&x->reply_head, data, len);
	return len;
}

static size_t on_body(char *data, size_t one, size_t len, void *arg)
{
	struct exchange *x = arg;

	(void)one;
	buf_add(&x->reply, data, len);
	return x->reply.failed ? 0 : len;
}

static bool ask(struct connection *c, struct exchange *x)
{
	AUTO_FREE char *url = xasprintf("%s%s", tap.urls[c->peer], x->target);

	curl_easy_reset(c->easy);
	curl_easy_setopt(c->easy, CURLOPT_URL, url);
	curl_easy_setopt(c->easy, CURLOPT_HTTPHEADER, x->headers);
	curl_easy_setopt(c->easy, CURLOPT_PROXY, "");
	curl_easy_setopt(c->easy, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(c->easy, CURLOPT_HEADERFUNCTION, on_header);
	curl_easy_setopt(c->easy, CURLOPT_HEADERDATA, x);
	curl_easy_setopt(c->easy, CURLOPT_WRITEFUNCTION, on_body);
	curl_easy_setopt(c->easy, CURLOPT_WRITEDATA, x);
	if (strcmp(x->method, "GET") != 0) {
		curl_easy_setopt(c->easy, CURLOPT_POSTFIELDSIZE_LARGE,
				 (curl_off_t)x->len);
		curl_easy_setopt(c->easy, CURLOPT_POSTFIELDS, x->body);
		curl_easy_setopt(c->easy, CURLOPT_CUSTOMREQUEST, x->method);
	}
	if (curl_easy_perform(c->easy) != CURLE_OK)
		return false;
	curl_easy_getinfo(c->easy, CURLINFO_RESPONSE_CODE, &x->status);
	return true;
}

static bool is_ours(const struct exchange *x)
{
	for (const struct curl_slist *h = x->headers; h; h = h->next)
		if (strncasecmp(h->data, "User-Agent:", 11) == 0 &&
		    strstr(h->data, OURS))
			return !x->nested;
	return false;
}

static void write_down(enum peer peer, const struct exchange *x)
{
	json_auto_t *line = json_object();
	json_t *headers = json_array();

	for (const struct curl_slist *h = x->headers; h; h = h->next)
		if (strstr(h->data, ": "))
			json_array_append_new(headers, json_string(h->data));
	json_object_set_new(line, "peer", json_string(peer_names[peer]));
	json_object_set_new(line, "method", json_string(x->method));
	json_object_set_new(line, "target", json_string(x->target));
	json_object_set_new(line, "headers", headers);
	json_object_set_new(line, "body", json_stringn(x->body, x->len));
	json_object_set_new(line, "status", json_integer(x->status));
	json_object_set_new(line, "reply", json_stringn(buf_str(&x->reply),
							x->reply.len));
	json_dumpf(line, tap.record, JSON_COMPACT);
	fputc('\n', tap.record);
	fflush(tap.record);
}

static void begin(enum peer peer, struct exchange *x)
{
	pthread_mutex_lock(&tap.lock);
	if (peer == PEER_HOST)
		tap.host_under_way++;
	else
		x->nested = tap.host_under_way > 0;
	pthread_mutex_unlock(&tap.lock);
}

static void end(enum peer peer, const struct exchange *x)
{
	pthread_mutex_lock(&tap.lock);
	if (peer == PEER_HOST)
		tap.host_under_way--;
	if (is_ours(x) && x->status)
		write_down(peer, x);
	pthread_mutex_unlock(&tap.lock);
}

static bool send_all(int fd, const char *text, size_t len)
{
	while (len > 0) {
		ssize_t n = send(fd, text, len, MSG_NOSIGNAL);

		if (n <= 0)
			return false;
		text += n;
		len -= (size_t)n;
	}
	return true;
}

static bool reply(const struct connection *c, const struct exchange *x)
{
	CLEANUP(buf_wipe) struct buf out = { .max = MESSAGE_MAX };

	buf_addf(&out, "HTTP/1.1 %ld Tapped\r\nContent-Length: %zu\r\n%s\r\n",
		 x->status, x->reply.len, buf_str(&x->reply_head));
	buf_add(&out, buf_str(&x->reply), x->reply.len);
	return !out.failed && send_all(c->fd, out.text, out.len);
}

/* False when the connection has come to its end. */
static bool pass_on(struct connection *c)
{
	CLEANUP(exchange_done) struct exchange x = {
		.reply_head.max = MESSAGE_MAX,
		.reply.max = MESSAGE_MAX,
	};
	bool answered;

	if (!read_request(c, &x))
		return false;
	begin(c->peer, &x);
	answered = ask(c, &x);
	end(c->peer, &x);
	return answered && reply(c, &x);
}

static void *serve(void *arg)
{
	struct connection *c = arg;

	c->easy = curl_easy_init();
	while (c->easy && pass_on(c))
		;
	curl_easy_cleanup(c->easy);
	close(c->fd);
	buf_wipe(&c->in);
	free(c);
	return NULL;
}

static int listen_at_any(uint16_t *ret_port)
{
	struct sockaddr_in address = {
		.sin_family = AF_INET,
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK),
	};
	socklen_t len = sizeof(address);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (fd < 0 || bind(fd, (struct sockaddr *)&address, len) ||
	    listen(fd, 64) ||
	    getsockname(fd, (struct sockaddr *)&address, &len))
		return -1;
	*ret_port = ntohs(address.sin_port);
	return fd;
}

struct listener {
	enum peer peer;
	int fd;
};

static void *accept_all(void *arg)
{
	const struct listener *l = arg;

	for (;;) {
		struct connection *c = xcalloc(1, sizeof(*c));
		pthread_t thread;

		*c = (struct connection){ .peer = l->peer,
					  .in.max = MESSAGE_MAX };
		c->fd = accept4(l->fd, NULL, NULL, SOCK_CLOEXEC);
		if (c->fd < 0 || pthread_create(&thread, NULL, serve, c)) {
			free(c);
			return NULL;
		}
		pthread_detach(thread);
	}
}

static int write_ports(const char *path, const uint16_t ports[PEER__MAX])
{
	AUTO_FREE char *next = xasprintf("%s.new", path);
	FILE *file = fopen(next, "we");

	if (!file)
		return -1;
	fprintf(file, "%u %u\n", ports[PEER_HOST], ports[PEER_PROVIDER]);
	return fclose(file) || rename(next, path) ? -1 : 0;
}

int main(int argc, char *argv[])
{
	static struct listener listeners[PEER__MAX];
	uint16_t ports[PEER__MAX];
	pthread_t thread;
	int sig;
	sigset_t wanted;

	if (argc != 5) {
		fputs("usage: bench_tap RECORD PORTS HOST PROVIDER\n", stderr);
		return 2;
	}
	sigemptyset(&wanted);
	sigaddset(&wanted, SIGTERM);
	sigaddset(&wanted, SIGINT);
	sigprocmask(SIG_BLOCK, &wanted, NULL);
	curl_global_init(CURL_GLOBAL_ALL);
	umask(077);
	tap.record = fopen(argv[1], "ae");
	for (int i = 0; i < PEER__MAX; i++) {
		tap.urls[i] = argv[3 + i];
		listeners[i].peer = (enum peer)i;
		listeners[i].fd = listen_at_any(&ports[i]);
		if (!tap.record || listeners[i].fd < 0 ||
		    pthread_create(&thread, NULL, accept_all, &listeners[i])) {
			fprintf(stderr, "bench_tap: %s\n", strerror(errno));
			return 1;
		}
	}
	if (write_ports(argv[2], ports))
		return 1;
	/* Threads end with the process. */
	return sigwait(&wanted, &sig) ? 1 : 0;
}
