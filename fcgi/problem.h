/*
 * problem: what a client is told when something is wrong (RFC 9457).
 *
 * Every error of the API is such a document: "code" is stable and for
 * programs, "detail" for people; "error" repeats it for scripts of the
 * original.  Which status a code or a kind of error has is one table here.
 */
#ifndef FCGI_PROBLEM_H
#define FCGI_PROBLEM_H

#include "fcgi/http.h"
#include "shared/err.h"
#include "shared/jdec.h"

/* The status that this error becomes. */
int problem_status(const struct err *err);

/*
 * Throw away what was written and begin a problem document, for members of
 * its own; problem_end() completes it.
 */
void problem_begin(struct reply *reply, const struct err *err);
void problem_end(struct reply *reply);

/* Both at once. */
void problem_reply(struct reply *reply, const struct err *err);

/* 422 with all that is wrong with a body.  Always 0: it is an answer. */
int problem_refuse(struct reply *reply, const struct jdec_problems *problems);

/* Two members more, a value that is JSON already and a number. */
struct problem_more {
	const char *json_name, *json;
	const char *number_name;
	int64_t number;
};

int problem_refuse_with(struct reply *reply,
			const struct jdec_problems *problems,
			const struct problem_more *more);

#endif
