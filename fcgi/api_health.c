/* api_health: is it alive, is it ready, what is it, who am I. */
#include "fcgi/api.h"
#include "fcgi/problem.h"
#include "shared/migrate.h"

static int status_is(struct reply *reply, const char *status)
{
	reply->status = 200;
	jout_object(&reply->out, NULL);
	jout_str(&reply->out, "status", status);
	jout_object_end(&reply->out);
	return 0;
}

static int health_show(const struct request *req, struct reply *reply,
		       struct err *err)
{
	(void)req;
	(void)err;
	return status_is(reply, "ok");
}

/*
 * Not ready is a state, not a failure, and anybody may ask: the sentence of
 * an internal error stays out of it.
 */
static int ready_show(const struct request *req, struct reply *reply,
		      struct err *err)
{
	if (migrate_check(req->db, err) == 0)
		return status_is(reply, "ready");
	if (err->kind == ERR_INTERNAL)
		return -1;
	err->kind = ERR_BUSY;
	err_code(err, "not_ready");
	problem_reply(reply, err);
	return 0;
}

static int version_show(const struct request *req, struct reply *reply,
			struct err *err)
{
	struct jout *out = &reply->out;

	(void)req;
	(void)err;
	reply->status = 200;
	jout_object(out, NULL);
	jout_str(out, "version", CRM_VERSION);
	jout_i64(out, "schema", migrate_target());
	jout_str(out, "sqlite", db_library_version());
	jout_object_end(out);
	return 0;
}

static int whoami_show(const struct request *req, struct reply *reply,
		       struct err *err)
{
	struct jout *out = &reply->out;

	(void)err;
	reply->status = 200;
	jout_object(out, NULL);
	jout_str(out, "token_id", req->token->token_id);
	jout_str(out, "name", req->token->name);
	jout_str(out, "scope", scope_name(req->token->scope));
	jout_time(out, "expires_at", req->token->expires_at);
	jout_object_end(out);
	return 0;
}

const struct route api_health_routes[] = {
	{ HTTP_GET, "/healthz",    SCOPE_NONE, .handle = health_show },
	{ HTTP_GET, "/readyz",     SCOPE_NONE, .handle = ready_show },
	{ HTTP_GET, "/version",    SCOPE_NONE, .handle = version_show },
	{ HTTP_GET, "/api/whoami", SCOPE_READ, .handle = whoami_show },
	{ 0 }
};
