#include "tests/model/host_driver.h"

#include <assert.h>

#include "shared/own.h"

#define PATIENCE_MS (60 * 60 * 1000)

/* The answer of an upstream that has not arrived, or one for the test. */
struct waiting {
	uint64_t ticket;
	int64_t at;
	struct model_answer answer;
};

struct host_driver {
	struct host_model *model;
	int64_t now;
	host_upstream_fn *upstream;
	void *context;
	struct waiting *calls;
	size_t ncalls;
	struct waiting *answers;
	size_t nanswers;
};

struct host_driver *host_driver_new(const struct host_options *options,
				    int64_t now, host_upstream_fn *upstream,
				    void *context)
{
	struct host_driver *driver = xcalloc(1, sizeof(*driver));

	driver->model = host_model_new(options, now);
	driver->now = now;
	driver->upstream = upstream;
	driver->context = context;
	return driver;
}

static void waiting_done(struct waiting *list, size_t count)
{
	for (size_t i = 0; i < count; i++)
		model_answer_done(&list[i].answer);
	free(list);
}

void host_driver_free(struct host_driver **slot)
{
	struct host_driver *driver = TAKE(*slot);

	if (!driver)
		return;
	waiting_done(driver->calls, driver->ncalls);
	waiting_done(driver->answers, driver->nanswers);
	host_model_free(&driver->model);
	free(driver);
}

struct host_model *host_driver_model(const struct host_driver *driver)
{
	return driver->model;
}

int64_t host_driver_now(const struct host_driver *driver)
{
	return driver->now;
}

static void keep(struct waiting **list, size_t *count, uint64_t ticket,
		 int64_t at, struct model_answer *answer)
{
	*list = xrealloc(*list, (*count + 1) * sizeof((*list)[0]));
	(*list)[(*count)++] = (struct waiting){ ticket, at, *answer };
	*answer = (struct model_answer){ 0 };
}

static void take_event(struct host_driver *driver, struct host_event *event)
{
	struct model_answer answer = { 0 };

	if (event->kind == HOST_ANSWER) {
		keep(&driver->answers, &driver->nanswers, event->ticket,
		     event->at, &event->answer);
		return;
	}
	driver->upstream(driver->context, &event->call, &answer);
	if (answer.end == MODEL_END_HANG)
		answer.delay_ms = event->timeout_ms;
	keep(&driver->calls, &driver->ncalls, event->ticket,
	     event->at + answer.delay_ms, &answer);
}

/* The upstream answer that arrives first, by `until`; NULL if none does. */
static struct waiting *first_call(struct host_driver *driver, int64_t until)
{
	struct waiting *first = NULL;

	for (size_t i = 0; i < driver->ncalls; i++) {
		struct waiting *call = &driver->calls[i];

		if (call->at <= until && (!first || call->at < first->at))
			first = call;
	}
	return first;
}

static void deliver(struct host_driver *driver, struct waiting *call)
{
	struct waiting taken = *call;

	*call = driver->calls[--driver->ncalls];
	if (taken.at > driver->now)
		driver->now = taken.at;
	host_model_upstream(driver->model, driver->now, taken.ticket,
			    &taken.answer);
	model_answer_done(&taken.answer);
}

/* One thing that happens by `until`; false if nothing does. */
static bool step(struct host_driver *driver, int64_t until)
{
	struct host_event event;
	int64_t next;
	struct waiting *call;

	if (host_model_next(driver->model, driver->now, &event, &next)) {
		take_event(driver, &event);
		host_event_done(&event);
		return true;
	}
	call = first_call(driver, until < next ? until : next);
	if (call) {
		deliver(driver, call);
		return true;
	}
	if (next > until)
		return false;
	driver->now = next;
	return true;
}

void host_driver_wait(struct host_driver *driver, int64_t ms)
{
	int64_t until = driver->now + ms;

	while (step(driver, until))
		continue;
	driver->now = until;
	while (step(driver, until))
		continue;
}

uint64_t host_driver_start(struct host_driver *driver,
			   const struct model_request *request)
{
	return host_model_request(driver->model, driver->now, request);
}

static bool take_answer(struct host_driver *driver, uint64_t ticket,
			struct model_answer *ret)
{
	for (size_t i = 0; i < driver->nanswers; i++) {
		if (driver->answers[i].ticket != ticket)
			continue;
		*ret = driver->answers[i].answer;
		driver->answers[i] = driver->answers[--driver->nanswers];
		return true;
	}
	return false;
}

bool host_driver_await(struct host_driver *driver, uint64_t ticket,
		       struct model_answer *ret)
{
	int64_t until = driver->now + PATIENCE_MS;

	while (!take_answer(driver, ticket, ret)) {
		if (!step(driver, until))
			return false;
	}
	return true;
}

void host_driver_send(struct host_driver *driver,
		      const struct model_request *request,
		      struct model_answer *ret)
{
	uint64_t ticket = host_driver_start(driver, request);
	bool came = host_driver_await(driver, ticket, ret);

	assert(came);
	(void)came;
}
