#include "schedd/host/peer.h"

#include <inttypes.h>
#include <stdarg.h>

/* Paths carry at most one escaped mark or e-mail address. */
#define PATH_MAX_LEN 1024

static void authorise(struct request *request, const struct host_peer *peer,
		      enum host_role role)
{
	if (role == HOST_ROLE_USER)
		request_header(request, "Authorization", "Bearer ",
			       SLOT_USER_TOKEN);
	else if (role == HOST_ROLE_KEY)
		request_header(request, "Authorization", "Bearer ",
			       SLOT_USER_KEY);
	else if (role == HOST_ROLE_ADMIN && peer->auth == HOST_AUTH_API_KEY)
		request_header(request, "x-api-key", "", SLOT_HOST_TOKEN);
	else if (role == HOST_ROLE_ADMIN && peer->auth == HOST_AUTH_PASSWORD)
		request_header(request, "Authorization", "Bearer ",
			       SLOT_HOST_SESSION);
	else if (role == HOST_ROLE_ADMIN)
		request_header(request, "Authorization", "Bearer ",
			       SLOT_HOST_TOKEN);
}

void host_start(struct request *request, const struct host_peer *peer,
		enum method method, enum host_role role, const char *fmt, ...)
{
	char path[PATH_MAX_LEN];
	va_list args;

	va_start(args, fmt);
	vsnprintf(path, sizeof(path), fmt, args);
	va_end(args);
	request_start(request, method, PEER_HOST, peer->base_url, "%s", path);
	authorise(request, peer, role);
	request_header(request, "Accept", "application/json", SLOT_NONE);
	/* The gateway has limits of its own; those of the panel are counted. */
	if (role == HOST_ROLE_USER)
		request->budget = BUDGET_USER_CALL;
}

void host_body(struct request *request)
{
	jout_object(&request->body, NULL);
}

void host_body_end(struct request *request)
{
	jout_object_end(&request->body);
}

void host_body_raw(struct request *request, const char *json)
{
	jout_raw(&request->body, NULL, json);
}

int host_body_secret(struct request *request, const char *json,
		     const char *name, enum slot slot, struct err *err)
{
	json_auto_t *object = json_loads(json ? json : "", 0, NULL);
	const char *member;
	json_t *value;

	if (!json_is_object(object))
		return err_set(err, ERR_INTERNAL, "no object to ask for");
	host_body(request);
	json_object_foreach(object, member, value)
		if (strcmp(member, name) != 0)
			jout_json(&request->body, member, value);
	request_secret(request, name, slot);
	host_body_end(request);
	return 0;
}

void host_idempotency(struct request *request, const char *mark,
		      int64_t generation)
{
	AUTO_FREE char *key = xasprintf("%s-%" PRId64, mark, generation);

	request_header(request, "Idempotency-Key", key, SLOT_NONE);
}
