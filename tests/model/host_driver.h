/*
 * host_driver: asks a modelled host one thing after the other.
 *
 * For tests: keeps the time, makes the host's upstream calls by a function
 * of the test, and waits for the answer.
 */
#ifndef TESTS_MODEL_HOST_DRIVER_H
#define TESTS_MODEL_HOST_DRIVER_H

#include "tests/model/host_model.h"

/* Answers a call of the host; delay_ms says how long that takes. */
typedef void host_upstream_fn(void *context, const struct model_request *call,
			      struct model_answer *ret);

struct host_driver;

struct host_driver *host_driver_new(const struct host_options *options,
				    int64_t now, host_upstream_fn *upstream,
				    void *context);
void host_driver_free(struct host_driver **driver);

struct host_model *host_driver_model(const struct host_driver *driver);
int64_t host_driver_now(const struct host_driver *driver);

/* Let this much time pass. */
void host_driver_wait(struct host_driver *driver, int64_t ms);

/* Send a request now and wait for its answer, for an hour at most. */
void host_driver_send(struct host_driver *driver,
		      const struct model_request *request,
		      struct model_answer *ret);

/* Send it now; its answer comes with host_driver_await(). */
uint64_t host_driver_start(struct host_driver *driver,
			   const struct model_request *request);
bool host_driver_await(struct host_driver *driver, uint64_t ticket,
		       struct model_answer *ret);

#endif
