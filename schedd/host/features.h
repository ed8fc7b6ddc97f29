/*
 * features: what a host can do, by its version and by what it was seen to do.
 *
 * Code asks for a feature, never for a version.  A version that nobody can
 * read counts as the oldest that we know: its recipes work on newer hosts
 * too.  What an answer proves goes above what the version says, because a
 * host that somebody built by hand often names the version before its own:
 * each sign (a member, a route, a status) tells that a host is of some
 * version or later, or before it.  A new version of the host is a row.
 */
#ifndef SCHEDD_HOST_FEATURES_H
#define SCHEDD_HOST_FEATURES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <jansson.h>

#include "shared/jout.h"

#define HOST_VERSION_MAX 24

struct host_features {
	char version[HOST_VERSION_MAX];	/* as the host says it; "" unknown */
	bool known;			/* the version could be read */
	int64_t at_least;	/* proven by an answer; 0: nothing */
	int64_t before;		/* proven to be older than this; 0: nothing */
	bool responses_mode;	/* extra.openai_responses_mode is obeyed */
	bool redacts;		/* accounts do not show their key */
	bool version_segments;	/* a base URL may end in /v3, /v4 ... */
	bool models_sync;
	bool responses_by_chat;	/* /v1/responses obeys the mode */
	bool test_by_chat;	/* account test knows chat completions */
	bool errors_unschedule;	/* an error also clears `schedulable` */
	bool compliance_gate;
	bool loses_events;	/* two changes within a second: one is lost */
	bool model_not_found;	/* 404, not 503, for a model nobody maps */
	bool messages_by_chat;	/* /v1/messages obeys the mode */
	bool step_up;
	bool bad_key_limit;	/* wrong keys block the whole address */
	bool user_call_limit;
	bool cn_platforms;
	bool responses_complete; /* streams on /v1/responses lack nothing */
	bool converted_json;	/* a converted chat is no event stream */
	bool count_tokens;	/* /v1/messages/count_tokens goes upstream */
	bool header_overrides;	/* accounts send headers of their own */
	bool embeddings;
};

struct host_features host_features_of(const char *version);

/* What tells a host's version better than its own words. */
enum host_sign {
	HOST_SIGN_CREDENTIALS_STATUS,	/* of an account */
	HOST_SIGN_SYNC_ROUTE,		/* POST .../models/sync-upstream */
	HOST_SIGN_MODELS_LIST,		/* models_list_config of a group */
	HOST_SIGN_COMPLIANCE,		/* its route, or a 423 */
	HOST_SIGN_MODEL_NOT_FOUND,	/* 404 of a model nobody maps */
	HOST_SIGN__MAX
};

/* It was there, or it was not where it should have been. */
void host_features_saw(struct host_features *features, enum host_sign sign,
		       bool there);

/* Something told already whether it is there. */
bool host_features_settled(const struct host_features *features,
			   enum host_sign sign);

/*
 * Look at an account in an answer: `credentials_status` is there from 0.1.127
 * on, a key in clear only before.
 */
void host_features_seen_account(struct host_features *features,
				const json_t *account);

/* A group: its list of models is there from 0.1.132 on. */
void host_features_seen_group(struct host_features *features,
			      const json_t *group);

/* How we know. */
enum host_evidence { HOST_ASSUMED, HOST_BY_VERSION, HOST_OBSERVED };

const char *host_evidence_name(enum host_evidence evidence);

/* A capability for people.  All texts are literals. */
struct host_capability {
	const char *name;
	bool known;		/* else `value` is what CRM goes by */
	bool value;
	enum host_evidence evidence;
	const char *detail;	/* the sign that proves it; or NULL */
	const char *blocks;	/* words with blanks between; or NULL */
	const char *zh, *en;
};

size_t host_features_count(void);
struct host_capability host_features_at(const struct host_features *features,
					size_t i);

/*
 * Members "proven" and "features" of the capability snapshot, and back from
 * them and its "version".
 */
void host_features_write(struct jout *out,
			 const struct host_features *features);
struct host_features host_features_read(const json_t *capabilities);

#endif
