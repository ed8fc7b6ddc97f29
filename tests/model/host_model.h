/*
 * host_model: a sub2api host, as clients see it, without any I/O.
 *
 * Behaves as real hosts 0.1.126, 0.1.129 and 0.1.179 were seen to behave.
 * Requests go in with host_model_request(); what follows comes out of
 * host_model_next(), in order of time: answers to those requests, and calls
 * that the host makes to an upstream (gateway traffic, its own capability
 * probe, account tests).  The caller makes those calls and gives the result
 * to host_model_upstream().
 */
#ifndef TESTS_MODEL_HOST_MODEL_H
#define TESTS_MODEL_HOST_MODEL_H

#include <jansson.h>

#include "tests/model/model.h"

enum host_version { HOST_0_1_126, HOST_0_1_129, HOST_0_1_179, HOST_VERSION__MAX };

/* "0.1.129" <-> HOST_0_1_129 */
const char *host_version_name(enum host_version version);
bool host_version_parse(const char *name, enum host_version *ret) MUST_CHECK;

/* Durations are in milliseconds; zero means none. */
struct host_options {
	enum host_version version;
	uint64_t seed;			/* of ids, keys and jitter */
	const char *admin_email;
	const char *admin_password;
	const char *admin_api_key;	/* NULL: none made yet */
	bool compliance_accepted;	/* 0.1.179 only */
	bool simple_mode;
	bool backend_mode;		/* only administrators may log in */
	bool step_up;			/* an export wants a second factor */
	const char *reported_version;	/* what it says it is; NULL: the truth */
	int64_t call_ms;		/* an ordinary call; 5 on real hosts */
	int64_t hash_ms;		/* user create, login; 60 on real hosts */
	int64_t probe_extra_ms;		/* beside the upstream's own time; 10 */
	int64_t poll_ms;		/* of the scheduler's copy; 1000 */
	int64_t rebuild_ms;		/* of all copies; 300000 */
	int64_t models_cache_ms;	/* 15000 */
	int64_t token_ms;		/* life of an access token; a day */
	int64_t ops_ms;			/* until a failure is logged; at most 1200 */
	bool rate_limits;		/* login 20/min, 0.1.179 user routes 240/min */
};

/* The defaults of a real host. */
struct host_options host_options_default(enum host_version version);

struct host_model;

struct host_model *host_model_new(const struct host_options *options,
				  int64_t now);
void host_model_free(struct host_model **model);

/*
 * A client's request arrives at `now`.  Returns its ticket, not 0, under
 * which the answer comes out of host_model_next().
 */
uint64_t host_model_request(struct host_model *model, int64_t now,
			    const struct model_request *request);

/*
 * The client of this request left before the answer, which came out just now,
 * reached it: an Idempotency-Key of it stays locked.
 */
void host_model_abandon(struct host_model *model, int64_t now,
			const struct model_request *request);

enum host_event_kind {
	HOST_ANSWER,	/* `answer` to the request with this ticket */
	HOST_UPSTREAM,	/* make `call`, then host_model_upstream(ticket) */
};

/* Release with host_event_done(). */
struct host_event {
	enum host_event_kind kind;
	uint64_t ticket;
	int64_t at;			/* when it happened */
	struct model_answer answer;	/* of HOST_ANSWER; delay_ms is 0 */
	struct model_request call;	/* of HOST_UPSTREAM; target is a URL */
	int64_t timeout_ms;		/* of HOST_UPSTREAM */
};

void host_event_done(struct host_event *event);

/*
 * Take the earliest event at or before `now`.  False if there is none; then
 * *ret_next is when the next one is known to be due, INT64_MAX if none is.
 */
bool host_model_next(struct host_model *model, int64_t now,
		     struct host_event *ret, int64_t *ret_next) MUST_CHECK;

/* An upstream call ended at `now`. */
void host_model_upstream(struct host_model *model, int64_t now,
			 uint64_t ticket, const struct model_answer *answer);

/*
 * What exists, for checks from outside: an object with arrays `groups`,
 * `accounts` (with bindings, credentials in clear, flags and state),
 * `users`, `keys`, `subscriptions`, `channels`.  What was deleted is not
 * there.
 */
json_t *host_model_state(const struct host_model *model);

/*
 * Do what no call of the API does: {"do":NAME,...}, by the table at the end
 * of host_control.c.  NULL, or what is wrong with the wish.
 */
const char *host_model_control(struct host_model *model, int64_t now,
			       const json_t *body) MUST_CHECK;

/* What is wrong with its bookkeeping, or NULL: for the simulations. */
const char *host_model_fault(const struct host_model *model);

#endif
