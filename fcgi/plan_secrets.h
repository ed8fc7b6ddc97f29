/*
 * plan_secrets: the secrets of a request, taken out of a plan and put back.
 *
 * In a plan {"fingerprint", "last4", "from"} stands for each, `from` being
 * what the operator said of where it is.  Places are JSON pointers, and every
 * member that can hold a key is known here: none is left in a plan.
 */
#ifndef FCGI_PLAN_SECRETS_H
#define FCGI_PLAN_SECRETS_H

#include "fcgi/http.h"
#include "shared/jdec.h"

/*
 * Take them out of `body`, which is changed.  `from` is an object by place, or
 * NULL.  Keys too short for a fingerprint are problems.
 */
void plan_secrets_take(const struct seal_public *key, json_t *body,
		       const json_t *from, struct jdec_problems *problems);

/*
 * Put those of `secrets`, an object by place, back into `body`.  One that is
 * missing, or is another one, is a problem.
 */
void plan_secrets_put(const struct seal_public *key, json_t *body,
		      const json_t *secrets, struct jdec_problems *problems);

/*
 * The first label or note of its rows that has what looks like a key, by its
 * place in the body, for the caller to free; NULL if there is none.
 */
char *plan_secrets_stray(const json_t *body);

#endif
