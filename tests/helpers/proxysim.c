/*
 * proxysim: a proxy for tests: HTTP (forward and CONNECT) and SOCKS5 on one
 * port of loopback.
 *
 * One thread for each connection.  A name is looked up in --map and nowhere
 * else, so that what stands behind the proxy can be reached by no other way;
 * 127.0.0.1 is let through.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <unistd.h>

#include "shared/own.h"
#include "tests/helpers/sim_options.h"

#define HEAD_MAX 16384
#define TURN_MS 30000

static struct {
	int64_t port;
	const char *port_file;
	const char *log;
	const char *map;	/* NAME=PORT */
	char *credentials;	/* user:password; NULL: everybody may */
} options;

static FILE *log_file;

static void note(const char *verb, const char *where)
{
	if (!log_file)
		return;
	fprintf(log_file, "%s %s\n", verb, where);
	fflush(log_file);
}

static void say(int fd, const char *text)
{
	send(fd, text, strlen(text), MSG_NOSIGNAL);
}

/* Connect to "host:port" as the map says; -1 if that leads nowhere. */
static int dial(const char *host, int port)
{
	struct sockaddr_in at = { .sin_family = AF_INET,
				  .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	size_t len = strlen(host);
	int fd;

	if (options.map && strncmp(options.map, host, len) == 0 &&
	    options.map[len] == '=')
		port = (int)strtol(options.map + len + 1, NULL, 10);
	else if (strcmp(host, "127.0.0.1") != 0)
		return -1;
	at.sin_port = htons((uint16_t)port);
	fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd >= 0 && connect(fd, (struct sockaddr *)&at, sizeof(at)) == 0)
		return fd;
	if (fd >= 0)
		close(fd);
	return -1;
}

/* Carry bytes from `from` to `to`; false at the end. */
static bool carry(int from, int to)
{
	char part[16384];
	ssize_t n = recv(from, part, sizeof(part), 0);

	return n > 0 && send(to, part, (size_t)n, MSG_NOSIGNAL) == n;
}

static void relay(int a, int b)
{
	struct pollfd ends[] = { { .fd = a, .events = POLLIN },
				 { .fd = b, .events = POLLIN } };

	while (poll(ends, 2, TURN_MS) > 0) {
		if (ends[0].revents && !carry(a, b))
			return;
		if (ends[1].revents && !carry(b, a))
			return;
	}
}

/* ---- HTTP ---- */

static char *base64(const char *text)
{
	static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijkl"
		"mnopqrstuvwxyz0123456789+/";
	size_t len = strlen(text), at = 0;
	char *out = xcalloc(len / 3 + 2, 4);

	for (size_t i = 0; i < len; i += 3) {
		unsigned group = (unsigned char)text[i] << 16;

		group |= i + 1 < len ? (unsigned char)text[i + 1] << 8 : 0;
		group |= i + 2 < len ? (unsigned char)text[i + 2] : 0;
		out[at++] = digits[group >> 18];
		out[at++] = digits[group >> 12 & 63];
		out[at++] = i + 1 < len ? digits[group >> 6 & 63] : '=';
		out[at++] = i + 2 < len ? digits[group & 63] : '=';
	}
	return out;
}

static bool may_pass(const char *head)
{
	AUTO_FREE char *code = NULL;
	AUTO_FREE char *line = NULL;

	if (!options.credentials)
		return true;
	code = base64(options.credentials);
	line = xasprintf("\r\nProxy-Authorization: Basic %s\r\n", code);
	return strcasestr(head, line) != NULL;
}

/* "host:port" in parts; the port is 80 if none is there. */
static int split_place(const char *place, char host[256])
{
	const char *colon = strrchr(place, ':');
	size_t len = colon ? (size_t)(colon - place) : strlen(place);

	snprintf(host, 256, "%.*s", (int)len, place);
	return colon ? (int)strtol(colon + 1, NULL, 10) : 80;
}

/* Pass the head on as a server wants it, without what was for us. */
static void send_head(int fd, const char *method, const char *path,
		      const char *headers)
{
	AUTO_FREE char *first = xasprintf("%s %s HTTP/1.1\r\n", method,
					  *path ? path : "/");

	say(fd, first);
	while (*headers != '\r' && *headers != '\0') {
		size_t len = strcspn(headers, "\r");
		AUTO_FREE char *line = xasprintf("%.*s\r\n", (int)len,
						 headers);

		if (strncasecmp(line, "Proxy-", 6) != 0 &&
		    strncasecmp(line, "Connection:", 11) != 0)
			say(fd, line);
		headers += len + (headers[len] == '\r' ? 2 : 0);
	}
	say(fd, "Connection: close\r\n\r\n");
}

static void serve_http(int client, char *head, const char *rest,
		       size_t rest_len)
{
	char method[16], target[4096], host[256];
	const char *place = target, *path;
	AUTO_FREE char *where = NULL;
	bool tunnel;
	int port, fd;

	if (sscanf(head, "%15s %4095s", method, target) != 2)
		return;
	tunnel = strcmp(method, "CONNECT") == 0;
	if (!may_pass(head)) {
		note("407", "-");
		say(client, "HTTP/1.1 407 Proxy Authentication Required\r\n"
		    "Proxy-Authenticate: Basic realm=\"test\"\r\n"
		    "Content-Length: 0\r\nConnection: close\r\n\r\n");
		return;
	}
	if (!tunnel && strncmp(target, "http://", 7) == 0)
		place += 7;
	path = place + strcspn(place, "/");
	where = xstrndup(place, (size_t)(path - place));
	port = split_place(where, host);
	note(method, place);
	fd = dial(host, port);
	if (fd < 0) {
		say(client, "HTTP/1.1 502 Bad Gateway\r\n"
		    "Content-Length: 0\r\nConnection: close\r\n\r\n");
		return;
	}
	if (tunnel)
		say(client, "HTTP/1.1 200 OK\r\n\r\n");
	else
		send_head(fd, method, path, strchr(head, '\n') + 1);
	send(fd, rest, rest_len, MSG_NOSIGNAL);
	relay(client, fd);
	close(fd);
}

/* ---- SOCKS5, RFC 1928 and 1929 ---- */

static bool take(int fd, void *to, size_t len)
{
	return recv(fd, to, len, MSG_WAITALL) == (ssize_t)len;
}

/* A length of one byte and as many bytes; `to` has 256. */
static bool take_text(int fd, char *to)
{
	unsigned char len;

	if (!take(fd, &len, 1) || !take(fd, to, len))
		return false;
	to[len] = '\0';
	return true;
}

static bool greet(int fd)
{
	char methods[256], user[256], password[256];
	AUTO_FREE char *both = NULL;
	char version;

	if (!take(fd, &version, 1) || !take_text(fd, methods))
		return false;
	if (!options.credentials)
		return send(fd, "\x05\x00", 2, MSG_NOSIGNAL) == 2;
	send(fd, "\x05\x02", 2, MSG_NOSIGNAL);
	if (!take(fd, &version, 1) || !take_text(fd, user) ||
	    !take_text(fd, password))
		return false;
	both = xasprintf("%s:%s", user, password);
	if (strcmp(both, options.credentials) == 0)
		return send(fd, "\x01\x00", 2, MSG_NOSIGNAL) == 2;
	note("407", "-");
	send(fd, "\x01\x01", 2, MSG_NOSIGNAL);
	return false;
}

static bool take_place(int fd, char host[256], int *ret_port)
{
	unsigned char head[4], port[2];
	struct in_addr v4;

	if (!take(fd, head, 4))
		return false;
	if (head[3] == 1) {
		if (!take(fd, &v4, 4) || !inet_ntop(AF_INET, &v4, host, 256))
			return false;
	} else if (head[3] != 3 || !take_text(fd, host)) {
		return false;
	}
	if (!take(fd, port, 2))
		return false;
	*ret_port = port[0] << 8 | port[1];
	return true;
}

static void serve_socks(int client)
{
	char reply[10] = { 5, 0, 0, 1 };
	AUTO_FREE char *where = NULL;
	char host[256];
	int port, fd;

	if (!greet(client) || !take_place(client, host, &port))
		return;
	where = xasprintf("%s:%d", host, port);
	note("SOCKS", where);
	fd = dial(host, port);
	reply[1] = fd < 0 ? 5 : 0;
	send(client, reply, sizeof(reply), MSG_NOSIGNAL);
	if (fd < 0)
		return;
	relay(client, fd);
	close(fd);
}

/* ---- connections ---- */

/* Read until the head of a request is whole; the rest stands behind it. */
static bool read_head(int fd, char *head, size_t *ret_len, char **ret_end)
{
	size_t len = 0;

	do {
		ssize_t n = recv(fd, head + len, HEAD_MAX - 1 - len, 0);

		if (n <= 0)
			return false;
		len += (size_t)n;
		head[len] = '\0';
		*ret_end = strstr(head, "\r\n\r\n");
	} while (!*ret_end && len < HEAD_MAX - 1);
	*ret_len = len;
	return *ret_end != NULL;
}

static void *serve(void *arg)
{
	AUTO_FREE char *head = xcalloc(1, HEAD_MAX);
	int *own = arg, fd = *own;
	char *end, first;
	size_t len;

	free(own);
	if (recv(fd, &first, 1, MSG_PEEK) == 1 && first == 5) {
		serve_socks(fd);
	} else if (read_head(fd, head, &len, &end)) {
		AUTO_FREE char *only = xstrndup(head, (size_t)(end + 2 - head));

		serve_http(fd, only, end + 4,
			   len - (size_t)(end + 4 - head));
	}
	close(fd);
	return NULL;
}

static int listen_on(int64_t port)
{
	struct sockaddr_in at = { .sin_family = AF_INET,
				  .sin_addr.s_addr = htonl(INADDR_LOOPBACK),
				  .sin_port = htons((uint16_t)port) };
	socklen_t len = sizeof(at);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), yes = 1;
	FILE *file;

	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof(yes));
	if (fd < 0 || bind(fd, (struct sockaddr *)&at, sizeof(at)) ||
	    listen(fd, 64) || getsockname(fd, (struct sockaddr *)&at, &len))
		return -1;
	if (options.port_file) {
		file = fopen(options.port_file, "we");
		if (!file)
			return -1;
		fprintf(file, "%d\n", ntohs(at.sin_port));
		fclose(file);
	}
	return fd;
}

static void accept_all(int fd)
{
	for (;;) {
		int *client = xcalloc(1, sizeof(*client));
		pthread_t thread;

		*client = accept(fd, NULL, NULL);
		if (*client < 0 ||
		    pthread_create(&thread, NULL, serve, client)) {
			free(client);
			continue;
		}
		pthread_detach(thread);
	}
}

int main(int argc, char *argv[])
{
	static const struct sim_option known[] = {
		{ "--port", SIM_NUMBER, &options.port, "0: any" },
		{ "--port-file", SIM_TEXT, &options.port_file,
		  "where to write the port" },
		{ "--log", SIM_TEXT, &options.log,
		  "a line for each thing that was asked" },
		{ "--map", SIM_TEXT, &options.map,
		  "NAME=PORT: this name is that port of 127.0.0.1" },
		{ "--credentials-file", SIM_FILE, &options.credentials,
		  "holds user:password" },
		{ 0 }
	};
	struct err err;
	int fd;

	(void)argc;
	signal(SIGPIPE, SIG_IGN);
	if (sim_options_read(known, argv, &err)) {
		fprintf(stderr, "proxysim: %s\n", err.msg);
		return 2;
	}
	log_file = options.log ? fopen(options.log, "ae") : NULL;
	fd = listen_on(options.port);
	if (fd < 0) {
		fprintf(stderr, "proxysim: %s\n", strerror(errno));
		return 1;
	}
	accept_all(fd);
}
