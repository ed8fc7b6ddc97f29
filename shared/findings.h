/*
 * findings: what a reconcile found, a row for each field; and the suspects
 * that a list left to be read one by one.
 *
 * A finding is `found` until it is settled: repaired, accepted, asked about,
 * or failed to be repaired.  An operator's decision makes it `found` again,
 * with the action that he chose.
 */
#ifndef SHARED_FINDINGS_H
#define SHARED_FINDINGS_H

#include <stdbool.h>
#include <stdint.h>

#include "shared/db.h"
#include "shared/owned.h"
#include "shared/reconciles.h"

#define FINDINGS_MAX 1000		/* of a reconcile */
#define FINDING_VALUE_MAX 4096		/* bytes of a value that is kept */

enum finding_state {
	FINDING_FOUND,
	FINDING_REPAIRED,
	FINDING_ACCEPTED,
	FINDING_ASKED,
	FINDING_FAILED,
	FINDING_STATE__MAX
};

TABLE_ENUM_DECLARE(finding_state);

/* A row.  Release with finding_done(). */
struct finding {
	char *reconcile_id;
	int64_t seq;
	char *resource_id;
	enum resource_type type;
	char *host_resource_id;
	char *field;
	enum owned_moved moved;
	enum owned_policy action;
	enum owned_certainty certainty;
	char *wanted;		/* JSON; NULL: absent */
	char *written;
	char *live;
	enum finding_state state;
	char *text;		/* or NULL */
	char *settled_by;	/* token_id, or NULL */
	int64_t at;
};

void finding_done(struct finding *finding);

/*
 * Inside a transaction.  Numbers it; *ret_added is false if the run has
 * FINDINGS_MAX already.
 */
int findings_add(struct db *db, const struct finding *finding, int64_t now,
		 bool *ret_added, struct err *err) MUST_CHECK;

int findings_get(struct db *db, const char *reconcile_id, int64_t seq,
		 struct finding *ret, struct err *err) MUST_CHECK;

/* In their order, from behind `after` on. */
int findings_list(struct db_rows *rows, struct db *db,
		  const char *reconcile_id, int64_t after, int64_t limit,
		  struct err *err) MUST_CHECK;
/* Those of one resource. */
int findings_of_resource(struct db_rows *rows, struct db *db,
			 const char *reconcile_id, const char *resource_id,
			 struct err *err) MUST_CHECK;
int findings_next(struct db_rows *rows, struct finding *finding,
		  struct err *err) MUST_CHECK;

/* The first one that is still `found`; its resource_id, or "". */
int findings_first_open(struct db *db, const char *reconcile_id,
			char ret_resource_id[ID_MAX], struct err *err)
	MUST_CHECK;

/* `text` NULL: nothing to say. */
int findings_settle(struct db *db, const struct finding *finding,
		    enum finding_state state, const char *text,
		    struct err *err) MUST_CHECK;

/* Somebody decided: it is to be worked on again. */
int findings_decide(struct db *db, const struct finding *finding,
		    enum owned_policy action, const char *by,
		    struct err *err) MUST_CHECK;

/*
 * Was the resource found gone, or what has its id another thing perhaps, and
 * nobody has decided about that yet?
 */
int findings_asks_if_gone(struct db *db, const char *reconcile_id,
			  const char *resource_id, bool *ret,
			  struct err *err) MUST_CHECK;

/* Those that were asked about with this text are worked on again. */
int findings_reopen(struct db *db, const char *reconcile_id,
		    const char *text, struct err *err) MUST_CHECK;

/* Those that are gone, after all, were not: the host as a whole was. */
int findings_forget_missing(struct db *db, const char *reconcile_id,
			    struct err *err) MUST_CHECK;

/* Fills found, repaired, accepted, asked and failed. */
int findings_count(struct db *db, const char *reconcile_id,
		   struct reconcile_counts *ret, struct err *err) MUST_CHECK;

/*
 * May an operator decide so about this field?  Not everything that somebody
 * did can be undone by a call, or be taken for what we want from now on.
 */
bool finding_can(enum resource_type type, const char *field,
		 enum owned_policy decision);

/* ---- suspects ---- */

int suspects_add(struct db *db, const char *reconcile_id,
		 const char *resource_id, enum resource_type type,
		 struct err *err) MUST_CHECK;

/* The first; "" if there is none. */
int suspects_first(struct db *db, const char *reconcile_id,
		   char ret_resource_id[ID_MAX], struct err *err) MUST_CHECK;
int suspects_drop(struct db *db, const char *reconcile_id,
		  const char *resource_id, struct err *err) MUST_CHECK;

/* The list that made them was no good. */
int suspects_drop_type(struct db *db, const char *reconcile_id,
		       enum resource_type type, struct err *err) MUST_CHECK;

extern const struct db_query *const findings_queries[];

#endif
