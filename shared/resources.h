/*
 * resources: what we made, or use, on a host.
 *
 *	wanted --take--> making --settle--> present --remove--> leaving
 *	  ^                |                                       |
 *	  '----release-----'                          gone <-------'
 *
 * The row is the lock: the task whose transaction moved it to `making` makes
 * the thing, every other task is parked on the row and woken by the
 * transaction that settles it.  A task that ends releases what it is making.
 */
#ifndef SHARED_RESOURCES_H
#define SHARED_RESOURCES_H

#include <stdbool.h>
#include <stdint.h>

#include "shared/db.h"
#include "shared/id.h"
#include "shared/table.h"

enum resource_type {
	RESOURCE_GROUP,
	RESOURCE_ACCOUNT,
	RESOURCE_USER,
	RESOURCE_USER_TOKEN,	/* a JWT: not on the host, but made and lost */
	RESOURCE_SUBSCRIPTION,
	RESOURCE_USER_KEY,
	RESOURCE_CHANNEL,	/* prices over a group */
	RESOURCE_TYPE__MAX
};

enum resource_state {
	RESOURCE_WANTED,
	RESOURCE_MAKING,
	RESOURCE_PRESENT,
	RESOURCE_LEAVING,
	RESOURCE_GONE,
	RESOURCE_STATE__MAX
};

TABLE_ENUM_DECLARE(resource_type);
TABLE_ENUM_DECLARE(resource_state);

/* A row.  Release with resource_done(); zeroed: none. */
struct resource {
	char *resource_id;	/* NULL: there is no row */
	char *host_id;
	enum resource_type type;
	char *lookup;
	char *mark;		/* crm-<inst>-<8 characters> */
	enum resource_state state;
	char *host_resource_id;	/* or NULL */
	char *wanted_json;	/* what we ask the host to make; or NULL */
	char *written_json;	/* its fields as we wrote them last: owned.h */
	char *prior_json;	/* what it was before we took it over; or NULL */
	char *origin;		/* created, adopted, reused; or NULL */
	char *made_by;		/* task_id while `making` */
	int64_t generation;	/* raised after a definite refusal */
	char *secret_id;	/* or NULL */
	int64_t expires_at;	/* 0: never */
	int64_t refusals;
	char *failure_class;	/* of the last maker that gave up; or NULL */
	int64_t next_retry_at;	/* nobody tries again before */
	bool off_by_us;		/* an account that CRM took out of service */
	int64_t paused_at;	/* an operator did, through CRM; 0: no */
	int64_t mends;		/* of it in a row that did not last */
	int64_t mended_at;	/* the last one; 0: never */
	char *live_json;	/* what of it matters, as last seen; or NULL */
	char *live_version;	/* owned_version() as last seen; or NULL */
	/*
	 * Not stored.  Who waits for it wants to hold it, one after the other:
	 * settling it wakes one.
	 */
	bool exclusive;
};

void resource_done(struct resource *resource);

#define RESOURCE_REFUSALS_MAX 3
#define RESOURCE_REFUSED_MS 60000	/* then somebody may try again */

/* How taking a resource ended. */
enum take {
	TAKE_MINE,	/* *ret is `making`, by this task */
	TAKE_PRESENT,	/* *ret is there already */
	TAKE_WAIT,	/* another task makes *ret: park on it */
	TAKE_LATER,	/* it failed lately: not before ret->next_retry_at */
	/*
	 * RESOURCE_REFUSALS_MAX makers in a row could not make it at all, the
	 * last a moment ago: end as they did, with ret->failure_class.
	 */
	TAKE_REFUSED,
};

/* What a task wants to have. */
#define RESOURCE_LOOKUP_MAX 256

struct resource_want {
	const char *host_id;
	enum resource_type type;
	char lookup[RESOURCE_LOOKUP_MAX];
	const char *task_id;
	bool hold;	/* take it even if it is present: to change it */
};

/* Inside a transaction.  Makes the row, with a new mark, if there is none. */
int resources_take(struct db *db, const struct resource_want *want,
		   int64_t now, uint64_t random, enum take *ret_take,
		   struct resource *ret, struct err *err) MUST_CHECK;

int resources_find(struct db *db, const char *host_id,
		   enum resource_type type, const char *lookup,
		   struct resource *ret, struct err *err) MUST_CHECK;

/*
 * Write all that a flow may change.  A row that leaves `making` wakes every
 * task that is parked on it, or one if it is exclusive.  The secret of one that
 * is gone is wiped.  ERR_CONFLICT if `task_id` is not its maker and the row is
 * not free.
 */
int resources_save(struct db *db, const struct resource *resource,
		   const char *task_id, int64_t now, struct err *err)
	MUST_CHECK;

/*
 * Put back what an ending task is still making: to `present` if the host has
 * it, and then all waiters are woken; else to `wanted`, and then only one is,
 * for it will make the thing and wake the others.  `class` is that of the
 * failure ("": none).
 */
int resources_release(struct db *db, const char *task_id, const char *class,
		      int64_t next_retry_at, int64_t now, struct err *err)
	MUST_CHECK;

/* Somebody says that it is worth trying again what a host refused to make. */
int resources_forgive(struct db *db, const char *host_id, int64_t now,
		      struct err *err) MUST_CHECK;

/*
 * Wake a task for each row on which tasks are parked and which nobody makes:
 * the one that was woken for it has ended before it took the row.  To be
 * called now and then.
 */
int resources_wake_forgotten(struct db *db, int64_t now, struct err *err)
	MUST_CHECK;

/* The account, group ... that is `host_resource_id` on the host. */
int resources_of_host_id(struct db *db, const char *host_id,
			 enum resource_type type,
			 const char *host_resource_id, struct resource *ret,
			 struct err *err) MUST_CHECK;

/* Those whose lookup begins with a text, in its order. */
int resources_with_prefix(struct db_rows *rows, struct db *db,
			  const char *host_id, enum resource_type type,
			  const char *lookup_prefix, int64_t limit,
			  struct err *err) MUST_CHECK;
int resources_next(struct db_rows *rows, struct resource *resource,
		   struct err *err) MUST_CHECK;

/*
 * Write off_by_us, mends, mended_at and live_json alone: the watch may, while
 * another task makes or changes the thing.
 */
int resources_watched(struct db *db, const struct resource *resource,
		      int64_t now, struct err *err) MUST_CHECK;

/* How the host shows it now: written only if that is news. */
int resources_saw(struct db *db, const char *resource_id,
		  const char *live_version, int64_t now, struct err *err)
	MUST_CHECK;

/* It serves again: neither CRM nor an operator holds it out any more. */
int resources_resumed(struct db *db, const char *resource_id, int64_t now,
		      struct err *err) MUST_CHECK;

/* Taken out of service by an operator at `paused_at`; 0: back again. */
int resources_pause(struct db *db, const char *resource_id, int64_t paused_at,
		    int64_t now, struct err *err) MUST_CHECK;

int resources_get(struct db *db, const char *resource_id,
		  struct resource *ret, struct err *err) MUST_CHECK;

int resources_use(struct db *db, const char *resource_id, const char *item_id,
		  int64_t now, struct err *err) MUST_CHECK;

/* How many items other than `item_id` rest on it. */
int resources_users(struct db *db, const char *resource_id,
		    const char *item_id, int64_t *ret, struct err *err)
	MUST_CHECK;

extern const struct db_query *const resources_queries[];

#endif
