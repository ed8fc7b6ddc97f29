/*
 * notices: what an operator should hear of without asking: a host changed its
 * version, a key's money runs out, a model goes away, everything on a host
 * fails.  One is open for each kind and subject until it no longer holds.
 */
#ifndef SHARED_NOTICES_H
#define SHARED_NOTICES_H

#include <stdbool.h>
#include <stdint.h>

#include "shared/db.h"
#include "shared/id.h"
#include "shared/table.h"

enum notice_kind {
	NOTICE_HOST_VERSION,	/* subject: host_id */
	NOTICE_HOST_SUSPECT,	/* subject: host_id */
	NOTICE_PROVIDER_SUSPECT, /* subject: endpoint_key */
	NOTICE_BALANCE_LOW,	/* subject: endpoint_key/fingerprint */
	NOTICE_PLAN_ENDING,	/* subject: endpoint_key/fingerprint */
	NOTICE_MODEL_RETIRED,	/* subject: endpoint_key/model */
	NOTICE_GAVE_UP,		/* subject: access_id */
	NOTICE_RUN_HELD,	/* subject: run_id */
	NOTICE_DRIFT,		/* subject: host_id */
	NOTICE_TOP_UPS_SPENT,	/* subject: host_id */
	NOTICE_TOP_UPS_LOW,	/* subject: host_id */
	NOTICE_USER_BALANCE_LOW, /* subject: the user's resource_id */
	NOTICE_OLD_KEY_FREE,	/* subject: change_id */
	NOTICE_KIND__MAX
};

TABLE_ENUM_DECLARE(notice_kind);

/* A row.  Release with notice_done(). */
struct notice {
	char *notice_id;
	enum notice_kind kind;
	char *subject;
	char *host_id;		/* or NULL */
	char *endpoint_key;	/* or NULL */
	char *class;		/* or NULL */
	char *detail;		/* JSON */
	int64_t at;
	int64_t ended_at;	/* 0: it still holds */
};

struct notice_spec {
	enum notice_kind kind;
	const char *subject;
	const char *host_id;		/* or NULL */
	const char *endpoint_key;	/* or NULL */
	const char *class;		/* or NULL */
	const char *detail;		/* JSON object */
};

void notice_done(struct notice *notice);

/* One line for people, in zh (lang "zh") or en.  The caller frees it. */
char *notice_text(const struct notice *notice, const char *lang) GIVES_MEMORY;

/* Opens it, or renews the detail of the open one. */
int notices_raise(struct db *db, const struct notice_spec *spec, int64_t now,
		  uint64_t random, struct err *err) MUST_CHECK;
int notices_end(struct db *db, enum notice_kind kind, const char *subject,
		int64_t now, struct err *err) MUST_CHECK;

/* Those that hold, or those that have ended; of one host, or NULL: any. */
struct notice_filter {
	bool open;
	const char *host_id;
};

/* Newest first, below `before` ("": the first page). */
int notices_list(struct db_rows *rows, struct db *db,
		 const struct notice_filter *filter, const char *before,
		 int64_t limit, struct err *err) MUST_CHECK;
int notices_next(struct db_rows *rows, struct notice *notice,
		 struct err *err) MUST_CHECK;

/* How many hold of a host. */
int notices_open_of_host(struct db *db, const char *host_id, int64_t *ret,
			 struct err *err) MUST_CHECK;

#define NOTICES_KEPT 5000	/* ended ones; the oldest go */

extern const struct db_query *const notices_queries[];

#endif
