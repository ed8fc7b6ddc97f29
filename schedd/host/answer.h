/*
 * answer: the envelope in which a host's management API speaks.
 *
 * Success is 200 {"code":0,"message":"success","data":...}.  Errors carry
 * their status as a number in `code` and a word in `reason`, or the word in
 * `code`, or neither.
 */
#ifndef SCHEDD_HOST_ANSWER_H
#define SCHEDD_HOST_ANSWER_H

#include "schedd/exchange.h"
#include "shared/failure.h"

/*
 * FAILURE_NONE for a success.  FAILURE_GONE for 404 of a thing,
 * FAILURE_HOST_UNSUPPORTED for 404 of a route and for whatever is no envelope
 * at all.  FAILURE_HOST_AUTH means the credentials of that very request: the
 * managed user's where the request was the user's.
 */
enum failure host_judge(const struct answer *answer);

/*
 * Something that a healthy host does not say: 5xx without a reason, a success
 * that cannot be read.  It may be a stumble, which a few repeats tell;
 * `attempt` is how many there were.
 */
bool host_may_stumble(const struct answer *answer, enum failure why,
		      int64_t attempt);

/* "GROUP_EXISTS", "FORBIDDEN" ...; NULL if it gives none. */
const char *host_reason(const struct answer *answer);
bool host_reason_is(const struct answer *answer, const char *reason);

/* 409 because the name, e-mail or key is there already: find and adopt it. */
bool host_is_taken(const struct answer *answer);

/* Its `data`; NULL if that is null or not there. */
const json_t *host_data(const struct answer *answer);

/*
 * How long to wait, -1 if it does not say.  A host that is still working on
 * the same Idempotency-Key says half a minute and means milliseconds.
 */
int64_t host_retry_after_ms(const struct answer *answer);

/* Status, reason and message for people, redacted.  The caller frees it. */
char *host_detail(const struct answer *answer);

/* The id of an object of the host; 0 if it has none. */
int64_t host_object_id(const json_t *object);
int64_t host_member_i64(const json_t *object, const char *name);
const char *host_member_text(const json_t *object, const char *name);

/* A list, paged or not.  `items` is borrowed, NULL if there are none. */
struct host_page {
	const json_t *items;
	int64_t total;
	int64_t page;
	int64_t pages;
	int64_t page_size;
	bool sliced;		/* whom nobody wanted is an id alone */
};

/* The id of one of the items; 0 if it has none. */
int64_t host_page_id(const struct host_page *page, const json_t *item);

enum failure host_judge_page(const struct answer *answer,
			     struct host_page *ret);
bool host_page_is_last(const struct host_page *page);

/* Of a DELETE: what is not there any more is deleted. */
enum failure host_judge_delete(const struct answer *answer);

/* Of a create: the id of what was made. */
enum failure host_judge_created(const struct answer *answer,
				int64_t *ret_id);

#endif
