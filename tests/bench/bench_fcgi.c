/*
 * bench_fcgi: a FastCGI responder that does nothing: each request gets the
 * same reply of 1 KB.  What the point GET of crm-fcgi is compared with.
 *
 * It listens on fd 0, as build/pool gives it, and takes requests as crm-fcgi
 * does: one worker is woken for a connection, and replies are finished at
 * once.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

#include <fcgiapp.h>

#define BODY_BYTES 1024
#define TURN_MS 1000

static volatile sig_atomic_t stopping;

static void on_term(int sig)
{
	(void)sig;
	stopping = 1;
}

static void make_reply(char *ret, size_t size)
{
	int head = snprintf(ret, size, "Status: 200 OK\r\n"
			    "Content-Type: application/json\r\n"
			    "Content-Length: %d\r\n\r\n", BODY_BYTES);

	memset(ret + head, 'x', BODY_BYTES);
	ret[head] = ret[head + BODY_BYTES - 1] = '"';
	ret[head + BODY_BYTES] = '\0';
}

static int watch(int listen_fd)
{
	struct epoll_event wanted = { .events = EPOLLIN | EPOLLEXCLUSIVE };
	int fd = epoll_create1(EPOLL_CLOEXEC);

	if (fd < 0 || epoll_ctl(fd, EPOLL_CTL_ADD, listen_fd, &wanted) != 0)
		return -1;
	return fd;
}

int main(void)
{
	struct sigaction term = { .sa_handler = on_term };
	char reply[BODY_BYTES + 128];
	struct epoll_event event;
	FCGX_Request request;
	int watch_fd = watch(STDIN_FILENO);

	/* Who loses the race for a connection must not wait for the next. */
	if (watch_fd < 0 || fcntl(STDIN_FILENO, F_SETFL, O_NONBLOCK) ||
	    FCGX_Init() ||
	    FCGX_InitRequest(&request, STDIN_FILENO,
			     FCGI_FAIL_ACCEPT_ON_INTR)) {
		fprintf(stderr, "bench_fcgi: %s\n", strerror(errno));
		return 2;
	}
	sigaction(SIGTERM, &term, NULL);
	make_reply(reply, sizeof(reply));
	while (!stopping) {
		if (epoll_wait(watch_fd, &event, 1, TURN_MS) <= 0 ||
		    FCGX_Accept_r(&request) != 0)
			continue;
		FCGX_PutStr(reply, (int)strlen(reply), request.out);
		FCGX_Finish_r(&request);
	}
	FCGX_Free(&request, 1);
	return 0;
}
