/*
 * peer: a host as requests see it, and how a request to it begins.
 *
 * All of schedd/host/ is pure: host_ask_...() builds a request from what is
 * stored, host_judge_...() says what an answer means.  Requests are started
 * on a zeroed or used struct request and released by the caller.
 */
#ifndef SCHEDD_HOST_PEER_H
#define SCHEDD_HOST_PEER_H

#include "schedd/exchange.h"
#include "shared/err.h"
#include "shared/hosts.h"

/* Borrowed from the host's row and the installation's. */
struct host_peer {
	const char *base_url;	/* no '/' at the end */
	enum host_auth auth;
	const char *admin_email;	/* of HOST_AUTH_PASSWORD, or NULL */
	const char *inst;	/* which CRM this is */
};

/* As nobody, as the administrator, as the managed user. */
enum host_role { HOST_ROLE_NOBODY, HOST_ROLE_ADMIN, HOST_ROLE_USER,
		 HOST_ROLE_KEY };

/*
 * Start a request: URL, credentials of `role`, Accept.  HOST_ROLE_USER is a
 * JWT of the managed user, for the user's own routes; HOST_ROLE_KEY is the
 * user's API key, for the gateway.
 */
void host_start(struct request *request, const struct host_peer *peer,
		enum method method, enum host_role role, const char *fmt, ...)
	PRINTF_LIKE(5, 6);

/* A JSON body; its content type is the wire's business. */
void host_body(struct request *request);
void host_body_end(struct request *request);

/* The body is this JSON, as it is. */
void host_body_raw(struct request *request, const char *json);

/*
 * The body is the JSON object `json` with, for the member `name`, the secret
 * in `slot`.
 */
int host_body_secret(struct request *request, const char *json,
		     const char *name, enum slot slot, struct err *err)
	MUST_CHECK;

/* The header that makes a repeated create answer what the first one did. */
void host_idempotency(struct request *request, const char *mark,
		      int64_t generation);

#endif
