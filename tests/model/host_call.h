/*
 * host_call: one client's request while the host works on it, and the shapes
 * in which it answers.
 *
 * A handler sets the answer with one of the reply functions, or takes the
 * ticket over (`waits`) and answers later with host_answer().
 */
#ifndef TESTS_MODEL_HOST_CALL_H
#define TESTS_MODEL_HOST_CALL_H

#include "tests/model/host_store.h"

struct host_route;

struct host_call {
	struct host_model *model;
	const struct model_request *request;
	uint64_t ticket;
	const struct host_route *route;
	const char *path;		/* without the query; owned by `text` */
	const char *query;		/* "" if none */
	char *text;
	int64_t id;			/* number in the path; -1: not one */
	const char *name;		/* what stands there as text */
	json_t *body;			/* NULL: none or not JSON */
	struct host_user *user;		/* who asks, behind authentication */
	struct host_key *key;		/* of gateway calls */
	struct model_answer answer;
	int64_t delay_ms;
	bool waits;			/* the answer comes from elsewhere */
};

/* {"code":0,"message":"success","data":data}; takes `data`. */
void reply_data(struct host_call *call, json_t *data);

/* The same with {"message":text} as data. */
void reply_message(struct host_call *call, const char *text);

/* {"code":status,"message":...,"reason":...}; `reason` may be NULL. */
void reply_refuse(struct host_call *call, int status, const char *message,
		  const char *reason);
void reply_internal(struct host_call *call);

/* The same with one entry of metadata. */
void reply_refuse_with(struct host_call *call, int status,
		       const char *message, const char *reason,
		       const char *name, const char *value);

/* {"code":"TEXT","message":...}, as middleware does. */
void reply_flat(struct host_call *call, int status, const char *code,
		const char *message);

/* {"error":{"message":...,"type":...}}, as the gateway does. */
void reply_gateway(struct host_call *call, int status, const char *type,
		   const char *message);
void answer_gateway(struct model_answer *answer, int status,
		    const char *type, const char *message);

/* Any JSON; takes `body`. */
void reply_json(struct host_call *call, int status, json_t *body);
void reply_not_found(struct host_call *call);
void reply_header(struct host_call *call, const char *name, int64_t value);

/* A page of `items`, as list endpoints send it; takes `items`. */
void reply_page(struct host_call *call, json_t *items);

/* The parameter of the query, decoded, into `value`; false if absent. */
bool query_get(const struct host_call *call, const char *name, char *value,
	       size_t size);
bool query_is(const struct host_call *call, const char *name,
	      const char *wanted);
int64_t query_id(const struct host_call *call, const char *name);

/* Which slice of a list is asked for. */
struct host_slice {
	int64_t page;
	int64_t page_size;
};

struct host_slice query_slice(const struct host_call *call);

/*
 * The slice of a list of `total` rows, made by `view(context, i)` for each
 * row of it.
 */
void reply_slice(struct host_call *call, size_t total,
		 json_t *(*view)(void *context, size_t i), void *context);

/* Members of the body.  Texts are borrowed from it; NULL if not a text. */
const char *body_text(const struct host_call *call, const char *name);
bool body_has(const struct host_call *call, const char *name);
int64_t body_int(const struct host_call *call, const char *name,
		 int64_t otherwise);
double body_number(const struct host_call *call, const char *name,
		   double otherwise);
bool body_bool(const struct host_call *call, const char *name,
	       bool otherwise);

/* Put the body's text into a slot, if it is there. */
void body_set(const struct host_call *call, const char *name, char **slot);

/* A copy that is UTF-8 whatever `text` is. */
char *text_clean(const char *text) GIVES_MEMORY;

/* Whether `text` contains `part`, without case. */
bool text_contains(const char *text, const char *part);

#endif
