/*
 * endpoints: what is said of one provider's endpoint: its way out, its
 * limits, whether everything at it fails; and the money behind its keys.
 */
#ifndef SHARED_ENDPOINTS_H
#define SHARED_ENDPOINTS_H

#include <stdbool.h>
#include <stdint.h>

#include "shared/db.h"

/* A row; zeroed but for the key if there is none.  Release: endpoint_row_done(). */
struct endpoint_row {
	char *endpoint_key;
	char *proxy_secret_id;	/* or NULL */
	char *proxy;		/* without credentials, or NULL */
	char *ca_pem;		/* or NULL */
	int64_t concurrency;		/* 0: the setting's */
	int64_t requests_per_minute;	/* 0: the setting's */
	char *suspect_class;	/* or NULL */
	int64_t suspect_since;	/* 0: it is not suspect */
	int64_t paused_at;	/* 0: it is not paused */
	int64_t created_at;	/* 0: there is no row */
	int64_t updated_at;
};

void endpoint_row_done(struct endpoint_row *row);

/* Never ERR_NOT_FOUND: an endpoint of which nothing is said has no row. */
int endpoints_get(struct db *db, const char *endpoint_key,
		  struct endpoint_row *ret, struct err *err) MUST_CHECK;

/* Inside a transaction.  Write proxy, CA and limits; old secrets go. */
int endpoints_put(struct db *db, const struct endpoint_row *row, int64_t now,
		  struct err *err) MUST_CHECK;

/* `class` NULL: it is no longer suspect. */
int endpoints_suspect(struct db *db, const char *endpoint_key,
		      const char *class, int64_t now, struct err *err)
	MUST_CHECK;

/* What a provider said of a key's money.  Release with balance_done(). */
struct balance {
	char *endpoint_key;
	char *key_fingerprint;
	char *amount;		/* as the provider writes it, or NULL */
	char *currency;		/* or NULL */
	int64_t expires_at;	/* of a plan; 0: not said */
	bool low;		/* somebody should know */
	int64_t checked_at;	/* 0: never */
};

void balance_done(struct balance *balance);

/* Zeroed but for the keys if it was never asked. */
int balances_get(struct db *db, const char *endpoint_key,
		 const char *key_fingerprint, struct balance *ret,
		 struct err *err) MUST_CHECK;
int balances_put(struct db *db, const struct balance *balance, int64_t now,
		 struct err *err) MUST_CHECK;

extern const struct db_query *const endpoints_queries[];

#endif
