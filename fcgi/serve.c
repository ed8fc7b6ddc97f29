#include "fcgi/serve.h"

#include <errno.h>
#include <malloc.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

#include <fcgiapp.h>

#include "fcgi/dispatch.h"
#include "shared/clock.h"
#include "shared/log.h"
#include "shared/proc.h"

#define READ_S 20	/* for a request to be there */
#define SEND_S 60	/* for a reply to be gone, as slow as clients are */
#define TURN_MS 1000	/* between two words to the watchdog */
#define CHUNK (64 << 10)
#define LARGE (256 << 10)	/* a body whose memory is given back */

static volatile sig_atomic_t stopping;

static void on_term(int sig)
{
	(void)sig;
	stopping = 1;
}

static void on_alarm(int sig)
{
	static const char line[] = "<4>worker.stuck a peer holds its request"
				   " or reply back; ending\n";

	(void)sig;
	(void)!write(STDERR_FILENO, line, sizeof(line) - 1);
	_exit(SERVE_STUCK);
}

/*
 * FCGX_Init() has set handlers of its own, so this comes after it.  Returns
 * in *while_waiting the mask that lets SIGTERM and SIGINT in.
 */
static void set_signals(sigset_t *while_waiting)
{
	struct sigaction term = { .sa_handler = on_term };
	struct sigaction alarmed = { .sa_handler = on_alarm };
	struct sigaction ignore = { .sa_handler = SIG_IGN };
	sigset_t blocked;

	sigemptyset(&blocked);
	sigaddset(&blocked, SIGTERM);
	sigaddset(&blocked, SIGINT);
	sigprocmask(SIG_BLOCK, &blocked, while_waiting);
	sigdelset(while_waiting, SIGTERM);
	sigdelset(while_waiting, SIGINT);
	sigaction(SIGTERM, &term, NULL);
	sigaction(SIGINT, &term, NULL);
	sigaction(SIGALRM, &alarmed, NULL);
	sigaction(SIGPIPE, &ignore, NULL);
	sigaction(SIGUSR1, &ignore, NULL);
}

/* A parameter, or NULL if it is not there or empty. */
static const char *param(const FCGX_Request *fcgi, const char *name)
{
	const char *value = FCGX_GetParam(name, fcgi->envp);

	return value && *value ? value : NULL;
}

/* The length that was announced; -1 if none was. */
static int64_t announced(const FCGX_Request *fcgi)
{
	const char *text = param(fcgi, "CONTENT_LENGTH");
	long long n;
	char *end;

	if (!text)
		return -1;
	errno = 0;
	n = strtoll(text, &end, 10);
	return errno || *end != '\0' || n < 0 ? -1 : n;
}

/*
 * Read no more than one byte above the ceiling; what is left unread goes with
 * the connection.
 */
static enum body_state read_body(FCGX_Request *fcgi, struct buf *body)
{
	int64_t length = announced(fcgi);
	size_t limit = body->max - 1;
	static char chunk[CHUNK];
	int n;

	if (length > (int64_t)limit)
		return BODY_TOO_LARGE;
	while (body->len <= limit &&
	       (n = FCGX_GetStr(chunk, body->len + CHUNK > body->max
				? (int)(body->max - body->len) : CHUNK,
				fcgi->in)) > 0)
		buf_add(body, chunk, (size_t)n);
	if (body->len > 0)
		explicit_bzero(chunk, sizeof(chunk));
	if (body->len > limit)
		return BODY_TOO_LARGE;
	if (length < 0 || (int64_t)body->len == length)
		return BODY_WHOLE;
	return (int64_t)body->len < length ? BODY_TRUNCATED : BODY_OVERLONG;
}

/*
 * nginx gives the path decoded in DOCUMENT_URI; other servers have at least
 * SCRIPT_NAME, or the URI as it came.  *storage holds what must be decoded.
 */
static const char *path_of(const FCGX_Request *fcgi, char **storage)
{
	const char *path = param(fcgi, "DOCUMENT_URI");

	if (!path)
		path = param(fcgi, "SCRIPT_NAME");
	if (path)
		return path;
	path = param(fcgi, "REQUEST_URI");
	*storage = path ? xstrndup(path, strcspn(path, "?")) : xstrdup("");
	return http_unescape(*storage, false) ? *storage : "";
}

static const char *media_type(const struct reply *reply)
{
	if (reply->is_problem)
		return "application/problem+json";
	if (reply->media_type)
		return reply->media_type;
	return reply->is_plain ? "text/plain; charset=utf-8"
			       : "application/json";
}

static void add_headers(struct buf *head, const struct reply *reply)
{
	buf_addf(head, "Status: %d %s\r\n", reply->status,
		 http_reason(reply->status));
	if (reply->out.text.len > 0)
		buf_addf(head, "Content-Type: %s\r\n", media_type(reply));
	if (reply->out.text.len > 0 && !reply->source)
		buf_addf(head, "Content-Length: %zu\r\n",
			 reply->out.text.len);
	if (*reply->attachment)
		buf_addf(head, "Content-Disposition: attachment;"
			 " filename=\"%s\"\r\n", reply->attachment);
	buf_addf(head, "Cache-Control: no-store\r\nX-Request-Id: %s\r\n",
		 reply->request_id);
	if (reply->location)
		buf_addf(head, "Location: %s\r\n", reply->location);
	if (reply->status == 405)
		buf_addf(head, "Allow: %s\r\n", reply->allow);
	if (reply->status == 401)
		buf_adds(head, "WWW-Authenticate: Bearer realm=\"crm\"\r\n");
	if (reply->retry_after)
		buf_addf(head, "Retry-After: %d\r\n", reply->retry_after);
	if (reply->replayed)
		buf_adds(head, "Idempotency-Replayed: true\r\n");
	if (reply->waited_s)
		buf_addf(head, "Preference-Applied: wait=%lld\r\n",
			 (long long)reply->waited_s);
	buf_adds(head, "\r\n");
}

static bool send_part(FCGX_Request *fcgi, const struct buf *part)
{
	alarm(SEND_S);
	proc_watchdog();
	return FCGX_PutStr(buf_str(part), (int)part->len, fcgi->out) >= 0;
}

/*
 * The status has been sent: what fails from here on can only be told at the
 * end of what is there.
 */
static void send_rest(FCGX_Request *fcgi, struct reply *reply)
{
	CLEANUP(buf_done) struct buf part = { .max = HTTP_REPLY_MAX };
	struct err err;
	int more;

	while ((more = reply->source->next(reply->source, &part, &err)) > 0) {
		if (!send_part(fcgi, &part))
			return;
		buf_reset(&part);
	}
	if (more == 0)
		return;
	log_error("reply.spoilt", "request_id=%s msg=%s", reply->request_id,
		  err.msg);
	buf_reset(&part);
	reply->source->spoil(&part);
	(void)send_part(fcgi, &part);
}

static void send_reply(FCGX_Request *fcgi, struct reply *reply)
{
	CLEANUP(buf_done) struct buf head = { .max = 4096 };

	add_headers(&head, reply);
	if (send_part(fcgi, &head) && send_part(fcgi, &reply->out.text) &&
	    reply->source)
		send_rest(fcgi, reply);
}

/* True if it was a large one. */
static bool answer(FCGX_Request *fcgi, const struct worker *worker)
{
	CLEANUP(reply_done) struct reply reply = {
		.out.text.max = HTTP_REPLY_MAX,
	};
	/* It may hold keys: wiped when it is released. */
	CLEANUP(buf_wipe) struct buf body = {
		.max = http_body_max(worker->settings,
				     param(fcgi, "CONTENT_TYPE")) + 1,
	};
	AUTO_FREE char *decoded = NULL;
	const char *method = param(fcgi, "REQUEST_METHOD");
	struct wire wire = {
		.method = method ? method : "",
		.path = path_of(fcgi, &decoded),
		.query = param(fcgi, "QUERY_STRING"),
		.content_type = param(fcgi, "CONTENT_TYPE"),
		.authorization = param(fcgi, "HTTP_AUTHORIZATION"),
		.idempotency_key = FCGX_GetParam("HTTP_IDEMPOTENCY_KEY",
						 fcgi->envp),
		.prefer = param(fcgi, "HTTP_PREFER"),
		.accept = param(fcgi, "HTTP_ACCEPT"),
		.accept_language = param(fcgi, "HTTP_ACCEPT_LANGUAGE"),
		.request_id = param(fcgi, "HTTP_X_REQUEST_ID"),
		.pack_signature = param(fcgi, "HTTP_CRM_PACK_SIGNATURE"),
		.body_state = read_body(fcgi, &body),
		.now = clock_wall_ms(),
	};

	alarm(0);
	wire.body = body.text;
	wire.body_len = body.len;
	dispatch(worker, &wire, &reply);
	send_reply(fcgi, &reply);
	return body.len >= LARGE;
}

/* Take one request, if there is one, and answer it. */
static int take_one(FCGX_Request *fcgi, const struct worker *worker,
		     struct err *err)
{
	bool large;
	int rc;

	alarm(READ_S);
	rc = FCGX_Accept_r(fcgi);
	if (rc == 0) {
		large = answer(fcgi, worker);
		/* At once: else the reply's tail waits for the next request. */
		FCGX_Finish_r(fcgi);
		/* A batch is seldom: between two of them we stay small. */
		if (large)
			malloc_trim(0);
	}
	alarm(0);
	/* EAGAIN: another worker was quicker. */
	if (rc == 0 || rc == -EAGAIN || rc == -EINTR || rc == -ECONNABORTED)
		return 0;
	return err_set(err, ERR_INTERNAL, "accept: %s", strerror(-rc));
}

/*
 * Workers of a pool wait on one socket.  EPOLLEXCLUSIVE wakes one of them for
 * a connection; poll() would wake all, and all but one in vain.
 */
static int watch(int listen_fd, struct err *err)
{
	struct epoll_event wanted = { .events = EPOLLIN | EPOLLEXCLUSIVE };
	int fd = epoll_create1(EPOLL_CLOEXEC);

	if (fd >= 0 && epoll_ctl(fd, EPOLL_CTL_ADD, listen_fd, &wanted) == 0)
		return fd;
	err_set(err, ERR_INTERNAL, "cannot watch the socket: %s",
		strerror(errno));
	if (fd >= 0)
		close(fd);
	return -1;
}

static int answer_all(struct worker *worker, FCGX_Request *fcgi,
		      int watch_fd, struct err *err)
{
	struct epoll_event event;

	while (!stopping) {
		proc_watchdog();
		if (epoll_pwait(watch_fd, &event, 1, TURN_MS,
				worker->while_waiting) > 0 &&
		    take_one(fcgi, worker, err))
			return -1;
	}
	return 0;
}

int serve(struct worker *worker, int listen_fd, struct err *err)
{
	sigset_t while_waiting;
	FCGX_Request fcgi;
	int watch_fd, rc;

	if (FCGX_Init() || FCGX_InitRequest(&fcgi, listen_fd,
					    FCGI_FAIL_ACCEPT_ON_INTR))
		return err_set(err, ERR_INTERNAL, "cannot start libfcgi");
	watch_fd = watch(listen_fd, err);
	if (watch_fd < 0)
		return -1;
	set_signals(&while_waiting);
	worker->while_waiting = &while_waiting;
	worker->stopping = &stopping;
	rc = answer_all(worker, &fcgi, watch_fd, err);
	worker->while_waiting = NULL;
	FCGX_Free(&fcgi, 1);
	close(watch_fd);
	return rc;
}
