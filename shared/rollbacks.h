/*
 * rollbacks: taking back what imports made on a host.
 *
 *	running --> done: clean | remains | failed
 *
 * fcgi adds one with the task (flow "rollback") that makes it.  schedd writes
 * its parts before it touches the first, goes through them in their order, and
 * ends it.  A host has one that runs at most.
 */
#ifndef SHARED_ROLLBACKS_H
#define SHARED_ROLLBACKS_H

#include <stdbool.h>
#include <stdint.h>

#include "shared/db.h"
#include "shared/id.h"
#include "shared/rollback_plan.h"

/* The flow of its task, and where that begins. */
#define ROLLBACK_FLOW "rollback"
#define ROLLBACK_FIRST_STEP "rollback.begin"

#define ROLLBACK_PARTS_MAX 50000

/* A row.  Release with rollback_done(). */
struct rollback {
	char *rollback_id;
	char *host_id;
	enum rollback_scope_kind scope;
	char *scope_id;
	char *pack_id;		/* or NULL */
	bool running;
	enum rollback_result result;	/* of one that has ended */
	char *failure_class;	/* or NULL */
	char *failure_detail;	/* or NULL */
	int64_t items;
	char *requested_by;	/* token_id */
	int64_t created_at;
	int64_t finished_at;	/* 0: not yet */
};

struct rollback_spec {
	const char *host_id;
	enum rollback_scope_kind scope;
	const char *scope_id;
	const char *pack_id;	/* or NULL */
	const char *requested_by;
	bool force;		/* what the host does not show is gone */
};

/* A row of its parts.  Release with rollback_part_done(). */
struct rollback_part {
	int64_t seq;
	char *kind;		/* of a resource, access or moved_key */
	char *subject_id;
	char *mark;		/* or NULL */
	char *host_resource_id;	/* or NULL */
	enum rollback_action action;
	enum rollback_why why;
	enum rollback_part_state state;
	char *failure_class;	/* why it is left; or NULL */
	char *failure_detail;	/* or NULL */
	char *plan;		/* JSON: what is to be written; or NULL */
};

struct rollback_counts {
	int64_t all, waiting, done, left, gone, kept;
};

void rollback_done(struct rollback *rollback);
void rollback_part_done(struct rollback_part *part);

/*
 * Inside a transaction: add one and its task.  ERR_CONFLICT with the code
 * rollback_in_progress while another one of the host runs: *ret_id is that
 * one's then.
 */
int rollbacks_add(struct db *db, const struct rollback_spec *spec,
		  int64_t now, uint64_t random, char ret_id[ID_MAX],
		  struct err *err) MUST_CHECK;

int rollbacks_get(struct db *db, const char *rollback_id,
		  struct rollback *ret, struct err *err) MUST_CHECK;

/* The one that runs; "" if none does. */
int rollbacks_running(struct db *db, const char *host_id, char ret_id[ID_MAX],
		      struct err *err) MUST_CHECK;

/* Newest first, behind `before` ("": all); of a host, or NULL: of any. */
int rollbacks_list(struct db_rows *rows, struct db *db, const char *host_id,
		   const char *before, int64_t limit, struct err *err)
	MUST_CHECK;
int rollbacks_next(struct db_rows *rows, struct rollback *rollback,
		   struct err *err) MUST_CHECK;

/* The newest one of a scope; its rollback_id is NULL if there is none. */
int rollbacks_newest(struct db *db, const char *scope_id,
		     struct rollback *ret, struct err *err) MUST_CHECK;

/* So many items are its own. */
int rollbacks_items(struct db *db, const char *rollback_id, int64_t items,
		    struct err *err) MUST_CHECK;

/* Inside a transaction: write result and failure, and end it. */
int rollbacks_finish(struct db *db, const struct rollback *rollback,
		     int64_t now, struct err *err) MUST_CHECK;

/* Adds one, unless its subject has a part already. */
int rollback_parts_add(struct db *db, const char *rollback_id,
		       const struct rollback_part *part, struct err *err)
	MUST_CHECK;

/*
 * Something that CRM has on the host, by which that can be known: of a type,
 * the n-th from 0 of those that are parts (`inside`), or of the others.
 * *ret is "" if there are no more.
 */
int rollback_sights(struct db *db, const struct rollback *rollback,
		    enum resource_type type, bool inside, int64_t n,
		    char ret_resource_id[ID_MAX], struct err *err) MUST_CHECK;

/*
 * The next one that waits, from a place on; its kind is NULL if none does.
 * Those before it are done: whoever goes through them says where it is.
 */
int rollback_parts_waiting(struct db *db, const char *rollback_id,
			   int64_t from, struct rollback_part *ret,
			   struct err *err) MUST_CHECK;

/* Write what became of it. */
int rollback_parts_save(struct db *db, const char *rollback_id,
			const struct rollback_part *part, struct err *err)
	MUST_CHECK;

/* Those that wait are left, for this reason. */
int rollback_parts_leave(struct db *db, const char *rollback_id,
			 const char *class, struct err *err) MUST_CHECK;

int rollback_parts_count(struct db *db, const char *rollback_id,
			 struct rollback_counts *ret, struct err *err)
	MUST_CHECK;

/* In their order, behind `after`; of a state, or NULL: all. */
int rollback_parts_list(struct db_rows *rows, struct db *db,
			const char *rollback_id, const char *state,
			int64_t after, int64_t limit, struct err *err)
	MUST_CHECK;
int rollback_parts_next(struct db_rows *rows, struct rollback_part *part,
			struct err *err) MUST_CHECK;

extern const struct db_query *const rollbacks_queries[];

#endif
