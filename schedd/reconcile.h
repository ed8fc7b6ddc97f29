/*
 * reconcile: what we own on a host, held against what the host shows.
 *
 * The subject of flow_reconcile.  Groups and accounts are read by lists, a
 * page a step, so that memory stays as it is however many there are; what a
 * list shows as it should be costs no write, and what it makes doubtful is
 * read by itself.  Users, subscriptions, keys and channels are few and are
 * read one by one.  Only what such a single read shows becomes a finding.
 *
 * A repair holds the resource's row, as imports and changes do, so that it
 * never works on what they work on.
 */
#ifndef SCHEDD_RECONCILE_H
#define SCHEDD_RECONCILE_H

#include "schedd/host/features.h"
#include "schedd/host/peer.h"
#include "schedd/listing.h"
#include "schedd/step.h"
#include "shared/findings.h"
#include "shared/hosts.h"
#include "shared/reconciles.h"
#include "shared/resource_walk.h"

#define RECONCILE_SMALLER_MAX 3	/* pages of 1000, 250, 62, 15 accounts */
#define RECONCILE_IDS 1024	/* beyond them every object is read */
#define RECONCILE_LOST_MAX 16
#define RECONCILE_ROW 0		/* the flow's only resource, of a TAKE */

/* What one step leaves for the next: the task's memo. */
struct reconcile_memo {
	struct listing list;
	int64_t smaller;	/* how often pages were too long */
	int64_t lists;		/* bits of enum resource_type: read by a list */
	int64_t unknown;	/* those of which the list tells nothing */
	int64_t walk_type;	/* enum resource_type, of the single reads */
	int64_t keys_id;	/* of the last account whose key was exported */
	bool keys_hidden;	/* the host refuses to export them */
	int64_t walk_id;	/* the host's id of the last one read */
	int64_t list_compared;	/* of the present list */
	int64_t list_skipped;
	int64_t compared;
	int64_t missing;
	int64_t skipped;
	int64_t dropped;
	bool begun;
	bool decided;		/* somebody decided: nothing is looked at */
	char resource_id[ID_MAX];	/* it is being repaired; or "" */
	int64_t fields;		/* bits of its rows in owned_fields: to restore */
	int failure;		/* enum failure, of the repair or of all */
	char detail[320];	/* what the host said, for the next step alone */
};

/* A resource as it is read, three times flat.  reconcile_seen_done(). */
struct reconcile_seen {
	json_t *wanted, *written, *live;	/* live NULL: it is gone */
	json_t *looks;		/* of earlier: the row's live_json */
	struct owned_finding findings[OWNED_FINDINGS_MAX];
	size_t count;
	char version[OWNED_VERSION_TEXT];
};

struct reconcile {
	int64_t now;
	int64_t attempt;
	const char *task_id;			/* borrowed */
	const struct settings *settings;	/* borrowed */
	char inst[ID_SHORT_MAX];
	struct reconcile_run run;
	struct host host;
	struct host_peer peer;		/* borrows from `host` and `inst` */
	struct host_features features;
	json_t *places;		/* array */
	bool new_session;
	struct reconcile_memo memo;

	struct resource row;	/* that is read or repaired; or zeroed */
	bool held;		/* it is `making`, by us */
	bool walks_on;		/* none was found yet, others follow */
	int64_t owner;		/* of a key: the host's id of its user; or 0 */
	char *secret_id;	/* of an account: of its provider key; or NULL */
	struct finding *rows;	/* of `row`, that are still `found` */
	size_t nrows;

	/* Groups that `row` is to be in, and that are not there: */
	struct {
		int64_t id;
		bool waits;	/* somebody is asked about it */
	} lost[RECONCILE_LOST_MAX];
	size_t nlost;

	/* Ours that may be on the page asked for, by the host's ids, ascending. */
	int64_t ids[RECONCILE_IDS];
	size_t nids;

	/* What a step saw and decided, for the transaction that keeps it. */
	const json_t *exported;	/* accounts, keys as fingerprints; borrowed */
	int64_t keys_to;	/* the last id that the export was asked for */
	struct host_page page;	/* borrowed from the answer, as is `live` */
	enum resource_type page_type;
	struct listing_range range;
	bool restart;		/* what the list made doubtful is void */
	const json_t *live;	/* of the row; NULL: it is gone */
	bool saw;		/* `live` says so */
	bool overtaken;		/* somebody works on the row */
	bool asks;		/* all that was found of it is to be asked */
	bool reads;		/* before the repair */
	bool confirms;		/* after it */
	bool gives_up;
	char *detail;		/* of a failure */
};

/* ---- what is asked, and what an answer shows: reconcile_read.c ---- */

/* False: nobody can be asked for it. */
bool reconcile_ask_row(const struct reconcile *rc, struct request *request);

/*
 * The row's own object in the answer, borrowed; FAILURE_GONE if the host has
 * it no more.
 */
enum failure reconcile_judge_row(const struct reconcile *rc,
				 const struct answer *answer,
				 const json_t **ret);

/* Which kinds are read by a list, and that list. */
int64_t reconcile_page_size(const struct reconcile *rc);
void reconcile_ask_list(const struct reconcile *rc, enum resource_type type,
			struct request *request);

/* ---- comparing: reconcile_compare.c ---- */

/* Pure.  `live` NULL: it is gone. */
void reconcile_see(const struct reconcile *rc, const struct resource *row,
		   const json_t *live, struct reconcile_seen *ret);
void reconcile_seen_done(struct reconcile_seen *seen);

/* A finding's row; values are dumped.  Release with finding_done(). */
void reconcile_finding(const struct reconcile *rc, const struct resource *row,
		       const struct owned_finding *it, struct finding *ret);

/* ---- groups that somebody deleted: reconcile_lost.c ---- */

/* For the row; whom somebody is asked about only repairs need to know. */
int reconcile_load_lost(const struct store *store, struct reconcile *rc,
			bool repairs, struct err *err) MUST_CHECK;

/* What is wanted, flat, without them. */
void reconcile_leave_out_lost(const struct reconcile *rc, json_t *wanted);

/* Does the field say to which groups it is bound? */
bool reconcile_binds(const char *field);

/* What a binding says that waits; the first of the row's, or NULL. */
char *reconcile_waits_text(const char *group_id) GIVES_MEMORY;
char *reconcile_waits(const struct reconcile *rc);

/* ---- repair: reconcile_mend.c, reconcile_write.c ---- */

/*
 * Which of the fields seen are to be restored now, as bits for memo.fields:
 * what was decided about a row, else what the field's policy says.
 */
int64_t reconcile_fields(const struct reconcile *rc,
			 const struct reconcile_seen *seen);
bool reconcile_restores(const struct reconcile *rc, const char *field);

/* What is done about a finding: as somebody decided, else by policy. */
enum owned_policy reconcile_action(const struct reconcile *rc,
				   const struct owned_finding *it);

/* The call that writes all of memo.fields; false: there is none. */
bool reconcile_ask_write(const struct reconcile *rc,
			 struct request *request);
enum failure reconcile_judge_write(const struct reconcile *rc,
				   const struct answer *answer);

/* Somebody undoes our repairs again and again: leave it to people. */
bool reconcile_may_mend(const struct reconcile *rc);

#define RECONCILE_ASKS(name) \
	bool ask_##name(const void *subject, struct request *request)
#define RECONCILE_GETS(name) \
	struct verdict got_##name(void *subject, const struct answer *answer)

RECONCILE_GETS(repair_next);
RECONCILE_GETS(repair_take);
RECONCILE_ASKS(repair_read);	RECONCILE_GETS(repair_read);
RECONCILE_ASKS(repair_write);	RECONCILE_GETS(repair_write);
RECONCILE_ASKS(repair_confirm);	RECONCILE_GETS(repair_confirm);

RECONCILE_ASKS(reconcile_login);	RECONCILE_GETS(reconcile_login);
const char *reconcile_detour(const void *subject,
			     const struct request *request);
bool reconcile_refused(void *subject, enum slot slot);
void reconcile_captured(void *subject, enum slot slot,
			const struct secret_face *face);

/* Is it only this one that the host will not show or change? */
bool reconcile_is_of_the_row(enum failure why);

/* What an answer means that is none: later again, or the end. */
struct verdict reconcile_failed(struct reconcile *rc,
				const struct answer *answer,
				enum failure why);

/* ---- what the steps leave: reconcile_keep.c, reconcile_settle.c ---- */

int reconcile_keep_page(const struct store *store, struct reconcile *rc,
			int64_t now, struct err *err) MUST_CHECK;
int reconcile_keep_row(const struct store *store, struct reconcile *rc,
		       int64_t now, struct err *err) MUST_CHECK;
int reconcile_keep_repair(const struct store *store, struct reconcile *rc,
			  int64_t now, struct err *err) MUST_CHECK;

/* Proofs of what was touched, and a notice of what is to be decided. */
int reconcile_ask_proofs(const struct store *store, struct reconcile *rc,
			 int64_t now, struct err *err) MUST_CHECK;
int reconcile_tell(const struct store *store, const struct reconcile *rc,
		   int64_t now, struct err *err) MUST_CHECK;

/* ---- keys that lists hide: reconcile_keys.c ---- */

/* The next accounts whose keys are asked for; none, if nobody wants it. */
int reconcile_load_keys(const struct store *store, struct reconcile *rc,
			struct err *err) MUST_CHECK;
RECONCILE_ASKS(reconcile_keys);	RECONCILE_GETS(reconcile_keys);
int reconcile_keep_keys(const struct store *store, struct reconcile *rc,
			int64_t now, struct err *err) MUST_CHECK;

/* ---- reading and writing rows: reconcile_store.c ---- */

int reconcile_load(const struct store *store, const struct task *task,
		   int64_t now, void **ret, struct err *err) MUST_CHECK;
void reconcile_free(void **subject);
char *reconcile_memo_write(const void *subject);

/* Is it of the run's scope? */
int reconcile_in_scope(const struct store *store, const struct reconcile *rc,
		       const struct resource *row, bool *ret,
		       struct err *err) MUST_CHECK;

#endif
