/*
 * run_terms: what is said of a run as a whole: where, for whom, with which
 * key it is proven, and how carefully.
 *
 * Every way of asking for an import says it with the same members.  Pure.
 */
#ifndef FCGI_RUN_TERMS_H
#define FCGI_RUN_TERMS_H

#include "fcgi/http.h"
#include "shared/jdec.h"
#include "shared/runs.h"

/* The first so many are proven before the rest begins; zeroed: none. */
struct run_canary {
	int64_t items;
	int64_t stop_after;
};

/* Borrowed from the body. */
struct run_terms {
	const char *host_id;
	int access_mode;	/* negative if it was wrong */
	json_t *subscription_users;
	int64_t subscription_days;
	const char *probe_api_key;
	const char *access_api_key;
	bool rebind;
	bool strict;
	bool ignore_packs;	/* whatever they know of its URLs */
	json_t *canary;
	struct run_canary first;
	enum given_key given;	/* which of the two keys is there */
};

/* All that is wrong is added to `problems`; there is no other failure. */
void run_terms_read(const json_t *body, struct run_terms *ret,
		    struct jdec_problems *problems);

#endif
