/*
 * sim_server: sockets, timers and a control endpoint for a model.
 *
 * One thread.  It listens on 127.0.0.1 alone, keeps connections alive and
 * gives each answer when it is due and in the way it ends: whole, cut, reset,
 * never or without end.  Paths under /__sim/ belong to it and not to the
 * model, and are neither recorded nor hit by faults.
 */
#ifndef TESTS_HELPERS_SIM_SERVER_H
#define TESTS_HELPERS_SIM_SERVER_H

#include <poll.h>

#include <jansson.h>

#include "shared/err.h"
#include "tests/model/model.h"

/* A request that waits for its answer. */
struct sim_exchange;

/* The model behind the sockets.  `context` comes first in every call. */
struct sim_ops {
	void *context;

	/*
	 * A request came.  Answer with sim_answer(), now or later.  Without
	 * an exchange nobody waits for the answer, and there must be none.
	 */
	void (*request)(void *context, struct sim_exchange *exchange,
			int64_t now, const struct model_request *request);

	/*
	 * The client of a request whose answer is ready is not there any
	 * more.  May be NULL.
	 */
	void (*left)(void *context, const struct model_request *request);

	/*
	 * Do what is due.  Returns when the next thing will be, INT64_MAX if
	 * never.  May be NULL.
	 */
	int64_t (*turn)(void *context, int64_t now);

	/* As poll(2), for a model that waits for more.  May be NULL. */
	int (*wait)(void *context, struct pollfd *fds, unsigned int count,
		    int timeout_ms);

	json_t *(*state)(void *context);

	/* Do what the body says; what is wrong, or NULL.  May be NULL. */
	const char *(*control)(void *context, const json_t *body);

	/* Become another; what is wrong, or NULL.  May be NULL. */
	const char *(*personality)(void *context, const char *name);
};

struct sim_settings {
	const char *name;	/* of the program */
	int64_t port;		/* 0: any free one */
	const char *port_file;	/* gets the port, as text; NULL: none */
	const char *log;	/* one JSON line per request; NULL: none */
	bool quiet;
};

struct sim_server;

/* Listen.  `ops` is borrowed, the strings only for the call. */
int sim_server_new(const struct sim_settings *settings,
		   const struct sim_ops *ops, struct sim_server **ret,
		   struct err *err) MUST_CHECK;
void sim_server_free(struct sim_server **server);

/* Serve until SIGTERM or SIGINT. */
int sim_server_run(struct sim_server *server, struct err *err) MUST_CHECK;

/* Unix milliseconds; jumps only when the control endpoint says so. */
int64_t sim_server_now(const struct sim_server *server);

/* Take `answer`, which is zeroed, and give it when its delay is over. */
void sim_answer(struct sim_exchange *exchange, struct model_answer *answer);

#endif
