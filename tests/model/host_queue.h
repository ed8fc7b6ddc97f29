/*
 * host_queue: what a modelled host will do at a later time: answers, calls
 * to upstreams, and what it notes down by itself.
 */
#ifndef TESTS_MODEL_HOST_QUEUE_H
#define TESTS_MODEL_HOST_QUEUE_H

#include "tests/model/host_store.h"

/* A call to an upstream that is under way.  Members are owned. */
struct host_upstream {
	void (*done)(struct host_model *model, struct host_upstream *upstream,
		     const struct model_answer *answer);
	uint64_t ticket;	/* of the client who waits; 0: nobody */
	int64_t account_id;
	int64_t started_at;
	int64_t timeout_ms;
	char *model_name;
	bool is_raw;		/* chat, not /responses */
	void *exchange;		/* of the gateway, or NULL */
	void (*exchange_free)(void *exchange);
};

/* The next ticket; never 0. */
uint64_t host_ticket(struct host_model *model);

/* Let the answer come out at `at`; takes what is in `answer`. */
void host_answer(struct host_model *model, int64_t at, uint64_t ticket,
		 struct model_answer *answer);

/* Let the call go out at `at`; takes what is in both. */
void host_upstream_start(struct host_model *model, int64_t at,
			 struct host_upstream *upstream,
			 struct model_request *request);

/*
 * Let `act` happen at `at`, which takes the context; `release` frees one that
 * the model ends with.
 */
void host_wake(struct host_model *model, int64_t at,
	       void (*act)(struct host_model *model, void *context),
	       void *context, void (*release)(void *context));

/* Do the earliest thing if it is such an act and is due.  False if not. */
bool host_queue_wake(struct host_model *model, int64_t now);

/* The probe of this account will have this result at `at`. */
void host_verdict_note(struct host_model *model, int64_t at,
		       int64_t account_id, bool supported);

/* Take the earliest result at or before `at`.  False if there is none. */
bool host_verdict_take(struct host_model *model, int64_t at, int64_t *ret_at,
		       int64_t *ret_account_id, bool *ret_supported);

/* The earliest event, as host_model_next() gives it. */
bool host_queue_take(struct host_model *model, int64_t now,
		     struct host_event *ret, int64_t *ret_next);

/* The call with this ticket, which is no longer under way. */
bool host_calls_take(struct host_model *model, uint64_t ticket,
		     struct host_upstream *ret);
void host_upstream_done(struct host_upstream *upstream);

void host_queue_init(struct host_model *model);
void host_queue_done(struct host_model *model);

/* How many answers and calls the model still owes; for its own checks. */
size_t host_queue_depth(const struct host_model *model);

#endif
