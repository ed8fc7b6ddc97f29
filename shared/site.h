/*
 * site: what CRM has brought about so far, as it is now: a row for each key
 * that an account of ours holds, however often it was imported, and what is
 * still on its way.
 *
 * For who compares a site with how it is to be.  Only reads.
 */
#ifndef SHARED_SITE_H
#define SHARED_SITE_H

#include <stdbool.h>
#include <stdint.h>

#include "shared/db.h"
#include "shared/endpoints.h"

/*
 * A key on a host in one way of access, with the terms of its newest import.
 * Release with site_key_done().
 */
struct site_key {
	char *resource_id;		/* of its account */
	int64_t account_id;		/* the host's id of it */
	char *item_id;
	char *run_id;
	char *host_id;
	char *endpoint_key;
	char *plan;			/* "": the endpoint's own place */
	char *base_url;
	char *access_mode;
	char *subscription_users;	/* JSON array */
	int64_t subscription_days;
	char *given_key_source;		/* or NULL; as are the next two */
	char *given_key_fingerprint;
	char *given_key_secret_id;
	bool rebind;
	char *pack_id;			/* or NULL, as is the next */
	char *pack_provider_id;
	char *label;
	char *note;
	char *fingerprint;		/* of the key; NULL: it is short */
	char *last4;			/* or NULL */
	char *secret_id;
	char *requested_models;		/* JSON array */
	char *models;			/* JSON array */
	char *model_aliases;		/* JSON object, or NULL */
	bool models_changed;		/* since the import, by operators */
	char *account_proxy;		/* or NULL */
	int64_t paused_at;		/* 0: it is not */
	char *access_status;
};

void site_key_done(struct site_key *key);

/* In the order of the host's ids: those behind `after` (0: from the first). */
int site_keys(struct db_rows *rows, struct db *db, const char *host_id,
	      int64_t after, int64_t limit, struct err *err) MUST_CHECK;
int site_keys_next(struct db_rows *rows, struct site_key *key,
		   struct err *err) MUST_CHECK;

/* Who has access, but for users' own keys: borrowed from the rows. */
int site_users(struct db_rows *rows, struct db *db,
	       const struct site_key *key, struct err *err) MUST_CHECK;
int site_users_next(struct db_rows *rows, const char **ret_selector,
		    struct err *err) MUST_CHECK;

/* An item whose import goes on.  Release with site_open_done(). */
struct site_open {
	char *item_id;
	char *run_id;
	char *host_id;
	char *endpoint_key;
	char *access_mode;
	char *fingerprint;	/* or NULL */
};

void site_open_done(struct site_open *open);

/* Those behind `after` ("": from the first), by id. */
int site_opens(struct db_rows *rows, struct db *db, const char *after,
	       int64_t limit, struct err *err) MUST_CHECK;
int site_opens_next(struct db_rows *rows, struct site_open *open,
		    struct err *err) MUST_CHECK;

/* Endpoints of which something is said, by key. */
int site_endpoints(struct db_rows *rows, struct db *db, const char *after,
		   int64_t limit, struct err *err) MUST_CHECK;
int site_endpoints_next(struct db_rows *rows, struct endpoint_row *row,
			struct err *err) MUST_CHECK;

extern const struct db_query *const site_queries[];

#endif
