/*
 * hosts: the sub2api gateways that we work on.
 *
 * fcgi adds and removes them; schedd alone writes what a probe found.
 */
#ifndef SHARED_HOSTS_H
#define SHARED_HOSTS_H

#include <stdbool.h>
#include <stdint.h>

#include "shared/db.h"
#include "shared/id.h"
#include "shared/table.h"

enum host_auth {
	HOST_AUTH_API_KEY,
	HOST_AUTH_BEARER,
	HOST_AUTH_PASSWORD,	/* e-mail and password, for a JWT of ours */
	HOST_AUTH__MAX
};

/* What the last probe says of a host as a whole. */
enum host_state {
	HOST_UNKNOWN,		/* not probed yet */
	HOST_READY,
	HOST_UNREACHABLE,	/* reason: dns, refused, tls, timeout ... */
	HOST_UNAUTHORIZED,	/* it answers, but not to our token */
	HOST_COMPLIANCE_REQUIRED,
	HOST_UNSUPPORTED,	/* it answers, but is no host that we know */
	HOST_STATE__MAX
};

TABLE_ENUM_DECLARE(host_auth);
TABLE_ENUM_DECLARE(host_state);

/* The names of host_auth, NULL-terminated: for decoders. */
extern const char *const host_auth_names[];

/* A row, with its newest snapshot.  Release with host_done(). */
struct host {
	char *host_id;
	char *name;
	char *base_url;		/* normalised, no '/' at the end */
	char *public_base_url;	/* or NULL */
	enum host_auth auth_type;
	char *auth_secret_id;
	char *admin_email;	/* of HOST_AUTH_PASSWORD, or NULL */
	char *session_secret_id; /* JWT obtained with the password, or NULL */
	int64_t session_expires_at; /* 0: no session */
	char *proxy_secret_id;	/* URL with credentials, or NULL */
	char *proxy;		/* the same without them, or NULL */
	char *ca_pem;		/* trusted beside the system's, or NULL */
	enum host_state state;
	char *reason;		/* a failure class, or NULL */
	char *reason_detail;	/* or NULL */
	char *version;		/* or NULL */
	char *run_mode;		/* standard, simple; or NULL */
	char *suspect_class;	/* everything on it fails so; or NULL */
	int64_t suspect_since;	/* 0: it is not suspect */
	int64_t paused_at;	/* 0: it is not paused */
	char *capabilities;	/* JSON of the newest snapshot, or NULL */
	int64_t probed_at;	/* 0: never */
	int64_t created_at;
	int64_t updated_at;
};

/* What the caller decides about a new host.  Members are borrowed. */
struct host_spec {
	const char *name;
	const char *base_url;
	const char *public_base_url;	/* or NULL */
	enum host_auth auth_type;
	const char *auth_secret_id;
	const char *admin_email;	/* of HOST_AUTH_PASSWORD, or NULL */
	const char *proxy_secret_id;	/* or NULL */
	const char *proxy;		/* or NULL */
	const char *ca_pem;		/* or NULL */
};

/* What holds a host that somebody wants to remove. */
struct host_use {
	int64_t import_batches;
	int64_t managed_resources;
	int64_t reconcile_runs;
};

void host_done(struct host *host);

/* ERR_CONFLICT, code host_exists, if the base URL is there already. */
int hosts_add(struct db *db, const struct host_spec *spec, int64_t now,
	      uint64_t random, char ret_id[ID_MAX], struct err *err)
	MUST_CHECK;

int hosts_get(struct db *db, const char *host_id, struct host *ret,
	      struct err *err) MUST_CHECK;

/* Pages by id, oldest first: those after `after` ("" for the first page). */
int hosts_list(struct db_rows *rows, struct db *db, const char *after,
	       int64_t limit, struct err *err) MUST_CHECK;
/* Put the next one into *host, in place of the one before: 1, 0 or -1. */
int hosts_next(struct db_rows *rows, struct host *host, struct err *err)
	MUST_CHECK;

#define HOST_SNAPSHOTS_KEPT 20

/* What the last probe found. */
struct host_finding {
	enum host_state state;
	const char *reason;		/* or NULL */
	const char *reason_detail;	/* or NULL */
	const char *version;		/* NULL keeps what was known */
	const char *capabilities;	/* JSON, or NULL: no new snapshot */
	const char *run_mode;		/* NULL keeps what was known */
};

/* Inside a transaction.  Older snapshots than those kept are forgotten. */
int hosts_found(struct db *db, const char *host_id,
		const struct host_finding *finding, int64_t now,
		struct err *err) MUST_CHECK;

/*
 * Keep the JWT of a HOST_AUTH_PASSWORD host, in place of the one before,
 * whose secret is removed.  One that has ended (`expires_at` 0: it was
 * refused, or was no administrator's) is removed as well, and none is kept.
 * Inside a transaction.
 */
int hosts_session(struct db *db, const char *host_id, const char *secret_id,
		  int64_t expires_at, int64_t now, struct err *err) MUST_CHECK;

/* How users of ours see it, once one of them is logged in. */
int hosts_run_mode(struct db *db, const char *host_id, const char *run_mode,
		   int64_t now, struct err *err) MUST_CHECK;

/* What can be changed of a host; NULL keeps, "" clears. */
struct host_change {
	const char *name;
	const char *public_base_url;
	const char *auth_secret_id;	/* a new token or password, sealed */
	const char *proxy_secret_id;
	const char *proxy;
	const char *ca_pem;
};

/* Inside a transaction.  Secrets that nobody refers to any more are removed. */
int hosts_change(struct db *db, const char *host_id,
		 const struct host_change *change, int64_t now,
		 struct err *err) MUST_CHECK;

/* `class` NULL: it is no longer suspect. */
int hosts_suspect(struct db *db, const char *host_id, const char *class,
		  int64_t now, struct err *err) MUST_CHECK;

/*
 * When the host that was probed longest ago was, of those that are not paused;
 * INT64_MAX if there is none.
 */
int hosts_oldest_probe(struct db *db, int64_t *ret, struct err *err) MUST_CHECK;

/* Up to `limit` hosts, none that is paused, whose last probe is older than `before`. */
int hosts_unprobed(struct db_rows *rows, struct db *db, int64_t before,
		   int64_t limit, struct err *err) MUST_CHECK;

/*
 * Inside a transaction: remove a host with its tasks, snapshots and token.
 * ERR_CONFLICT, code host_in_use, with the counts in *ret_use, if anything
 * holds it.
 */
int hosts_delete(struct db *db, const char *host_id, struct host_use *ret_use,
		 struct err *err) MUST_CHECK;

extern const struct db_query *const hosts_queries[];

#endif
