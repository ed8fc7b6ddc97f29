/*
 * host_store: what a modelled host keeps: its database, the scheduler's copy
 * of it, and its volatile counters.
 *
 * Rows are found by id in an array; names, e-mails and keys by jansson
 * objects.  JSON values inside rows are never changed in place, so that the
 * scheduler's copy can share them: a writer puts a new value there.
 */
#ifndef TESTS_MODEL_HOST_STORE_H
#define TESTS_MODEL_HOST_STORE_H

#include <jansson.h>

#include "tests/model/host_feature.h"
#include "tests/model/host_ids.h"
#include "tests/model/host_model.h"

/* Calls within a minute, as a limiter counts them. */
struct host_window {
	int64_t since;
	int64_t count;
};

struct host_group {
	int64_t id;
	char *name;
	char *description;
	char *platform;
	char *status;
	char *subscription_type;
	double rate_multiplier;
	bool is_exclusive;
	json_t *settings;	/* all other members, by name */
	bool fresh;		/* in the answer that made it */
	int64_t sort_order;
	int64_t created_at;
	int64_t updated_at;
	struct host_ids bucket;	/* the scheduler's list of accounts */
	size_t last_change;	/* of those that are applied, that names it */
	json_t *models;		/* the cached list, or NULL */
	int64_t models_until;
};

/* What decides whether and how an account serves. */
struct host_serving {
	bool is_active;
	bool is_error;		/* else, if not active: inactive */
	bool schedulable;
	int64_t limited_until;	/* 0: not */
	int64_t overload_until;
	int64_t temp_until;
	int64_t expires_at;	/* seconds since 1970; 0: never */
	int64_t priority;
	json_t *credentials;	/* never NULL once the account exists */
	json_t *extra;		/* never NULL; empty is shown as null */
};

/* Failures in a row of one model, kept in memory only. */
struct host_streak {
	char *model;
	int64_t count;
	int64_t last_at;
	int64_t until;
};

#define HOST_STREAKS_MAX 8

struct host_account {
	int64_t id;
	char *name;
	char *notes;		/* NULL: null */
	char *platform;
	char *type;
	int64_t concurrency;
	int64_t proxy_id;	/* 0: none */
	double rate_multiplier;
	int64_t load_factor;	/* 0: none, and not shown */
	struct host_serving now;	/* the database */
	struct host_serving copy;	/* the scheduler's */
	bool copied;			/* there is a copy */
	char *error_message;
	char *temp_reason;
	bool fresh;
	int64_t limited_at;
	int64_t used_at;	/* really */
	int64_t last_used_at;	/* as the database says, seconds later */
	int64_t created_at;
	int64_t updated_at;
	struct host_ids groups;
	int64_t bound_at;
	int64_t forbidden;	/* 403 answers that count */
	int64_t forbidden_since;
	int64_t event_at;	/* of its last event that can hide others */
	int64_t blocked_until;	/* in memory */
	struct host_streak streaks[HOST_STREAKS_MAX];
	int64_t running;	/* requests under way */
	int64_t waiting;	/* for a place among them */
};

struct host_user {
	int64_t id;
	bool deleted;
	char *email;
	char *password;
	char *username;
	char *notes;
	char *role;
	char *status;
	double balance;
	int64_t concurrency;
	int64_t running;	/* requests under way */
	int64_t waiting;	/* for a place among them */
	int64_t rpm_limit;
	struct host_ids allowed;
	int64_t token_version;
	bool fresh;
	int64_t last_active_at;
	int64_t last_used_at;
	int64_t created_at;
	int64_t updated_at;
	struct host_window panel;
	struct host_window collisions;
};

struct host_key {
	int64_t id;
	bool orphaned;		/* its user was deleted */
	int64_t user_id;
	int64_t group_id;	/* 0: none */
	char *key;
	char *name;
	char *status;
	json_t *ip_whitelist;	/* NULL: null */
	json_t *ip_blacklist;
	double quota;
	int64_t expires_at;
	int64_t last_used_at;
	int64_t created_at;
	int64_t updated_at;
};

struct host_subscription {
	int64_t id;
	bool revoked;
	int64_t user_id;
	int64_t group_id;
	char *notes;
	int64_t starts_at;
	int64_t expires_at;
	int64_t window_at;	/* first use; 0: none */
	int64_t assigned_by;
	int64_t created_at;
	int64_t updated_at;
	int64_t revoked_at;
};

/* Rows by id: row `id` is rows[id - 1], NULL once it is gone. */
struct host_rows {
	void **rows;
	size_t count;
};

/* A change of an account on its way to the scheduler. */
struct host_change {
	int64_t account_id;
	struct host_ids groups;
	bool has_serving;	/* as it was then, not as it is now */
	struct host_serving serving;
};

struct host_queue;
struct host_calls;

#define HOST_STICKY_MAX 1024

struct host_sticky {
	uint64_t session;
	int64_t account_id;
	int64_t until;
};

struct host_model {
	struct host_options options;	/* strings are owned below */
	char *admin_email;
	char *admin_password;
	char *admin_key;		/* NULL: none */
	char *reported_version;		/* NULL: the true one */
	uint64_t random;
	uint64_t token_key;
	int64_t now;
	int64_t started_at;
	int64_t compliance_at;		/* 0: not accepted */
	int64_t token_serial;		/* of access tokens */
	int64_t tokens_since;		/* older ones are over */
	bool paused;			/* the scheduler copies nothing */
	uint64_t serial;		/* of tickets */

	struct host_rows groups;
	struct host_rows accounts;
	struct host_rows users;
	struct host_rows keys;
	struct host_rows subscriptions;
	json_t *group_names;		/* name -> id */
	json_t *user_emails;		/* lower case -> id */
	json_t *key_texts;		/* key -> id */
	json_t *channels;		/* id as text -> object */
	int64_t next_channel;
	json_t *proxies;		/* id as text -> object */
	int64_t next_proxy;
	int64_t next_pricing;
	json_t *refresh_tokens;		/* token -> user id */
	json_t *idempotency;		/* scope and key -> record */
	json_t *ops;			/* failures of upstreams, in time */
	int64_t next_ops;

	struct host_change *changes;	/* the outbox */
	size_t nchanges;
	int64_t next_poll;
	int64_t next_rebuild;
	int64_t next_flush;		/* of last_used_at */
	struct host_ids used;		/* accounts used since the last flush */
	struct host_ids simple_bucket;	/* of all groups, in simple mode */
	struct host_sticky sticky[HOST_STICKY_MAX];
	struct host_window logins;
	struct host_window bad_keys;
	int64_t bad_keys_until;

	struct host_queue *queue;	/* what will come out */
	struct host_calls *calls;	/* upstream calls under way */
};

static inline bool host_has(const struct host_model *model,
			    enum host_feature feature)
{
	return host_version_has(model->options.version, feature);
}

/* Random numbers and texts from the seed. */
uint64_t host_random(struct host_model *model);
char *host_random_hex(struct host_model *model, const char *prefix,
		      size_t digits) GIVES_MEMORY;

/* Find a row that exists, or NULL. */
struct host_group *host_group_find(const struct host_model *model, int64_t id);
struct host_account *host_account_find(const struct host_model *model,
				       int64_t id);
struct host_user *host_user_find(const struct host_model *model, int64_t id);
struct host_key *host_key_find(const struct host_model *model, int64_t id);
struct host_subscription *
host_subscription_find(const struct host_model *model, int64_t id);

/* Also rows of deleted users. */
struct host_user *host_user_row(const struct host_model *model, int64_t id);

/* By a text of their own; 0 if there is none. */
int64_t host_index_get(const json_t *index, const char *text);
int64_t host_email_get(const struct host_model *model, const char *email);

/* A new row with an id and times; it belongs to the model. */
struct host_group *host_group_add(struct host_model *model, const char *name);
struct host_account *host_account_add(struct host_model *model);
struct host_user *host_user_add(struct host_model *model, const char *email);
struct host_key *host_key_add(struct host_model *model, const char *text);
struct host_subscription *host_subscription_add(struct host_model *model);

/* Take rows away, with their entry in the index. */
void host_group_remove(struct host_model *model, struct host_group *group);
void host_account_remove(struct host_model *model,
			 struct host_account *account);
void host_user_remove(struct host_model *model, struct host_user *user);
void host_key_remove(struct host_model *model, struct host_key *key);

void host_group_rename(struct host_model *model, struct host_group *group,
		       const char *name);
void host_user_readdress(struct host_model *model, struct host_user *user,
			 const char *email);

/* The subscription of a user to a group that is not revoked, or NULL. */
struct host_subscription *host_subscription_of(const struct host_model *model,
					       int64_t user_id,
					       int64_t group_id);
bool host_subscription_is_active(const struct host_model *model,
				 int64_t user_id, int64_t group_id);

void host_serving_copy(struct host_serving *to,
		       const struct host_serving *from);
void host_serving_done(struct host_serving *serving);

/* Put a new object in the place of `slot`; takes `value`. */
void host_json_set(json_t **slot, json_t *value);

void host_store_init(struct host_model *model);
void host_store_done(struct host_model *model);

#endif
