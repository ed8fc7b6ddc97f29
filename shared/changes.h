/*
 * changes: what operators change of an account after its import.
 *
 *	running --> done
 *	   |  '---> failed
 *	   '------> overlap --> done
 *
 * fcgi adds one with the task (flow "change") that makes it, schedd ends it.
 * An account has one that runs at most.  One in `overlap` has done what it is
 * for, and keeps the old key until nobody can be using it.
 */
#ifndef SHARED_CHANGES_H
#define SHARED_CHANGES_H

#include <stdbool.h>
#include <stdint.h>

#include "shared/db.h"
#include "shared/id.h"
#include "shared/table.h"

/* The flow of its task, and where that begins. */
#define CHANGE_FLOW "change"
#define CHANGE_FIRST_STEP "change.begin"

enum change_kind {
	CHANGE_MODELS,
	CHANGE_PROXY,
	CHANGE_PAUSE,
	CHANGE_RESUME,
	CHANGE_ROTATE_KEY,
	CHANGE_KIND__MAX
};

enum change_state {
	CHANGE_RUNNING,
	CHANGE_OVERLAP,
	CHANGE_DONE,
	CHANGE_FAILED,
	CHANGE_STATE__MAX
};

TABLE_ENUM_DECLARE(change_kind);
TABLE_ENUM_DECLARE(change_state);

/* A row.  Release with change_done(). */
struct change {
	char *change_id;
	char *item_id;		/* by which it was asked for */
	char *resource_id;	/* the account */
	char *host_id;
	enum change_kind kind;
	char *wanted;		/* JSON object */
	char *before;		/* JSON object, or NULL */
	char *after;		/* JSON object, or NULL */
	enum change_state state;
	char *failure_class;	/* or NULL */
	char *failure_detail;	/* or NULL */
	char *requested_by;	/* token_id */
	int64_t created_at;
	int64_t finished_at;	/* 0: not yet */
	/* Of CHANGE_ROTATE_KEY, until it has ended; or NULL. */
	char *new_secret_id;
	char *old_secret_id;	/* while in overlap */
	int64_t old_key_free_at;	/* 0: not known yet */
};

struct change_spec {
	const char *item_id;
	const char *resource_id;
	const char *host_id;
	enum change_kind kind;
	const char *wanted;
	const char *requested_by;
	const char *new_secret_id;	/* or NULL */
};

void change_done(struct change *change);

/*
 * Inside a transaction: add a change and its task.  ERR_CONFLICT with the code
 * change_in_progress while another one of the account runs: *ret_id is that
 * one's then.
 */
int changes_add(struct db *db, const struct change_spec *spec, int64_t now,
		uint64_t random, char ret_id[ID_MAX], struct err *err)
	MUST_CHECK;

int changes_get(struct db *db, const char *change_id, struct change *ret,
		struct err *err) MUST_CHECK;

/* The one that runs; "" if none does. */
int changes_running(struct db *db, const char *resource_id,
		    char ret_id[ID_MAX], struct err *err) MUST_CHECK;

/* Did the last change of its proxy take that away? */
int changes_unproxied(struct db *db, const char *resource_id, bool *ret,
		      struct err *err) MUST_CHECK;

/* What the host showed before, what was written last, and what was said. */
int changes_note(struct db *db, const struct change *change, struct err *err)
	MUST_CHECK;

/* Inside a transaction: the new key serves; the old one is kept until then. */
int changes_overlap(struct db *db, const struct change *change,
		    struct err *err) MUST_CHECK;

/*
 * Inside a transaction: write state and failure, and end it.  Its secrets are
 * referred to no more: secrets_forget() them.
 */
int changes_finish(struct db *db, const struct change *change, int64_t now,
		   struct err *err) MUST_CHECK;

#define CHANGES_KEPT 50	/* finished ones of an account */

/* Those of an account, newest first. */
int changes_list(struct db_rows *rows, struct db *db, const char *resource_id,
		 int64_t limit, struct err *err) MUST_CHECK;
int changes_next(struct db_rows *rows, struct change *change, struct err *err)
	MUST_CHECK;

extern const struct db_query *const changes_queries[];

#endif
