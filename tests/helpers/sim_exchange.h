/*
 * sim_exchange: one request at a simulator's socket, and how its answer gets
 * onto the wire.  Only sim_server.c uses it.
 */
#ifndef TESTS_HELPERS_SIM_EXCHANGE_H
#define TESTS_HELPERS_SIM_EXCHANGE_H

#include <microhttpd.h>
#include <sys/queue.h>

#include "shared/buf.h"
#include "tests/model/faults.h"

enum exchange_state {
	EXCHANGE_NEW,		/* only the request line is known */
	EXCHANGE_READING,
	EXCHANGE_WAITING,	/* for the model */
	EXCHANGE_TIMED,		/* for the time of its answer */
	EXCHANGE_READY,		/* its answer may go out */
};

struct sim_exchange {
	TAILQ_ENTRY(sim_exchange) all;
	TAILQ_ENTRY(sim_exchange) timed;	/* while EXCHANGE_TIMED */
	struct sim_server *server;
	bool *hurry;		/* set when the library must run again now */
	struct MHD_Connection *connection;
	enum exchange_state state;
	bool suspended;
	struct model_request request;
	struct buf body;
	struct model_answer answer;
	struct fault_rule fault;	/* its body is owned, the rest unused */
	uint64_t number;		/* 0: not recorded */
	int64_t arrived;
	int64_t due;
};

/* `hurry` is borrowed. */
struct sim_exchange *sim_exchange_new(struct sim_server *server, bool *hurry,
				      const char *target);
void sim_exchange_free(struct sim_exchange **exchange);

/* What is known once the headers are. */
void sim_exchange_begin(struct sim_exchange *exchange,
			struct MHD_Connection *connection, const char *method);

/* The body is whole.  False if it was too large. */
bool sim_exchange_read_all(struct sim_exchange *exchange) MUST_CHECK;

/* Queue the answer.  MHD_NO, which closes the connection, if there is none. */
enum MHD_Result sim_exchange_give(struct sim_exchange *exchange);

/* Whether the client has left. */
bool sim_exchange_is_left(const struct sim_exchange *exchange);

#endif
