/*
 * group: groups of a host: one for each endpoint and way of access.
 */
#ifndef SCHEDD_HOST_GROUP_H
#define SCHEDD_HOST_GROUP_H

#include "schedd/host/mark.h"

/* What a group should be.  Members are borrowed. */
struct host_group_wish {
	const char *readable;	/* first part of the name */
	const char *mark;
	bool subscription;	/* else standard, balance, exclusive */
	const char *description;	/* stands before the mark; NULL: nothing */
	const char *rate_multiplier;	/* an amount; NULL: 1 */
};

/* The body of the create, to be frozen as wanted_json. */
void host_group_wanted(struct jout *out, const struct host_group_wish *wish);

/* By its mark; read with host_judge_found(). */
void host_ask_group_find(struct request *request,
			 const struct host_peer *peer, const char *mark);

/*
 * All groups, page by page from 1, in the order of their ids.  Read with
 * host_judge_page().
 */
#define HOST_GROUPS_PAGE 200
void host_ask_groups(struct request *request, const struct host_peer *peer,
		     int64_t page);

/* By its id; FAILURE_GONE if it is not there. */
void host_ask_group(struct request *request, const struct host_peer *peer,
		    int64_t id);

/* Read with host_judge_created(); host_is_taken() means find it again. */
void host_ask_group_create(struct request *request,
			   const struct host_peer *peer,
			   const char *wanted_json);

/* Read with host_judge_delete(). */
void host_ask_group_delete(struct request *request,
			   const struct host_peer *peer, int64_t id);

/*
 * Members of what was asked for once, again.  The group as it is goes along: a
 * PUT clears the limits that it does not repeat.  Read with host_judge().
 */
struct host_group_put {
	bool in_service;
	const bool *is_exclusive;	/* NULL: as it is */
};

void host_ask_group_put(struct request *request, const struct host_peer *peer,
			const json_t *live, const struct host_group_put *put);
/* The keys that are bound to it. */
void host_ask_group_keys(struct request *request,
			 const struct host_peer *peer, int64_t id,
			 int64_t page);

/* Does the group serve /v1/messages? */
bool host_group_dispatches(const json_t *live);

/*
 * Serve /v1/messages with `model` for every family of Claude's, or do not
 * with NULL.  The group as it is goes along: a PUT clears the limits that it
 * does not repeat.
 */
void host_ask_group_dispatch(struct request *request,
			     const struct host_peer *peer, const json_t *live,
			     const char *model);
enum failure host_judge_group_dispatch(const struct answer *answer, bool on);

/*
 * Does a group read back differ from what was asked for, in what decides who
 * can use it?  `why` gets the names of the members.
 */
bool host_group_differs(const json_t *wanted, const json_t *live,
			char *why, size_t size);

#endif
