#include "tests/helpers/sim_server.h"

#include <arpa/inet.h>
#include <errno.h>
#include <inttypes.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "shared/clock.h"
#include "tests/helpers/sim_control.h"
#include "tests/helpers/sim_exchange.h"

#define HANG_LOOK_MS 200	/* between looks whether a client left */
#define HANG_MAX_MS 600000
#define CONNECTIONS_MAX 4000
#define CONNECTION_BYTES (128 * 1024)
#define TURN_MAX_MS 1000

TAILQ_HEAD(exchanges, sim_exchange);

struct sim_server {
	const struct sim_ops *ops;
	struct MHD_Daemon *daemon;
	int epoll_fd;
	int signal_fd;
	int64_t clock_base;
	bool hurry;
	bool stopping;
	struct faults *faults;
	struct sim_record *record;
	struct sim_control control;
	char *name;
	struct exchanges all;
	struct exchanges timed;		/* by `due`, earliest first */
};

int64_t sim_server_now(const struct sim_server *server)
{
	return server->clock_base + clock_mono_ms();
}

/* Most answers take equally long, so the place is near the end. */
static void insert_timed(struct sim_server *server,
			 struct sim_exchange *exchange)
{
	struct sim_exchange *before = TAILQ_LAST(&server->timed, exchanges);

	exchange->state = EXCHANGE_TIMED;
	while (before && before->due > exchange->due)
		before = TAILQ_PREV(before, exchanges, timed);
	if (before)
		TAILQ_INSERT_AFTER(&server->timed, before, exchange, timed);
	else
		TAILQ_INSERT_HEAD(&server->timed, exchange, timed);
}

static void make_ready(struct sim_exchange *exchange)
{
	exchange->state = EXCHANGE_READY;
	if (exchange->suspended) {
		exchange->suspended = false;
		exchange->server->hurry = true;
		MHD_resume_connection(exchange->connection);
	}
}

void sim_answer(struct sim_exchange *exchange, struct model_answer *answer)
{
	struct sim_server *server = exchange->server;
	struct model_answer *mine = &exchange->answer;
	int64_t now = sim_server_now(server);

	*mine = *answer;
	*answer = (struct model_answer){ 0 };
	fault_apply(&exchange->fault, mine);
	exchange->due = now + mine->delay_ms;
	if (mine->end == MODEL_END_HANG)
		exchange->due = now + HANG_LOOK_MS;
	if (exchange->due > now)
		insert_timed(server, exchange);
	else
		make_ready(exchange);
}

/* A hanging exchange ends when the client does, or after a long time. */
static bool hangs_on(struct sim_server *server, struct sim_exchange *exchange,
		     int64_t now)
{
	if (exchange->answer.end != MODEL_END_HANG ||
	    now - exchange->arrived > HANG_MAX_MS ||
	    sim_exchange_is_left(exchange))
		return false;
	exchange->due = now + HANG_LOOK_MS;
	insert_timed(server, exchange);
	return true;
}

/* Let out what is due. */
static void fire(struct sim_server *server, int64_t now)
{
	struct sim_exchange *first;

	while ((first = TAILQ_FIRST(&server->timed)) && first->due <= now) {
		TAILQ_REMOVE(&server->timed, first, timed);
		if (!hangs_on(server, first, now))
			make_ready(first);
	}
}

/* What the rule needs later; it may be cleared before. */
static void keep_fault(struct sim_exchange *exchange,
		       const struct fault_rule *rule)
{
	exchange->fault.kind = rule->kind;
	exchange->fault.status = rule->status;
	exchange->fault.delay_ms = rule->delay_ms;
	exchange->fault.body = xstrdup_null(rule->body);
}

static void ask_model(struct sim_exchange *exchange)
{
	struct sim_server *server = exchange->server;
	const struct sim_ops *ops = server->ops;
	const struct model_request *request = &exchange->request;
	const struct fault_rule *rule = faults_match(server->faults, request);
	struct model_answer none = { .body = NULL };
	int64_t now = exchange->arrived;

	exchange->number = sim_record_begin(server->record, request);
	if (rule) {
		keep_fault(exchange, rule);
		fault_mark(rule, &exchange->request);
	}
	if (rule && (rule->kind == FAULT_STATUS || rule->kind == FAULT_RESET)) {
		sim_answer(exchange, &none);
		return;
	}
	if (rule && rule->kind == FAULT_TWICE)
		ops->request(ops->context, NULL, now, request);
	ops->request(ops->context, exchange, now, request);
}

/* The request is whole: find out who answers it. */
static void ask(struct sim_exchange *exchange)
{
	struct sim_server *server = exchange->server;
	struct model_answer answer = { .body = NULL };

	exchange->state = EXCHANGE_WAITING;
	exchange->arrived = sim_server_now(server);
	if (!sim_exchange_read_all(exchange)) {
		model_answer_set(&answer, 413, "text/plain", "too large");
		sim_answer(exchange, &answer);
	} else if (sim_control_answer(&server->control, &exchange->request,
				      &answer)) {
		sim_answer(exchange, &answer);
	} else {
		ask_model(exchange);
	}
}

/* Once: the connection may end before there is anything to give. */
static void record_end(struct sim_exchange *exchange,
		       const struct model_answer *answer)
{
	struct sim_server *server = exchange->server;
	int64_t ms = sim_server_now(server) - exchange->arrived;

	if (exchange->number)
		sim_record_end(server->record, exchange->number, answer, ms);
	exchange->number = 0;
}

static enum MHD_Result give(struct sim_exchange *exchange)
{
	const struct sim_ops *ops = exchange->server->ops;

	if (ops->left && exchange->number && sim_exchange_is_left(exchange))
		ops->left(ops->context, &exchange->request);
	record_end(exchange, &exchange->answer);
	return sim_exchange_give(exchange);
}

static void *on_uri(void *context, const char *uri,
		    struct MHD_Connection *connection)
{
	struct sim_server *server = context;
	struct sim_exchange *exchange = sim_exchange_new(server, &server->hurry,
							 uri);

	(void)connection;
	TAILQ_INSERT_TAIL(&server->all, exchange, all);
	return exchange;
}

/* NOLINTNEXTLINE(readability-function-size): the library decides. */
static enum MHD_Result on_request(void *context,
				  struct MHD_Connection *connection,
				  const char *url, const char *method,
				  const char *version, const char *data,
				  size_t *len, void **state)
{
	const struct sim_server *server = context;
	struct sim_exchange *exchange = *state;

	(void)url;
	(void)version;
	if (server->stopping && exchange->state != EXCHANGE_READY)
		return MHD_NO;
	if (exchange->state == EXCHANGE_NEW) {
		sim_exchange_begin(exchange, connection, method);
		return MHD_YES;
	}
	if (*len > 0) {
		buf_add(&exchange->body, data, *len);
		*len = 0;
		return MHD_YES;
	}
	if (exchange->state == EXCHANGE_READING)
		ask(exchange);
	if (exchange->state == EXCHANGE_READY)
		return give(exchange);
	exchange->suspended = true;
	MHD_suspend_connection(connection);
	return MHD_YES;
}

static void on_end(void *context, struct MHD_Connection *connection,
		   void **state, enum MHD_RequestTerminationCode code)
{
	struct sim_server *server = context;
	struct sim_exchange *exchange = TAKE(*state);

	(void)connection;
	(void)code;
	if (!exchange)
		return;
	record_end(exchange, NULL);
	if (exchange->state == EXCHANGE_TIMED)
		TAILQ_REMOVE(&server->timed, exchange, timed);
	TAILQ_REMOVE(&server->all, exchange, all);
	sim_exchange_free(&exchange);
}

static int write_port(const char *path, unsigned int port, struct err *err)
{
	AUTO_FREE char *part = xasprintf("%s.part", path);
	FILE *file = fopen(part, "we");
	bool written = file && fprintf(file, "%u\n", port) > 0;

	if (file && fclose(file))
		written = false;
	/* Whoever waits for the file must find it whole. */
	if (!written || rename(part, path))
		return err_set(err, ERR_INVALID, "cannot write %s: %s", path,
			       strerror(errno));
	return 0;
}

static int listen_at(struct sim_server *server, int64_t port, struct err *err)
{
	struct sockaddr_in address = {
		.sin_family = AF_INET,
		.sin_port = htons((uint16_t)port),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK),
	};

	if (port > UINT16_MAX)
		return err_set(err, ERR_INVALID, "%" PRId64 " is no port",
			       port);
	server->daemon = MHD_start_daemon(
		MHD_USE_EPOLL | MHD_USE_TURBO | MHD_ALLOW_SUSPEND_RESUME, 0,
		NULL, NULL, on_request, server,
		MHD_OPTION_SOCK_ADDR, (struct sockaddr *)&address,
		MHD_OPTION_CONNECTION_LIMIT, (unsigned int)CONNECTIONS_MAX,
		MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)CONNECTION_BYTES,
		MHD_OPTION_URI_LOG_CALLBACK, on_uri, server,
		MHD_OPTION_NOTIFY_COMPLETED, on_end, server,
		MHD_OPTION_END);
	if (!server->daemon)
		return err_set(err, ERR_INVALID,
			       "cannot listen on 127.0.0.1:%" PRId64, port);
	server->epoll_fd = MHD_get_daemon_info(server->daemon,
		MHD_DAEMON_INFO_EPOLL_FD)->epoll_fd;
	return 0;
}

static void watch_signals(struct sim_server *server)
{
	sigset_t set;

	signal(SIGPIPE, SIG_IGN);
	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGINT);
	sigprocmask(SIG_BLOCK, &set, NULL);
	server->signal_fd = signalfd(-1, &set, SFD_CLOEXEC);
}

static int announce(const struct sim_server *server,
		    const struct sim_settings *settings, struct err *err)
{
	unsigned int port = MHD_get_daemon_info(server->daemon,
					MHD_DAEMON_INFO_BIND_PORT)->port;

	if (!settings->quiet)
		fprintf(stderr, "%s listens on http://127.0.0.1:%u\n",
			server->name, port);
	return settings->port_file ?
		write_port(settings->port_file, port, err) : 0;
}

int sim_server_new(const struct sim_settings *settings,
		   const struct sim_ops *ops, struct sim_server **ret,
		   struct err *err)
{
	CLEANUP(sim_server_free) struct sim_server *server =
		xcalloc(1, sizeof(*server));

	TAILQ_INIT(&server->all);
	TAILQ_INIT(&server->timed);
	server->ops = ops;
	server->name = xstrdup(settings->name);
	server->clock_base = clock_wall_ms() - clock_mono_ms();
	server->faults = faults_new();
	watch_signals(server);
	if (sim_record_new(settings->log, &server->record, err) ||
	    listen_at(server, settings->port, err) ||
	    announce(server, settings, err))
		return -1;
	server->control = (struct sim_control){
		.name = server->name,
		.ops = ops,
		.faults = server->faults,
		.record = server->record,
		.clock = &server->clock_base,
	};
	*ret = TAKE(server);
	return 0;
}

/* The library does not stop while a connection is suspended. */
static void let_go(struct sim_server *server)
{
	struct sim_exchange *exchange;

	server->stopping = true;
	TAILQ_FOREACH(exchange, &server->all, all) {
		if (!exchange->suspended)
			continue;
		if (exchange->state == EXCHANGE_TIMED)
			TAILQ_REMOVE(&server->timed, exchange, timed);
		exchange->answer.end = MODEL_END_RESET;
		exchange->answer.status = 0;
		make_ready(exchange);
	}
	MHD_run(server->daemon);
	MHD_stop_daemon(server->daemon);
}

void sim_server_free(struct sim_server **server)
{
	if (!*server)
		return;
	if ((*server)->daemon)
		let_go(*server);
	close((*server)->signal_fd);
	faults_free(&(*server)->faults);
	sim_record_free(&(*server)->record);
	free((*server)->name);
	free(*server);
	*server = NULL;
}

/* How long nothing will be due. */
static int idle_ms(const struct sim_server *server, int64_t next)
{
	const struct sim_exchange *first = TAILQ_FIRST(&server->timed);
	int64_t now = sim_server_now(server);
	MHD_UNSIGNED_LONG_LONG own;

	if (first && first->due < next)
		next = first->due;
	if (next > now + TURN_MAX_MS)
		next = now + TURN_MAX_MS;
	if (MHD_get_timeout(server->daemon, &own) == MHD_YES &&
	    (int64_t)own < next - now)
		next = now + (int64_t)own;
	return next > now ? (int)(next - now) : 0;
}

/* One turn.  False when it is time to go. */
static bool serve_once(struct sim_server *server)
{
	const struct sim_ops *ops = server->ops;
	struct pollfd fds[] = {
		{ .fd = server->epoll_fd, .events = POLLIN },
		{ .fd = server->signal_fd, .events = POLLIN },
	};
	int64_t next = INT64_MAX;
	int timeout;

	server->hurry = false;
	MHD_run(server->daemon);
	if (ops->turn)
		next = ops->turn(ops->context, sim_server_now(server));
	fire(server, sim_server_now(server));
	timeout = server->hurry ? 0 : idle_ms(server, next);
	if (timeout > 0)
		sim_record_flush(server->record);
	if (ops->wait)
		ops->wait(ops->context, fds, 2, timeout);
	else
		poll(fds, 2, timeout);
	return fds[1].revents == 0;
}

int sim_server_run(struct sim_server *server, struct err *err)
{
	if (server->signal_fd < 0)
		return err_set(err, ERR_INTERNAL, "no signalfd: %s",
			       strerror(errno));
	while (serve_once(server))
		;
	return 0;
}
