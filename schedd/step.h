/*
 * step: what flows are made of.
 *
 * A flow is a table of steps, and a step is at most one exchange: `request`
 * builds it from what is stored, `answer` turns what came back into a
 * verdict.  Both are pure: they see the subject of the flow (an item, a host)
 * and change nothing but the subject in memory, which the engine writes down
 * together with the verdict, in one transaction.
 */
#ifndef SCHEDD_STEP_H
#define SCHEDD_STEP_H

#include <stdbool.h>
#include <stdint.h>

#include "schedd/exchange.h"
#include "schedd/slices.h"
#include "schedd/way.h"
#include "shared/db.h"
#include "shared/failure.h"
#include "shared/resources.h"
#include "shared/seal.h"
#include "shared/secrets.h"
#include "shared/settings.h"
#include "shared/tasks.h"

enum verdict_kind {
	VERDICT_GO_ON,		/* to the next row of the table */
	VERDICT_GO_TO,		/* to the step of this name, after `delay_ms` */
	VERDICT_POLL,		/* the same step after `delay_ms` */
	VERDICT_RETRY,		/* the same step, later each time, not for ever */
	VERDICT_TAKE,		/* get hold of a resource, see take_resource() */
	VERDICT_DONE,
	VERDICT_FAILED,
	VERDICT_KIND__MAX
};

TABLE_ENUM_DECLARE(verdict_kind);

struct verdict {
	enum verdict_kind kind;
	const char *step;	/* of GO_TO; of TAKE: if it is there already */
	int64_t delay_ms;	/* of GO_TO and POLL; of RETRY: at least */
	int resource;		/* of TAKE: the flow's own number for it */
	enum failure failure;	/* of POLL, RETRY, FAILED; GO_TO: why, or none */
};

static inline struct verdict go_on(void)
{
	return (struct verdict){ .kind = VERDICT_GO_ON };
}

static inline struct verdict go_to(const char *step)
{
	return (struct verdict){ .kind = VERDICT_GO_TO, .step = step };
}

static inline struct verdict poll_after(int64_t delay_ms, enum failure why)
{
	return (struct verdict){ .kind = VERDICT_POLL, .delay_ms = delay_ms,
				 .failure = why };
}

static inline struct verdict retry(enum failure why, int64_t at_least_ms)
{
	return (struct verdict){ .kind = VERDICT_RETRY, .failure = why,
				 .delay_ms = at_least_ms };
}

/*
 * Become the maker of `resource` and go on; or go to `if_present`, if it is
 * there; or wait until the task that makes it has settled it.
 */
static inline struct verdict take_resource(int resource,
					   const char *if_present)
{
	return (struct verdict){ .kind = VERDICT_TAKE, .resource = resource,
				 .step = if_present };
}

static inline struct verdict done(void)
{
	return (struct verdict){ .kind = VERDICT_DONE };
}

static inline struct verdict failed(enum failure why)
{
	return (struct verdict){ .kind = VERDICT_FAILED, .failure = why };
}

/* A secret in an answer: taken out and sealed before `answer` is called. */
struct capture {
	const char *pointer;	/* JSON pointer; NULL: none */
	enum slot slot;
};

struct step {
	const char *name;
	int stage;		/* enum item_stage, for items */
	/*
	 * False: there is nothing to ask, `answer` is called with NULL at
	 * once.  NULL is a request that always says so.
	 */
	bool (*request)(const void *subject, struct request *request);
	struct verdict (*answer)(void *subject, const struct answer *answer);
	struct capture capture;
	/*
	 * The answer shows keys in clear: before `answer` sees it, each member
	 * "key" or "api_key" that holds one becomes its fingerprint, or "***"
	 * if it is too short to have one.
	 */
	bool fingerprints;
	/*
	 * The answer is a long list of which little matters, and that is what
	 * `answer` sees of it.
	 */
	struct slices slices;
};

struct known_hosts;

/* What loading and saving need.  Borrowed by the flows. */
struct store {
	struct db *db;
	const struct seal_private *key;
	const struct settings *settings;
	uint64_t (*random)(void *arg);
	void *random_arg;
	struct known_hosts *known;	/* or NULL */
};

/*
 * Whose limits an exchange counts against.  NULL: none.  Limits of their own
 * that a host or a provider's endpoint have go before the settings'.
 */
struct limit_names {
	const char *host;
	const char *provider;
	const char *key;
	int64_t host_concurrency;	/* 0: as the settings say */
	int64_t host_per_minute;
	int64_t provider_concurrency;
	int64_t provider_per_minute;
};

/* Who is to be left alone for a while; NULL: nobody.  Ids of the subject. */
struct pauses {
	const char *host;
	const char *endpoint;
};

struct flow {
	const char *name;
	const struct step *steps;
	size_t nsteps;
	const char *undo;	/* where a failure goes; NULL: nowhere */

	/* Read all that the step may want to know.  *ret is for free(). */
	int (*load)(const struct store *store, const struct task *task,
		    int64_t now, void **ret, struct err *err);
	/* Write what the step changed, and that this was its verdict. */
	int (*save)(const struct store *store, const struct task *task,
		    void *subject, const struct step *step,
		    const struct verdict *verdict, int64_t now,
		    struct err *err);
	/* The flow ends here; `verdict` is DONE or FAILED. */
	int (*end)(const struct store *store, const struct task *task,
		   void *subject, const struct verdict *verdict, int64_t now,
		   struct err *err);
	void (*free)(void **subject);

	/* Note why it failed, before the steps of `undo` run.  Pure. */
	void (*fail)(void *subject, enum failure why);
	/* Which row `resource` of a TAKE is about.  Pure. */
	void (*want)(const void *subject, int resource,
		     struct resource_want *ret);
	/* It was taken or is present: keep the row; seal what it needs. */
	int (*took)(const struct store *store, void *subject, int resource,
		    struct resource *take_row, int64_t now, struct err *err);
	/* Where the secret for `slot` is; NULL: there is none.  Pure. */
	const char *(*secret_id)(const void *subject, enum slot slot);
	/*
	 * The step to run before the one that is due, because a secret that
	 * `request` names is missing or about to end; NULL: none.  When it has
	 * passed, the one that was due is begun afresh.  May be NULL.  Pure.
	 */
	const char *(*detour)(const void *subject,
			      const struct request *request);
	/*
	 * A peer refused (401) the secret in `slot`: forget it, if it can be
	 * got anew; the step is then repeated once.  May be NULL.  Pure.
	 */
	bool (*refused)(void *subject, enum slot slot);
	/* A captured secret was stored under this id.  Pure. */
	void (*captured)(void *subject, enum slot slot,
			 const struct secret_face *face);
	void (*limits)(const void *subject, const struct request *request,
		       struct limit_names *ret);
	/*
	 * Who of those that the subject is about is paused: a step that would
	 * ask anything while its host is, or ask its provider while the
	 * endpoint is, is not run before that ends.  May be NULL.  Pure.
	 */
	void (*pauses)(const void *subject, struct pauses *ret);
	/*
	 * How the request gets to its peer, where that is not as way_start()
	 * says, which *ret holds already.  May be NULL.  Pure.
	 */
	void (*way)(const void *subject, const struct request *request,
		    struct way *ret);
	/* Facts that the next step needs, as JSON.  For free(). */
	char *(*memo)(const void *subject);
};

/* The step of this name; NULL if there is none. */
const struct step *flow_step(const struct flow *flow, const char *name);

/* Does this step take back what others did?  They stand last in the table. */
bool flow_is_undo(const struct flow *flow, const struct step *step);

/* Every flow there is, NULL at the end. */
extern const struct flow *const flows[];
extern const struct flow flow_host_probe;
extern const struct flow flow_import;
extern const struct flow flow_check;
extern const struct flow flow_change;
extern const struct flow flow_foreign;
extern const struct flow flow_compliance;
extern const struct flow flow_profile;
extern const struct flow flow_reconcile;
extern const struct flow flow_rollback;
extern const struct flow flow_forget;

const struct flow *flow_find(const char *name);

#endif
