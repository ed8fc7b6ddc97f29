/*
 * account_use: who rests on an account: imports by its models, accesses by
 * its answers.
 *
 * An account that is changed changes all of them, in one transaction.  Only
 * imports that have ended are meant: one that goes on reads the account
 * afresh.
 */
#ifndef SHARED_ACCOUNT_USE_H
#define SHARED_ACCOUNT_USE_H

#include <stdbool.h>
#include <stdint.h>

#include <jansson.h>

#include "shared/db.h"
#include "shared/runs.h"

/*
 * The models (array of wire ids) and aliases (object) of the imports on it,
 * once each, as far as `mapping` has them: what of it is ours.  Both are the
 * caller's to release.
 */
int account_use_ours(struct db *db, const char *resource_id,
		     const json_t *mapping, json_t **ret_models,
		     json_t **ret_aliases, struct err *err) MUST_CHECK;

/* An import beside the one that was asked about. */
struct account_user {
	char *item_id;
	char *run_id;
	char *label;
};

void account_user_done(struct account_user *user);

/* Newest first, `limit` at most, without `item_id`. */
int account_use_items(struct db_rows *rows, struct db *db,
		      const char *resource_id, const char *item_id,
		      int64_t limit, struct err *err) MUST_CHECK;
int account_use_items_next(struct db_rows *rows, struct account_user *user,
			   struct err *err) MUST_CHECK;

/* The accesses of an endpoint, as an account's place among others. */
struct account_place {
	const char *host_id;
	const char *endpoint_key;
	const char *plan;		/* NULL: "" */
	enum access_mode mode;
};

int account_use_accesses(struct db *db, const struct account_place *place,
			 int64_t *ret_count, struct err *err) MUST_CHECK;

/* Is every account there out of service because an operator wants it so? */
int account_use_paused(struct db *db, const struct account_place *place,
		       bool *ret, struct err *err) MUST_CHECK;

/* Let those be checked at `at` that nobody would check before. */
int account_use_check(struct db *db, const struct account_place *place,
		      int64_t at, int64_t now, struct err *err) MUST_CHECK;

/*
 * What its imports have from now on, as JSON; `dropped` (an array) are names
 * that went: who proved with one of them proves with `smoke` now.
 */
struct account_models {
	const char *models;
	const char *aliases;
	const char *families;
	const char *smoke;
	const json_t *dropped;
};

int account_use_set_models(struct db *db, const char *resource_id,
			   const struct account_models *set, int64_t now,
			   struct err *err) MUST_CHECK;

/* The host's id of a proxy; NULL: none. */
int account_use_set_proxy(struct db *db, const char *resource_id,
			  const char *proxy, int64_t now, struct err *err)
	MUST_CHECK;

/* One key in the place of another, as both are sealed. */
struct account_keys {
	const char *old_secret_id;	/* kept, whoever referred to it */
	const char *old_fingerprint;	/* NULL: too short to have one */
	const char *new_secret_id;
	const char *new_lookup;		/* of the account */
};

/*
 * All imports on the account that have the old key have the new one.  Each
 * had sealed the old one for itself: those are forgotten.
 */
int account_use_set_key(struct db *db, const char *resource_id,
			const struct account_keys *keys, int64_t now,
			struct err *err) MUST_CHECK;

/* The newest import on it that has ended; ERR_NOT_FOUND. */
int account_use_newest(struct db *db, const char *resource_id,
		       char ret_run_id[ID_MAX], char ret_item_id[ID_MAX],
		       struct err *err) MUST_CHECK;

extern const struct db_query *const account_use_queries[];

#endif
