/*
 * peer: a server of bytes on loopback that can do all that servers should
 * not do.  The path of a request says what becomes of it; see `acts` below.
 *
 * One thread, one connection at a time, one request on each.
 */
#ifndef TESTS_UNIT_PEER_H
#define TESTS_UNIT_PEER_H

#include <arpa/inet.h>
#include <netinet/in.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "shared/own.h"
#include "shared/table.h"

#define PEER_REQUEST_MAX 65536

struct peer_server {
	int fd;
	int port;
	int stop[2];		/* a pipe: closed when it is to end */
	pthread_t thread;
	char request[PEER_REQUEST_MAX];	/* the last one, as it came */
	int socks_reply;	/* as a SOCKS proxy; -1: it wants no one */
};

static void peer_say(int fd, const char *text)
{
	size_t len = strlen(text);

	while (len > 0) {
		ssize_t n = send(fd, text, len, MSG_NOSIGNAL);

		if (n <= 0)
			return;
		text += n;
		len -= (size_t)n;
	}
}

static void peer_answer(int fd, const char *headers, const char *body)
{
	AUTO_FREE char *text = xasprintf("HTTP/1.1 200 OK\r\n"
		"Content-Length: %zu\r\nConnection: close\r\n%s\r\n%s",
		strlen(body), headers, body);

	peer_say(fd, text);
}

/* Wait for the other side to go away, or for the end. */
static void peer_wait(struct peer_server *peer, int fd)
{
	char byte[256];
	fd_set set;

	do {
		FD_ZERO(&set);
		FD_SET(fd, &set);
		FD_SET(peer->stop[0], &set);
		if (select((fd > peer->stop[0] ? fd : peer->stop[0]) + 1,
			   &set, NULL, NULL, NULL) < 0)
			return;
	} while (FD_ISSET(fd, &set) && recv(fd, byte, sizeof(byte), 0) > 0);
}

static void act_ok(struct peer_server *peer, int fd)
{
	(void)peer;
	peer_answer(fd, "Content-Type: Application/JSON; Charset=UTF-8\r\n"
		    "X-Request-Id: r-1\r\nRetry-After: 7\r\n",
		    "{\"a\":1}");
}

static void act_echo(struct peer_server *peer, int fd)
{
	peer_answer(fd, "", peer->request);
}

static void peer_send(int fd, const void *data, size_t len)
{
	if (send(fd, data, len, MSG_NOSIGNAL) != (ssize_t)len)
		abort();
}

/* {"a":1}, whether it was asked for in this form or not. */
static void act_packed(struct peer_server *peer, int fd)
{
	static const unsigned char body[] = {
		0x1f, 0x8b, 0x08, 0, 0, 0, 0, 0, 0x02, 0xff,
		0xab, 0x56, 0x4a, 0x54, 0xb2, 0x32, 0xac, 0x05, 0, 0xaf, 0xac,
		0x1b, 0x56, 0x07, 0, 0, 0,
	};

	(void)peer;
	peer_say(fd, "HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\n"
		 "Content-Type: application/json\r\n"
		 "Connection: close\r\n\r\n");
	peer_send(fd, body, sizeof(body));
}

/* It says that it is packed, and is not. */
static void act_mispacked(struct peer_server *peer, int fd)
{
	(void)peer;
	peer_answer(fd, "Content-Encoding: gzip\r\n", "{\"a\":1}");
}

static void act_plain(struct peer_server *peer, int fd)
{
	(void)peer;
	peer_answer(fd, "", "");
}

static void act_patience(struct peer_server *peer, int fd)
{
	(void)peer;
	peer_answer(fd, "Retry-After: 9000000000000000000\r\n", "");
}

static void act_redirect(struct peer_server *peer, int fd)
{
	AUTO_FREE char *text = xasprintf("HTTP/1.1 302 Found\r\nLocation: "
		"http://127.0.0.1:%d/ok\r\nContent-Length: 0\r\n"
		"Connection: close\r\n\r\n", peer->port);

	peer_say(fd, text);
}

static void act_silent(struct peer_server *peer, int fd)
{
	peer_wait(peer, fd);
}

static void act_stall(struct peer_server *peer, int fd)
{
	peer_say(fd, "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nabc");
	peer_wait(peer, fd);
}

static void act_reset(struct peer_server *peer, int fd)
{
	const struct linger at_once = { .l_onoff = 1, .l_linger = 0 };

	(void)peer;
	setsockopt(fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof(at_once));
}

static void act_cut(struct peer_server *peer, int fd)
{
	(void)peer;
	peer_say(fd, "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nabc");
}

static void act_close(struct peer_server *peer, int fd)
{
	(void)peer;
	(void)fd;
}

static void act_garbage(struct peer_server *peer, int fd)
{
	(void)peer;
	peer_say(fd, "220 ftp.example ready, and who are you?\r\n");
}

static void act_endless(struct peer_server *peer, int fd)
{
	char much[4096];

	(void)peer;
	memset(much, 'x', sizeof(much) - 1);
	much[sizeof(much) - 1] = '\0';
	peer_say(fd, "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n");
	for (int i = 0; i < 4096 && send(fd, "", 0, MSG_NOSIGNAL) >= 0; i++)
		peer_say(fd, much);
}

/* It would go on: the connection stays open. */
static void act_keep(struct peer_server *peer, int fd)
{
	peer_say(fd, "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
	peer_wait(peer, fd);
}

/* What proxies say of those who ask, and of where they cannot get. */
static void act_407(struct peer_server *peer, int fd)
{
	(void)peer;
	peer_say(fd, "HTTP/1.1 407 Who are you?\r\nContent-Length: 2\r\n"
		 "Proxy-Authenticate: Basic realm=\"p\"\r\n"
		 "Connection: close\r\n\r\nno");
}

static void act_502(struct peer_server *peer, int fd)
{
	(void)peer;
	peer_say(fd, "HTTP/1.1 502 Cannot get there\r\nContent-Length: 0"
		 "\r\nConnection: close\r\n\r\n");
}

static void act_socks(struct peer_server *peer, int fd)
{
	char reply[10] = { 5, (char)peer->socks_reply, 0, 1 };
	char asked[512];

	if (peer->socks_reply < 0) {
		send(fd, "\x05\xff", 2, MSG_NOSIGNAL);
		peer_wait(peer, fd);
		return;
	}
	send(fd, "\x05\x00", 2, MSG_NOSIGNAL);
	if (recv(fd, asked, sizeof(asked), 0) > 0)
		send(fd, reply, sizeof(reply), MSG_NOSIGNAL);
	peer_wait(peer, fd);
}

static const struct {
	const char *path;
	void (*act)(struct peer_server *peer, int fd);
} acts[] = {
	{ "/ok", act_ok },
	{ "/echo", act_echo },
	{ "/plain", act_plain },
	{ "/packed", act_packed },
	{ "/mispacked", act_mispacked },
	{ "/patience", act_patience },
	{ "/redirect", act_redirect },
	{ "/silent", act_silent },
	{ "/stall", act_stall },
	{ "/reset", act_reset },
	{ "/cut", act_cut },
	{ "/close", act_close },
	{ "/garbage", act_garbage },
	{ "/endless", act_endless },
	{ "/keep", act_keep },
	/* Asked as a proxy. */
	{ "http://auth.test/", act_407 },
	{ "auth.test:443", act_407 },
	{ "far.test:443", act_502 },
	{ "silent.test:443", act_silent },
	{ "reset.test:443", act_reset },
	{ "garbage.test:443", act_garbage },
};

/* Read a request with its body, as far as it comes at once. */
static void peer_read(struct peer_server *peer, int fd)
{
	size_t len = 0, body = 0;
	const char *end = NULL, *length;

	while (!end || len < (size_t)(end - peer->request) + 4 + body) {
		ssize_t n = recv(fd, peer->request + len,
				 sizeof(peer->request) - 1 - len, 0);

		if (n <= 0)
			break;
		len += (size_t)n;
		peer->request[len] = '\0';
		/* TLS, which we do not speak, and SOCKS. */
		if (peer->request[0] == 0x16 || peer->request[0] == 0x05)
			break;
		end = strstr(peer->request, "\r\n\r\n");
		length = strcasestr(peer->request, "\r\nContent-Length: ");
		if (end && length && length < end)
			body = strtoul(length + 18, NULL, 10);
	}
	peer->request[len] = '\0';
}

static void peer_serve(struct peer_server *peer, int fd)
{
	const char *path;

	peer_read(peer, fd);
	if (peer->request[0] == 0x05) {
		act_socks(peer, fd);
		return;
	}
	path = strchr(peer->request, ' ');
	for (size_t i = 0; path && i < COUNT(acts); i++) {
		size_t len = strlen(acts[i].path);

		if (strncmp(path + 1, acts[i].path, len) == 0) {
			acts[i].act(peer, fd);
			return;
		}
	}
	peer_answer(fd, "", "someone else's");	/* asked as a proxy is */
}

static void *peer_run(void *arg)
{
	struct peer_server *peer = arg;

	for (;;) {
		fd_set set;
		int fd;

		FD_ZERO(&set);
		FD_SET(peer->fd, &set);
		FD_SET(peer->stop[0], &set);
		if (select((peer->fd > peer->stop[0] ? peer->fd
			    : peer->stop[0]) + 1, &set, NULL, NULL, NULL) < 0 ||
		    FD_ISSET(peer->stop[0], &set))
			return NULL;
		fd = accept(peer->fd, NULL, NULL);
		if (fd < 0)
			continue;
		peer_serve(peer, fd);
		close(fd);
	}
}

/* A socket that is bound to a port of loopback; *ret_port is which. */
static int peer_bind(int *ret_port)
{
	struct sockaddr_in at = { .sin_family = AF_INET,
				  .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t len = sizeof(at);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (fd < 0 || bind(fd, (struct sockaddr *)&at, sizeof(at)) ||
	    getsockname(fd, (struct sockaddr *)&at, &len))
		abort();
	*ret_port = ntohs(at.sin_port);
	return fd;
}

static void peer_start(struct peer_server *peer)
{
	peer->fd = peer_bind(&peer->port);
	if (listen(peer->fd, 16) || pipe(peer->stop) ||
	    pthread_create(&peer->thread, NULL, peer_run, peer))
		abort();
}

static void peer_end(struct peer_server *peer)
{
	close(peer->stop[1]);
	pthread_join(peer->thread, NULL);
	close(peer->stop[0]);
	close(peer->fd);
}

#endif
