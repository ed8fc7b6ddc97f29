/*
 * auth: who is asking, and may they.
 */
#ifndef FCGI_AUTH_H
#define FCGI_AUTH_H

#include "fcgi/http.h"

/*
 * Find the token of an Authorization header and see that its scope is at
 * least `needs`.  Code unauthorized if there is no good token, forbidden if
 * its scope is too low.  Release *ret with token_done().
 */
int auth_check(struct db *db, const char *authorization, enum scope needs,
	       int64_t now, struct token *ret, struct err *err) MUST_CHECK;

#endif
