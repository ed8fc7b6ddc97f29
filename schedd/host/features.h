/*
 * features: what a host can do, by its version.
 *
 * Code asks for a feature, never for a version.  A version that nobody can
 * read counts as the oldest that we know: its recipes work on newer hosts
 * too.  What an answer proves goes above what the version says, because a
 * host that somebody built by hand often names the version before its own.
 */
#ifndef SCHEDD_HOST_FEATURES_H
#define SCHEDD_HOST_FEATURES_H

#include <stdbool.h>

#include <jansson.h>

#include "shared/jout.h"

#define HOST_VERSION_MAX 24

struct host_features {
	char version[HOST_VERSION_MAX];	/* as the host says it; "" unknown */
	bool known;			/* the version could be read */
	bool responses_mode;	/* extra.openai_responses_mode is obeyed */
	bool redacts;		/* accounts do not show their key */
	bool version_segments;	/* a base URL may end in /v3, /v4 ... */
	bool models_sync;
	bool test_by_chat;	/* account test knows chat completions */
	bool errors_unschedule;	/* an error also clears `schedulable` */
	bool compliance_gate;
	bool model_not_found;	/* 404, not 503, for a model nobody maps */
	bool messages_by_chat;	/* /v1/messages obeys the mode */
	bool step_up;
	bool bad_key_limit;	/* wrong keys block the whole address */
	bool user_call_limit;
	bool cn_platforms;
};

struct host_features host_features_of(const char *version);

/*
 * Look at an account in an answer: `credentials_status` is there from 0.1.127
 * on, a key in clear only before.
 */
void host_features_seen_account(struct host_features *features,
				const json_t *account);

/* Members for the capability snapshot, and back from its "features". */
void host_features_write(struct jout *out,
			 const struct host_features *features);
struct host_features host_features_read(const json_t *capabilities);

#endif
