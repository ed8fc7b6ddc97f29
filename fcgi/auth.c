#include "fcgi/auth.h"

#include <string.h>
#include <strings.h>

static int unauthorized(struct err *err, const char *why)
{
	err_set(err, ERR_DENIED, "%s", why);
	return err_code(err, "unauthorized");
}

/* The token behind "Bearer ", or NULL. */
static const char *bearer(const char *authorization)
{
	if (!authorization || strncasecmp(authorization, "Bearer ", 7) != 0)
		return NULL;
	authorization += 7;
	authorization += strspn(authorization, " ");
	return *authorization != '\0' ? authorization : NULL;
}

int auth_check(struct db *db, const char *authorization, enum scope needs,
	       int64_t now, struct token *ret, struct err *err)
{
	const char *text = bearer(authorization);

	if (!text)
		return unauthorized(err, "a token is needed: Authorization: "
				    "Bearer TOKEN");
	if (tokens_check(db, text, now, ret, err)) {
		/* Unknown, expired or revoked: not theirs to know. */
		if (err->kind == ERR_DENIED)
			return unauthorized(err, "the token is not valid, or "
					    "not any more");
		return -1;
	}
	if (ret->scope >= needs)
		return 0;
	err_set(err, ERR_DENIED, "this needs a token of scope %s; this one "
		"has %s", scope_name(needs), scope_name(ret->scope));
	return err_code(err, "forbidden");
}
