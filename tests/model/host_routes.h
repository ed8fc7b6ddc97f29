/*
 * host_routes: which request goes to which handler, and what is checked
 * before.
 *
 * The dispatcher meets what a row states: who may ask, a number in the path,
 * the body's form, the Idempotency-Key.  Handlers start with clean input.
 */
#ifndef TESTS_MODEL_HOST_ROUTES_H
#define TESTS_MODEL_HOST_ROUTES_H

#include "tests/model/host_call.h"

enum host_access {
	HOST_PUBLIC,
	HOST_USER,		/* a JWT */
	HOST_ADMIN,		/* an admin's JWT or the admin API key */
	HOST_ADMIN_UNGATED,	/* the same, compliance or not */
	HOST_GATEWAY,		/* a user's API key */
	HOST_GATEWAY_STATUS,	/* the same without looking at money */
};

enum host_rule_kind {
	RULE_REQUIRED,
	RULE_EMAIL,
	RULE_MIN,		/* `text`: the smallest length */
	RULE_ONEOF,		/* `text`: names, separated by blanks */
};

struct host_rule {
	const char *name;
	const char *shown;	/* its name in the complaint */
	enum host_rule_kind kind;
	const char *text;
};

struct host_route {
	const char *method;
	const char *pattern;		/* {id} or {name} for one part */
	enum host_access access;
	void (*handle)(struct host_call *call);
	const char *noun;		/* of the id: "Invalid <noun> ID" */
	const char *request;		/* its name in complaints */
	const struct host_rule *rules;
	size_t nrules;
	const char *const *counted;	/* fields behind Idempotency-Key */
	bool hashes;			/* a password: takes hash_ms */
	enum host_version since;
};

/* Each ends in a row without method. */
extern const struct host_route host_auth_routes[];
extern const struct host_route host_group_routes[];
extern const struct host_route host_account_routes[];
extern const struct host_route host_account_state_routes[];
extern const struct host_route host_user_routes[];
extern const struct host_route host_key_routes[];
extern const struct host_route host_subscription_routes[];
extern const struct host_route host_settings_routes[];
extern const struct host_route host_channel_routes[];
extern const struct host_route host_proxy_routes[];
extern const struct host_route host_ops_routes[];
extern const struct host_route host_gateway_routes[];

/* False: the answer is set, and says what is wrong with the body. */
bool host_rules_hold(struct host_call *call);

/* Who asks.  False: the answer is set. */
bool host_may_ask(struct host_call *call);
bool host_key_may_ask(struct host_call *call);

/*
 * Whether the handler shall run.  If not, the answer is set: a replay, or
 * why not.  After it ran, host_idempotency_keep() notes how that went.
 */
bool host_idempotency_begins(struct host_call *call);
void host_idempotency_keep(struct host_call *call);

/*
 * Whether the client died in the middle of this call, and whether what it
 * asked for was done all the same.
 */
bool host_idempotency_is_abandoned(const struct host_call *call,
				   bool *ret_made);

/* The client of this call, which has just been done, did not wait. */
void host_idempotency_abandon(const struct host_call *call);

/* Whether a channel of the group keeps it from models without a price. */
bool host_channel_refuses(const struct host_model *model, int64_t group_id,
			  const char *model_name);

/* Count a call.  False: more than `limit` in this minute. */
bool host_window_count(struct host_window *window, int64_t now,
		       int64_t limit);


#endif
