/*
 * account_view: an account as a host shows it.
 */
#ifndef SCHEDD_HOST_ACCOUNT_VIEW_H
#define SCHEDD_HOST_ACCOUNT_VIEW_H

#include "schedd/host/account.h"
#include "schedd/host/features.h"

/* What a live account is held against.  Members are borrowed. */
struct host_account_check {
	const struct host_features *features;
	const json_t *wanted;	/* the frozen body */
	int64_t only_group;	/* 0: the groups that it is wanted in */
};

/*
 * Does the account not do what was asked for?  Looks at base URL, mapping,
 * mode (or, where the host does not obey it, the boolean), groups, status and
 * schedulable; more models and groups than wanted are nobody's harm.  `why`
 * gets the names of what differs.
 */
bool host_account_differs(const struct host_account_check *check,
			  const json_t *live, char *why, size_t size);

/* The boolean is there: the probe of an old host has ended. */
bool host_account_flag_seen(const json_t *live);

/* Would the host send chat to /responses for this account? */
bool host_account_converts(const struct host_features *features,
			   const json_t *live);

bool host_account_in_group(const json_t *live, int64_t group_id);

/*
 * The groups that it is bound to, however many: an array of ids, never NULL.
 * A patch replaces them all, so that none may be missing in it.
 */
json_t *host_account_groups(const json_t *live) MUST_CHECK;

/* Its time has run out, and the host stops using it for that. */
bool host_account_expired(const json_t *live, int64_t now);

/* How the host itself took an account out. */
enum host_bench {
	HOST_BENCH_NONE,
	HOST_BENCH_ERROR,	/* status error, until somebody recovers it */
	HOST_BENCH_OFF,		/* inactive, or not schedulable */
	HOST_BENCH_TIMED,	/* until a moment */
};

/* *ret_until is the last moment that holds it, 0 without one. */
enum host_bench host_account_bench(const json_t *live, int64_t now,
				   int64_t *ret_until);

/* Why, in the host's words, redacted; NULL if it says nothing. */
char *host_account_complaint(const json_t *live);

/* The boolean that the host's own probe writes. */
enum host_flag { HOST_FLAG_UNSET, HOST_FLAG_FALSE, HOST_FLAG_TRUE };

/* An account read once.  Everything is borrowed from `live` and its text. */
struct host_account {
	int64_t id;
	const char *name;	/* "" if it has none */
	const char *mark;	/* NULL: not of this installation */
	const char *status;	/* "" if it says none */
	bool schedulable;
	enum host_bench bench;
	int64_t bench_until;	/* 0: nothing timed holds it */
	bool limited;		/* what holds it is a 429 of the provider */
	const char *mode;	/* or NULL */
	enum host_flag flag;
	const char *base_url;	/* or NULL */
	bool redacts;		/* the host does not show keys */
	const char *key;	/* fingerprint, as the engine put it; or NULL */
	bool pool_mode;
	int64_t pool_retries;	/* how often a host repeats: 3 unless said */
	bool hides_errors;	/* custom_error_codes_enabled */
	const json_t *error_codes;	/* or NULL */
	int64_t concurrency;
	int64_t priority;
	const json_t *mapping;	/* name -> wire id; NULL: any model */
	const json_t *live;
};

struct host_account host_account_read(const json_t *live, const char *inst,
				      int64_t now);

/*
 * All accounts that speak as ours do, with a key, whoever made them: page by
 * page from 1, in the order of their ids.  Read with host_judge_page().
 */
#define HOST_LIST_PAGE 200
void host_ask_api_accounts(struct request *request,
			   const struct host_peer *peer, int64_t page);

/* The same in pages of this size; a host takes more than the most for 20. */
#define HOST_LIST_PAGE_MAX 1000
void host_ask_accounts_by(struct request *request,
			  const struct host_peer *peer, int64_t page,
			  int64_t page_size);

/*
 * All accounts of a group, page by page from 1, in the order of their ids so
 * that pages do not shift when an account is added.  Read with
 * host_judge_page().
 */
void host_ask_group_accounts(struct request *request,
			     const struct host_peer *peer, int64_t group_id,
			     int64_t page);

#endif
