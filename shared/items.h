/*
 * items: one key of one provider on its way to a proof.
 *
 * fcgi adds them with their run; schedd alone changes them after that.  The
 * names of fields and states are those of the API.
 */
#ifndef SHARED_ITEMS_H
#define SHARED_ITEMS_H

#include <stdbool.h>
#include <stdint.h>

#include "shared/db.h"
#include "shared/id.h"
#include "shared/seal.h"
#include "shared/table.h"

/* The flow of its task, and where that begins. */
#define IMPORT_FLOW "import"
#define IMPORT_FIRST_STEP "probe.models"

enum item_stage {
	STAGE_PROBE,		/* the provider, directly */
	STAGE_PROVISION,	/* what the host needs */
	STAGE_CONFIRM,		/* the account read back as written */
	STAGE_VALIDATE,		/* the proof */
	STAGE_DONE,
	ITEM_STAGE__MAX
};

enum confirmation {
	CONFIRMATION_PENDING,
	CONFIRMATION_CONFIRMING,
	CONFIRMATION_CONFIRMED,
	CONFIRMATION_FAILED,
	CONFIRMATION__MAX
};

enum access_status {
	ACCESS_UNKNOWN,
	ACCESS_ACTIVE,
	ACCESS_DEGRADED,
	ACCESS_BROKEN,
	ACCESS_STATUS__MAX
};

enum account_match {
	MATCH_NONE,
	MATCH_ACTIVE,
	MATCH_DISABLED,
	MATCH_DEPRECATED,
	MATCH_BROKEN,
	ACCOUNT_MATCH__MAX
};

enum account_resolution {
	RESOLUTION_NONE,	/* NULL in the database */
	RESOLUTION_CREATED,
	RESOLUTION_REUSED,
	RESOLUTION_REACTIVATED,
	RESOLUTION_REPLACED,
	ACCOUNT_RESOLUTION__MAX
};

/* What the host's own test of the account said; it may be no more than advice. */
enum validation_status {
	VALIDATION_UNKNOWN,
	VALIDATION_PASSED,
	VALIDATION_WARNING,
	VALIDATION_FAILED,
	VALIDATION_STATUS__MAX
};

TABLE_ENUM_DECLARE(item_stage);
TABLE_ENUM_DECLARE(confirmation);
TABLE_ENUM_DECLARE(access_status);
TABLE_ENUM_DECLARE(account_match);
TABLE_ENUM_DECLARE(account_resolution);
TABLE_ENUM_DECLARE(validation_status);

/* A row.  Release with item_done(). */
struct item {
	char *item_id;
	char *run_id;
	int64_t seq;
	char *provider_id;
	char *endpoint_key;
	char *plan;			/* its place there: see lookup.h; or "" */
	char *pack_provider_id;		/* of the run's pack, or of pack_id; or NULL */
	char *pack_id;			/* found by URL; NULL: that of the run */
	char *pack_version;
	char *base_url;
	char *api_key_secret_id;
	char *api_key_fingerprint;	/* of the secret; or NULL */
	char *api_key_last4;		/* of the secret; or NULL */
	char *requested_models;		/* JSON array */
	char *label;			/* "" if none */
	char *note;			/* "" if none */
	int64_t line;			/* of the file it stood in; 0: none */
	char *account_proxy;		/* the host's id of a proxy, or NULL */
	char *adopt_account_id;		/* that may be adopted, or NULL */
	bool adopt_force;		/* even if another CRM made it */
	int64_t generation;		/* raised by an operator's retry */
	int64_t paused_at;		/* its account, by an operator; 0: not */
	enum item_stage stage;
	enum confirmation confirmation;
	enum access_status access;
	enum account_match match;
	enum account_resolution resolution;
	bool provision_reused;
	bool cancelled;
	int64_t retry_count;
	int64_t last_retry_at;
	int64_t next_retry_at;
	char *canonical_model_families;	/* JSON array, or NULL */
	char *recommended_models;	/* JSON array, or NULL */
	char *models;			/* JSON array of wire ids, or NULL */
	char *model_aliases;		/* JSON object: name to wire id, or NULL */
	char *model_resolution;		/* JSON array, or NULL */
	char *capability_profile;	/* JSON, or NULL */
	char *foreign_accounts;		/* JSON array, or NULL */
	char *resolved_smoke_model;	/* or NULL */
	char *chat_url;			/* or NULL */
	char *reused_from_provider_id;	/* or NULL */
	char *reused_from_account_id;	/* or NULL */
	char *channel_id;		/* or NULL */
	char *group_id;			/* of the host, or NULL */
	char *account_id;		/* of the host, or NULL */
	char *failure_class;		/* or NULL */
	char *failure_detail;		/* or NULL */
	char *diagnosis;		/* JSON of diagnosis.h, or NULL */
	enum validation_status validation;
	bool probe_advisory;		/* the account test's word is advice */
	int64_t responses_status;	/* of the provider's /responses; 0: not asked */
	char *warnings;			/* JSON array of {code, detail} */
	char *held_for;			/* name of enum hold; NULL: not held */
	int64_t created_at;
	int64_t updated_at;
	int64_t finished_at;
	char *rollback_id;		/* that it is, or was, taken back by */
	int64_t rolled_back_at;		/* 0: not, or not yet */
};

/* What the caller decides about a new item.  Members are borrowed. */
struct item_spec {
	const char *run_id;
	int64_t seq;
	const char *base_url;		/* normalised */
	const char *endpoint_key;
	const char *plan;		/* NULL: "" */
	const char *pack_provider_id;	/* or NULL */
	const char *pack_id;		/* only if the run has none */
	const char *pack_version;
	const char *api_key_secret_id;
	const char *requested_models;	/* JSON array */
	const char *warnings;		/* JSON array */
	const char *label;		/* NULL: none; as are those below */
	const char *note;
	int64_t line;			/* 0: none */
	const char *account_proxy;
	const char *adopt_account_id;
	bool adopt_force;
};

void item_done(struct item *item);

int items_add(struct db *db, const struct item_spec *spec, int64_t now,
	      uint64_t random, char ret_id[ID_MAX], struct err *err)
	MUST_CHECK;

/* ERR_NOT_FOUND if it is not there, or not in `run_id` (NULL: any run). */
int items_get(struct db *db, const char *run_id, const char *item_id,
	      struct item *ret, struct err *err) MUST_CHECK;

/* The plan of the first item of a run, of LOOKUP_PLAN_MAX bytes; "". */
int items_plan_of_run(struct db *db, const char *run_id, char *ret,
		      struct err *err) MUST_CHECK;

/*
 * Write every column that a flow may change, but for capability_profile: that
 * is learnt beside the flows, see items_profile() and profiles.h.
 */
int items_save(struct db *db, const struct item *item, int64_t now,
	       struct err *err) MUST_CHECK;

/* Write capability_profile. */
int items_profile(struct db *db, const char *item_id, const char *profile,
		  struct err *err) MUST_CHECK;

/* What people say of it; NULL: as it is. */
int items_say(struct db *db, const char *item_id, const char *label,
	      const char *note, int64_t now, struct err *err) MUST_CHECK;

/*
 * What became of the items that rest on a resource, an account: an account
 * that is found dead, or well again, long after its import.  `class` NULL:
 * none.
 */
int items_access_of_resource(struct db *db, const char *resource_id,
			     enum access_status status, const char *class,
			     int64_t now, struct err *err) MUST_CHECK;

/*
 * The secret of the provider's key that the newest item on a resource was
 * imported with; NULL if none is.  The caller frees it.
 */
int items_key_of_resource(struct db *db, const char *resource_id,
			  char **ret_secret_id, struct err *err) MUST_CHECK;

/*
 * ERR_CONFLICT, with its code, if the item was rolled back or is being: its
 * key is forgotten, or will be.
 */
int item_refuse_rolled_back(const struct item *item, struct err *err)
	MUST_CHECK;

/* Add a warning to item->warnings, once for each code. */
void item_warn(struct item *item, const char *code, const char *detail);

extern const struct db_query *const items_queries[];

#endif
