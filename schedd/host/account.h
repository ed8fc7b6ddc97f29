/*
 * account: accounts of a host: one provider key each.
 *
 * Always platform openai and type apikey, always with a model mapping, always
 * told to relay chat as it is.  The mode is sent and never the boolean
 * beside it: that the boolean appears is the only sign that the probe of an
 * old host has ended (decision D13).
 */
#ifndef SCHEDD_HOST_ACCOUNT_H
#define SCHEDD_HOST_ACCOUNT_H

#include "schedd/host/mark.h"

#define HOST_ACCOUNT_PRIORITY 50

/* What an account should be.  Members are borrowed. */
struct host_account_wish {
	const char *provider_id;	/* readable part of the name */
	const char *mark;
	const char *base_url;		/* of host_base_url_for() */
	const json_t *models;		/* names, or an object name -> name */
	const int64_t *group_ids;
	size_t ngroups;
	int64_t concurrency;		/* 0: as many as come */
	const json_t *priority;	/* a number; NULL: HOST_ACCOUNT_PRIORITY */
	bool pool_mode;			/* no answer takes it out: D13b */
	const char *alias;		/* a model name that only it maps ... */
	const char *alias_of;	/* ... to this one; or NULL */
	int64_t proxy_id;	/* the host's; 0: none */
	const json_t *headers;	/* to send, name: value; NULL: none */
};

/* The body of the create without its key, to be frozen as wanted_json. */
void host_account_wanted(struct jout *out,
			 const struct host_account_wish *wish);

/* How a frozen account is made.  Members are borrowed. */
struct host_account_making {
	const char *wanted_json;
	const char *mark;
	int64_t generation;
	int64_t only_group;	/* 0: in the groups that it is wanted in */
};

/* Read with host_judge_created().  Names SLOT_PROVIDER_KEY. */
int host_ask_account_create(struct request *request,
			    const struct host_peer *peer,
			    const struct host_account_making *making,
			    struct err *err) MUST_CHECK;

/* By its mark, page by page from 1; read with host_judge_found(). */
void host_ask_account_find(struct request *request,
			   const struct host_peer *peer, const char *mark,
			   int64_t page);

/* By its id; FAILURE_GONE if it is not there. */
void host_ask_account(struct request *request, const struct host_peer *peer,
		      int64_t id);

/* A change of some members; what is not said stays.  Members are borrowed. */
struct host_account_patch {
	bool relay;		/* the mode, and the boolean off */
	const json_t *group_ids;	/* replaces all; NULL: as they are */
	const json_t *models;	/* replaces all; NULL: as they are */
	const char *base_url;	/* NULL: as it is */
	const char *name;	/* NULL: as it is; as is status */
	const char *status;
	const bool *schedulable;	/* NULL: as it is */
	const int64_t *proxy_id;	/* 0 in it: none; NULL: as it is */
	bool pool_mode;		/* on, without repeats */
	bool no_pool_mode;	/* off */
	bool show_errors;	/* custom_error_codes off */
	bool hide_errors;	/* and on again */
	const int64_t *priority;	/* NULL: as it is */
	bool key;		/* SLOT_PROVIDER_KEY */
};

void host_ask_account_patch(struct request *request,
			    const struct host_peer *peer, int64_t id,
			    const struct host_account_patch *patch);

/* A host says success even for an account that is not there: read it back. */
enum failure host_judge_account_patch(const struct answer *answer,
				      int64_t id);

/* Clears errors, benches and limits; read with host_judge(). */
void host_ask_account_recover(struct request *request,
			      const struct host_peer *peer, int64_t id);

/* From 0.1.130 on an error also clears it, and recover does not set it. */
void host_ask_account_schedulable(struct request *request,
				  const struct host_peer *peer, int64_t id,
				  bool schedulable);

/*
 * What only a PUT can change; none of it sets off the host's own probe.
 * NULL: as it is.  Read with host_judge().
 */
struct host_account_put {
	const char *name;
	const char *notes;
	const json_t *extra;	/* replaces all of it */
	bool never_expires;
	const json_t *expires_at;	/* NULL: as it is */
};

void host_ask_account_put(struct request *request,
			  const struct host_peer *peer, int64_t id,
			  const struct host_account_put *put);

/* One of the host's proxies; FAILURE_GONE if it is not there. */
void host_ask_proxy(struct request *request, const struct host_peer *peer,
		    int64_t id);

/* Read with host_judge_delete(). */
void host_ask_account_delete(struct request *request,
			     const struct host_peer *peer, int64_t id);

#endif
