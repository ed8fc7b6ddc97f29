/*
 * rollback_scan: what a rollback of some scope is about, read from the rows.
 *
 * An import rests on what it used until it was rolled back itself; one that
 * failed rests on nothing.  What only imports of the scope rest on may go.
 */
#ifndef SHARED_ROLLBACK_SCAN_H
#define SHARED_ROLLBACK_SCAN_H

#include <stdbool.h>
#include <stdint.h>

#include <jansson.h>

#include "shared/db.h"
#include "shared/id.h"
#include "shared/resources.h"
#include "shared/rollback_plan.h"

/* Members are borrowed.  `marked`: the items whose rollback_id is `id`. */
struct rollback_scope {
	bool marked;
	enum rollback_scope_kind kind;
	const char *id;
	const char *host_id;
	const char *pack_id;	/* of a provider that a pack names; or NULL */
};

/* Counts of a scope's items. */
struct rollback_items {
	int64_t all;
	int64_t unfinished;
	int64_t rolled_back;
	int64_t unrecorded;	/* it was confirmed, and nothing was noted */
	char running[ID_MAX];	/* a run of an unfinished one; or "" */
};

int rollback_scan_items(struct db *db, const struct rollback_scope *scope,
			struct rollback_items *ret, struct err *err)
	MUST_CHECK;

/*
 * The resources that are there and that items of the scope used, each once.
 * *ret_shared: an item outside rests on it as well.  `row` has what
 * rollback_facts_of() looks at, and wanted_json.
 */
int rollback_scan_resources(struct db_rows *rows, struct db *db,
			    const struct rollback_scope *scope,
			    struct err *err) MUST_CHECK;
/*
 * The same of the first `limit` marked items behind `after` alone, without
 * what is a part already.  *ret_last is the last of those items; "" if there
 * was none.
 */
int rollback_scan_batch(struct db_rows *rows, struct db *db,
			const struct rollback_scope *scope, const char *after,
			int64_t limit, char ret_last[ID_MAX], struct err *err)
	MUST_CHECK;
int rollback_scan_next(struct db_rows *rows, struct resource *row,
		       bool *ret_shared, struct err *err) MUST_CHECK;

int rollback_scan_shared(struct db *db, const struct rollback_scope *scope,
			 const char *resource_id, bool *ret, struct err *err)
	MUST_CHECK;

/*
 * The names that an account is to map no more, as an array; see
 * rollback_surplus().
 */
int rollback_scan_surplus(struct db *db, const struct rollback_scope *scope,
			  const struct resource *row, json_t **ret,
			  struct err *err) MUST_CHECK;

/* What becomes of a resource that is there. */
int rollback_scan_decide(struct db *db, const struct rollback_scope *scope,
			 const struct resource *row, bool shared,
			 struct rollback_decision *ret, struct err *err)
	MUST_CHECK;

/* Inside a transaction: up to `limit` more items of the scope are `id`'s. */
int rollback_scan_mark(struct db *db, const struct rollback_scope *scope,
		       const char *id, int64_t limit, int64_t *ret_marked,
		       struct err *err) MUST_CHECK;

extern const struct db_query *const rollback_scan_queries[];

#endif
