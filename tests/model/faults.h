/*
 * faults: a script of what goes wrong between a client and a model.
 *
 * A rule names requests by method, path and count, and what happens to
 * them.  Both simulators take the script from their control endpoint; the
 * simulations build it from their seed.
 */
#ifndef TESTS_MODEL_FAULTS_H
#define TESTS_MODEL_FAULTS_H

#include <jansson.h>

#include "tests/model/model.h"

enum fault_kind {
	FAULT_NONE,
	FAULT_DELAY,	/* the answer comes `delay_ms` later */
	FAULT_STATUS,	/* no effect; this status and body instead */
	FAULT_GARBAGE,	/* the effect happens; 200 with bytes that are no JSON */
	FAULT_CUT,	/* the effect happens; the answer breaks off */
	FAULT_LOST,	/* the effect happens; the connection dies unanswered */
	FAULT_RESET,	/* no effect; the connection dies unanswered */
	FAULT_TWICE,	/* the request takes effect twice; second answer counts */
	FAULT_HANG,	/* the effect happens; no answer, ever */
	FAULT_HTML,	/* the effect happens; a page of HTML instead */
	FAULT_HALF,	/* the effect happens; a whole answer with half the JSON */
	FAULT_NULLS,	/* the effect happens; null wherever an empty list was */
	FAULT_CODE_TEXT,	/* the effect happens; a number `code` is text */
	FAULT_CODE_NUMBER,	/* the effect happens; a text `code` is a number */
	FAULT_INSERTED,	/* while paging: one more item before the later pages */
	FAULT_REMOVED,	/* while paging: one item less before them */
	FAULT_ABANDON,	/* the client dies while the effect happens */
	FAULT_ABANDON_EARLY,	/* the client dies before it does */
	FAULT_KIND__MAX
};

/*
 * What of a fault the model itself must know travels as a header that no
 * real client sends.
 */
#define FAULT_HEADER_ABANDONED "X-Sim-Abandoned"	/* "made", "unmade" */
#define FAULT_HEADER_SHIFT "X-Sim-Shift"		/* of later pages */

struct fault_rule {
	enum fault_kind kind;
	char *method;		/* NULL: any */
	char *path;		/* prefix, or with * a pattern; NULL: any */
	int64_t skip;		/* let this many matching ones pass first */
	int64_t count;		/* then hit this many; 0: all that follow */
	int64_t delay_ms;
	int status;
	char *body;
};

struct faults;

struct faults *faults_new(void);
void faults_free(struct faults **faults);

/* Add a rule; its strings are copied. */
void faults_add(struct faults *faults, const struct fault_rule *rule);
void faults_clear(struct faults *faults);

/*
 * Add the rules of a JSON array of objects {"kind","method","path","skip",
 * "count","delay_ms","status","body"}.  NULL, or what is wrong with it.
 */
const char *faults_add_json(struct faults *faults, const json_t *rules);

/* The rule that this request meets, counted; NULL if none. */
const struct fault_rule *faults_match(struct faults *faults,
				      const struct model_request *request);

/* Before the model sees the request: add what it must know of the rule. */
void fault_mark(const struct fault_rule *rule, struct model_request *request);

/* Change `answer` as the rule says (delay, garbage, cut, lost, hang, ...). */
void fault_apply(const struct fault_rule *rule, struct model_answer *answer);

#endif
