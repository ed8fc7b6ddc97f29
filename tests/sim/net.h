/*
 * net: the simulated world of the engine: clock, randomness, network, hosts
 * and providers, all from one seed.
 *
 * An exchange takes effect when it is sent; what is lost on the way back, or
 * never arrives, is what the faults say.  A crash forgets the engine and
 * every answer under way to it, and nothing else.
 */
#ifndef TESTS_SIM_NET_H
#define TESTS_SIM_NET_H

#include <stdbool.h>
#include <stdint.h>

#include "schedd/engine.h"
#include "tests/model/faults.h"
#include "tests/model/host_model.h"
#include "tests/model/provider_model.h"
#include "tests/sim/ledger.h"

#define NET_PROVIDERS_MAX 4

/* Base URLs of what stands in the simulated network. */
#define NET_HOST_URL "http://host.test"

struct net_event;

struct net {
	uint64_t seed;
	int64_t now;			/* of the world */
	int64_t skew;			/* of CRM's clock against it */
	struct host_model *host;
	struct provider_model *providers[NET_PROVIDERS_MAX];
	size_t nproviders;
	struct faults *faults;		/* between CRM and the host */
	struct faults *provider_faults;	/* between CRM and the providers */
	struct ledger *ledger;		/* of who made what; or NULL */
	struct engine *engine;		/* NULL while it is down */
	struct net_event *events;	/* by time */
	uint64_t life;			/* of the engine: answers to older ones
					   are dropped */
	int64_t commits;		/* since the beginning */
	int64_t crash_at;		/* die after this commit; 0: never */
	bool crashed;
	bool verbose;
	int64_t exchanges;
	int64_t host_exchanges;		/* of those, with the host */
	int64_t chats;			/* of those, completions */
};

/* splitmix64: the one source of chance. */
uint64_t net_random(struct net *net);

/* "http://p0.test/v1" */
void net_provider_url(char *ret, size_t size, size_t i);

/* The engine's view of this world. */
struct world net_world(struct net *net);

/* The administrator of the host does something himself. */
void net_somebody(struct net *net, const char *method, const char *target,
		  const char *admin_key, const char *body);

/* The earliest event there is; INT64_MAX if there is none. */
int64_t net_next(const struct net *net);

/* Let everything happen that is due at net->now. */
void net_deliver(struct net *net);

/* The engine dies: its answers under way are nobody's. */
void net_forget_engine(struct net *net);

void net_done(struct net *net);

#endif
