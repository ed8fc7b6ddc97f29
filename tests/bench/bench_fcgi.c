/*
 * bench_fcgi: a FastCGI responder that does nothing: each request gets the
 * same reply.  What the GETs of crm-fcgi are compared with.
 *
 * Usage: bench_fcgi [BYTES]; 1024 of them if it is not said.
 *
 * It listens on fd 0, as build/pool gives it, and takes requests as crm-fcgi
 * does: one worker is woken for a connection, and replies are finished at
 * once.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

#include <fcgiapp.h>

#include "shared/own.h"

#define BODY_BYTES 1024
#define BODY_MAX (4 << 20)
#define HEAD_MAX 128
#define TURN_MS 1000

static volatile sig_atomic_t stopping;

static void on_term(int sig)
{
	(void)sig;
	stopping = 1;
}

/* Ends in NUL; stays until the end. */
static const char *make_reply(size_t bytes)
{
	char *reply = xcalloc(1, bytes + HEAD_MAX);
	int head = snprintf(reply, HEAD_MAX, "Status: 200 OK\r\n"
			    "Content-Type: application/json\r\n"
			    "Content-Length: %zu\r\n\r\n", bytes);

	memset(reply + head, 'x', bytes);
	reply[head] = reply[(size_t)head + bytes - 1] = '"';
	return reply;
}

static int watch(int listen_fd)
{
	struct epoll_event wanted = { .events = EPOLLIN | EPOLLEXCLUSIVE };
	int fd = epoll_create1(EPOLL_CLOEXEC);

	if (fd < 0 || epoll_ctl(fd, EPOLL_CTL_ADD, listen_fd, &wanted) != 0)
		return -1;
	return fd;
}

int main(int argc, char **argv)
{
	struct sigaction term = { .sa_handler = on_term };
	long bytes = argc > 1 ? strtol(argv[1], NULL, 10) : BODY_BYTES;
	const char *reply;
	struct epoll_event event;
	FCGX_Request request;
	int watch_fd = watch(STDIN_FILENO);
	int len;

	if (bytes < 2 || bytes > BODY_MAX) {
		fprintf(stderr, "usage: bench_fcgi [BYTES]\n");
		return 2;
	}

	/* Who loses the race for a connection must not wait for the next. */
	if (watch_fd < 0 || fcntl(STDIN_FILENO, F_SETFL, O_NONBLOCK) ||
	    FCGX_Init() ||
	    FCGX_InitRequest(&request, STDIN_FILENO,
			     FCGI_FAIL_ACCEPT_ON_INTR)) {
		fprintf(stderr, "bench_fcgi: %s\n", strerror(errno));
		return 2;
	}
	sigaction(SIGTERM, &term, NULL);
	reply = make_reply((size_t)bytes);
	len = (int)strlen(reply);
	while (!stopping) {
		if (epoll_wait(watch_fd, &event, 1, TURN_MS) <= 0 ||
		    FCGX_Accept_r(&request) != 0)
			continue;
		FCGX_PutStr(reply, len, request.out);
		FCGX_Finish_r(&request);
	}
	FCGX_Free(&request, 1);
	return 0;
}
