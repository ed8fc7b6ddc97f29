/*
 * site_diff: what would make the site what the file says, and what is in the
 * site that the file does not say.
 *
 * Pure.  Actions are JSON objects, in the order in which they are to be done:
 *
 *	{action, what, path, changes: [{field, from, to}], method, url, body,
 *	 ground, host}
 *
 * In `url` and `body` {"$secret": n} stands for a secret of the file, "$host"
 * for the id of the host that the action before makes; `ground` is what the
 * action rests on: with it, the same action of the same site is known again.
 */
#ifndef CLI_SITE_DIFF_H
#define CLI_SITE_DIFF_H

#include "cli/site_file.h"

/* What is done, in this order; notes come last and are not done. */
enum site_action {
	SITE_HOST_ADD,
	SITE_HOST_SET,
	SITE_HOST_RESUME,
	SITE_ENDPOINT_SET,
	SITE_ENDPOINT_RESUME,
	SITE_IMPORT,
	SITE_KEY_LABEL,
	SITE_KEY_RESUME,
	SITE_KEY_MODELS,
	SITE_KEY_PROXY,
	SITE_KEY_PAUSE,
	SITE_KEY_REMOVE,	/* only with `prune` */
	SITE_ENDPOINT_PAUSE,
	SITE_HOST_PAUSE,
	SITE_HOST_REMOVE,	/* only with `prune`: nothing was imported */
	SITE_IMPORTING,		/* it is on its way already */
	SITE_EXTRA,		/* it is in the site, and not in the file */
	SITE_ACTION__MAX
};

/* Name for programs, sign and words for people. */
struct site_word {
	const char *name, *sign, *zh, *en;
};

extern const struct site_word site_words[];

/* Is it something to do? */
bool site_action_is_work(const char *name);

struct site_diff {
	struct site_file *file;	/* resolved; gets problems */
	const json_t *live;
	json_t *actions;	/* array; of the caller of site_diff() */
	bool prune;		/* what it lacks is to go: keys, empty hosts */
};

/* ERR_INVALID with problems in the file. */
int site_diff(struct site_diff *diff, struct err *err) MUST_CHECK;

/* ---- for the parts of it ---- */

struct site_act {
	enum site_action kind;
	const char *what;	/* "gateway one / deepseek" */
	const char *path;	/* in the file, or "" */
	const char *method;	/* NULL: a note */
	const char *url;	/* as the next three: taken over, may be NULL */
	json_t *body;
	json_t *changes;
	const json_t *ground;
	const char *host_url;	/* of a host that may be new */
};

void site_diff_act(struct site_diff *diff, const struct site_act *act);

/* The keys of a host of the file; `live` NULL: the host is new. */
void site_diff_keys(struct site_diff *diff, const json_t *host,
		    const json_t *live, const char *path, const char *url);

/* Put down a change of a member; both values are borrowed, NULL is null. */
void site_change(json_t *changes, const char *field, const json_t *from,
		 const json_t *to);

/* A new reference to what stands for the secret of a reference; or NULL. */
json_t *site_secret(const json_t *reference);

#endif
