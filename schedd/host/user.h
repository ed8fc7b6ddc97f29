/*
 * user: managed users of a host, never real ones.
 */
#ifndef SCHEDD_HOST_USER_H
#define SCHEDD_HOST_USER_H

#include "schedd/host/answer.h"
#include "schedd/host/peer.h"

/* "relay-sub-<selector>.<inst>@crm.invalid". */
char *host_user_email(const char *selector, const char *inst) GIVES_MEMORY;

/*
 * The body of the create without its password, to be frozen as wanted_json:
 * no balance and no groups, which a subscription needs neither of.
 */
void host_user_wanted(struct jout *out, const char *email, const char *mark);

/* "relay-self-<selector>.<inst>@crm.invalid". */
char *host_self_user_email(const char *selector, const char *inst)
	GIVES_MEMORY;

/* US dollars: a proof costs a small part of a cent. */
#define HOST_SELF_BALANCE 1

/*
 * The same for self service: with a little money.  The right to an exclusive
 * group comes when the administrator binds the user's key to it.
 */
void host_self_user_wanted(struct jout *out, const char *email,
			   const char *mark);

/*
 * Read with host_judge_created(); host_is_taken() means log in.  Names
 * SLOT_USER_PASSWORD.
 */
int host_ask_user_create(struct request *request,
			 const struct host_peer *peer,
			 const char *wanted_json, struct err *err) MUST_CHECK;

/* The search is for a substring of many things: the judge compares. */
void host_ask_user_find(struct request *request,
			const struct host_peer *peer, const char *email);

/* *ret_id is 0 if no user has this address. */
enum failure host_judge_user_find(const struct answer *answer,
				  const char *email, int64_t *ret_id);

/* By its id; FAILURE_GONE if it is not there. */
void host_ask_user(struct request *request, const struct host_peer *peer,
		   int64_t id);

/* Back in service; read with host_judge(). */
void host_ask_user_activate(struct request *request,
			    const struct host_peer *peer, int64_t id);

/* Has the user the right to this exclusive group? */
bool host_user_may(const json_t *user, int64_t group_id);

/*
 * The groups that a user has the right to, and `needed` (an array of ids, or
 * NULL), but not this one, as the host takes them: a JSON array, for free().
 * NULL if there is no right to it, or it is needed.
 */
char *host_user_groups_but(const json_t *user, int64_t group_id,
			   const json_t *needed) MUST_CHECK;
/*
 * Give a user of ours SLOT_USER_PASSWORD; read with host_judge().  Its logins
 * end with it.
 */
void host_ask_user_password(struct request *request,
			    const struct host_peer *peer, int64_t id);

/* These groups and no others; read with host_judge(). */
void host_ask_user_groups(struct request *request,
			  const struct host_peer *peer, int64_t id,
			  const char *groups_json);

/* Read with host_judge_delete(); takes the user's keys with it. */
void host_ask_user_delete(struct request *request,
			  const struct host_peer *peer, int64_t id);

/* Where in the answer of a login the token is. */
#define HOST_LOGIN_TOKEN "/data/access_token"

/* Names SLOT_USER_PASSWORD; counts against the host's limit of logins. */
void host_ask_login(struct request *request, const struct host_peer *peer,
		    const char *email);

/* As the managed user: `data.run_mode` is how users see the host. */
void host_ask_whoami(struct request *request, const struct host_peer *peer);

struct host_login {
	int64_t user_id;	/* 0: not said */
	int64_t expires_in_ms;	/* of the token */
};

/*
 * The token itself may have been taken out of the answer already.
 * FAILURE_LOGIN_BLOCKED for captcha and second factor; FAILURE_HOST_REFUSED
 * for a password that the host does not know (INVALID_CREDENTIALS).
 */
enum failure host_judge_login(const struct answer *answer,
			      struct host_login *ret);

/* When it is to be renewed: some minutes before its end, at most a quarter. */
int64_t host_login_ends(const struct host_login *login, int64_t now);

/* As the administrator, by peer->admin_email: names SLOT_HOST_TOKEN. */
void host_ask_admin_login(struct request *request,
			  const struct host_peer *peer);

/*
 * As above, but FAILURE_HOST_AUTH for credentials that the host does not
 * take, or takes for somebody who is no administrator.
 */
enum failure host_judge_admin_login(const struct answer *answer,
				    struct host_login *ret);

#endif
