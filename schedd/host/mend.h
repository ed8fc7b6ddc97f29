/*
 * mend: what is wrong with an account, and how it is put right from outside.
 *
 * Pure: from what was asked for, the account as it is, and what the provider
 * and the gateway said, to a list of symptoms and an ordered plan.  One call
 * changes all that a bulk-update can change, because a host of before 0.1.137
 * loses the second of two changes within a second; what has to follow says how
 * long after.  The host's own probe is never set off: no PUT.
 *
 * What a person decided is left alone (D25): an account that was switched off,
 * another key, another base URL, a deleted account, another platform.  Those
 * are symptoms that are not ours to repair; unless a person wishes so by
 * importing the key again: then all but another key or platform is.
 */
#ifndef SCHEDD_HOST_MEND_H
#define SCHEDD_HOST_MEND_H

#include "schedd/host/account_view.h"

/* Between two changes of an account on hosts that lose events. */
#define HOST_MEND_GAP_MS 1300

/* Most telling first: the first one there is names the trouble. */
enum host_symptom {
	HOST_SYMPTOM_GONE,
	HOST_SYMPTOM_OFF,
	HOST_SYMPTOM_EXPIRED,	/* its time on the host is over */
	HOST_SYMPTOM_GROUPS,	/* not in a group that it belongs to */
	HOST_SYMPTOM_CONVERTS,	/* chats go to /responses */
	HOST_SYMPTOM_BASE_URL,
	HOST_SYMPTOM_KEY,	/* not the one that we gave it */
	HOST_SYMPTOM_KIND,	/* another platform or type */
	HOST_SYMPTOM_ERROR_CODES,
	HOST_SYMPTOM_MAPPING,	/* names are missing */
	HOST_SYMPTOM_TARGETS,	/* names lead to other models */
	HOST_SYMPTOM_ERROR,
	HOST_SYMPTOM_BENCHED,
	HOST_SYMPTOM_COOLING,	/* a model of it is out, not all of it */
	HOST_SYMPTOM_PROXY,	/* not the one that an import asks for */
	HOST_SYMPTOM_MODE,	/* lost, but the flag still does its work */
	HOST_SYMPTOM_POOL,	/* lacks its armour */
	HOST_SYMPTOM_STALE,	/* all is well but for the scheduler's copy */
	HOST_SYMPTOM__MAX
};

struct host_symptom_facts {
	const char *name;
	bool ours;		/* CRM may repair it */
	enum failure class;
	const char *zh, *en;
};

const struct host_symptom_facts *host_symptom_facts(enum host_symptom which);

/* Members are borrowed; what is not known is NULL, 0 or false. */
struct host_mend_case {
	const struct host_features *features;
	const json_t *wanted;		/* the frozen body */
	const json_t *live;		/* NULL: it is gone */
	const json_t *last;		/* as it was seen before */
	const char *inst;
	const char *key;		/* fingerprint of the key we gave it */
	bool pool_mode;			/* it should have it */
	bool off_by_us;
	bool paused;	/* an operator wants it off, until he wishes else */
	/*
	 * Somebody imports its key: what people switched off or changed is to
	 * serve again as it was asked for.
	 */
	bool wish;
	bool shared;			/* other accounts live in its groups */
	bool direct_known;
	enum failure direct;		/* of the same key, asked directly */
	enum failure gateway;		/* of the proof that failed */
	int upstream_status;		/* of that proof, by the host's log */
	unsigned done;			/* bits of enum host_repair */
	int64_t now;
	int64_t changed_at;		/* its state, by anybody; 0: long ago */
};

enum host_repair {
	HOST_REPAIR_MODE,
	HOST_REPAIR_GROUPS,
	HOST_REPAIR_MAPPING,
	HOST_REPAIR_ERROR_CODES,
	HOST_REPAIR_POOL,
	HOST_REPAIR_BASE_URL,
	HOST_REPAIR_PROXY,
	HOST_REPAIR_ACTIVATE,
	HOST_REPAIR_EXTEND,
	HOST_REPAIR_RECOVER,
	HOST_REPAIR_SWITCH_ON,
	HOST_REPAIR_NUDGE,
	HOST_REPAIR_WAIT,
	HOST_REPAIR__MAX
};

const char *host_repair_name(enum host_repair repair);

/* One call, or a wait: what it repairs, and how long after the one before. */
struct host_mend {
	unsigned repairs;	/* bits of enum host_repair, never none */
	int64_t delay_ms;	/* the first one: from now */
};

#define HOST_MENDS_MAX 6

struct host_mend_plan {
	unsigned symptoms;	/* bits of enum host_symptom */
	enum failure class;	/* of the first symptom; FAILURE_NONE: none */
	bool held_back;		/* no use to recover: the provider fails */
	bool ours;		/* something is to be done, and by us */
	struct host_mend mends[HOST_MENDS_MAX];
	size_t count;
};

struct host_mend_plan host_mend_plan(const struct host_mend_case *the);

/*
 * What it is bound to and what it should be besides: a list of a patch
 * replaces the other.  An array of ids.
 */
json_t *host_mend_groups(const struct host_mend_case *the) MUST_CHECK;

/* False for a wait: there is nothing to ask. */
bool host_ask_mend(struct request *request, const struct host_peer *peer,
		   const struct host_mend_case *the,
		   const struct host_mend *mend);

/*
 * FAILURE_GONE if account or group is not there any more.  An answer that
 * shows the account says in *ret_live (if it is not NULL) how it is now, to
 * plan on; else it becomes NULL: read it.
 */
enum failure host_judge_mend(const struct answer *answer,
			     const struct host_mend_case *the,
			     const struct host_mend *mend,
			     const json_t **ret_live);

/*
 * Members "symptoms" and, of a mend, "repairs": [{name, before, after, zh,
 * en}], for events and diagnoses.
 */
void host_symptoms_write(struct jout *out, unsigned symptoms);
void host_mend_write(struct jout *out, const struct host_mend_case *the,
		     const struct host_mend *mend);

#endif
